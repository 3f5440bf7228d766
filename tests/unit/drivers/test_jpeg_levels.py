"""A wrong byte that shifts brightness or colour of all that follows is found where no picture can have such levels."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import pytest
from PIL import Image

from drivers.cameras.camera import NoPictureError
from drivers.cameras.jpeg import extract_jpeg
from drivers.cameras.jpeg_decoders import ffmpeg_decodes
from drivers.cameras.jpeg_levels import TABLE, levels_are_possible
from drivers.cameras.jpeg_scan import is_as_long_as_its_blocks, segment_end, segments
from tests.kits import orchard

CODINGS: list[dict[str, Any]] = [
    {},
    {"subsampling": 0},
    {"subsampling": 1, "optimize": True},
    {"restart_marker_rows": 4},
    {"mode": "L"},
]
ENOUGH = 3
OTHERS: list[dict[str, Any]] = [{"progressive": True}, {"mode": "CMYK"}, {"keep_rgb": True}]


def coded(image: Image.Image, mode: str = "RGB", **how: Any) -> bytes:
    """Return an image as a JPEG, coded in that way."""
    out = io.BytesIO()
    image.convert(mode).save(out, "JPEG", **how)
    return out.getvalue()


def harsh(height: int) -> Image.Image:
    """Return a picture of black, white and pure colours alone, in squares that no block is as large as."""
    rng, small = Random(1), Image.new("RGB", (27, 17))
    small.putdata([tuple(rng.choice((0, 255)) for _ in range(3)) for _ in range(27 * 17)])
    return small.resize((27 * height // 17, height), Image.Resampling.NEAREST)


@pytest.mark.parametrize("how", CODINGS)
def test_a_shift_to_levels_that_nothing_has_is_found(how: dict[str, Any]) -> None:
    """One wrong byte, after which each block is read to its end and there are as many as there were."""
    whole, found = coded(orchard.image(), quality=85, **how), 0
    begin = whole.index(b"\xff\xda") + 14
    for seed in range(400):
        rng, spoiled = Random(seed), bytearray(whole)
        spoiled[rng.randrange(begin, begin + (len(whole) - begin) // 3)] ^= rng.randrange(1, 255)
        if not ffmpeg_decodes(bytes(spoiled)) or not is_as_long_as_its_blocks(bytes(spoiled)):
            continue
        if levels_are_possible(bytes(spoiled)):
            continue
        found += 1
        with pytest.raises(NoPictureError, match="the picture is damaged"):
            extract_jpeg(bytes(spoiled))
        if found == ENOUGH:
            return
    raise AssertionError(f"{found} were found")


@pytest.mark.parametrize("how", CODINGS + OTHERS)
def test_no_picture_has_impossible_levels(how: dict[str, Any]) -> None:
    """At each quality, of an orchard and of the harshest colours that there are."""
    for quality in range(1, 101, 3):
        for seen in (orchard.image(3, 160), harsh(136)):
            assert levels_are_possible(coded(seen, quality=quality, **how))


def test_tables_of_sixteen_bits_are_read_as_such() -> None:
    """Some encoders write them so, whatever the quantizers: no picture is refused for it, and a shift is found."""
    narrow = coded(orchard.image(3, 160), quality=80)
    wide, at = bytearray(narrow[:2]), 2
    for marker, begin in segments(narrow):
        end = segment_end(narrow, begin)
        if marker == TABLE:
            for table in range(begin + 4, end, 65):
                values = b"".join(bytes([0, value]) for value in narrow[table + 1 : table + 65])
                wide += b"\xff\xdb\x00\x83" + bytes([0x10 | narrow[table]]) + values
        else:
            wide += narrow[begin:end]
        at = end
    wide[wide.index(b"\xff\xc0") + 1] = 0xC1  # extended: baseline has tables of 8 bits alone
    assert levels_are_possible(bytes(wide) + narrow[at:])
    rng, told = Random(3), [0, 0]
    for _ in range(40):
        place, bit = rng.randrange(at, len(narrow) - 2), 1 << rng.randrange(8)
        spoiled = narrow[at:place] + bytes([narrow[place] ^ bit]) + narrow[place + 1 :]
        for kind, head in enumerate((narrow[:at], bytes(wide))):
            told[kind] += not levels_are_possible(head + spoiled)
    assert told[0] == told[1] > 0


def test_tables_that_end_early_are_no_crash() -> None:
    """Whatever stands in the header, there is an answer."""
    whole = coded(orchard.image(3, 160))
    for at in range(2, whole.index(b"\xff\xda")):
        for byte in (0, 0x7F, 0xFF):
            assert levels_are_possible(whole[:at] + bytes([byte]) + whole[at + 1 :]) in (True, False)
        assert levels_are_possible(whole[:at]) in (True, False)
