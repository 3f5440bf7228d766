"""Files of JSON lines that survive a kill at any byte, and the format of a record in them.

A record's body is written in the bytes received. A record with keys unknown to this version is also written whole, as
received, under `record`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Raw

from edge.files import sync_folder
from edge.northbound import version1
from edge.records.asked import EPOCH
from edge.records.record import ClockMark, Kind, Name, Record, Revision, Seq, values_of
from hub.intake import Strange

MINUTE = ("values", "quality", "reasons")  # the keys of a minute's body
NOTHING = Raw(b"{}")


class LineIdentity(msgspec.Struct, frozen=True):
    """The identity of a line's record; other keys are ignored."""

    station: Name
    epoch: Name
    seq: Seq
    revision: Revision = 0


class FileFate(Enum):
    """What happened to a file since it was last written."""

    SAME = "same"
    MOVED = "moved"  # it was renamed, and its content still exists
    GONE = "gone"  # it was deleted or truncated: its content may be lost


class LineFile:
    """A file that lines are appended to. A torn last line, from a kill in mid-write, is truncated when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting: list[bytes] = []
        self._torn: int | None = None  # offset to truncate to before the next write
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):  # a pipe stores nothing, and a device may be endless
            os.close(self._fd)
            raise OSError(errno.ESPIPE, "Not a regular file", str(path))
        sync_folder(path.parent)
        self._cut()
        self._size = os.fstat(self._fd).st_size

    @property
    def inode(self) -> int:
        """The file's inode number, whatever its name is by now."""
        return os.fstat(self._fd).st_ino

    def fate(self) -> FileFate:
        """Return what others did to the file. Raise OSError."""
        status = os.fstat(self._fd)
        if status.st_nlink == 0 or status.st_size < self._size:
            return FileFate.GONE
        with suppress(FileNotFoundError):
            named = os.stat(self.path)
            return FileFate.SAME if (named.st_dev, named.st_ino) == (status.st_dev, status.st_ino) else FileFate.MOVED
        return FileFate.MOVED

    def identities(self) -> Iterator[LineIdentity]:
        """Yield the identities of the file's records. Lines of other programs are skipped and stay."""
        return (name for name, _ in self.contents())

    def contents(self) -> Iterator[tuple[LineIdentity, int]]:
        """Yield the identities with their digests."""
        with os.fdopen(os.dup(self._fd), "rb") as file:
            file.seek(0)
            yield from contents(file)

    def put(self, line: bytes) -> None:
        """Queue a line, as `encoded` returns it, for the next `sync`."""
        self.waiting.append(line)

    def sync(self) -> None:
        """Write and sync the queued lines. Raise OSError: all of them stay queued, and nothing partial is kept."""
        if not self.waiting:
            return
        try:
            self._cut_torn()
            self._torn = os.fstat(self._fd).st_size
            view = memoryview(b"".join(self.waiting))
            while view:
                view = view[os.write(self._fd, view) :]
            os.fsync(self._fd)
            if os.fstat(self._fd).st_nlink == 0:
                raise OSError(errno.ESTALE, "deleted while it was written")
        except OSError as error:
            error.filename = str(self.path)  # errors of an open file have no name
            with suppress(OSError):  # where even that fails it is retried before the next write
                self._cut_torn()
            raise
        self._torn = None
        self._size = os.fstat(self._fd).st_size
        self.waiting.clear()

    def close(self) -> None:
        """Close the file; lines that were not synced are discarded."""
        os.close(self._fd)

    def _cut_torn(self) -> None:
        """Truncate what a failed write left: the next line would continue its last one."""
        if self._torn is not None:
            os.ftruncate(self._fd, self._torn)
            self._torn = None

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


def contents(file: IO[bytes]) -> Iterator[tuple[LineIdentity, int]]:
    """Yield the identities and digests of the records in a file; lines that a receiver did not write are skipped."""
    for line in file:
        try:
            yield msgspec.json.decode(line, type=LineIdentity), digest(line)
        except (ValueError, RecursionError):
            continue


def digest(line: bytes) -> int:
    """Return eight bytes of digest of a line's record, without the arrival time of an undated one.

    A reason counts by its sentence, which is all that version 1 of the contract carries, so that a record has the same
    digest in either version. Raise ValueError, RecursionError where it is no JSON.
    """
    sentences: dict[str, Any] = _in_sentences(values_of(line))
    clock = sentences.get("clock")
    if isinstance(clock, dict) and clock.get("source") == "arrival":
        sentences.pop("time", None)
    try:
        raw = msgspec.json.encode(sentences, order="sorted")
    except (ValueError, OverflowError):  # a number or a text that JSON has and msgspec does not write
        raw = json.dumps(sentences, sort_keys=True).encode()
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest()) or 1  # 0 is for what was not looked at


def _in_sentences(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line with reasons replaced by their sentences, wherever it has a body."""
    found = dict(line)
    if "kind" not in line and isinstance(line.get("reasons"), dict):
        found["reasons"] = {name: version1.sentence(reason) for name, reason in line["reasons"].items()}
    inner = line.get("record")
    if isinstance(inner, dict) and inner.get("kind") in list(Kind) and isinstance(inner.get("body"), dict):
        found["record"] = inner | {"body": version1.body(inner["kind"], inner["body"])}
    kind = line.get("kind", Kind.MINUTE)
    if kind in list(Kind) and isinstance(line.get("body"), dict):
        found["body"] = version1.body(kind, line["body"])
    return found


def encoded(line: dict[str, Any]) -> bytes:
    """Return a line's bytes; line breaks between received values are removed."""
    data = msgspec.json.encode(line)
    return (msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data) + b"\n"


def of_record(station: str, record: Record, arrived: int, came: Raw | None = None) -> dict[str, Any]:
    """Return a record as a line. `arrived` (microseconds UTC) dates one that its station could not date.

    `came`: the whole record as received, where it has keys outside its body that this version does not know.
    """
    head, body = _head(station, record, arrived), msgspec.json.decode(record.body, type=dict[str, Raw])
    if not is_minute(record):
        found = head | {"kind": record.kind, "setup": record.setup, "body": record.body}
    else:
        found = head | {"setup": record.setup} | {key: body.get(key, NOTHING) for key in MINUTE}
        if came is None and body.keys() - set(MINUTE):
            found["body"] = record.body
    return found if came is None else found | {"record": came}


def of_strange(station: str, found: Strange, arrived: int, came: Raw) -> dict[str, Any]:
    """Return a record that cannot be decoded as a line: its identity, why, and the whole record as received."""
    return {
        "station": station,
        "epoch": found.epoch,
        "seq": found.seq,
        "time": rfc3339(arrived),
        "clock": _clock(ClockMark("arrival")),
        "revision": found.revision,
        "kind": found.kind,
        "not_understood": found.wrong,
        "record": came,
    }


def rfc3339(utc: int) -> str:
    """Return microseconds since 1970 as RFC 3339 in UTC; the fraction only where there is one."""
    moment = EPOCH + timedelta(microseconds=utc)
    form = "%Y-%m-%dT%H:%M:%S" + (".%f" if moment.microsecond else "") + "Z"
    return moment.strftime(form)


def started(record: Record, arrived: int) -> int | None:
    """Return when the record began, microseconds UTC, by its station, else by its arrival; None of one with bounds."""
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
    return record.kind == Kind.MINUTE
