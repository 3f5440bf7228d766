"""Pictures are shown under the time of their records, however late a station has learned it."""

from __future__ import annotations

import itertools
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from edge.records.record import ClockMark, Kind, Record
from edge.wire.contract import ChunkHeader, encode
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Delivery, PictureRow, Row
from tests.kits.sink_kit import query, redated, row

PICTURE = sha256(b"x").hexdigest()
PARTS = ("thumbnail", "full")


def taken(seq: int = 7, **other: Any) -> Row:
    """Return the record of a picture, whose time is known."""
    return row(seq, {"picture": PICTURE, "camera": "gate", "quality": 1} | other, kind=Kind.PICTURE)


def undated(before: Row) -> Row:
    """Return it as a station says it that does not know the time."""
    assert isinstance(before.record, Record)
    record = msgspec.structs.replace(before.record, start=None, clock=ClockMark("arrival"))
    return Row(before.station, record, encode(record), before.arrived)


def start(of: Row) -> int | None:
    """Return the time of a record."""
    assert isinstance(of.record, Record)
    return of.record.start


def chunks(time: int | None, seq: int = 7) -> tuple[PictureRow, ...]:
    """Return a picture's parts, sent when the station believed that it was taken then."""
    made = [ChunkHeader(1, "s", PICTURE, part, 0, 9, PICTURE, "gate", "e", seq, time) for part in PARTS]
    return tuple(PictureRow(header, f"{header.part}.jpg") for header in made)


def times(url: str, *deliveries: Delivery) -> set[int | None]:
    """Return when a database says that the picture was taken, after these."""
    sink = DatabaseSink(opened(url))
    for each in deliveries:
        sink.commit(each)
    sink.close()
    return {time for (time,) in query(url, "SELECT time FROM picture")}


KNOWN, LATER = taken(), redated(taken(), 90)
CAME = {
    "undated picture": Delivery((), chunks(None)),
    "picture of a wrong time": Delivery((), chunks(start(KNOWN))),
    "undated record": Delivery((undated(KNOWN),)),
    "record of a wrong time": Delivery((KNOWN,)),
}


@pytest.mark.parametrize("names", [names for n in (1, 2) for names in itertools.permutations(CAME, n)], ids=", ".join)
@pytest.mark.parametrize("together", [False, True])
def test_a_picture_has_the_time_of_its_record_in_whatever_order_they_come(
    url: str, names: tuple[str, ...], together: bool
) -> None:
    """A station without a clock, or with a wrong one, dates its records anew; its pictures it sends once."""
    dated, sent = Delivery((LATER,)), Delivery((), chunks(start(KNOWN)))
    last = (Delivery(dated.rows, sent.pictures),) if together else (dated, sent)
    assert times(url, *(CAME[name] for name in names), *last) == {start(LATER)}


def test_a_picture_whose_record_is_not_here_has_the_time_that_came_with_it(url: str) -> None:
    """So has one whose record does not know the time yet, and one of which another record tells."""
    assert times(url, Delivery((), chunks(5)), Delivery((undated(KNOWN),)), Delivery((redated(taken(8), 9),))) == {5}


@pytest.mark.parametrize("other", [{"picture": "\0"}, {"picture": 7}, {"picture": [[]]}])
def test_a_record_of_a_picture_that_is_none_changes_nothing(url: str, other: dict[str, Any]) -> None:
    """Whatever it names."""
    assert times(url, Delivery((), chunks(5)), Delivery((taken(8, **other),))) == {5}
