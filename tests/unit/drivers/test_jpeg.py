"""A picture is whole, or it is refused: cut short, half grey, with holes, with a header that claims too much."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.cameras.camera import CameraError, NoPictureError
from drivers.cameras.jpeg import extract_jpeg, size
from drivers.twins.scene import Moment, Scene
from tests.data import shared

NOON = 1_784_347_200_000_000


def picture(progressive: bool = False) -> bytes:
    """Return a picture of an orchard."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(Scene(3, 640, 400).jpeg(Moment(NOON)))) as image:
        image.save(out, "JPEG", quality=85, progressive=progressive)
    return out.getvalue()


WHOLE = picture()
SCAN = WHOLE.index(b"\xff\xda") + 14


@given(share=st.floats(0.0, 0.999), end=st.sampled_from([b"\xff\xd9", b""]))
@settings(max_examples=60, deadline=None)
def test_a_picture_without_a_part_of_itself_is_refused(share: float, end: bytes) -> None:
    """However little of its scan is missing, with an end marker or without, it does not pass for whole."""
    lost = max(64, int((len(WHOLE) - 2 - SCAN) * (1 - share)))
    with pytest.raises(NoPictureError) as refused:
        extract_jpeg(WHOLE[: len(WHOLE) - 2 - lost] + end)
    assert refused.value.detail.code == ("picture_damaged" if end else "picture_cut_short")


@given(at=st.floats(0.05, 0.8), length=st.integers(6000, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_picture_with_zeros_in_its_scan_is_refused(at: float, length: int) -> None:
    """A block of the scan that was lost and filled up with zeros does not pass for whole."""
    start = SCAN + int((len(WHOLE) - SCAN) * at)
    with pytest.raises(NoPictureError):
        extract_jpeg(WHOLE[:start] + bytes(length) + WHOLE[start + length :])


def test_the_shared_pictures_are_judged_rightly() -> None:
    """A whole picture is taken; half a picture with an end marker and one without are refused."""
    assert extract_jpeg(shared("cases/camera_whole.jpg").read_bytes())
    for name in ("half_grey_with_end_marker", "cut_short_no_end_marker"):
        with pytest.raises(NoPictureError):
            extract_jpeg(shared(f"cases/camera_{name}.jpg").read_bytes())


@given(width=st.integers(8001, 65535), height=st.integers(8001, 65535))
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    """A picture that claims more pixels than any camera has is refused before it is decoded."""
    at = WHOLE.index(b"\xff\xc0") + 5
    bomb = WHOLE[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + WHOLE[at + 4 :]
    assert size(bomb) == (width, height)
    with pytest.raises(NoPictureError, match=f"claims {width} x {height} pixels"):
        extract_jpeg(bomb)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_by_a_camera_error(data: bytes) -> None:
    """No bytes end the camera process: what is no picture raises a CameraError, after a JPEG's start too."""
    for noise in (data, b"\xff\xd8\xff" + data, WHOLE[:SCAN] + data):
        with pytest.raises(CameraError):
            extract_jpeg(noise)
