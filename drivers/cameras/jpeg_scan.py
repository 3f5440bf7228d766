"""Check that each scan of a JPEG is as long as its number of blocks requires.

Lost or replaced bytes mostly decode to something, a smear or noise, but hardly ever to the right number of blocks: at
the end data run out or are left over. So a scan must decode to its last block, and must not with a few bytes removed.
For a sequential picture libjpeg decides (FFmpeg notices missing data late): without an end marker it asks for more data
exactly if a block is incomplete; a scan of a single component is tested as a picture of its own. If there are restart
markers, which are numbered, a decoder restarts at each, so that each piece between two is tested as a picture.
A progressive picture has about ten scans, and a later one refines earlier ones of the same components and coefficients:
FFmpeg, which counts its bits, is given these up to each scan. If scans are missing at the end, the picture decodes, but
coarser or without colour: each coefficient of each component must have been coded to its last bit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from drivers.cameras.jpeg_decoders import ffmpeg_decodes, libjpeg_decodes

SPARE = 8  # bytes that a scan may be longer, as some encoders write whole words, or shorter
PADDING = b"\0\xff"  # what fills a scan up to its end marker
MOST_PIECES = 4000  # tested; each takes 0.2 ms
MOST_SCANS = 100  # of a picture, which mostly has one or ten: each costs a decoding of all before it
MOST_PIXELS_WIDE = 65_500  # libjpeg's limit
SEQUENTIAL, PROGRESSIVE, RESTARTS, SCAN = (0xC0, 0xC1), 0xC2, 0xDD, 0xDA
FRAMES = (*SEQUENTIAL, PROGRESSIVE)  # of pictures that browsers show: by Huffman codes
TABLES = (0xC4, 0xDB)
BLOCK, UNCODED = 64, 15  # coefficients of a block; a bit position above any that is coded
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
BEHIND_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # the first marker that does not belong to a scan's data
END_MARKER = b"\xff\xd9"


class Coefficients:
    """The lowest bit to which each coefficient of each component has been coded; 0 is the last, UNCODED: none yet."""

    def __init__(self, frame: bytes = b"") -> None:
        """`frame`: the header of the picture's frame."""
        self._progressive = frame[1:2] == bytes([PROGRESSIVE])
        self._bits = {part: [UNCODED] * BLOCK for part in frame[10 : 10 + 3 * frame[9] : 3]} if len(frame) > 9 else {}

    def take(self, scan: bytes) -> None:
        """Apply the header of a scan."""
        parts, spectrum = scan[5 : 5 + 2 * scan[4] : 2], scan[5 + 2 * scan[4] :]
        first, last, bit = (spectrum[0], spectrum[1], spectrum[2] & 15) if self._progressive else (0, BLOCK - 1, 0)
        for part in parts:
            if part in self._bits and last < BLOCK:
                self._bits[part][first : last + 1] = [bit] * (last + 1 - first)

    def are_whole(self) -> bool:
        """Return whether all have been coded to the last bit."""
        return not any(bit for bits in self._bits.values() for bit in bits)


class Refined:
    """The scans of a progressive picture so far and the tables between them, by their offsets in it."""

    def __init__(self, jpeg: bytes) -> None:
        self._jpeg = jpeg
        self._pieces: list[tuple[int, int, bytes]] = []

    def take(self, begin: int, end: int, scan: bytes = b"") -> None:
        """Add a table, or a scan with its header."""
        self._pieces.append((begin, end, scan))

    def before(self, frame: bytes, scan: bytes) -> bytes:
        """Return the beginning of a picture with all that a scan refines; of one component, at a third of the size."""
        kept = [self._jpeg[begin:end] for begin, end, other in self._pieces if not other or _refines(scan, other)]
        return b"".join([b"\xff\xd8", _own_frame(frame, scan) or frame, *kept])


class ScanLayout(NamedTuple):
    """A sequential scan: the segments before its data as in a picture of its own, and the size of its blocks in pixels.

    `wide`: blocks per row; `blocks`: in all; `each`: between two restart markers, 0 without any.
    """

    segments: list[bytes]
    wide: int
    blocks: int
    width: int
    height: int
    each: int


