"""Whatever a camera wrote as EXIF: no picture is lost for it."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge.pictures.exif import with_exif
from edge.pictures.judge import Opened
from edge.pictures.spool import CaptureRequest, CaptureTarget
from edge.records.record import ClockMark, Stamp

WISH = CaptureRequest(
    "0123456789abcdef",
    "min-1",
    CaptureTarget("orchard", "http"),
    Stamp("4cf0", 812.25),
    None,
    ClockMark("arrival"),
    30.0,
)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's word on the bytes
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
def test_whatever_a_camera_wrote_as_exif_costs_no_picture(changes: list[tuple[int, int]]) -> None:
    """An EXIF block with any bytes in it, readable or not, leaves the picture and its turning possible."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker", "Model", 6
    exif.get_ifd(0x8769).update({0x829A: 0.01, 0x829D: 2.8, 0x8827: 100})
    out = io.BytesIO()
    Image.new("RGB", (16, 8)).save(out, "JPEG", exif=exif)
    jpeg = bytearray(out.getvalue())
    start = jpeg.index(b"Exif\0\0") + 6
    for at, value in changes:
        jpeg[start + at % (len(exif.tobytes()) - 6)] = value
    assert Opened.of(with_exif(bytes(jpeg), WISH)).image.size in ((16, 8), (8, 16))


def test_exif_as_long_as_a_segment_leaves_room_for_ours() -> None:
    """A damaged length of a maker's name takes all that follows for the name, up to a segment's 64 kB."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010F] = "A" * 65_480
    Image.new("RGB", (16, 8)).save(out, "JPEG", exif=exif)
    assert Image.open(io.BytesIO(with_exif(out.getvalue(), WISH))).getexif()[0x0131] == "Minshan"


def test_exif_that_points_beyond_all_memory_costs_no_picture() -> None:
    """An offset of 8 bytes (BigTIFF's LONG8) is too large for any file: Pillow fails on it with OverflowError."""
    pointer = b"\1\0" + struct.pack("<HHII", 0x8769, 16, 1, 26) + bytes(4)  # its 8 bytes are behind the directory
    block = b"Exif\0\0II*\0\x08\0\0\0" + pointer + b"\xff" * 8
    out = io.BytesIO()
    Image.new("RGB", (16, 8)).save(out, "JPEG", exif=block)
    assert Image.open(io.BytesIO(with_exif(out.getvalue(), WISH))).getexif()[0x0131] == "Minshan"
