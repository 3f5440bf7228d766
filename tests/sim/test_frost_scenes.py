"""Three nights as growers live them: frost with the link up, frost with the link down, a box that is dead at two."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from edge.records.bodies import Start, decode
from edge.records.record import Kind
from edge.sim.faults import Outage, Schedule
from tests.kits.frost_night import acknowledged, frost_night

MINUTE, HOUR = 60.0, 3600.0


def lively(air: float, at: float) -> float:
    """Return an air as it is: never quite the same."""
    return air + 0.03 * math.sin(at / 7.0)


def dip(at: float) -> float:
    """Return an air that falls below the first limit after about 10 min, to -1.5 degC, and rises after 50 min."""
    return lively(2.0 - 3.5 * math.sin(math.pi * min(at, HOUR) / HOUR) + 6.0 * max(0.0, at / HOUR - 0.9), at)


@pytest.mark.slow
def test_frost_with_the_link_up(tmp_path: Path) -> None:
    """Within ten seconds after the minute one message in Chinese; again at 5 min, the second person at 10; somebody
    acknowledges, and it is silent; its end comes once."""
    found = frost_night(tmp_path, dip, 1.6 * HOUR, Schedule(), [(1500.0, acknowledged("li"))])
    assert found.complaints == []
    alerts = found.alerts()
    raised, cleared = alerts[0][0], alerts[-1][0]
    assert [turn.turn for _, turn in alerts] == ["raised", "cleared"]
    voice, group = found.told("voice"), found.told("group")
    assert raised <= voice[0][0] <= raised + 10.0 and raised <= group[0][0] <= raised + 10.0
    assert group[0][2].startswith("Minshan【霜冻】sim 02:") and "受冻线 -2.2℃" in group[0][2]
    calls = [(round((at - voice[0][0]) / MINUTE), to) for at, to, _ in voice]
    assert calls[:2] == [(0, ["zhang"]), (5, ["zhang"])] and sorted(calls[2:4]) == [(10, ["li"]), (10, ["zhang"])]
    assert all(at < 1500.0 + 10.0 for at, _, _ in voice), "who acknowledged is left alone"
    (end,) = [one for one in group if one[0] > 1510.0]
    assert end[1] == ["zhang", "li"] and "【解除】" in end[2] and cleared <= end[0] <= cleared + 10.0


def smoky(at: float) -> float:
    """Return dust: bad air of a mild evening until 15 min, then clean, then from 40 min on the smoke of fires."""
    return (200.0 if at < 900.0 else 320.0 if at > 2400.0 else 20.0) * (1.0 + 0.05 * math.sin(at / 50.0))


@pytest.mark.slow
def test_the_smoke_of_frost_fires_is_no_bad_air_and_hides_no_frost(tmp_path: Path) -> None:
    """Bad air of a mild evening is told. Fires that are lit when frost is near fill the valley with smoke: nobody is
    told of that, whatever the dust sensor says, and of the frost as on a night without."""

    def air(at: float) -> float:
        return lively(9.0 - 10.5 * math.sin(math.pi * at / (2 * HOUR)), at)

    found = frost_night(tmp_path, air, 1.9 * HOUR, Schedule(), dust=smoky)
    assert found.complaints == []
    turns = [(turn.rule, turn.turn) for _, turn in found.alerts()]
    assert [turn for rule, turn in turns if rule == "air"] == ["raised", "cleared"], turns
    frosts = [turn for rule, turn in turns if rule == "frost"]
    assert (frosts[0], frosts[-1]) == ("raised", "cleared"), turns
    frost = next(at for at, turn in found.alerts() if turn.rule == "frost")
    group = [(at, text) for at, _, text in found.told("group")]
    assert ["空气污染" in text for at, text in group if at > 2400.0] == [False] * sum(at > 2400.0 for at, _ in group)
    assert any("空气污染" in text for at, text in group if at < 900.0)
    assert any("霜冻" in text for at, text in group if frost <= at <= frost + 10.0)
    assert any("霜冻已结束" in text for _, text in group)


@pytest.mark.slow
def test_frost_with_the_link_down(tmp_path: Path) -> None:
    """The broker cannot be reached: the horn is on within the minute. Once it can be, the alert comes before all that
    was kept back, with its own time, and people are told that it is late."""
    away = (300.0, 2400.0)
    found = frost_night(tmp_path, dip, 1.6 * HOUR, Schedule(away=(away,)), [(2700.0, acknowledged("zhang"))])
    assert found.complaints == []
    raised = found.alerts()[0][0]
    assert away[0] < raised < away[1] - 600.0
    on = next(at for at, on in found.horn if on)
    assert raised <= on <= raised + MINUTE
    behind = [one for one in found.end.arrived if since_of(one) > away[0]]  # all that was measured since, as it came
    assert len(behind) > 30 and behind[0].kind == Kind.ALERT, "it comes before the newest minute and all others"
    at, _, text = next(one for one in found.told("group") if "【霜冻】" in one[2])
    assert away[1] <= at <= away[1] + 5 * MINUTE
    minutes = round(raised // 60)
    assert f"02:{minutes:02d}" in text and "迟到" in text
    assert "【解除】" in found.told("group")[-1][2] and "迟到" not in found.told("group")[-1][2]


@pytest.mark.slow
def test_a_box_that_is_dead_at_two(tmp_path: Path) -> None:
    """Killed at 02:25 on a cold night: within its pace and five minutes whoever is on call hears that it is
    silent, and that it was falling. At six it boots without a clock: its minutes come at once, are dated when it
    knows the time, and its start says since when it was off."""
    gone, back = 1500.0, 4 * HOUR
    outages = (Outage(gone, 900.0), Outage(gone + 902.0, back - gone - 902.0, power=True, known_after=400.0))
    schedule = Schedule(outages=outages, away=((gone, gone + 903.0),))
    found = frost_night(
        tmp_path, lambda at: lively(3.7 - at / 600.0, at) if at < HOUR else lively(4.0, at), back + 1500, schedule
    )
    assert found.complaints == []
    at, to, text = found.told("voice")[0]
    assert gone + 5 * MINUTE <= at <= gone + 7.5 * MINUTE and to == ["zhang"]
    assert "【失联】sim 已" in text and "最后 02:2" in text and "持续下降" in text
    newest = {(one.epoch, one.seq): one for one in found.end.arrived}
    booted = [one for one in found.end.arrived if one.kind == Kind.MINUTE and one.epoch == found.kept[-1].epoch]
    assert booted[0].start is None, "it comes before the time is known"
    assert all(newest[one.epoch, one.seq].start is not None for one in booted)
    starts = [decode(one.kind, one.body) for one in found.kept if one.kind == Kind.START]
    assert isinstance(starts[-1], Start) and len(starts) == 3


def since_of(record: object) -> float:
    """Return when a record was made, s; far away where it has no time."""
    from tests.kits.frost_night import BEGIN

    start = getattr(record, "start", None)
    return float("inf") if start is None else (start - BEGIN) / 1e6
