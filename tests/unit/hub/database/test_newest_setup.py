"""Which of a station's setups is the newest one: what came last need not be."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.records.record import ClockMark, Kind, Record
from edge.wire.contract import encode
from hub import stations
from hub.database import cameras
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Row
from tests.kits.sink_kit import delivery, row

HOUR = 3_600_000_000


def setup(
    hours: float, camera: str, number: tuple[str, int], start: int | None, arrived: int, ended_by: int | None = None
) -> Row:
    """Return a setup by a clock so many hours ahead, with one camera; its epoch and seq, its instant, when it came.

    `ended_by`: the upper bound of its instant, where that is not known.
    """
    said: dict[str, Any] = {"site": {"utc_offset_h": hours}, "cameras": [{"name": camera}]}
    made = row(number[1], said, epoch=number[0], kind=Kind.SETUP)
    assert isinstance(made.record, Record)
    unknown = ClockMark("arrival") if ended_by is None else ClockMark("bounds", not_after=ended_by)
    clock = unknown if start is None else made.record.clock
    record = msgspec.structs.replace(made.record, start=start, clock=clock)
    return Row(made.station, record, encode(record), arrived)


def told(url: str) -> tuple[int, int, list[str]]:
    """Return the seconds that the station's clock is ahead, twice, and its cameras."""
    engine = opened(url)
    (state,) = stations.stations(engine, 10 * HOUR)
    found = stations.offset_of(engine, "s"), state.utc_offset_s, [one.camera for one in cameras.newest(engine, "s", 0)]
    engine.close()
    return found


def test_an_older_setup_that_comes_late_changes_nothing(sink: DatabaseSink, url: str) -> None:
    """A station that was away over a start of its daemon hands the newest in first, as it does all that waits."""
    sink.commit(delivery(setup(8.0, "new", ("after", 500), 2 * HOUR, 3 * HOUR)))
    sink.commit(delivery(setup(7.0, "old", ("before", 20), HOUR, 4 * HOUR)))
    assert told(url) == (28_800, 28_800, ["new"])


def test_of_two_setups_in_one_message_the_later_one_counts(sink: DatabaseSink, url: str) -> None:
    """Both came at one instant, and a start that corrects the file twice has both in one minute."""
    old, new = setup(7.0, "old", ("e", 20), HOUR, HOUR), setup(8.0, "new", ("e", 21), HOUR, HOUR)
    sink.commit(delivery(new, old, setup(6.0, "oldest", ("d", 3), 0, HOUR)))
    assert told(url) == (28_800, 28_800, ["new"])


def test_a_card_that_was_changed_counts_from_one_again(sink: DatabaseSink, url: str) -> None:
    """Its numbers say nothing beside those of the card before it."""
    sink.commit(delivery(setup(8.0, "new", ("after", 1), 2 * HOUR, 3 * HOUR)))
    sink.commit(delivery(setup(7.0, "old", ("before", 500), HOUR, 4 * HOUR)))
    assert told(url) == (28_800, 28_800, ["new"])


def test_a_setup_without_a_time_is_as_new_as_its_arrival(sink: DatabaseSink, url: str) -> None:
    """A box that does not know the time yet was set up before what it says came."""
    sink.commit(delivery(setup(7.0, "old", ("before", 20), HOUR, 2 * HOUR)))
    sink.commit(delivery(setup(8.0, "new", ("after", 21), None, 3 * HOUR)))
    assert told(url) == (28_800, 28_800, ["new"])


def test_a_setup_that_got_bounds_alone_is_as_new_as_these(sink: DatabaseSink, url: str) -> None:
    """A boot that never knew the time was over when the next one began, however late what it says comes."""
    sink.commit(delivery(setup(8.0, "new", ("after", 21), 2 * HOUR, 3 * HOUR)))
    sink.commit(delivery(setup(7.0, "old", ("before", 20), None, 4 * HOUR, ended_by=HOUR)))
    assert told(url) == (28_800, 28_800, ["new"])
