"""What a picture is worth, its thumbnail, and what is written into it."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from drivers.cameras.camera import NoPictureError
from drivers.twins.scene import Moment, Scene
from edge.pictures.exif import with_exif
from edge.pictures.judge import THUMB_BYTES, TURNS, Opened
from edge.pictures.spool import CaptureRequest, CaptureTarget, PicturePlace
from edge.records.record import ClockMark, Stamp

NOON = 1_784_347_200_000_000  # 2026-07-18 04:00 UTC, noon in the orchard
PLACE = PicturePlace(31.68, 103.85, 1590.0, "WGS-84", 8.0)
WISH = CaptureRequest(
    "0123456789abcdef",
    "min-1",
    CaptureTarget("orchard", "http"),
    Stamp("4cf0", 812.25),
    NOON + 250_000,
    ClockMark("ntp", 0.5),
    30.0,
    PLACE,
)


@cache
def painted(**moment: Any) -> bytes:
    """Paint a full-size picture of the orchard at noon, but for what is named."""
    return Scene(3).jpeg(replace(Moment(NOON), **moment))


def faults(jpeg: bytes, previous: str = "") -> list[str]:
    """Return what is found wrong with a picture."""
    return Opened.of(jpeg).look(previous).faults


@pytest.mark.parametrize("weather", [{}, {"fog": 1.0, "cloud": 1.0}, {"rain": 9.0, "cloud": 1.0}, {"sun": -3.0}])
def test_weather_and_dusk_are_no_fault(weather: dict[str, float]) -> None:
    """A clear, foggy, rainy or dim picture in focus is a good picture."""
    assert faults(painted(**weather)) == []


def test_a_night_and_a_covered_lens_are_dark() -> None:
    """Where hardly any light is, the picture says dark and not blurred."""
    assert faults(painted(sun=-15.0)) == ["dark"]
    assert faults(as_jpeg(Image.new("RGB", (2688, 1520), (2, 2, 3)))) == ["dark"]


@pytest.mark.parametrize("void", [(128, 128, 128), (0, 135, 0)])
def test_a_picture_that_a_recorder_made_of_a_torn_frame_is_none(void: tuple[int, int, int]) -> None:
    """Half a picture above a decoder's grey or green was coded whole, and is damaged all the same."""
    image = Image.open(io.BytesIO(painted())).convert("RGB")
    image.paste(void, (0, 900, 2688, 1520))
    with pytest.raises(NoPictureError) as refused:
        Opened.of(as_jpeg(image))
    assert refused.value.detail.code == "picture_damaged"


@pytest.mark.parametrize("bar", [(0, 0, 0), (90, 90, 90), (255, 255, 255), (0, 60, 0)])
def test_a_bar_that_a_camera_writes_its_name_on_is_no_damage(bar: tuple[int, int, int]) -> None:
    """A caption below the picture leaves it good."""
    image = Image.open(io.BytesIO(painted())).convert("RGB")
    image.paste(bar, (0, 1400, 2688, 1520))
    assert faults(as_jpeg(image)) == []


@pytest.mark.parametrize("size", [(3, 2000), (2000, 3), (1, 1), (64, 60000)])
def test_a_picture_of_an_odd_shape_has_a_thumbnail(size: tuple[int, int]) -> None:
    """A few columns or rows become no gigantic thumbnail and no failure."""
    thumbnail = Image.open(io.BytesIO(Opened.of(as_jpeg(Image.new("RGB", size, (200, 10, 10)))).thumbnail()))
    assert max(thumbnail.size) <= 4 * 480


def test_a_frost_fire_at_night_is_not_dark() -> None:
    """A night with bright places is what the grower wants to see."""
    image = Image.open(io.BytesIO(painted(sun=-15.0))).convert("RGB")
    for x in range(0, 2688, 300):
        image.paste((255, 180, 90), (x, 900, x + 60, 960))
    assert "dark" not in faults(as_jpeg(image))


@pytest.mark.parametrize("weather", [{}, {"rain": 9.0, "cloud": 1.0}])
def test_a_lens_out_of_focus_is_blurred(weather: dict[str, float]) -> None:
    """A picture smeared by 12 of its 2688 pixels says blurred."""
    assert faults(painted(defocus=12.0, **weather)) == ["blurred"]


def test_an_even_grey_is_blurred() -> None:
    """Where no edge is left nobody can tell fog from a lens full of dew: it is marked."""
    assert faults(as_jpeg(Image.new("RGB", (2688, 1520), (140, 142, 145)))) == ["blurred"]


def test_a_frozen_frame_is_repeated_and_a_calm_one_is_not() -> None:
    """The same frame again is repeated, packed anew and with other EXIF too; the same view later is not."""
    first = Opened.of(painted()).look()
    assert faults(with_exif(painted(), WISH), first.pixels) == ["repeated"]
    a_second_later = Scene(3).jpeg(Moment(NOON + 1_000_000))
    assert faults(a_second_later, first.pixels) == []


