"""A picture is whole, or it is refused: cut short, half grey, with holes, with a header that claims too much."""

from __future__ import annotations

import io
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.cameras.camera import CameraError, NoPictureError
from drivers.cameras.jpeg import extract_jpeg, size
from drivers.cameras.jpeg_scan import MOST_SCANS, RESTART, is_as_long_as_its_blocks, segments
from edge.pictures.judge import Opened
from tests.data import shared
from tests.kits import orchard

NOON = 1_784_347_200_000_000


def picture(mode: str = "RGB", **how: object) -> bytes:
    """Return a picture of an orchard, coded in that way."""
    if "one_scan_each" in how:
        return one_scan_each("subsampling" in how)
    out = io.BytesIO()
    with Image.open(io.BytesIO(orchard.jpeg())) as image:
        image.convert(mode).save(out, "JPEG", **{"quality": 85} | how)
    return out.getvalue()


@cache
def plain() -> bytes:
    """Return the picture as most of these tests spoil it."""
    return picture()


@cache
def scan_at() -> int:
    """Return where its scan begins."""
    return plain().index(b"\xff\xda") + 14


@given(share=st.floats(0.0, 0.999), end=st.sampled_from([b"\xff\xd9", b""]))
@settings(max_examples=60, deadline=None)
def test_a_picture_without_a_part_of_itself_is_refused(share: float, end: bytes) -> None:
    """However little of its scan is missing, with an end marker or without, it does not pass for whole."""
    lost = max(64, int((len(plain()) - 2 - scan_at()) * (1 - share)))
    with pytest.raises(NoPictureError) as refused:
        extract_jpeg(plain()[: len(plain()) - 2 - lost] + end)
    assert refused.value.detail.code == ("picture_damaged" if end else "picture_cut_short")


@pytest.mark.parametrize("lost", range(1, 9))
def test_a_picture_without_its_end_marker_is_refused_as_the_station_refuses_it(lost: int) -> None:
    """The last bytes are missing, and with them perhaps a block: whoever looks is told the same."""
    with pytest.raises(NoPictureError) as refused:
        extract_jpeg(plain()[:-lost])
    assert refused.value.detail.code == "picture_cut_short"
    with pytest.raises(NoPictureError):
        Opened.of(plain()[:-lost])


