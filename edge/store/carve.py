"""Read records out of a database whose tree is broken: leaf by leaf, each row proven by its own CRC.

SQLite's file format (https://www.sqlite.org/fileformat2.html: b-tree pages, record format, the WAL format).
No pointer is trusted: an invalid one yields no row.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from edge.records import ranges
from edge.records.ranges import Ranges
from edge.store import rows
from edge.store.schema import PAGE

LEAF = 0x0D  # a leaf of a table
WAL_HEADER, FRAME_HEADER = 32, 24  # bytes
FRAME = FRAME_HEADER + PAGE
MOST_HEAD = 127  # bytes of a row's header; that of a record has about 20
MOST_ROUNDS = 1 << 20  # checkpoints of a log between two clean closes
SECTOR = 512  # bytes: the smallest unit that a disk writes
SLICE = 1024 * PAGE  # bytes of a file in memory at a time
# By serial type: the constants that the type itself encodes, and how numbers are unpacked.
_FIXED = {0: None, 8: 0, 9: 1}
_NUMBERS = {1: "b", 2: "h", 3: "3s", 4: "i", 5: "6s", 6: "q", 7: "d"}
_INTEGER = partial(int.from_bytes, byteorder="big", signed=True)
PageReader = Callable[[int], bytes]
Page = tuple[bytes, PageReader]
Found = list[Any]
Converters = list[tuple[int, Callable[[Any], Any]]]


class _NoRowError(Exception):
    """The bytes are not a row."""


def pages(path: Path) -> Iterator[Page]:
    """Yield each page of a database file and a reader of its other pages, with one slice of the file in memory."""
    with path.open("rb") as file, path.open("rb") as others:

        def read(number: int) -> bytes:
            return os.pread(others.fileno(), PAGE, (number - 1) * PAGE) if number > 0 else b""

        while part := file.read(SLICE):
            for start in range(0, len(part) - PAGE + 1, PAGE):
                yield part[start : start + PAGE], read


def frames(log: bytes, after: int = 0) -> Iterator[Page]:
    """Yield each page in a log after its first `after` frames, and a reader of the log's pages."""
    starts = range(WAL_HEADER, len(log) - FRAME + 1, FRAME)
    newest = {struct.unpack_from(">I", log, start)[0]: start + FRAME_HEADER for start in starts}

    def read(number: int) -> bytes:
        start = newest.get(number)
        return log[start : start + PAGE] if start is not None else b""

    for start in starts[after:]:
        yield log[start + FRAME_HEADER : start + FRAME], read


def whole(log: bytes) -> bytes:
    """Return a log without an incomplete frame at its end."""
    return log[: len(log) - (len(log) - WAL_HEADER) % FRAME] if len(log) > WAL_HEADER else b""


def ends_badly(log: bytes, used: int) -> bool:
    """Return whether data that may have been committed follow the `used` frames of a log.

    A change is reported as committed once all its frames are synced, and the next one is written only then. So what a
    power cut leaves of one change was never committed if it has no commit frame, or if a position before its commit
    frame was not written: then nothing after that position was synced. Everything else is damage: a second change
    after the first, rubbish with no sign that it was never synced, and a change with a commit frame and a wrong
    checksum, which may or may not have been committed. File format, section 4.
    """
    ended = never_synced = False
    for start in range(WAL_HEADER + used * FRAME, len(log) - FRAME + 1, FRAME):
        page, pages_after, salts = struct.unpack_from(">2I8s", log, start)
        if _is_unwritten(log, start):
            never_synced = never_synced or not ended
        elif page and salts == log[16:24]:
            if ended:
                return True
            ended = pages_after > 0
        elif not never_synced:
            return True
    return ended and not never_synced


def _is_unwritten(log: bytes, start: int) -> bool:
    """Return whether the frame at `start` is left from before the last checkpoint, or was never written.

    An older frame has a lower first salt and another second one. Zeros prove nothing if the whole sector is zero: the
    card may have erased it.
    """
    head = log[start : start + FRAME_HEADER]
    if not any(head):
        return any(log[start // SECTOR * SECTOR : start])
    rounds = (int.from_bytes(log[16:20], "big") - int.from_bytes(head[8:12], "big")) % (1 << 32)
    return 0 < rounds < MOST_ROUNDS and head[12:16] != log[20:24]


def records(page: bytes, read: PageReader, known: Ranges = ranges.NOTHING) -> Iterator[Found]:
    """Yield the undamaged rows of `record` on a page, proven by their CRC, except those whose seq is in `known`.

    Each is a list of the columns in the order of rows.COLUMNS, followed by the state.
    """
    for rowid, values in _rows(page, read, known):
        if len(values) != rows.WIDTH + 1:
            continue
        values[0] = rowid
        if rows.is_whole(values):
            yield values


def _rows(page: bytes, read: PageReader, known: Ranges) -> Iterator[tuple[int, list[Any]]]:
    head = 100 if page[:6] == b"SQLite" else 0
    if len(page) < PAGE or page[head] != LEAF:
        return
    (cells,) = struct.unpack_from(">H", page, head + 3)
    for cell in struct.unpack_from(f">{min(cells, (PAGE - head - 8) // 2)}H", page, head + 8):
        try:
            size, start = _varint(page, cell)
            rowid, start = _varint(page, start)
            if not (known and ranges.contains(known, rowid)):
                yield rowid, _values(_payload(page, start, size, read))
        except (_NoRowError, IndexError, struct.error, UnicodeDecodeError):
            continue


def _payload(page: bytes, at: int, size: int, read: PageReader) -> bytes:
    """Return the bytes of a row, including those on overflow pages (file format, section 1.6)."""
    if size > 1 << 24:
        raise _NoRowError
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
            raise _NoRowError
        (following,) = struct.unpack_from(">I", more)
        found += more[4:]
    return bytes(found[:size])


def _values(payload: bytes) -> list[Any]:
    """Return the columns of a record (file format, section 2.1)."""
    end = payload[0]
    if end > MOST_HEAD:
        raise _NoRowError
    columns, fixed, converters = _layout(payload[1:end])
    values = list(columns.unpack_from(payload, end))
    for column, value in fixed:
        values[column] = value
    for column, convert in converters:
        values[column] = convert(values[column])
    return values


@lru_cache(maxsize=1024)  # the types of records differ almost only in the length of the body
def _layout(types: bytes) -> tuple[struct.Struct, list[tuple[int, int | None]], Converters]:
    """Return the format of the columns, the constants by column, and the converters of other columns."""
    codes: list[str] = []
    fixed: list[tuple[int, int | None]] = []
    converters: Converters = []
    at = 0
    while at < len(types):
        column = len(codes)
        kind, at = _varint(types, at)
        if kind in (10, 11):
            raise _NoRowError
        codes.append(_NUMBERS.get(kind) or f"{max(kind - 12, 0) // 2}s")
        if kind in _FIXED:
            fixed.append((column, _FIXED[kind]))
        elif kind in (3, 5):
            converters.append((column, _INTEGER))
        elif kind > 12 and kind % 2:
            converters.append((column, bytes.decode))
        if column in rows.REAL and 0 < kind < 10:  # SQLite stores 60.0 as the integer 60
            converters.append((column, float))
    return struct.Struct(">" + "".join(codes)), fixed, converters


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at]
    if value < 0x80:
        return value, at + 1
    value = 0
    for i in range(8):
        byte = data[at + i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    return value << 8 | data[at + 8], at + 9