def with_clock(image: Image.Image, time: str) -> bytes:
    """Return a picture as JPEG with a date and a clock on its first row, a name on its last one."""
    shown = image.copy()
    for text, place in ((time, (40, 30)), ("ORCHARD 3", (2000, 1440))):
        ImageDraw.Draw(shown).text(place, text, "white", font_size=60, stroke_width=3, stroke_fill="black")
    return as_jpeg(shown)


def test_a_frozen_frame_is_repeated_though_a_clock_goes_on_on_it() -> None:
    """A camera whose sensor hangs may write the time on its last frame for hours; a living one's clock is no fault."""
    image = Image.open(io.BytesIO(painted())).convert("RGB")
    first = Opened.of(with_clock(image, "2026-07-18 12:00:00")).look()
    assert faults(with_clock(image, "2026-07-18 13:59:37"), first.pixels) == ["repeated"]
    later = Image.open(io.BytesIO(Scene(3).jpeg(Moment(NOON + 1_000_000)))).convert("RGB")
    assert faults(with_clock(later, "2026-07-18 12:00:00"), first.pixels) == []


@pytest.mark.parametrize(("level", "again"), [(255, True), (255, False), (0, False)])
def test_what_is_all_white_or_all_black_in_both_tells_nothing(level: int, again: bool) -> None:
    """Three quarters of a picture are an over-exposed sky or a mask for privacy: the rest decides."""
    pictures = []
    for number in range(2):
        moment = Moment(NOON + 1_000_000 * number * (not again))
        image = Image.open(io.BytesIO(Scene(3).jpeg(moment))).convert("RGB")
        image.paste((level,) * 3, (0, 0, 2688, 1140))
        pictures.append(with_clock(image, f"12:00:0{number}"))
    assert faults(pictures[1], Opened.of(pictures[0]).look().pixels) == ["repeated"] * again


@pytest.mark.parametrize("size", [(1, 1), (5, 2000), (64, 64)])
def test_even_pictures_of_other_levels_are_no_repetition(size: tuple[int, int]) -> None:
    """Of any size."""
    grey, other = (as_jpeg(Image.new("RGB", size, (level,) * 3)) for level in (90, 200))
    assert "repeated" in faults(grey, Opened.of(grey).look().pixels)
    assert "repeated" not in faults(grey, Opened.of(other).look().pixels)


def test_a_large_picture_is_opened_small() -> None:
    """At full size 12 megapixels would take 36 MB, of the 100 that a picture may take."""
    opened = Opened.of(as_jpeg(Image.new("RGB", (4000, 3000), (90, 120, 60))))
    assert (opened.width, opened.height) == (4000, 3000)
    assert opened.image.size == (2000, 1500)


def test_a_thumbnail_has_about_twenty_kilobytes() -> None:
    """A thumbnail is whole, of the picture's shape and at most 20 kB, for an orchard as for a flat grey."""
    for jpeg in (painted(), painted(sun=-15.0)):
        thumb = Opened.of(jpeg).thumbnail()
        image = Opened.of(thumb).image
        assert len(thumb) <= THUMB_BYTES
        assert image.width >= 320
        assert abs(image.width / image.height - 2688 / 1520) < 0.02
    assert len(Opened.of(painted()).thumbnail()) > 15_000


@pytest.mark.parametrize("turned", [False, True])
def test_a_camera_s_comment_is_not_sent_with_each_thumbnail(turned: bool) -> None:
    """Some makers write kilobytes of settings beside the picture: they cost neither bytes nor the thumbnail's width."""
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    out = io.BytesIO()
    Image.open(io.BytesIO(painted())).save(out, "JPEG", comment=b"settings" * 5000, exif=exif)
    thumb = Opened.of(out.getvalue()).thumbnail()
    assert b"settings" not in thumb
    assert len(thumb) <= THUMB_BYTES


@pytest.mark.parametrize("fill", [0, 1, 5])
def test_a_camera_s_own_time_goes_whatever_stands_before_it(fill: int) -> None:
    """Fill bytes, which may stand before any marker, keep no wrong date in the picture."""
    exif = Image.Exif()
    exif[0x0132] = "2001:01:01 00:00:00"
    out = io.BytesIO()
    Image.open(io.BytesIO(painted())).save(out, "JPEG", exif=exif)
    marked = with_exif(out.getvalue()[:2] + b"\xff" * fill + out.getvalue()[2:], WISH)
    assert marked.count(b"Exif\0\0") == 1
    assert b"2001:01:01" not in marked
    assert Opened.of(marked).image.tobytes() == Opened.of(out.getvalue()).image.tobytes()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_picture_cut_short_is_refused(share: float) -> None:
    """A picture that ends anywhere before its end is no picture, whatever Pillow could still show of it."""
    with pytest.raises(NoPictureError):
        Opened.of(painted()[: round(len(painted()) * share)])