@given(at=st.floats(0.05, 0.8), length=st.integers(6000, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_picture_with_zeros_in_its_scan_is_refused(at: float, length: int) -> None:
    """A block of the scan that was lost and filled up with zeros does not pass for whole."""
    start = scan_at() + int((len(plain()) - scan_at()) * at)
    with pytest.raises(NoPictureError):
        extract_jpeg(plain()[:start] + bytes(length) + plain()[start + length :])


def one_scan_each(halved: bool) -> bytes:
    """Return a picture whose three components lie in a scan each: of as many grey ones, which share their tables.

    `halved`: its colours are half as wide and high, and its own width and height odd.
    """
    with Image.open(io.BytesIO(orchard.jpeg())) as image:
        light, *colours = image.crop((0, 0, image.width - 13, image.height - 5)).convert("YCbCr").split()
    half = ((light.width + 1) // 2, (light.height + 1) // 2) if halved else light.size
    greys = [picture_of(light), *(picture_of(part.resize(half)) for part in colours)]
    frame, scan = greys[0].index(b"\xff\xc0"), greys[0].index(b"\xff\xda")
    rest, size = greys[0][frame + 13 : scan], greys[0][frame + 4 : frame + 9]
    parts = b"".join(bytes([number, 0x22 if halved and number == 1 else 0x11, 0]) for number in (1, 2, 3))
    scans = (
        b"\xff\xda\x00\x08\x01" + bytes([number]) + grey[grey.index(b"\xff\xda") + 6 : -2]
        for number, grey in enumerate(greys, 1)
    )
    return greys[0][:frame] + b"\xff\xc0\x00\x11" + size + b"\x03" + parts + rest + b"".join(scans) + b"\xff\xd9"


def picture_of(image: Image.Image) -> bytes:
    """Return an image as JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


CODED: list[dict[str, object]] = [
    {},
    {"progressive": True},
    {"progressive": True, "mode": "CMYK"},
    {"progressive": True, "mode": "L", "restart_marker_rows": 1},
    {"mode": "CMYK"},
    {"one_scan_each": True},
    {"one_scan_each": True, "subsampling": 2},
    {"quality": 92, "subsampling": 0},
    {"optimize": True},
    {"mode": "L"},
    {"restart_marker_rows": 1},
    {"restart_marker_blocks": 7},
]


@pytest.mark.parametrize("how", CODED)
def test_noise_in_the_scan_is_found_by_the_length_that_it_has(how: dict[str, object]) -> None:
    """300 bytes of noise that decode, to a smear and all the rest of the picture shifted, do not pass for a picture."""
    whole, passed = picture(**how), 0  # type: ignore[arg-type]  # each way of coding is a keyword of its own
    begin = whole.index(b"\xff\xda") + 14
    for seed in range(25):
        rng = Random(seed)
        at = rng.randrange(begin + 200, len(whole) - 500)
        noise = bytes(rng.randrange(255) for _ in range(300))  # no ff, which would be a marker's
        try:
            passed += bool(extract_jpeg(whole[:at] + noise + whole[at + 300 :]))
        except NoPictureError:
            continue
    assert passed <= 1, "by chance noise of the right length is left, one in fifty"


@given(lost=st.integers(0, 20), count=st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_a_piece_between_two_restart_markers_that_is_lost_is_found(lost: int, count: int) -> None:
    """Rows that are missing, and all below them moved up, are no picture."""
    whole = picture(restart_marker_rows=1)
    marks = [found.start() for found in RESTART.finditer(whole, whole.index(b"\xff\xda"))]
    with pytest.raises(NoPictureError):
        extract_jpeg(whole[: marks[lost]] + whole[marks[lost + count] :])


@pytest.mark.parametrize("how", [{}, {"progressive": True, "mode": "L"}])
def test_pieces_that_have_changed_places_are_found_by_their_numbers(how: dict[str, object]) -> None:
    """Each of them is whole, and there are as many: rows of a picture would be where others belong."""
    whole = picture(restart_marker_rows=1, **how)  # type: ignore[arg-type]  # each way of coding is a keyword
    begin, other = (found.start() for place, found in enumerate(RESTART.finditer(whole)) if place in (2, 5))
    between = RESTART.search(whole, begin + 2)
    end = RESTART.search(whole, other + 2)
    assert between is not None
    assert end is not None
    pieces = whole[begin : between.start()], whole[other : end.start()]
    swapped = whole[:begin] + pieces[1] + whole[between.start() : other] + pieces[0] + whole[end.start() :]
    assert extract_jpeg(whole) == whole
    with pytest.raises(NoPictureError):
        extract_jpeg(swapped)


@pytest.mark.parametrize("each", [168, 1000, 5000, 16_000])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_may_have_its_restart_markers_as_far_apart_as_it_likes(mode: str, each: int) -> None:
    """Farther than libjpeg's widest picture, than a row, than all blocks, and at no row's end."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(orchard.jpeg())) as image:
        image.convert(mode).resize((2688, 1520)).save(out, "JPEG", restart_marker_blocks=each)
    assert extract_jpeg(out.getvalue()) == out.getvalue()


@pytest.mark.parametrize("how", CODED)
@pytest.mark.parametrize("padding", [b"", bytes(3), bytes(40), b"\xff" * 7, b"\xaa" * 6])
def test_a_scan_that_is_filled_up_is_whole(how: dict[str, object], padding: bytes) -> None:
    """Encoders that write whole words, or fill their buffer with zeros up to the end marker, lose no picture."""
    whole = picture(**how)  # type: ignore[arg-type]  # each way of coding is a keyword of its own
    filled = whole[:-2] + (padding if "progressive" not in how else b"") + whole[-2:]
    assert extract_jpeg(filled) == filled


@pytest.mark.parametrize("how", [{}, {"progressive": True}])
def test_what_stands_behind_a_picture_is_kept_and_not_judged(how: dict[str, object]) -> None:
    """A maker's block, a second picture, whole or torn: the first is whole. One that a second cuts short is not."""
    whole = picture(**how)  # type: ignore[arg-type]  # each way of coding is a keyword of its own
    for behind in (b"dhav\0\0", bytes(9000), plain(), plain()[: scan_at() + 2000], plain()[:300]):
        assert extract_jpeg(whole + behind) == whole + behind
        with pytest.raises(NoPictureError):
            extract_jpeg(whole[: len(whole) // 2] + plain())


@pytest.mark.parametrize("frame", [0xC3, 0xC9, 0xCA])
def test_what_no_browser_shows_is_named(frame: int) -> None:
    """A lossless or arithmetic JPEG is not said to be damaged: the camera's coding is what is to be changed."""
    at = plain().index(b"\xff\xc0") + 1
    with pytest.raises(NoPictureError, match="no browser shows"):
        extract_jpeg(plain()[:at] + bytes([frame]) + plain()[at + 1 :])


def test_a_picture_of_scans_without_end_is_refused() -> None:
    """Each scan costs a decoding: what has more of them than any camera's picture is not tried to its end."""
    made = io.BytesIO()
    Image.effect_noise((32, 32), 40).save(made, "JPEG")
    jpeg = made.getvalue()
    begin = jpeg.index(b"\xff\xda")
    head, scan, end = jpeg[:begin], jpeg[begin:-2], jpeg[-2:]
    assert is_as_long_as_its_blocks(head + MOST_SCANS * scan + end)
    assert not is_as_long_as_its_blocks(head + (MOST_SCANS + 1) * scan + end)


@pytest.mark.parametrize("how", [{"progressive": True}, {"progressive": True, "mode": "L"}, {"one_scan_each": True}])
def test_a_picture_without_its_last_scans_is_refused(how: dict[str, object]) -> None:
    """It decodes, coarser than it was or without a colour, and an end marker stands behind it all the same."""
    whole = picture(**how)  # type: ignore[arg-type]  # each way of coding is a keyword of its own
    assert extract_jpeg(whole) == whole
    scans = [at for marker, at in segments(whole) if marker == 0xDA]
    for last in scans[1:]:
        with pytest.raises(NoPictureError) as refused:
            extract_jpeg(whole[:last] + b"\xff\xd9")
        assert refused.value.detail.code == "picture_damaged"


def test_the_shared_pictures_are_judged_rightly() -> None:
    """A whole picture is taken; half a picture with an end marker and one without are refused."""
    assert extract_jpeg(shared("cases/camera_whole.jpg").read_bytes())
    for name in ("half_grey_with_end_marker", "cut_short_no_end_marker"):
        with pytest.raises(NoPictureError):
            extract_jpeg(shared(f"cases/camera_{name}.jpg").read_bytes())


@given(width=st.integers(8001, 65535), height=st.integers(8001, 65535))
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    """A picture that claims more pixels than any camera has is refused before it is decoded."""
    at = plain().index(b"\xff\xc0") + 5
    bomb = plain()[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + plain()[at + 4 :]
    assert size(bomb) == (width, height)
    with pytest.raises(NoPictureError, match=f"claims {width} x {height} pixels"):
        extract_jpeg(bomb)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_by_a_camera_error(data: bytes) -> None:
    """No bytes end the camera process: what is no picture raises a CameraError, after a JPEG's start too."""
    for noise in (data, b"\xff\xd8\xff" + data, plain()[: scan_at()] + data):
        with pytest.raises(CameraError):
            extract_jpeg(noise)
