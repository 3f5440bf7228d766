"""Check that an H.265 key frame is complete: FFmpeg decodes any that has its first slice, and reports nothing missing.

Areas without a slice keep a new decoder's initial memory, zero in each plane, a green that no camera produces. A slice
that lost bytes, or has wrong ones, continues to decode as noise, which hardly ever needs exactly as many bits as there
are. So the picture must not change if bytes are appended to its slices, and must change if the last ones of each do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image, ImageChops

from drivers.cameras.strips import strips

BEHIND = b"\x55\xaa\x33\xcc" * 16  # contains no start code
TAIL = 8  # bytes
CHANGES = (0x55, 0xFF, 0xAA)  # of its bits: in a uniform area, as of a recorder without video, one may have no effect
SHORTEST = 256  # bytes of a slice whose tail is tested: in a shorter one, of a uniform grey, it may have no effect
MOST_TAILS = 8  # slices whose tails are tested: each costs a decoding
PADDING = b"\0\3"  # what an encoder may append to a slice, escaped (cabac_zero_words)
Decoding = Callable[[list[bytes]], Any]


def whole(decoded: Decoding, slices: list[bytes]) -> Any:
    """Return the frame that slices decode to, None if it is incomplete. Only one frame is in memory at a time."""
    seen = _shown(decoded(slices))
    for place in range(0, len(slices), -(-len(slices) // MOST_TAILS)):
        if len(slices[place]) >= SHORTEST and seen:
            others = ([*slices[:place], other, *slices[place + 1 :]] for other in _other_tails(slices[place]))
            if all(pixels_of(decoded(other)) == seen for other in others):
                return None
    frame = decoded([unit + BEHIND for unit in slices]) if seen else None
    return frame if pixels_of(frame) == seen else None


def _other_tails(unit: bytes) -> Iterator[bytes]:
    unit = unit.rstrip(PADDING)
    yield from (unit[:-TAIL] + bytes(byte ^ change for byte in unit[-TAIL:]) for change in CHANGES)


def _shown(frame: Any) -> bytes:
    """Return a digest of a frame's pixels; b"" if there is no frame or it has gaps."""
    return b"" if frame is None or any(map(_has_gaps, strips(frame))) else pixels_of(frame)


def pixels_of(frame: Any) -> bytes:
    """Return a digest of all pixels, b"" without a frame."""
    if frame is None:
        return b""
    digest = hashlib.sha256()
    for plane in frame.planes:
        digest.update(plane)
    return digest.digest()


def _has_gaps(frame: Any) -> bool:
    """Return whether there is a pixel with both chroma components zero."""
    if len(frame.planes) < 3:  # a grey picture has no chroma
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
