"""Key frames of H.264 and H.265, whole and torn: coded by PyAV, each in as many slices as is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random

import av
from PIL import Image

WIDTH, HEIGHT = 640, 360
ENCODERS = {"h264": "libx264", "h265": "libx265"}


def encoded(
    codec: str,
    slices: int,
    pictures: list[Image.Image],
    between: int = 1,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    colours: str = "yuv420p",
    settings: str = "",
) -> list[bytes]:
    """Return the frames that pictures are coded to in that size, each `between`-th of which is a key frame.

    `colours` is FFmpeg's name of how the pixels are kept: most cameras' is 4:2:0 of 8 bits; `settings`: more of x265's.
    """
    encoder = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = *size, colours
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, 25), Fraction(25), between
    more = ":log-level=none:pools=1" if codec == "h265" else ":sliced-threads=0:bframes=0"
    encoder.options = {"preset": "ultrafast", f"{ENCODERS[codec][3:]}-params": f"slices={slices}{more}{settings}"}
    found: list[bytes] = []
    for number, picture in enumerate(pictures):
        frame = frame_of(picture.resize(size)).reformat(format=colours)
        frame.pts = number
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found + [bytes(packet) for packet in encoder.encode(None)]


def frame_of(picture: Image.Image) -> av.VideoFrame:
    """Return a picture as a frame of RGB."""
    frame = av.VideoFrame(*picture.size, "rgb24")
    data, row = picture.tobytes(), 3 * picture.width
    lines = (data[at : at + row] for at in range(0, len(data), row))
    frame.planes[0].update(b"".join(line.ljust(frame.planes[0].line_size, b"\0") for line in lines))
    return frame


def torn(codec: str, frame: bytes, later: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield a key frame torn in each way, with the way's name; `later` is a frame of those up to the next key frame."""
    rng = Random(seed)
    found = units(frame)
    head, slices = ([unit for unit in found if is_slice(codec, unit) is wanted] for wanted in (False, True))
    other = [unit for unit in units(later) if is_slice(codec, unit)]
    place = rng.randrange(len(slices))
    one = slices[place]
    ways = {
        "a slice cut": [one[: rng.randrange(len(one) // 4, len(one) * 3 // 4)]],
        "a hole": [one[:60], one[60 + len(one) // 8 :]],
        "bits flipped": [flipped(one, rng)],
        "a slice of another picture": [other[min(place, len(other) - 1)]],
    }
    for what, parts in ways.items():
        yield what, joined([*head, *slices[:place], b"".join(parts), *slices[place + 1 :]])
    if len(slices) > 2:
        yield "a slice missing", joined([*head, *slices[:place], *slices[place + 1 :]])
        yield "all slices but one missing", joined([*head, one])
        yield "the middle missing", joined([*head, slices[0], slices[-1]])


def with_sets_everywhere(codec: str, frame: bytes) -> bytes:
    """Return a frame with its parameter sets before each slice, as some cameras send it."""
    found = units(frame)
    sets = [unit for unit in found if not is_slice(codec, unit)]
    return joined([part for unit in found if is_slice(codec, unit) for part in (*sets, unit)])


def flipped(unit: bytes, rng: Random) -> bytes:
    """Return a slice with eight bits flipped behind its header."""
    spoiled = bytearray(unit)
    for _ in range(8):
        spoiled[rng.randrange(min(60, len(unit) // 2), len(unit))] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def units(frame: bytes) -> list[bytes]:
    """Return the units of a frame, without the start codes between them."""
    return [unit.rstrip(b"\0") for unit in re.split(rb"\x00\x00\x01", frame) if unit.rstrip(b"\0")]


def joined(parts: list[bytes]) -> bytes:
    """Return a frame of units."""
    return b"".join(b"\0\0\0\1" + part for part in parts)


def is_slice(codec: str, unit: bytes) -> bool:
    """Return whether a unit is a part of a picture."""
    return unit[0] & 31 in (1, 5) if codec == "h264" else unit[0] >> 1 & 63 < 32


def written(file: Path, frames: list[bytes]) -> Path:
    """Write frames as the tests' RTSP server reads them."""
    file.write_bytes(b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames))
    return file
