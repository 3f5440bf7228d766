"""Captures as loggers and editors leave them: what can be played is, and what cannot is refused with its cause."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drivers.checksums import xor8
from edge.sim.capture import CaptureError, read_capture

BODY = b"A0000B090C0013D0013E0000F0000G3000H3000I0000J0000K0000L0200M600N10000"
FRAME = BODY + b"*%02X" % xor8(BODY, 0x18)
FIRST = datetime.fromisoformat("2021-06-22")


def written(folder: Path, data: bytes) -> Path:
    """Return a file with these bytes."""
    file = folder / "day.txt"
    file.write_bytes(data)
    return file


def lines(count: int = 20, first: datetime = FIRST, content: bytes = FRAME) -> list[bytes]:
    """Return lines that came three seconds apart."""
    return [(first + timedelta(seconds=3 * at)).isoformat().encode() + b" " + content for at in range(count)]


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_line_keeps_its_own_time_whatever_ends_it(tmp_path: Path, before: bytes, end: bytes) -> None:
    """A file that an editor saved with its own ends of lines, or a mark before it, is the same day."""
    capture = read_capture(written(tmp_path, before + end.join(lines()) + end))
    assert (len(capture.lines), capture.timeless) == (20, 0)
    assert [(utc - capture.begin) // 1_000_000 for utc, _ in capture.lines] == list(range(0, 60, 3))
    assert {raw for _, raw in capture.lines} == {FRAME}


def test_a_line_of_another_year_is_named_and_not_played_up_to(tmp_path: Path) -> None:
    """A logger that began in 1970 would be played for half a century; a clock that fell back is no such thing."""
    file = written(tmp_path, b"\n".join([*lines(2, datetime.fromisoformat("1970-01-01")), *lines()]))
    with pytest.raises(CaptureError, match=r"day\.txt, line 3: received 18\d{3} days after"):
        read_capture(file)
    later = written(tmp_path, b"\n".join([*lines(), *lines(1, datetime.fromisoformat("2106-02-07"))]))
    with pytest.raises(CaptureError, match=r"line 21: received"):
        read_capture(later)
    back = read_capture(
        written(tmp_path, b"\n".join([*lines(), *lines(2, datetime.fromisoformat("1970-01-01")), *lines(1)]))
    )
    assert len(back.lines) == 23
    week = written(tmp_path, b"\n".join([*lines(), *lines(1, FIRST + timedelta(days=7))]))
    assert len(read_capture(week).lines) == 21, "a logger may be away for a while"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"$WIMWV,224.8,R,0.3,N,A*2C", "its lines come from another device, of driver nmea"),
        (b"T=20.1;H=61", "none of its first lines is one of an ASCII station: T=20.1;H=61"),
    ],
)
def test_another_device_s_lines_are_not_played_as_silence(tmp_path: Path, content: bytes, told: str) -> None:
    """Where no line is the station's, a day without a value would look like a sensor that failed."""
    with pytest.raises(CaptureError, match=told):
        read_capture(written(tmp_path, b"\n".join(lines(content=content))))


def test_a_capture_in_utf_16_is_told_to_be_one(tmp_path: Path) -> None:
    """In an editor its lines look right."""
    with pytest.raises(CaptureError, match="the file is in UTF-16"):
        read_capture(written(tmp_path, b"\n".join(lines()).decode().encode("utf-16")))


def test_particles_are_known_though_the_first_line_is_cut(tmp_path: Path) -> None:
    """A logger begins within a line: that one tells nothing of what is fitted."""
    long = FRAME[:-3] + b",017,025,026,017,025,026,"
    long += b"*%02X" % xor8(long, 0x1A)
    cut, *rest = lines(content=long)
    assert read_capture(written(tmp_path, b"\n".join([cut[:40], *rest]))).has_particles
    assert not read_capture(written(tmp_path, b"\n".join(lines()))).has_particles
