"""Files of JSON lines that survive a kill at any byte, and what a record looks like in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from edge.record import ClockMark, Kind, Record

EPOCH_1970 = datetime(1970, 1, 1, tzinfo=UTC)


class Identity(msgspec.Struct, frozen=True):
    """What a line says about which record it is; other keys are not looked at."""

    station: str
    epoch: str
    seq: int
    revision: int = 0


class Lines:
    """A file that lines are appended to. A torn last line, from a kill in mid-write, is cut when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[bytes] = []
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        self._cut()

    def identities(self) -> Iterator[Identity]:
        """The records that the file holds. A line that is none of ours is passed over and stays."""
        with self.path.open("rb") as file:
            for line in file:
                try:
                    yield msgspec.json.decode(line, type=Identity)
                except msgspec.MsgspecError:
                    continue

    def put(self, line: dict[str, Any]) -> None:
        """A line for the next `sync`."""
        self._waiting.append(msgspec.json.encode(line) + b"\n")

    def sync(self) -> None:
        """Write what waits and see it on the disk; OSError leaves it waiting, and the file as it was."""
        if not self._waiting:
            return
        data = b"".join(self._waiting)
        size = os.fstat(self._fd).st_size
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, size)
            raise
        self._waiting.clear()

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


def minute(station: str, record: Record, arrived: int) -> dict[str, Any]:
    """A minute record as a line. `arrived` (microseconds UTC) dates one that its station could not date."""
    return _head(station, record, arrived) | {
        "setup": record.setup,
        "values": record.body.get("values", {}),
        "quality": record.body.get("quality", {}),
        "reasons": record.body.get("reasons", {}),
    }


def event(station: str, record: Record, arrived: int) -> dict[str, Any]:
    """Any other record as a line."""
    return _head(station, record, arrived) | {"kind": record.kind.value, "setup": record.setup, "body": record.body}


def rfc3339(utc: int) -> str:
    """Microseconds since 1970 as RFC 3339 in UTC; the fraction only where there is one."""
    moment = EPOCH_1970 + timedelta(microseconds=utc)
    form = "%Y-%m-%dT%H:%M:%S" + (".%f" if moment.microsecond else "") + "Z"
    return moment.strftime(form)


def started(record: Record, arrived: int) -> int | None:
    """When the record began, microseconds UTC: by its station, else by its arrival; None: only bounds are known."""
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
    """True for what goes into the minutes' file."""
    return record.kind is Kind.MINUTE
