"""A gauge that keeps its total through a reboot in rain, and a box that then does not know the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.records import bodies
from edge.records.record import Kind, Record
from edge.sim.faults import FOREVER, Outage, Schedule
from edge.sim.rig import Rig
from tests.kits.stations import BEGIN, SMALL, Outcome, configured, live, without

MM_PER_S = 0.7 / 60.0
UNKNOWN, KNOWN = "fell_before_restart", "fell_before"
MISSING = 9


class Downpour:
    """A gauge whose total rises steadily by the true time, whatever boots."""

    def __init__(self, twin: Any, rig: Rig) -> None:
        self._twin, self._rig = twin, rig
        self.misbehave = twin.misbehave

    def set(self, quantity: str, value: float) -> None:
        """Rain instead of the weather's."""
        if quantity == "rainfall_amount":
            value = 50.0 + fallen(self._rig)
        self._twin.set(quantity, value)


def fallen(rig: Rig) -> float:
    """Return what has fallen since the beginning, mm."""
    return (rig.boot.utc_at(rig.clock.now()) - BEGIN) / 1e6 * MM_PER_S


def code_of(minute: Record, channel: str) -> str:
    """Return the code of a channel's reason; "" where it has none."""
    reason = bodies.decode(minute.kind, minute.body).reasons.get(channel)
    return "" if reason is None else str(reason.code)


def rained(folder: Path, outages: tuple[Outage, ...], length: float) -> tuple[Outcome, float]:
    """Return a life under that rain, and what its minutes tell in all."""

    def setup(rig: Rig) -> None:
        for name in ("rain485", "field"):
            rig.twins[name] = Downpour(rig.twins[name], rig)

    outcome = live(configured(folder, without(SMALL, "second", "vane")), Schedule((), outages), length, setup=setup)
    told = sum(minute.fields()["values"]["rainfall_amount"] or 0.0 for minute in minutes(outcome, 0, 1))
    return outcome, told


def minutes(outcome: Outcome, *starts: int) -> list[Record]:
    """Return what the box kept of some of its starts; what has no time is not all sent."""
    epochs = {outcome.life.runs[start].epoch for start in starts}
    return [record for record in outcome.kept if record.kind == Kind.MINUTE and record.epoch in epochs]


@pytest.mark.parametrize("known_after", [0.0, 400.0, FOREVER])
def test_a_reboot_in_rain_loses_no_rain_and_no_other_minute(tmp_path: Path, known_after: float) -> None:
    """Off for ten minutes and up again without the time: all that fell is told and marked, and nothing else is gone."""
    outages = (Outage(600.5, 600.0, True, known_after),)
    outcome, told = rained(tmp_path, outages, 2400.0)
    assert [c for c in outcome.complaints if not c.startswith("wrongly good")] == []
    # The minute in hand at the cut is gone, and with it nothing of the gauge's total.
    assert told == pytest.approx(2400.0 * MM_PER_S, abs=0.4)
    second = minutes(outcome, 1)
    assert all(quality != MISSING for m in second[1:] for quality in m.fields()["quality"].values())
    for channel in ("rainfall_amount", "rainfall_amount.field"):
        doubted = [code for m in second if (code := code_of(m, channel)) in (UNKNOWN, KNOWN)]
        assert len(doubted) == 1
        assert (doubted[0] == UNKNOWN) == (known_after > 0.0)


def test_a_killed_daemon_counts_the_gap_by_its_boot(tmp_path: Path) -> None:
    """Killed and started again on the same boot, the station knows how long the gauge was not read."""
    outcome, told = rained(tmp_path, (Outage(600.5, 300.0),), 1500.0)
    assert [c for c in outcome.complaints if not c.startswith("wrongly good")] == []
    assert told == pytest.approx(1500.0 * MM_PER_S, abs=0.4)
    reasons = [bodies.decode(m.kind, m.body).reasons.get("rainfall_amount") for m in minutes(outcome, 1)]
    assert [r for r in reasons if r and r.code == KNOWN and 300 <= float(str(r.params["seconds"])) < 400] != []
