"""What sources of time do to whole stations: true within the stated error in every minute, and no minute twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.records.record import Kind
from edge.sim.faults import Outage, Schedule
from edge.sim.times import FOREVER, Teller
from tests.kits.stations import DAY, HOUR, SMALL, Outcome, configured, live, without

FEW = without(SMALL, "shelter", "second", "rain485", "vane", "field")


def told(outcome: Outcome) -> list[str]:
    """Return the codes of what happened to the time, as the records tell it."""
    events = [r for r in outcome.kept if r.kind is Kind.HEALTH and r.body.get("event") == "time"]
    return [code for event in events if (code := event.body["reason"]["code"]) != "time_cannot_be"]  # the platform here


def wrong_for(source: str, error: float, begin: float, end: float, off: float) -> Teller:
    """Return a teller that is wrong by `off` s from `begin` to `end`."""
    return Teller(source, error, ((0.0, begin, 0.0), (begin, end, off), (end, FOREVER, 0.0)))


@pytest.mark.parametrize("off", [3600.0, -3600.0])
def test_network_time_an_hour_off_for_two_hours(tmp_path: Path, off: float) -> None:
    """A lone source that is wrong from the start and right then: all of it has the true time in the end."""
    teller = wrong_for("ntp", 0.02, 0.0, 2 * HOUR, off)
    outcome = live(configured(tmp_path, FEW), Schedule(tellers=(teller,), watched=True), 6 * HOUR)
    assert outcome.complaints == []
    assert told(outcome)[:2] == ["time_contradicted", "time_turned"]
