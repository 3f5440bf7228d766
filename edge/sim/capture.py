"""A recorded day of a real station's serial port: lines, each with the time at which its logger received it."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from drivers.devices.ascii_station import AsciiStationDecoder, AsciiStationSettings
from drivers.devices.heard import reader_of
from drivers.driver import Frame
from drivers.reason import Reason, printable, system_reason
from drivers.text_files import UTF_16, encoding_of, unreadable

TIME_CHARS = 19  # 2021-06-22T00:00:10
LONGEST_GAP = 31 * 86_400_000_000  # microseconds; a logger's clock that is set, or was never, steps by years
RECEIVED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d ")
LOOK = 1000  # lines within which a capture shows a first time, and a first good line
SHOWN = 40  # characters of a line in another form


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

    @property
    def has_particles(self) -> bool:
        """Whether most lines hold those values: the first line alone may be cut short."""
        return 2 * sum(b"," in raw for _, raw in self.lines) > len(self.lines)

    def since(self, utc: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines received at `utc` or later; one whose time falls back is sent with the line before it."""
        newest = utc
        for received, raw in self.lines:
            if received >= utc:
                newest = max(newest, received)
                yield newest, raw


def read_capture(path: Path, utc_offset_h: float = 8.0) -> Capture:
    """Read a capture, plain or gzip, with any ends of lines. Raise CaptureError where it is none."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise CaptureError(Reason("gzip_broken", "{file}: not a whole gzip file", file=str(path))) from None
    except OSError as error:
        raise CaptureError(unread(path, system_reason(error))) from None
    if encoding_of(data[:LOOK]) == UTF_16:
        raise CaptureError(unread(path, unreadable(UTF_16, 0)))
    zone = timezone(timedelta(hours=utc_offset_h))
    data = data.removeprefix(codecs.BOM_UTF8)
    raw_lines = [line.rstrip(b"\r") for line in data.split(b"\n" if b"\n" in data else b"\r")]
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
    _refuse_gap(path, [utc for utc, _ in timed])
    _refuse_others(path, b"\n".join(raw for _, raw in lines[:LOOK]) + b"\n")
    return Capture(path, lines, len(raw_lines), len(raw_lines) - len(lines))


def unread(path: Path, why: Reason) -> Reason:
    """Return that a file cannot be read, and why."""
    return Reason("capture_unread", "{file}: cannot be read: {why}", file=str(path), why=why)


def _refuse_others(path: Path, first_lines: bytes) -> None:
    """Raise CaptureError where none of a capture's first lines is an ASCII station's: it would play in vain."""
    decoder = AsciiStationDecoder(AsciiStationSettings(port="-"))
    if any(isinstance(item, Frame) for item in decoder.feed(first_lines)):
        return
    driver = reader_of(first_lines)
    shown = printable(first_lines.decode("latin-1").partition("\n")[0], SHOWN)
    foreign = Reason(
        "capture_foreign",
        "{file}: none of its first lines is one of an ASCII station: {text}",
        file=str(path),
        text=shown,
    )
    named = Reason(
        "capture_of_another",
        "{file}: its lines come from another device, of driver {name}",
        file=str(path),
        name=driver,
    )
    raise CaptureError(named if driver else foreign)


def _refuse_gap(path: Path, times: list[int | None]) -> None:
    """Raise CaptureError where a line's time is months after all before it: to play that takes as long."""
    newest: int | None = None
    for number, utc in enumerate(times, 1):
        if utc is None:
            continue
        if newest is not None and utc - newest > LONGEST_GAP:
            raise CaptureError(
                Reason(
                    "capture_gap",
                    "{file}, line {line}: received {days} days after the lines before it, so a clock was wrong: "
                    "remove the lines with the wrong times, or cut the file there",
                    file=str(path),
                    line=number,
                    days=(utc - newest) // 86_400_000_000,
                )
            )
        newest = utc if newest is None else max(newest, utc)


def received_at(line: bytes, zone: timezone) -> int | None:
    """Return the receive time of a line, microseconds UTC; None where it has none."""
    if RECEIVED.match(line) is None:
        return None
    try:
        local = datetime.fromisoformat(line[:TIME_CHARS].decode("ascii"))
    except ValueError:  # a day or an hour that there is not
        return None
    return round(local.replace(tzinfo=zone).timestamp()) * 1_000_000