@given(st.binary(max_size=2000), st.booleans())
def test_arbitrary_bytes_are_no_picture(data: bytes, marked: bool) -> None:
    """Whatever a camera sends, it is a whole picture or refused with a sentence."""
    with pytest.raises(NoPictureError):
        Opened.of(b"\xff\xd8\xff\xe0" + data if marked else data)


def test_exif_leaves_every_pixel_alone() -> None:
    """The compressed picture is the same byte for byte, so its pixels are."""
    marked = with_exif(painted(), WISH)
    assert marked != painted()
    assert Opened.of(marked).image.tobytes() == Opened.of(painted()).image.tobytes()
    assert marked.endswith(painted()[-500_000:])
    assert with_exif(marked, WISH) == marked  # what was there is replaced, not added to


@pytest.mark.parametrize("way", range(1, 9))
def test_a_camera_that_hangs_upside_down_gives_upright_pictures(way: int) -> None:
    """Thumbnail and judged picture are turned as the camera's EXIF says; the full one still says it, untouched."""
    upright = Image.new("RGB", (640, 480), (20, 120, 20))
    upright.paste((220, 40, 40), (0, 0, 320, 240))  # red in the upper left quarter
    exif = Image.Exif()
    exif[0x0112] = way
    out = io.BytesIO()
    undone = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
    lying = upright.transpose(TURNS[undone[way]]) if way in undone else upright
    lying.save(out, "JPEG", quality=95, exif=exif)
    opened = Opened.of(out.getvalue())
    full = Image.open(io.BytesIO(with_exif(out.getvalue(), WISH)))
    assert (opened.look().width, opened.look().height) == (640, 480)
    for seen in (Opened.of(opened.thumbnail()).image, ImageOps.exif_transpose(full)):
        assert seen.width > seen.height
        red = seen.convert("RGB").getchannel("R")
        bright = red.resize((2, 2), Image.Resampling.BOX).point(lambda level: level > 128 and 255)
        assert bright.tobytes() == b"\xff\0\0\0"


def test_exif_tells_time_certainty_and_place() -> None:
    """Any viewer shows local time with its offset, how sure it is, the station and the position."""
    exif = Image.open(io.BytesIO(with_exif(painted(), WISH))).getexif()
    details, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    assert details[0x9003] == "2026:07:18 12:00:00"
    assert (details[0x9011], details[0x9291]) == ("+08:00", "250")
    assert exif[0x010E] == "min-1, orchard, time +-0.5 s by ntp"
    assert bytes(details[0x9286]).startswith(b"ASCII\0\0\0time +-0.5 s by ntp")
    degrees, minutes, seconds = (float(part) for part in place[2])
    assert abs(degrees + minutes / 60 + seconds / 3600 - 31.68) < 1e-5
    assert (place[1], place[3], float(place[6]), place[18]) == ("N", "E", 1590.0, "WGS-84")


def test_an_unknown_time_is_not_made_up() -> None:
    """Where nobody knows the time the picture has none, says so, and names the boot and its seconds."""
    unsure = CaptureRequest(WISH.id, "min-1", WISH.camera, WISH.stamp, None, ClockMark("arrival"), 30.0)
    camera_said = Image.Exif()
    camera_said[0x0132] = "1970:01:01 00:00:07"
    camera_said.get_ifd(0x8769)[0x9003] = "1970:01:01 00:00:07"
    camera_said[0x010F] = "Sony"
    own = as_jpeg(Image.new("RGB", (64, 48), (90, 90, 90)), exif=camera_said)
    exif = Image.open(io.BytesIO(with_exif(own, unsure))).getexif()
    assert 0x9003 not in exif.get_ifd(0x8769)
    assert 0x0132 not in exif
    assert exif[0x010E] == "min-1, orchard, time unknown (boot 4cf0, 812.250 s)"
    assert exif[0x010F] == "Sony"


def as_jpeg(image: Image.Image, **how: object) -> bytes:
    """Return a picture as JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88, **how)
    return out.getvalue()


def test_a_camera_s_own_date_is_nowhere_in_a_picture() -> None:
    """A clock that stands in 2000 is written as EXIF and as XMP; who looks finds the station's date alone."""
    exif = Image.Exif()
    exif[0x0132] = exif.get_ifd(0x8769)[0x9003] = "2000:01:01 00:00:07"
    out = io.BytesIO()
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><xmp:CreateDate>2000-01-01T00:00:07</xmp:CreateDate></x:xmpmeta>'
    Image.effect_noise((64, 48), 60).save(out, "JPEG", exif=exif, xmp=xmp)
    assert out.getvalue().count(b"2000") >= 2
    dated = with_exif(out.getvalue(), WISH)
    assert b"2000" not in dated[: dated.index(b"\xff\xda")]
    assert Opened.of(dated).image.tobytes() == Opened.of(out.getvalue()).image.tobytes()
