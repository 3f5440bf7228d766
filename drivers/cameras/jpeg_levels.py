"""Check that no block of a JPEG has a mean brightness or colour beyond black and white.

Blocks code their mean as the difference to the previous block, so one error is carried on to the end of the picture or
the next restart marker: the rest is too bright, too dark or of another colour. A decoder clips what lies outside the
range of 8 bits. It becomes visible with halved means alone (the other quantizers set to zero): no encoder can have
produced it.
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from drivers.cameras.jpeg_scan import FRAMES, segment_end, segments

TABLE, COEFFICIENTS = 0xDB, 64
WHITE = (
    1024.0  # the greatest coefficient of a block's mean (ITU T.81, A.3.3), of a block that is all black or all white
)
INEXACT = 1.02  # tolerance for an encoder's arithmetic


def levels_are_possible(jpeg: bytes) -> bool:
    """Return whether all blocks have a possible mean; True if that cannot be determined."""
    halved, most, frame = bytearray(jpeg), dict[int, float](), b""
    for marker, at in segments(jpeg):
        end = segment_end(jpeg, at)
        if marker == TABLE:
            _halve(halved, at + 4, min(end, len(jpeg)), most)
        elif marker in FRAMES:
            frame = jpeg[at:end]
    tables = [frame[at + 2] for at in range(10, len(frame) - 2, 3)]
    limits = [most.get(table, WHITE) for table in tables]
    found = _extremes(bytes(halved))
    if len(found) != len(limits) or len(found) not in (1, 3):  # four colours are converted before they are shown
        return True
    return all(128 - limit <= low and high <= 128 + limit for (low, high), limit in zip(found, limits))


def _halve(jpeg: bytearray, at: int, end: int, most: dict[int, float]) -> None:
    """Halve the first quantizer of each table in a segment and clear the others.

    Store in `most`, by the table's number, how far from 128 a block's mean can then lie.
    """
    while at < end:
        size, number = 2 if jpeg[at] >> 4 else 1, jpeg[at] & 15
        quantizer = max(1, int.from_bytes(jpeg[at + 1 : at + 1 + size], "big"))
        half = max(1, quantizer // 2)
        after = at + 1 + COEFFICIENTS * size
        if after > end:
            return
        jpeg[at + 1 : after] = half.to_bytes(size, "big") + bytes((COEFFICIENTS - 1) * size)
        limit = (WHITE * INEXACT / quantizer + 1) * half / 8 + 1
        most[number] = max(limit, most.get(number, 0.0))
        at = after


def _extremes(jpeg: bytes) -> list[tuple[int, int]]:
    """Return the least and greatest value of each component of a JPEG, one pixel per block; [] if it fails."""
    try:
        image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        image.draft("L" if image.mode == "L" else "YCbCr", (1, 1))
        image.load()
    except (OSError, SyntaxError, ValueError):  # for example an RGB one
        return []
    found: list[Any] = [part.getextrema() for part in image.split()]  # a single component gives a pair
    return found
