"""A JPEG that is put together from strips of a frame."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from drivers.cameras.jpeg import extract_jpeg
from drivers.cameras.strips import QUALITY, jpeg_of
from tests.kits import orchard
from tests.kits.key_frames import frame_of


@pytest.mark.parametrize("size", [(640, 480), (642, 366), (48, 128), (34, 2), (1600, 2200)])
@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "gray"])
def test_strips_make_the_picture_that_the_whole_frame_makes(size: tuple[int, int], form: str) -> None:
    """Pixel by pixel, whatever the size; and it is a whole JPEG to the eyes that look for damage."""
    frame = frame_of(orchard.image().resize(size)).reformat(format=form)
    whole = io.BytesIO()
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV's own
    image.save(whole, "JPEG", quality=QUALITY)
    jpeg = extract_jpeg(jpeg_of(frame))
    assert Image.open(io.BytesIO(jpeg)).tobytes() == Image.open(whole).tobytes()
