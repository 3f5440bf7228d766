"""Hours of a whole station: made of each minute once, over restarts, gaps and a boot that learns the time late."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from drivers.twins.twin import Fault
from edge.measure.derived import chill
from edge.records import bodies
from edge.records.record import Kind, Record
from edge.sim.faults import FOREVER, DeviceFault, Outage, Schedule
from edge.sim.times import Teller
from tests.kits.stations import SMALL, Outcome, configured, live, without

HOUR_US = 3_600_000_000
TEXT = without(SMALL, "second", "vane", "rain485")


def hours_of(outcome: Outcome) -> list[bodies.Hour]:
    """Return the hours that the store holds."""
    found = [bodies.decode(record.kind, record.body) for record in outcome.kept if record.kind == Kind.HOUR]
    assert all(isinstance(hour, bodies.Hour) for hour in found)
    return found


def by_hour(outcome: Outcome) -> dict[int, list[Record]]:
    """Return the minutes with a time by the hour that they began in, microseconds UTC."""
    found: dict[int, list[Record]] = defaultdict(list)
    for record in outcome.kept:
        if record.kind == Kind.MINUTE and record.start is not None:
            found[record.start // HOUR_US * HOUR_US].append(record)
    return found


def degree_hours(minutes: list[Record]) -> float | None:
    """Return an hour's degree hours from its minutes, None with under 40 good ones."""
    told = [(m.duration, m.fields()) for m in minutes]
    good = [
        (duration, body["values"]["air_temperature"])
        for duration, body in told
        if body["quality"]["air_temperature"] == 1
    ]
    weight = sum(duration for duration, _ in good)
    if weight < 40 * 60 - 1e-3:
        return None
    return round(chill.growing_degree_hours(sum(d * v for d, v in good) / weight), 1)


def last_told(records: list[Record]) -> dict[int, bodies.Hour]:
    """Return what was told last of each hour, by its begin: that is right."""
    found: dict[int, bodies.Hour] = {}
    for record in sorted(records, key=lambda one: one.seq):
        if record.kind == Kind.HOUR:
            hour = bodies.decode(record.kind, record.body)
            found[hour.begin] = hour
    return found


def complete(outcome: Outcome) -> list[bodies.Hour]:
    """Return the hours after checking them: each once, without a hole, its figure that of its minutes."""
    hours, minutes = hours_of(outcome), by_hour(outcome)
    begins = [hour.begin for hour in hours]
    assert begins == list(range(begins[0], begins[-1] + 1, HOUR_US))
    assert begins[0] == min(minutes)
    for hour in hours:
        value = hour.values["growing_degree_hours"]
        assert value == pytest.approx(degree_hours(minutes.get(hour.begin, [])), abs=0.11), hour
        assert set(hour.reasons) >= {name for name, flag in hour.quality.items() if flag != 1}
    last = hours[-1].season
    assert last.hours + last.missing == len(hours)
    return hours


@pytest.mark.slow
@pytest.mark.parametrize("known_after", [0.0, 2400.0])
def test_hours_go_on_over_power_cuts_and_late_times(tmp_path: Path, known_after: float) -> None:
    """A cut within an hour, a start without the time for 40 minutes: every minute is in its hour, none in two."""
    outages = (Outage(2000.5, 30.0, False), Outage(5000.5, 300.0, True, known_after), Outage(12_000.5, 7800.0, True))
    outcome = live(configured(tmp_path, TEXT), Schedule((), outages), 25_000.0)
    assert [c for c in outcome.complaints if not c.startswith("wrongly good")] == []
    hours = complete(outcome)
    assert len(hours) == 6
    assert sum(hour.values["growing_degree_hours"] is None for hour in hours) >= 1  # off for two hours and more


@pytest.mark.slow
def test_a_silent_thermometer_makes_no_hour_and_is_said(tmp_path: Path) -> None:
    """Under 40 good minutes each figure is missing, with how many there were; the next hour is whole again."""
    fault = DeviceFault(4000.0, 7000.0, "shelter", Fault.SILENT)
    outcome = live(configured(tmp_path, TEXT), Schedule((fault,), ()), 11_000.0)
    hours = complete(outcome)
    assert [hour.quality["growing_degree_hours"] for hour in hours] == [1, 9, 1]
    assert hours[1].reasons["growing_degree_hours"].code == "hour_lacks"
    assert hours[1].season.missing == 1


@pytest.mark.slow
def test_hours_of_a_time_that_was_wrong_are_told_anew_at_both_ends(tmp_path: Path) -> None:
    """An hour on for 83 minutes, a kill before the truth is believed: store and platform end with the right hours."""
    teller = Teller("ntp", 0.02, ((0.0, 5000.0, 3600.0), (5000.0, FOREVER, 0.0)))
    schedule = Schedule((), (Outage(9000.5, 20.0, False),), tellers=(teller,), watched=True)
    outcome = live(configured(tmp_path, TEXT), schedule, 16_000.0)
    assert [c for c in outcome.complaints if not c.startswith("wrongly good")] == []
    minutes, last = by_hour(outcome), last_told(outcome.kept)
    assert len(hours_of(outcome)) > len(last)  # some were told twice
    assert set(last) >= set(range(min(minutes), max(minutes), HOUR_US))
    for begin, hour in last.items():
        true = degree_hours(minutes[begin]) if begin < max(minutes) and begin in minutes else None
        assert hour.values["growing_degree_hours"] == (None if true is None else pytest.approx(true, abs=0.11)), begin
    assert last_told(outcome.arrived) == last
