"""Whether the scan of a JPEG is as long as its blocks ask for, by libjpeg's own reading through Pillow.

Bytes that were lost and others put in their place mostly decode to something, a smear or noise, but hardly ever to as
many blocks as were there: at the end data run out or are left over. libjpeg warns of both, and Pillow hides it. But
without an end marker libjpeg asks for more data exactly when a block is not whole. So a scan must decode to its last
block with a few bytes added, and must not with a few taken away.
Where there are restart markers a decoder begins anew at each, so that each piece between two is tried as a picture;
they are numbered.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

SPARE = 8  # bytes that a scan may be longer, of an encoder that writes whole words, and shorter
PADDING = b"\0\xff"  # what fills a scan up to its end marker
MOST_PIECES = 1000  # a picture with more is not tried: each costs a tenth of a millisecond
MOST_PIXELS_WIDE = 65_500  # libjpeg
BASELINE, RESTARTS, SCAN = (0xC0, 0xC1), 0xDD, 0xDA
NEEDED = frozenset({*BASELINE, 0xC4, 0xDB, SCAN})  # the segments that a piece needs, tables with them
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
BEHIND_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # the first marker that does not belong to a scan's data
END = 0xD9


class ScanLayout(NamedTuple):
    """A baseline picture of one scan: its segments by marker and place, its blocks a row and in all, their size.

    `each`: blocks between two restart markers, 0 without any; `end`: of the scan's data, which begin at `begin`.
    """

    segments: list[tuple[int, bytes]]
    wide: int
    blocks: int
    width: int
    height: int
    each: int
    begin: int
    end: int


def segments(jpeg: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and place of each segment of the header, the scan's own last."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        yield marker, at
        if marker == SCAN:
            return
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


def is_as_long_as_its_blocks(jpeg: bytes) -> bool:
    """Return whether a scan ends with its last block; True of a picture of a kind that this cannot tell of."""
    layout = _layout(jpeg)
    if layout is None:
        return True
    scan = jpeg[layout.begin : layout.end]
    pieces = RESTART.split(scan)
    if not layout.each or len(pieces) == 1:
        return _fits(jpeg[: layout.begin], scan)
    numbers = [found[0][1] & 7 for found in RESTART.finditer(scan)]
    if numbers != [place % 8 for place in range(math.ceil(layout.blocks / layout.each) - 1)]:
        return False
    if len(pieces) > MOST_PIECES:
        return True
    counts = [layout.each] * (len(pieces) - 1) + [layout.blocks - layout.each * (len(pieces) - 1)]
    return all(_fits(head, piece) for count, piece in zip(counts, pieces) if (head := _head(layout, count)))


def _fits(head: bytes, data: bytes) -> bool:
    """Return whether data are as long as the blocks of that header, but for what an encoder may do at their end."""
    return _decodes(head + data + bytes(SPARE)) and not _decodes(head + data.rstrip(PADDING)[:-SPARE])


def _decodes(jpeg: bytes) -> bool:
    """Return whether a picture without an end marker decodes to its last block."""
    try:
        image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        image.draft("L", (1, 1))  # an eighth of the size, which costs a third
        image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _layout(jpeg: bytes) -> ScanLayout | None:
    """Return what the header tells of a baseline picture whose components lie in one scan; None of any other."""
    found: list[tuple[int, bytes]] = []
    each, frame, begin = 0, b"", 0
    for marker, at in segments(jpeg):
        begin = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker in NEEDED:
            found.append((marker, jpeg[at:begin]))
        if marker in BASELINE:
            frame = jpeg[at:begin]
        elif marker == RESTARTS:
            each = int.from_bytes(jpeg[at + 4 : at + 6], "big")
    behind = BEHIND_SCAN.search(jpeg, begin)
    if (
        len(frame) < 13
        or found[-1][0] != SCAN
        or len(found[-1][1]) < 5
        or behind is None
        or jpeg[behind.start() + 1] != END
    ):
        return None
    parts = frame[9]
    if found[-1][1][4] != parts or len(frame) < 10 + 3 * parts:
        return None
    factors = [divmod(frame[11 + 3 * part], 16) for part in range(parts)] if parts > 1 else [(1, 1)]
    width, height = 8 * max(across for across, _ in factors), 8 * max(down for _, down in factors)
    wide = math.ceil(int.from_bytes(frame[7:9], "big") / max(width, 1))
    blocks = wide * math.ceil(int.from_bytes(frame[5:7], "big") / max(height, 1))
    return ScanLayout(found, wide, blocks, width, height, each, begin, behind.start())


def _head(layout: ScanLayout, blocks: int) -> bytes:
    """Return the header of a picture of so many blocks; b"" where they make none."""
    wide = layout.wide if blocks % layout.wide == 0 else blocks
    width, height = wide * layout.width, blocks // wide * layout.height
    if not 0 < width <= MOST_PIXELS_WIDE:
        return b""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8" + b"".join(
        part[:5] + size + part[9:] if marker in BASELINE else part for marker, part in layout.segments
    )
