"""Pictures that hold what no lens saw: a clock and a name written into them, a recorder's painting without video."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from edge.pictures.exif import with_exif
from tests.unit.edge.pictures.test_judge import WISH, as_jpeg, faults, painted

WHITE = (255, 255, 255)


def captioned(image: Image.Image, size: int) -> bytes:
    """Return a picture with time and name written into it, in white letters with a black rim, as cameras do."""
    written = image.copy()
    pen, font = ImageDraw.Draw(written), ImageFont.load_default(size)
    pen.text((20, size // 3), "2026-07-18 12:00:07 Sat", font=font, fill=WHITE, stroke_width=3, stroke_fill=(0, 0, 0))
    pen.text(
        (image.width // 2, image.height - size * 3 // 2),
        "Camera 01 ORCHARD",
        font=font,
        fill=WHITE,
        stroke_width=3,
        stroke_fill=(0, 0, 0),
    )
    return as_jpeg(written)


@pytest.mark.parametrize("size", [64, 96])
def test_what_a_camera_writes_into_its_picture_is_not_what_its_lens_sees(size: int) -> None:
    """Under a sharp bright clock a lens in dew or out of focus is blurred, a covered one dark, and an orchard good."""
    orchard = Image.open(io.BytesIO(painted())).convert("RGB")
    rain = Image.open(io.BytesIO(painted(rain=9.0, cloud=1.0))).convert("RGB")
    assert faults(captioned(orchard, size)) == []
    assert faults(captioned(rain.filter(ImageFilter.GaussianBlur(30)), size)) == ["blurred"]
    assert faults(captioned(Image.new("RGB", orchard.size, (140, 142, 145)), size)) == ["blurred"]
    assert faults(captioned(Image.new("RGB", orchard.size, (2, 2, 3)), size)) == ["dark"]


@pytest.mark.parametrize("size", [(2688, 1520), (704, 576), (352, 288)])
@pytest.mark.parametrize("colour", [(0, 0, 255), (0, 0, 160), (30, 60, 150)])
def test_what_a_recorder_paints_where_it_has_no_video_is_not_good(
    size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    """A blue area is marked as that, with words of any size and a clock that goes on, or without: no lens is dirty."""
    for share in (10, 40):
        painting = Image.new("RGB", size, colour)
        font = ImageFont.load_default(size[1] / share)
        ImageDraw.Draw(painting).text((size[0] // 3, size[1] // 2), "NO VIDEO", WHITE, font)
        assert faults(captioned(painting, size[1] // 16)) == ["painted"]
    assert faults(as_jpeg(Image.new("RGB", size, colour))) == ["painted"]


def test_a_blue_sky_that_fills_most_of_a_picture_is_a_good_picture() -> None:
    """A sensor's noise tells a sky from paint."""
    orchard = Image.open(io.BytesIO(painted())).convert("RGB")
    sky = [
        Image.effect_noise((2688, 1000), 3).point(lambda level, mean=mean: level - 128 + mean)
        for mean in (60, 120, 220)
    ]
    orchard.paste(Image.merge("RGB", sky), (0, 0))
    assert faults(as_jpeg(orchard)) == []


@pytest.mark.parametrize("length", [300, 65_000, 65_400])
def test_what_a_camera_wrote_at_length_is_not_sent_with_each_picture(length: int) -> None:
    """A block as large as it can be leaves room for the station's own, costs no picture and no link."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010F], exif[0x0110] = "Maker" * (length // 5), "Model"
    Image.new("RGB", (16, 8)).save(out, "JPEG")
    block = exif.tobytes()
    jpeg = out.getvalue()
    jpeg = jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]
    marked = with_exif(jpeg, WISH)
    assert len(marked) < 2000
    assert Image.open(io.BytesIO(marked)).getexif()[0x0110] == "Model"
