"""Hours made from a real store: each minute once, whatever ends the daemon between two of them."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from edge.config.file import load
from edge.config.sections import Config
from edge.recorder.hours import Hours
from edge.records.bodies import Hour, plain
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.station_text import HEAD, SHELTER

BEGIN = 1_781_996_400_000_000  # 2026-06-20 23:00 UTC
MINUTE = 60_000_000
KNOWN, UNKNOWN, BOUNDS = ClockMark("ntp", 0.05), ClockMark("arrival"), ClockMark("bounds")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a station with a thermometer."""
    file = tmp_path / "station.toml"
    file.write_text((HEAD + SHELTER).format(state=tmp_path / "state"))
    return load(file)


def minute(number: int, mark: ClockMark = KNOWN) -> Draft:
    """Return a minute whose temperature is its number."""
    body = {"values": {"air_temperature": number / 10}, "quality": {"air_temperature": 1}, "reasons": {}}
    start = BEGIN + number * MINUTE if mark is KNOWN else None
    return Draft(Kind.MINUTE, Stamp("b", 60.0 * number), 60.0, start, mark, body)


def told(store: Store, hours: Hours) -> list[Hour]:
    """Keep each ended hour with the state, as the recorder does."""
    found = []
    for hour in hours.ended(True):
        store.append(Draft(Kind.HOUR, Stamp("b", 0.0), 0.0, None, KNOWN, plain(hour)), {"hours": hours.keep()})
        found.append(hour)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_restarts_between_any_two_steps_change_no_hour(tmp_path: Path, config: Config, seed: int) -> None:
    """Killed before or after a minute's hour was told, the station tells the same hours once each."""
    rng, store = Random(seed), Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    hours, found = Hours(config, store, None), []
    for number in range(250):
        store.append(minute(number), {"hours": hours.keep()})
        if rng.random() < 0.9:
            found += told(store, hours)
        if rng.random() < 0.2:
            hours = Hours(config, store, store.state().get("hours"))
    found += told(store, hours)
    assert [hour.begin for hour in found] == [BEGIN + n * 60 * MINUTE for n in range(4)]
    means = [sum(range(60 * n, 60 * n + 60)) / 600 for n in range(4)]
    assert [hour.season.hours for hour in found] == [1, 2, 3, 4]
    assert found[1].values["growing_degree_hours"] == pytest.approx(7.0, abs=7.0)
    assert len(set(means)) == 4
    store.close()


def test_minutes_that_wait_for_the_time_are_waited_for(tmp_path: Path, config: Config) -> None:
    """A boot's undated minutes stop the reading; those that never get a time are passed over and make no hour."""
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    hours = Hours(config, store, None)
    store.append(minute(0))
    store.append(minute(1, UNKNOWN))
    store.append(minute(61))
    assert list(hours.ended(True)) == []
    assert list(hours.ended(False)) == []
    store.close()


def test_minutes_without_a_time_for_ever_are_passed_over(tmp_path: Path, config: Config) -> None:
    """They lie within bounds alone: nobody knows their hour, so they enter none."""
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    hours = Hours(config, store, None)
    store.append(minute(0))
    for number in range(1, 60):
        store.append(minute(number, BOUNDS))
    store.append(minute(60))
    (hour,) = told(store, hours)
    assert hour.reasons["growing_degree_hours"].params["good"] == 1
    store.close()


def test_a_state_that_cannot_be_read_begins_anew(tmp_path: Path, config: Config) -> None:
    """A state of another version stops no start."""
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    store.append(minute(0))
    assert list(Hours(config, store, {"read": "x"}).ended(True)) == []
    store.close()