def segments(jpeg: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and offset of each segment, up to the end marker."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != END_MARKER[1]:
        marker = jpeg[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        yield marker, at
        at = segment_end(jpeg, at)
        if marker == SCAN:
            at = data_end(jpeg, at)


def segment_end(jpeg: bytes | bytearray, at: int) -> int:
    """Return the end of the segment that begins at `at`."""
    return at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


def data_end(jpeg: bytes, at: int) -> int:
    """Return the end of a scan's data that begin at `at`."""
    behind = BEHIND_SCAN.search(jpeg, at)
    return len(jpeg) if behind is None else behind.start()


def is_as_long_as_its_blocks(jpeg: bytes) -> bool:
    """Return whether no scan is missing and each ends with its last block; True if the coding cannot be checked.

    A picture of more than MOST_SCANS is not a camera's: False.
    """
    tables: list[bytes] = []
    each, frame, scans = 0, b"", 0
    coded, refined = Coefficients(), Refined(jpeg)
    for marker, at in segments(jpeg):
        begin = segment_end(jpeg, at)
        segment = jpeg[at:begin]
        if marker in TABLES:
            tables.append(segment)
            refined.take(at, begin)
        elif marker in FRAMES:
            frame, coded = segment, Coefficients(segment)
        elif marker == RESTARTS:
            each = int.from_bytes(segment[4:6], "big")
            refined.take(at, begin)
        elif marker == SCAN and frame:
            scans += 1
            if len(segment) < 10 or len(segment) < 8 + 2 * segment[4]:
                return False
            coded.take(segment)
            data = jpeg[begin : data_end(jpeg, begin)]
            if frame[1] == PROGRESSIVE:
                fits = _numbered(data) and _progressive_fits(refined.before(frame, segment) + segment, data)
                refined.take(at, begin + len(data), segment)
            else:
                layout = _layout(tables, frame, segment, each)
                fits = layout is None or _sequential_fits(layout, data)
            if not fits or scans > MOST_SCANS:
                return False
    return coded.are_whole()


def _refines(scan: bytes, other: bytes) -> bool:
    """Return whether two scans code a common coefficient of a component."""
    (parts, first, last), (theirs, low, high) = (
        (set(one[5 : 5 + 2 * one[4] : 2]), *one[5 + 2 * one[4] :][:2]) for one in (scan, other)
    )
    return bool(parts & theirs) and first <= high and low <= last


def _progressive_fits(before: bytes, data: bytes) -> bool:
    """Return whether a scan of a progressive picture, which decodes, no longer does with a few bytes removed."""
    data = data.rstrip(PADDING)
    return len(data) <= SPARE or not ffmpeg_decodes(before + data[:-SPARE] + END_MARKER)


def _sequential_fits(layout: ScanLayout, data: bytes) -> bool:
    """Return whether a scan's data, or each piece between two restart markers, are as long as their blocks."""
    pieces = RESTART.split(data)
    if not layout.each or len(pieces) == 1:
        return _fits(_head(layout, layout.blocks), data)
    if not _numbered(data) or len(pieces) != math.ceil(layout.blocks / layout.each):
        return False
    counts = [layout.each] * (len(pieces) - 1) + [layout.blocks - layout.each * (len(pieces) - 1)]
    some = range(0, len(pieces), math.ceil(len(pieces) / MOST_PIECES))
    return all(_fits(_head(layout, counts[place]), pieces[place]) for place in some)


def _numbered(data: bytes) -> bool:
    """Return whether the restart markers in a scan's data are numbered 0 to 7 in turn."""
    return all(found[0][1] & 7 == place % 8 for place, found in enumerate(RESTART.finditer(data)))


def _fits(head: bytes, data: bytes) -> bool:
    """Return whether data are as long as the blocks of that header require, within SPARE."""
    if not head:
        return True
    return libjpeg_decodes(head + data + bytes(SPARE)) and not libjpeg_decodes(head + data.rstrip(PADDING)[:-SPARE])


def _layout(tables: list[bytes], frame: bytes, scan: bytes, each: int) -> ScanLayout | None:
    """Return the layout of a scan of all components, or of one; None for any other."""
    parts = [frame[at : at + 3] for at in range(10, len(frame) - 2, 3)]
    if len(frame) < 13 or len(scan) < 6 or len(parts) != frame[9]:
        return None
    factors = [divmod(part[1], 16) for part in parts]
    most_across, most_down = (max(1, *(pair[axis] for pair in factors), 1) for axis in (0, 1))
    height, width = int.from_bytes(frame[5:7], "big"), int.from_bytes(frame[7:9], "big")
    block = 8 * most_across, 8 * most_down
    if scan[4] == 1:
        frame = _own_frame(frame, scan)
        if not frame:
            return None
        height, width = int.from_bytes(frame[5:7], "big"), int.from_bytes(frame[7:9], "big")
        block = 8, 8
    elif scan[4] != len(parts):
        return None
    wide = math.ceil(width / block[0])
    return ScanLayout([*tables, frame, scan], wide, wide * math.ceil(height / block[1]), *block, each)


def _own_frame(frame: bytes, scan: bytes) -> bytes:
    """Return the frame header of a picture of the only component that a scan codes; b"" if it codes several or none."""
    parts = [frame[at : at + 3] for at in range(10, len(frame) - 2, 3)]
    own = next((part for part in parts if scan[4] == 1 and part[0] == scan[5]), b"")
    if not own:
        return b""
    sizes = [int.from_bytes(frame[at : at + 2], "big") for at in (5, 7)]
    most = [max(1, *(part[1] >> up & 15 for part in parts), 1) for up in (0, 4)]
    height, width = (
        math.ceil(size * (own[1] >> up & 15) / of).to_bytes(2, "big") for size, up, of in zip(sizes, (0, 4), most)
    )
    return frame[:2] + (11).to_bytes(2, "big") + frame[4:5] + height + width + b"\x01" + own[:1] + b"\x11" + own[2:]


def _head(layout: ScanLayout, blocks: int) -> bytes:
    """Return the header of a picture of so many blocks; b"" if that is impossible."""
    wide = layout.wide if layout.wide and blocks % layout.wide == 0 else blocks
    width, height = wide * layout.width, blocks // max(wide, 1) * layout.height
    if not 0 < width <= MOST_PIXELS_WIDE:
        return b""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8" + b"".join(
        part[:5] + size + part[9:] if part[1] in SEQUENTIAL else part for part in layout.segments
    )
