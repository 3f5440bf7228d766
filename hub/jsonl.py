"""Files of JSON lines that survive a kill at any byte, and what a record looks like in them."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import IO, Any

import msgspec

from edge.files import sync_folder
from edge.records.record import ClockMark, Kind, Name, Record, Revision, Seq

EPOCH_1970 = datetime(1970, 1, 1, tzinfo=UTC)


class Identity(msgspec.Struct, frozen=True):
    """What a line says about which record it is; other keys are not looked at."""

    station: Name
    epoch: Name
    seq: Seq
    revision: Revision = 0


class Fate(Enum):
    """What has become of a file since it was last written."""

    SAME = "same"
    MOVED = "moved"  # it has another name now, and what is in it is kept
    GONE = "gone"  # it was deleted or cut short: what was in it may be nowhere


class Lines:
    """A file that lines are appended to. A torn last line, from a kill in mid-write, is cut when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting: list[bytes] = []
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        sync_folder(path.parent)
        self._cut()
        self._size = os.fstat(self._fd).st_size

    @property
    def inode(self) -> int:
        """The file's number in its file system, whatever its name is by now."""
        return os.fstat(self._fd).st_ino

    def fate(self) -> Fate:
        """Return what others have done to the file. Raise OSError."""
        status = os.fstat(self._fd)
        if status.st_nlink == 0 or status.st_size < self._size:
            return Fate.GONE
        with suppress(FileNotFoundError):
            named = os.stat(self.path)
            return Fate.SAME if (named.st_dev, named.st_ino) == (status.st_dev, status.st_ino) else Fate.MOVED
        return Fate.MOVED

    def identities(self) -> Iterator[Identity]:
        """Yield the records that the file holds. A line that is none of ours is passed over and stays."""
        return (name for name, _ in self.contents())

    def contents(self) -> Iterator[tuple[Identity, int]]:
        """Yield the same with their digests."""
        with os.fdopen(os.dup(self._fd), "rb") as file:
            file.seek(0)
            yield from contents(file)

    def put(self, line: dict[str, Any]) -> None:
        """Keep a line for the next `sync`. Raise what the encoder raises for a value that is no JSON."""
        self.waiting.append(msgspec.json.encode(line) + b"\n")

    def sync(self) -> None:
        """Write what waits and see it on the disk. Raise OSError, which leaves it waiting and the file as it was."""
        if not self.waiting:
            return
        data = b"".join(self.waiting)
        size = os.fstat(self._fd).st_size
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            os.fsync(self._fd)
            if os.fstat(self._fd).st_nlink == 0:
                raise OSError(errno.ESTALE, "deleted while it was written", str(self.path))
        except OSError:
            os.ftruncate(self._fd, size)
            raise
        self._size = os.fstat(self._fd).st_size
        self.waiting.clear()

    def close(self) -> None:
        """Let the file go; what was not synced is not in it."""
        os.close(self._fd)

    def _cut(self) -> None:
        size = end = os.fstat(self._fd).st_size
        while end > 0:
            start = max(0, end - 65536)
            found = os.pread(self._fd, end - start, start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < size:
            os.ftruncate(self._fd, end)
            os.fsync(self._fd)


def contents(file: IO[bytes]) -> Iterator[tuple[Identity, int]]:
    """Yield the records in a file of lines with their digests; a line that is none of ours is passed over."""
    for line in file:
        try:
            yield msgspec.json.decode(line, type=Identity), digest(msgspec.json.decode(line))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            continue


def digest(line: dict[str, Any]) -> int:
    """Return eight bytes of what a line says of its record; when an undated one arrived is no part of that."""
    clock = line.get("clock")
    undated = isinstance(clock, dict) and clock.get("source") == "arrival"
    said = {key: value for key, value in line.items() if not (undated and key == "time")}
    raw = msgspec.json.encode(said, order="sorted")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest()) or 1  # 0 is for what was not looked at


def minute(station: str, record: Record, arrived: int) -> dict[str, Any]:
    """Return a minute record as a line. `arrived` (microseconds UTC) dates one that its station could not date."""
    return _head(station, record, arrived) | {
        "setup": record.setup,
        "values": record.body.get("values", {}),
        "quality": record.body.get("quality", {}),
        "reasons": record.body.get("reasons", {}),
    }


def event(station: str, record: Record, arrived: int) -> dict[str, Any]:
    """Return any other record as a line."""
    return _head(station, record, arrived) | {"kind": record.kind.value, "setup": record.setup, "body": record.body}


def rfc3339(utc: int) -> str:
    """Return microseconds since 1970 as RFC 3339 in UTC; the fraction only where there is one."""
    moment = EPOCH_1970 + timedelta(microseconds=utc)
    form = "%Y-%m-%dT%H:%M:%S" + (".%f" if moment.microsecond else "") + "Z"
    return moment.strftime(form)


def started(record: Record, arrived: int) -> int | None:
    """Return when the record began, microseconds UTC, by its station, else its arrival; None for mere bounds."""
    if record.start is not None or record.clock.source != "arrival":
        return record.start
    return arrived - round(record.duration * 1e6)


def _head(station: str, record: Record, arrived: int) -> dict[str, Any]:
    start = started(record, arrived)
    return {
        "station": station,
        "epoch": record.epoch,
        "seq": record.seq,
        "time": None if start is None else rfc3339(start),
        "duration_s": record.duration,
        "clock": _clock(record.clock),
        "revision": record.revision,
    }


def _clock(mark: ClockMark) -> dict[str, Any]:
    clock: dict[str, Any] = {"source": mark.source, "error": mark.error}
    for name, bound in (("not_before", mark.not_before), ("not_after", mark.not_after)):
        if bound is not None:
            clock[name] = rfc3339(bound)
    return clock


def is_minute(record: Record) -> bool:
    """Return whether the record goes into the minutes' file."""
    return record.kind is Kind.MINUTE
