"""The times of pictures, by their records: a chunk has the time that its station assumed when it sent it.

A station that learns the time later, or that its clock was wrong, revises its records, but resends no pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge.records.record import Kind, Record
from hub.database import rows
from hub.database.engine import Engine
from hub.database.rows import KEY
from hub.sink import PictureRow, Row

PLACE = ("station", "picture")
TIME = rows.PICTURE.index("time")


def redate(engine: Engine, fresh: Iterable[Row], pictures: Iterable[PictureRow]) -> None:
    """Set the times of these pictures, and of those with just written records, from the records, in a transaction.

    Raise SinkError.
    """
    named = {(row.header.station, row.header.picture) for row in pictures}
    named |= {(row.station, picture) for row in fresh if (picture := _picture(row))}
    there = [tuple(line) for line in engine.lookup("picture", rows.PICTURE, PLACE, sorted(named))]
    records = sorted({_record(line) for line in there})
    told = {
        (station, epoch, seq): start
        for station, epoch, seq, kind, revision, start in engine.lookup(
            "record", (*KEY, "kind", "revision", "start"), KEY, records
        )
        if kind == Kind.PICTURE and (revision or start is not None)
    }
    wrong = [line for line in there if line[TIME] != told.get(_record(line), line[TIME])]
    dated = [(*line[:TIME], told[_record(line)], *line[TIME + 1 :]) for line in sorted(wrong, key=lambda one: one[:3])]
    engine.upsert("picture", rows.PICTURE, dated, rows.PICTURE[:3])


def _record(line: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """Return the identity of a picture row's record."""
    return line[0], line[3], line[4]


def _picture(row: Row) -> str:
    """Return the SHA-256 of a record's picture, "" where it has none."""
    if not isinstance(row.record, Record) or row.record.kind != Kind.PICTURE:
        return ""
    try:
        found = row.record.fields().get("picture")
    except (ValueError, RecursionError, AttributeError):  # its picture is unknown
        return ""
    return found if isinstance(found, str) and not rows.is_refused(found) else ""
