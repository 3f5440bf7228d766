"""Reading records out of a database whose tree is broken: leaf by leaf, each row proven by its own CRC.

SQLite's file format (https://www.sqlite.org/fileformat2.html: b-tree pages, record format, the WAL format).
Nothing here trusts a pointer: what leads nowhere gives no row.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge.store import rows
from edge.store.rows import Row
from edge.store.schema import PAGE

LEAF = 0x0D  # a leaf of a table
WAL_HEADER, FRAME_HEADER = 32, 24  # bytes
FRAME = FRAME_HEADER + PAGE
_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes of a whole number by its serial type
PageReader = Callable[[int], bytes]


class _Nothing(Exception):
    """The bytes are no row."""


def pages(path: Path) -> Iterator[tuple[bytes, PageReader]]:
    """Each page of a database file and the reader of its other pages."""
    if path.stat().st_size < PAGE:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def read(number: int) -> bytes:
            return data[(number - 1) * PAGE : number * PAGE] if number > 0 else b""

        for number in range(1, len(data) // PAGE + 1):
            yield read(number), read


def frames(log: bytes, after: int = 0) -> Iterator[tuple[bytes, PageReader]]:
    """Each page in a write-ahead log beyond its first `after` frames, and the reader of the log's pages."""
    starts = range(WAL_HEADER, len(log) - FRAME + 1, FRAME)
    newest = {struct.unpack_from(">I", log, start)[0]: start + FRAME_HEADER for start in starts}

    def read(number: int) -> bytes:
        start = newest.get(number)
        return log[start : start + PAGE] if start is not None else b""

    for start in starts[after:]:
        yield log[start + FRAME_HEADER : start + FRAME], read


def records(page: bytes, read: PageReader) -> Iterator[tuple[Row, bytes | None]]:
    """The rows of `record` on a page, whole and proven, with their state."""
    for rowid, values in _rows(page, read):
        if len(values) != rows.WIDTH + 1:
            continue
        row = (rowid, *(_real(i, value) for i, value in enumerate(values[: rows.WIDTH]) if i))
        try:
            rows.from_row(row)
        except ValueError:
            continue
        yield row, values[rows.WIDTH]


def _real(column: int, value: Any) -> Any:
    """A REAL column's value: SQLite keeps 60.0 as the whole number 60 on the disk."""
    return float(value) if column in rows.REAL and isinstance(value, int) else value


def _rows(page: bytes, read: PageReader) -> Iterator[tuple[int, list[Any]]]:
    head = 100 if page[:6] == b"SQLite" else 0
    if len(page) < PAGE or page[head] != LEAF:
        return
    (cells,) = struct.unpack_from(">H", page, head + 3)
    for at in range(head + 8, min(head + 8 + 2 * cells, PAGE - 1), 2):
        (cell,) = struct.unpack_from(">H", page, at)
        try:
            yield _row(page, cell, read)
        except (_Nothing, IndexError, struct.error, UnicodeDecodeError):
            continue


def _row(page: bytes, at: int, read: PageReader) -> tuple[int, list[Any]]:
    size, at = _varint(page, at)
    rowid, at = _varint(page, at)
    return rowid, _values(_payload(page, at, size, read))


def _payload(page: bytes, at: int, size: int, read: PageReader) -> bytes:
    """The bytes of a row, those on overflow pages among them (file format, section 1.6)."""
    if size > 1 << 24:
        raise _Nothing
    most, least = PAGE - 35, (PAGE - 12) * 32 // 255 - 23
    if size <= most:
        return page[at : at + size]
    local = least + (size - least) % (PAGE - 4)
    local = local if local <= most else least
    found = bytearray(page[at : at + local])
    (following,) = struct.unpack_from(">I", page, at + local)
    while len(found) < size:
        more = read(following)
        if len(more) < PAGE:
            raise _Nothing
        (following,) = struct.unpack_from(">I", more)
        found += more[4:]
    return bytes(found[:size])


def _values(payload: bytes) -> list[Any]:
    """The columns (file format, section 2.1)."""
    end, at = _varint(payload, 0)
    types = []
    while at < end:
        kind, at = _varint(payload, at)
        types.append(kind)
    found = []
    for kind in types:
        value, at = _value(payload, at, kind)
        found.append(value)
    return found


def _value(payload: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (0, 8, 9):
        return (None, 0, 1)[(0, 8, 9).index(kind)], at
    if kind == 7:
        return struct.unpack_from(">d", payload, at)[0], at + 8
    if kind in _SIZES:
        end = at + _SIZES[kind]
        return int.from_bytes(payload[at:end], "big", signed=True), end
    if kind < 12:
        raise _Nothing
    end = at + (kind - 12) // 2
    text = payload[at:end]
    return (text.decode() if kind % 2 else text), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        byte = data[at + i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    return value << 8 | data[at + 8], at + 9
