"""A record as a row: columns for what is searched, the body's JSON packed, a CRC over everything.

A packed body is restored byte for byte, as is one that an older version stored unpacked (packing.py).
SQLite does not detect a flipped bit inside a value; the CRC does, and it lets a salvage distinguish records from
noise in a file whose tree is broken. Epoch and boot are therefore written out in each row, not as keys of another
table that may be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import msgspec
from msgspec import Raw

from edge.records.bodies import raw
from edge.records.record import ClockMark, Draft, Record, Stamp
from edge.store.packing import packed, unpacked

COLUMNS = (
    "seq, epoch, kind, boot, boottime, duration, start, source, error, not_before, not_after, revision, setup, "
    "body, crc"
)
WIDTH = 15
REAL = (4, 5, 8)  # the columns that hold a float
INSERT = f"INSERT INTO record ({COLUMNS}, state) VALUES ({', '.join('?' * (WIDTH + 1))})"
SELECT = f"SELECT {COLUMNS} FROM record"
encode = msgspec.msgpack.Encoder().encode
Row = tuple[Any, ...]


class RowError(ValueError):
    """A row differs from what was written."""


def record_of(draft: Draft, epoch: str, seq: int) -> Record:
    """Return the record made from a draft. Raise the encoder's error for a value that is not JSON."""
    body, kind = raw(draft.body), str(draft.kind)
    return Record(epoch, seq, kind, draft.stamp, draft.duration, draft.start, draft.clock, 0, draft.setup, body)


def row_of(record: Record) -> Row:
    """Return the columns of a record, in the order of COLUMNS."""
    clock = record.clock
    head: Row = (
        record.seq,
        record.epoch,
        record.kind,
        record.stamp.boot,
        float(record.stamp.boottime),
        float(record.duration),
        record.start,
        clock.source,
        None if clock.error is None else float(clock.error),
        clock.not_before,
        clock.not_after,
        record.revision,
        record.setup,
    )
    body = packed(bytes(record.body))
    return (*head, body, crc_of(head, body))


def from_row(row: Row) -> Record:
    """Return the record of a row. Raise RowError if it is damaged."""
    seq, epoch, kind, boot, boottime, duration, start, source, error, before, after, revision, setup, body, crc = row
    if not isinstance(body, bytes) or crc_of(row[:-2], body) != crc:
        raise RowError(f"record {seq!r} is damaged")
    try:
        body = unpacked(body)
    except ValueError as why:
        raise RowError(f"record {seq!r} is damaged") from why
    return Record(
        epoch,
        seq,
        kind,
        Stamp(boot, boottime),
        duration,
        start,
        ClockMark(source, error, before, after),
        revision,
        setup,
        Raw(body),
    )


def is_whole(row: Sequence[Any]) -> bool:
    """Return whether a row's values are those that were written; columns after the CRC are ignored."""
    head, body = tuple(row[: WIDTH - 2]), row[WIDTH - 2]
    return isinstance(body, bytes) and crc_of(head, body) == row[WIDTH - 1]


def crc_of(head: Row, body: bytes = b"") -> int:
    """Return the CRC of a row's values."""
    try:
        return crc32(body, crc32(encode(head)))
    except (TypeError, OverflowError):  # a value that no record has
        return -1
