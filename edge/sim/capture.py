"""A recorded day of a real station's serial port: lines, each with the time at which its logger received it."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from drivers.reason import Reason, system_reason

TIME_CHARS = 19  # 2021-06-22T00:00:10
RECEIVED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d ")
LOOK = 1000  # lines within which a capture shows a first time


class CaptureError(ValueError):
    """The file is no capture; `reason` says what it should hold."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(slots=True)
class Capture:
    """A capture's lines in their order: (receive time in microseconds UTC, the bytes after the blank).

    `total`: lines in the file; `timeless`: those of them without a time (they cannot be sent and are counted).
    """

    path: Path
    lines: list[tuple[int, bytes]]
    total: int
    timeless: int

    @property
    def begin(self) -> int:
        """The beginning of the first line's minute, microseconds UTC."""
        return self.lines[0][0] // 60_000_000 * 60_000_000

    @property
    def end(self) -> int:
        """The end of the last line's minute, microseconds UTC."""
        return (self.lines[-1][0] // 60_000_000 + 1) * 60_000_000

    def since(self, utc: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines received at `utc` or later; one whose time falls back is sent with the line before it."""
        newest = utc
        for received, raw in self.lines:
            if received >= utc:
                newest = max(newest, received)
                yield newest, raw


def read_capture(path: Path, utc_offset_h: float = 8.0) -> Capture:
    """Read a capture, plain or gzip. Raise CaptureError where it is none."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise CaptureError(Reason("gzip_broken", "{file}: not a whole gzip file", file=str(path))) from None
    except OSError as error:
        unread = Reason("capture_unread", "{file}: cannot be read: {why}", file=str(path), why=system_reason(error))
        raise CaptureError(unread) from None
    zone = timezone(timedelta(hours=utc_offset_h))
    raw_lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
    if raw_lines and not raw_lines[-1]:
        raw_lines.pop()
    timed = [(received_at(line, zone), line[TIME_CHARS + 1 :]) for line in raw_lines]
    lines = [(utc, raw) for utc, raw in timed if utc is not None]
    if not lines or all(utc is None for utc, _ in timed[:LOOK]):
        raise CaptureError(
            Reason(
                "no_capture",
                "{file} is not a capture: each line must begin with its time of arrival and a space, "
                "as in '2021-06-22T00:00:10 A0743B135C...'",
                file=str(path),
            )
        )
    return Capture(path, lines, len(raw_lines), len(raw_lines) - len(lines))


def received_at(line: bytes, zone: timezone) -> int | None:
    """Return the receive time of a line, microseconds UTC; None where it has none."""
    if RECEIVED.match(line) is None:
        return None
    try:
        local = datetime.fromisoformat(line[:TIME_CHARS].decode("ascii"))
    except ValueError:  # a day or an hour that there is not
        return None
    return round(local.replace(tzinfo=zone).timestamp()) * 1_000_000
