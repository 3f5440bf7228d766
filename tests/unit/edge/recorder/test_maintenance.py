"""Until when minutes are marked as maintenance, over restarts, with and without a known time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.reason import Reason
from edge.recorder.maintenance import KIND, NAME, Maintenance, MaintenanceMark
from edge.store.outbox import PLATFORM
from edge.store.store import Store

NOON = 1_782_097_200_000_000
WORK = Reason("said", "{text}", text="the rain gauge is cleaned")


@pytest.fixture(name="store")
def a_store(tmp_path: Path) -> Iterator[Store]:
    """Give a store."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    yield store
    store.close()


def begun(store: Store, utc: int | None) -> None:
    """Begin half an hour of work at 100 s of the first boot."""
    MaintenanceMark(store.notes, "first", 0.0, None).begin(Maintenance(1900.0, WORK, "socket pi"), 100.0, utc)


def until(mark: MaintenanceMark) -> float | None:
    """Return until when it marks."""
    return None if mark.present is None else mark.present.until


def test_a_restart_in_the_same_boot_goes_on_until_the_same_instant(store: Store) -> None:
    """What was asked for is known again, by whom and for what."""
    begun(store, None)
    mark = MaintenanceMark(store.notes, "first", 700.0, None)
    assert mark.present == Maintenance(1900.0, WORK, "socket pi")


def test_another_boot_goes_on_until_the_same_time(store: Store) -> None:
    """By UTC where it is known at the start, or as soon as it becomes known."""
    begun(store, NOON)
    assert until(MaintenanceMark(store.notes, "second", 20.0, NOON + 600_000_000)) == 20.0 + 1200.0
    late = MaintenanceMark(store.notes, "second", 20.0, None)
    assert until(late) == 20.0 + 1800.0
    late.learn(80.0, None)
    assert until(late) == 20.0 + 1800.0
    late.learn(140.0, NOON + 600_000_000)
    assert until(late) == 140.0 + 1200.0
    late.learn(200.0, NOON + 999_000_000)
    assert until(late) == 140.0 + 1200.0, "a time that is corrected later moves no end"


def test_where_nobody_knows_the_time_it_lasts_its_whole_length_again(store: Store) -> None:
    """Rather too much is marked than too little."""
    begun(store, None)
    mark = MaintenanceMark(store.notes, "second", 20.0, NOON)
    assert until(mark) == 20.0 + 1800.0


def test_what_ended_stays_ended(store: Store) -> None:
    """At its end, or where it was ended by a person, or where its time has passed meanwhile."""
    begun(store, NOON)
    mark = MaintenanceMark(store.notes, "first", 1880.0, NOON)
    body = {"values": {"air_temperature": 1.0, "wind_speed": None}, "quality": {}, "reasons": {}}
    mark.mark(body, 1860.0, 1920.0)
    assert body["quality"] == {"air_temperature": 4}
    assert mark.present is None
    assert MaintenanceMark(store.notes, "second", 20.0, None).present is None
    begun(store, NOON)
    later = MaintenanceMark(store.notes, "second", 20.0, NOON + 3_600_000_000)
    body = {"values": {"air_temperature": 1.0}, "quality": {"air_temperature": 1}, "reasons": {}}
    later.mark(body, 20.0, 60.0)
    assert (body["quality"], later.present) == ({"air_temperature": 1}, None)


def test_what_cannot_be_read_marks_nothing(store: Store) -> None:
    """A note that is none, or of another version, is no maintenance and ends no start."""
    for value in (b"rubbish", b"{}", b'{"boot":1}'):
        store.notes.put(KIND, NAME, value)
        assert MaintenanceMark(store.notes, "first", 0.0, None).present is None


def test_a_minute_that_ended_before_the_work_began_is_weather(store: Store) -> None:
    """Though it is still in hand when the work is told of; work that is only prolonged marks it all the same."""
    mark = MaintenanceMark(store.notes, "first", 0.0, None)
    mark.begin(Maintenance(1900.0, WORK), 60.2, None)
    body = {"values": {"air_temperature": 1.0}, "quality": {"air_temperature": 1}, "reasons": {}}
    mark.mark(body, 0.0, 60.0)
    assert body["quality"] == {"air_temperature": 1}
    mark.begin(Maintenance(2900.0, WORK), 120.2, None)
    mark.mark(body, 60.0, 120.0)
    assert body["quality"] == {"air_temperature": 4}
