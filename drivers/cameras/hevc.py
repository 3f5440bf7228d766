"""The whole key frames of an H.265 stream: FFmpeg decodes any that has its first slice, and tells of nothing missing.

What no slice covers stays as a new decoder's memory was, zero in each plane, a green beyond any that a camera gives.
A slice that lost bytes, or has wrong ones, decodes on in noise, for which hardly ever just as many bits are there as it
asks for. So the picture must not change with bytes added behind its slices, and must with the last ones of each.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageChops

START = b"\0\0\0\1"
UNIT = re.compile(rb"\x00\x00\x01")  # before each unit; within one it is escaped
PARAMETER_SETS = range(32, 35)  # H.265 table 7-1: VPS, SPS, PPS
SLICES, KEY_FRAMES = range(32), range(16, 24)
BEHIND = b"\x55\xaa\x33\xcc" * 16  # no start of a unit
TAIL = 8  # bytes
SHORTEST = 256  # bytes of a slice whose tail is tried: in a shorter one, of an even grey, it may tell of nothing
MOST_TAILS = 8  # slices whose tails are tried: each costs a decoding
PADDING = b"\0\3"  # what an encoder may put behind a slice, escaped (cabac_zero_words)


class HevcPictures:
    """The key frames of one stream, whose parameter sets it keeps; `told` are those that were told before it."""

    def __init__(self, told: bytes | None) -> None:
        self._sets = {unit: None for unit in units(told or b"") if kind(unit) in PARAMETER_SETS}

    def decode(self, packet: bytes) -> Iterator[Any]:
        """Yield the frame of a packet that has a key frame, None where that is not whole."""
        found = list(units(packet))
        self._sets |= {unit: None for unit in found if kind(unit) in PARAMETER_SETS}
        slices = [unit for unit in found if kind(unit) in SLICES]
        if any(kind(unit) in KEY_FRAMES for unit in slices):
            yield self._whole(slices)

    def _whole(self, slices: list[bytes]) -> Any:
        """Return the frame that slices decode to, None where it is not whole."""
        frame = self._decoded(slices)
        if frame is None or _has_gaps(frame):
            return None
        seen = _pixels(frame)
        if self._shown([unit + BEHIND for unit in slices]) != seen:
            return None
        for place in range(0, len(slices), -(-len(slices) // MOST_TAILS)):
            if len(slices[place]) >= SHORTEST:
                others = [*slices[:place], _other_tail(slices[place]), *slices[place + 1 :]]
                if self._shown(others) == seen:
                    return None
        return frame

    def _shown(self, slices: list[bytes]) -> bytes:
        frame = self._decoded(slices)
        return b"" if frame is None else _pixels(frame)

    def _decoded(self, slices: list[bytes]) -> Any:
        """Return the one frame of these slices, by a decoder that has not seen any other."""
        import av
        from av import error as av_error

        decoder = av.CodecContext.create("hevc", "r")
        decoder.thread_count = 1
        data = b"".join(START + unit for unit in (*self._sets, *slices))
        try:
            frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        except av_error.FFmpegError:
            return None
        return frames[0] if len(frames) == 1 and not frames[0].is_corrupt else None


def units(data: bytes) -> Iterator[bytes]:
    """Yield the units of a byte stream (annex B)."""
    begins = [found.end() for found in UNIT.finditer(data)]
    for begin, end in zip(begins, [*(begin - 3 for begin in begins[1:]), len(data)]):
        if unit := data[begin:end].rstrip(b"\0"):
            yield unit


def kind(unit: bytes) -> int:
    """Return a unit's type."""
    return unit[0] >> 1 & 63


def _other_tail(unit: bytes) -> bytes:
    unit = unit.rstrip(PADDING)
    return unit[:-TAIL] + bytes(byte ^ 0x55 for byte in unit[-TAIL:])


def _pixels(frame: Any) -> bytes:
    """Return a digest of all pixels."""
    digest = hashlib.sha256()
    for plane in frame.planes:
        digest.update(plane)
    return digest.digest()


def _has_gaps(frame: Any) -> bool:
    """Return whether there is a pixel with both of its colours zero."""
    if len(frame.planes) < 3:  # a grey picture has no colours
        return False
    if frame.format.components[0].bits > 8:
        frame = frame.reformat(format="yuv420p")
    first, second = (
        Image.frombuffer("L", (plane.line_size, plane.height), bytes(plane), "raw", "L", 0, 1).crop(
            (0, 0, plane.width, plane.height)
        )
        for plane in frame.planes[1:3]
    )
    return ImageChops.lighter(first, second).getextrema()[0] == 0
