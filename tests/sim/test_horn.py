"""The horn in whole nights: it wakes in time, never longer than it may, and whoever silences it is obeyed."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from edge.alerts.sounding import FRESH_S
from edge.sim.faults import Outage
from edge.sim.rig import Rig
from tests.kits.horn_night import LONGEST, REST, RULES, Night, night, press, swing

HOUR = 3600.0
CHIP = "gpio:/dev/gpiochip0"
LATE = 8.0  # s from a minute's end to its close and the lane's next look


def wrongly_loud(found: Night) -> list[str]:
    """Return where it sounded longer than it may, with too short a rest, or for nothing."""
    complaints, heard, last = [], 0.0, float("-inf")
    for begin, end in found.sounded():
        heard = heard + end - begin if begin - last < REST - 1.0 else end - begin
        last = end
        if heard > LONGEST + 0.5:
            complaints.append(f"{heard:.1f} s on, the last of it until {end:.1f}")
        steps = [turn.step for at, turn in found.alerts() if at <= begin + 1.0]
        if not steps or steps[-1] < 2:
            complaints.append(f"for nothing at {begin:.1f}")
    return complaints


def test_it_sounds_within_the_minute_and_rests_and_sounds_again(tmp_path: Path) -> None:
    """At the second step it is on within the minute, off after its longest time, on again after its rest."""
    found = night(tmp_path, swing, 1.2 * HOUR)
    (worse,) = [at for at, turn in found.alerts() if turn.turn in ("raised", "worse") and turn.step == 2]
    first, second, *_ = found.sounded()
    assert worse <= first[0] <= worse + LATE
    assert first[1] - first[0] == pytest.approx(LONGEST, abs=0.5)
    assert second[0] - first[1] == pytest.approx(REST, abs=1.0)
    assert wrongly_loud(found) == []
    better = min(at for at, turn in found.alerts() if turn.turn in ("better", "cleared") and turn.step < 2)
    assert found.sounded()[-1][1] <= better + LATE
    assert not found.turns[-1][1]


def test_a_button_silences_it_until_it_is_worse(tmp_path: Path) -> None:
    """Pressed at -2 degC it is silent within a second; at -3 degC the person is woken again."""
    at = 330.0
    found = night(tmp_path, swing, 0.5 * HOUR, doings=((at, press),))
    worst = next(when for when, turn in found.alerts() if turn.turn == "worse" and turn.step == 3)
    first, second, *_ = found.sounded()
    assert first[0] < at <= first[1] <= at + 1.0
    assert second[0] >= worst
    assert "horn_silenced" in [code for _, code in found.said()]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_restarts_anywhere_make_it_no_louder(tmp_path: Path, seed: int) -> None:
    """Killed, powered off, its chip pulled out, its button pressed: never longer than it may, off at each start."""
    rng = Random(f"horn {seed}")
    length = 2 * HOUR
    outages = []
    at = rng.uniform(600.0, 1500.0)
    while at < length - 600.0:
        outages.append(Outage(round(at, 1), round(rng.uniform(1.0, 90.0), 1), rng.random() < 0.2))
        at += rng.uniform(60.0, 900.0)
    doings = [(round(rng.uniform(0.0, length), 1), press) for _ in range(3)]
    for _ in range(3):
        gone = rng.uniform(0.0, length)
        doings += [(round(gone, 1), unplug), (round(gone + rng.uniform(5.0, 200.0), 1), plug)]
    found = night(tmp_path, swing, length, tuple(outages), tuple(sorted(doings, key=lambda one: one[0])), seed)
    assert wrongly_loud(found) == []
    assert len(found.sounded()) > 3
    for begin, _ in found.runs[1:]:
        before = [on for at, on in found.turns if at <= begin + 0.1]
        resumed = any(start <= begin + 0.1 < end for start, end in found.sounded())
        assert resumed or not any(before[-1:]), f"on at the start at {begin}"


def unplug(rig: Rig) -> None:
    """Pull the chip out."""
    rig.wires[CHIP].unplug()


def plug(rig: Rig) -> None:
    """Put it back."""
    rig.wires[CHIP].plug()


def test_a_missing_line_is_said_and_comes_back(tmp_path: Path) -> None:
    """Without its chip alerts are raised all the same, the horn says that it is missing, and sounds once it is back."""
    found = night(tmp_path, swing, 0.6 * HOUR, doings=((0.0, unplug), (1200.0, plug)))
    assert [code for _, code in found.said()][:3] == ["horn_missing", "horn_back", "horn_sounds"]
    assert any(turn.step == 2 for _, turn in found.alerts())
    assert 1200.0 < found.sounded()[0][0] <= 1200.0 + 61.0


def test_nobody_is_woken_by_an_old_minute(tmp_path: Path) -> None:
    """A thermometer that falls silent in the cold silences the horn too, at the latest after five minutes."""
    gone = 800.0
    found = night(
        tmp_path,
        swing,
        0.7 * HOUR,
        doings=((gone, lambda rig: rig.wire_of("shelter").unplug()),),
        rules=RULES.replace("longest_on_s = 60", "longest_on_s = 3000"),
    )
    assert found.sounded()[-1][1] <= gone + FRESH_S + 61.0
    assert [turn.turn for _, turn in found.alerts()][-1] == "blind"
