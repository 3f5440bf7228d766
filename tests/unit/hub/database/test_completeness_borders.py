"""What counts as a minute of a station's day, and where that day begins and ends."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from edge.records.record import Kind, Record
from edge.wire.contract import encode
from hub.completeness import days_of, first_minute, local_day
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Row
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery, row
from tests.unit.hub.database.test_completeness import DAY, MINUTE, undated
from tests.unit.hub.database.test_hours import minute, setup

HOUR = 60 * MINUTE


def at(made: Row, arrived: int) -> Row:
    """Return a record that arrived then."""
    return msgspec.structs.replace(made, arrived=arrived)


def strange(made: Row) -> Row:
    """Return a record of which a newer station says something that this hub does not understand."""
    return came(made.raw.replace(b'"duration":60.0', b'"duration":"a minute"'))


def test_only_minutes_without_a_time_are_undated_minutes(sink: DatabaseSink, url: str) -> None:
    """A start before the time was known, and a minute that is not understood, tell of none; the station is silent."""
    start = undated(3).record
    assert isinstance(start, Record)
    event = msgspec.structs.replace(start, seq=4, kind=Kind.START)
    sink.commit(
        delivery(row(1), Row("s", event, encode(event), row(4).arrived), at(strange(undated(5)), row(5).arrived))
    )
    engine = opened(url)
    (found,) = days_of(engine, "s", DAY, DAY, UTC0 + HOUR)
    assert (found.undated, [(gap.cause, gap.undated) for gap in found.gaps]) == (0, [("silent", 0)])
    engine.close()


def test_an_undated_minute_belongs_to_the_day_in_which_it_arrived(sink: DatabaseSink, url: str) -> None:
    """What arrives at midnight is the new day's."""
    midnight = UTC0 + 24 * HOUR
    times = UTC0 - 1, UTC0, midnight - 1, midnight
    sink.commit(delivery(*(at(undated(seq), arrived) for seq, arrived in enumerate(times, 1))))
    engine = opened(url)
    days = days_of(engine, "s", DAY - timedelta(days=1), DAY + timedelta(days=1), midnight + HOUR)
    assert [day.undated for day in days] == [1, 2, 1]
    assert days_of(engine, "s", DAY, DAY, midnight + HOUR)[0].undated == 2
    engine.close()


def test_the_first_minute_is_one_that_is_understood_and_dated(sink: DatabaseSink, url: str) -> None:
    """Before it a day is none of the station's, whatever else came."""
    sink.commit(delivery(undated(1), strange(row(2)), row(3, {"version": "1"}, kind=Kind.START), row(7)))
    engine = opened(url)
    assert first_minute(engine, "s") == UTC0 + 7 * MINUTE
    assert first_minute(engine, "nobody") is None
    engine.close()


@pytest.mark.parametrize(("hours", "last"), [(8.0, 16), (-3.0, 27)])
def test_a_day_is_the_stations_own(sink: DatabaseSink, url: str, hours: float, last: int) -> None:
    """8 hours ahead of UTC a day ends at 16:00 UTC."""
    sink.commit(delivery(setup(1, hours), minute(2, 60 * last - 1), minute(3, 60 * last)))
    engine = opened(url)
    assert [local_day(engine, "s", UTC0 + last * HOUR + one) for one in (-1, 0)] == [DAY, date(2026, 1, 2)]
    days = days_of(engine, "s", DAY, date(2026, 1, 2), UTC0 + last * HOUR + HOUR)
    assert [day.received for day in days] == [1, 1]
    engine.close()


def test_days_that_end_before_they_begin_are_none(sink: DatabaseSink, url: str) -> None:
    """As where somebody asks for next week's gaps."""
    sink.commit(delivery(row(1)))
    engine = opened(url)
    assert days_of(engine, "s", DAY + timedelta(days=7), DAY, UTC0 + HOUR) == []
    engine.close()


def test_a_start_record_that_says_nonsense_of_its_time_off_costs_no_day(sink: DatabaseSink, url: str) -> None:
    """Without a time that can be read, all of the gap is that of the start; nobody's page fails."""
    odd: tuple[object, ...] = (
        "long",
        {"from": UTC0},
        {"to": UTC0},
        {"from": "noon", "to": UTC0},
        {"from": 1, "to": []},
    )
    for number, missing in enumerate(odd):
        station = f"s{number}"
        began = row(8, {"reason": "power was cut", "missing": missing}, station=station, epoch="f", kind=Kind.START)
        sink.commit(delivery(row(1, station=station), began, row(9, station=station, epoch="f")))
    engine = opened(url)
    found = [days_of(engine, f"s{number}", DAY, DAY, UTC0 + 10 * MINUTE)[0] for number in range(len(odd))]
    engine.close()
    assert [[(gap.cause, gap.why) for gap in day.gaps] for day in found] == [[("off", "power was cut")]] * len(odd)
