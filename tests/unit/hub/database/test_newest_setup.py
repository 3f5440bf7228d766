"""Which of a station's setups is the newest one: what came last need not be."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.records.record import Kind
from hub import stations
from hub.database import cameras
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Row
from tests.kits.sink_kit import delivery, row

HOUR = 3_600_000_000


def setup(seq: int, arrived: int, hours: float, camera: str, epoch: str = "e") -> Row:
    """Return a setup by a clock so many hours ahead, with one camera, that came then."""
    said: dict[str, Any] = {"site": {"utc_offset_h": hours}, "cameras": [{"name": camera}]}
    return msgspec.structs.replace(row(seq, said, epoch=epoch, kind=Kind.SETUP), arrived=arrived)


def told(url: str) -> tuple[int, int, list[str]]:
    """Return the seconds that the station's clock is ahead, twice, and its cameras."""
    engine = opened(url)
    (state,) = stations.stations(engine, 10 * HOUR)
    found = stations.offset_of(engine, "s"), state.utc_offset_s, [one.camera for one in cameras.newest(engine, "s", 0)]
    engine.close()
    return found


def test_an_older_setup_that_comes_late_changes_nothing(sink: DatabaseSink, url: str) -> None:
    """A station that was away over a start of its daemon hands the newest in first, as it does all that waits."""
    sink.commit(delivery(setup(500, HOUR, 8.0, "new")))
    sink.commit(delivery(setup(20, 2 * HOUR, 7.0, "old")))
    assert told(url) == (28_800, 28_800, ["new"])


def test_of_two_setups_in_one_message_the_later_one_counts(sink: DatabaseSink, url: str) -> None:
    """Both came at one instant."""
    sink.commit(delivery(setup(500, HOUR, 8.0, "new"), setup(20, HOUR, 7.0, "old"), setup(3, HOUR, 6.0, "oldest")))
    assert told(url) == (28_800, 28_800, ["new"])


def test_a_card_that_was_changed_counts_from_one_again(sink: DatabaseSink, url: str) -> None:
    """Numbers are compared within an epoch; of two, the one counts from which something came last."""
    sink.commit(delivery(setup(500, HOUR, 7.0, "old", "before")))
    sink.commit(delivery(setup(1, 2 * HOUR, 8.0, "new", "after")))
    assert told(url) == (28_800, 28_800, ["new"])
