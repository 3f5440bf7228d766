"""Until when minutes are marked as maintenance, over restarts, with and without a known time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.driver import Channel
from drivers.reading import Reading
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.recorder.maintenance import KIND, NAME, Maintenance, MaintenanceMark
from edge.recorder.recorder import Recorder
from edge.sampler import Sampled
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


@pytest.mark.parametrize("told", [True, False])
def test_a_thermometer_changed_during_maintenance_is_good_after_it(tmp_path: Path, told: bool) -> None:
    """The recorder tells the checks in which minutes somebody works; without that a leap of 5 K is an offset."""
    lines = [
        ChannelLine(name, "mast", Channel(name, -80, 100, 0.1), limits_for(name, 0.0), 6.0)
        for name in ("air_temperature", "relative_humidity")
    ]
    store, clock = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,)), SystemClock()
    recorder = Recorder(Minutes(lines), store, clock, clock.inbox(9), "b", keep=dict, appended=lambda _: None)
    flags = []
    for number in range(16):
        begin = recorder.timeline.begin
        if told and number == 6:
            recorder.handle(Maintenance(begin + 150.0, WORK, "socket pi"))
        for n in range(6):
            at, air = begin + 10.0 * n, (15.0 if number < 7 else 20.0) + 0.1 * (n % 2)
            recorder.handle(Sampled("mast", Reading("air_temperature", air, at)))
            recorder.handle(Sampled("mast", Reading("relative_humidity", 60.0 + 0.1 * (n % 3), at)))
        recorder.close_minute()
        latest = recorder.latest
        assert latest is not None
        flags.append(latest.fields()["quality"]["air_temperature"])
    store.close()
    assert flags[:6] == [1] * 6
    assert flags[6:9] == ([4] * 3 if told else [1, 3, 3])
    assert set(flags[9:]) == ({1} if told else {3})
