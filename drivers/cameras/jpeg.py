"""Check that bytes are a complete JPEG, by having FFmpeg decode it to the last line of its scan.

Pillow silently fills missing parts with grey; FFmpeg, with the right option, stops at the first error. Damage that
decodes by chance is detected by the scan's length (`jpeg_scan`) or by impossible levels (`jpeg_levels`). The number of
pixels is read from the header before anything is decoded.
"""

from __future__ import annotations

from drivers.cameras.camera import JPEG_START, CameraError, NoPictureError, NotAnImageError
from drivers.cameras.jpeg_decoders import ffmpeg_decodes
from drivers.cameras.jpeg_levels import levels_are_possible
from drivers.cameras.jpeg_scan import (
    BEHIND_SCAN,
    END_MARKER,
    FRAMES,
    SCAN,
    is_as_long_as_its_blocks,
    segment_end,
    segments,
)
from drivers.reason import Reason

MOST_PIXELS = 64_000_000  # the largest supported sensors have 12 million; each takes 3 bytes when decoded
STRAY = 1024  # bytes before the picture that are skipped: line ends, zeros, headers that some cameras send twice
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 without the tables between them
APPLICATION = frozenset(range(0xE1, 0xF0))  # segments that may contain another picture, such as a thumbnail
NOT_SHOWN = Reason(
    "jpeg_not_shown",
    "the picture is coded in a way that no browser shows (arithmetic or lossless): set the camera to baseline JPEG",
)
NO_SIZE = Reason("picture_without_size", "the picture has no header with its size")


def extract_jpeg(data: bytes) -> bytes:
    """Return the JPEG in the data, without stray bytes before it. Raise CameraError if it is not whole."""
    start = data.find(JPEG_START, 0, STRAY + len(JPEG_START))
    if start < 0:
        raise NotAnImageError(Reason("no_jpeg_at_all", "the answer is not a JPEG"))
    jpeg = data[start:]
    width, height = size(jpeg)
    if not shown_by_browsers(jpeg):
        raise NoPictureError(NOT_SHOWN)
    if width * height > MOST_PIXELS:
        raise NoPictureError(
            Reason("too_many_pixels", "the picture claims {width} x {height} pixels", width=width, height=height)
        )
    end = _end(jpeg, len(END_MARKER))
    picture = jpeg[:end]  # what a camera appends, perhaps another picture, is not checked
    checks = (ffmpeg_decodes, is_as_long_as_its_blocks, levels_are_possible)
    if not end or not all(passes(picture) for passes in checks):
        raise damaged(picture or jpeg)
    return jpeg


def is_whole(data: bytes) -> bool:
    """Return whether the data are a complete JPEG."""
    try:
        return bool(extract_jpeg(data))
    except CameraError:
        return False


def first_whole(data: bytes | bytearray) -> tuple[int, int] | None:
    """Return begin and end of the first JPEG in the data that has an end; None if there is none yet.

    One that is cut off by the start of the next is skipped.
    """
    start = data.find(JPEG_START)
    while start >= 0:
        end = _end(data, start + 2)
        if end is None:
            return None
        if end:
            return start, end
        start = data.find(JPEG_START, start + 1)
    return None


def _end(data: bytes | bytearray, at: int) -> int | None:
    """Return the end of a JPEG whose markers continue at `at`; 0 if it is damaged, None if the data end before it."""
    while at + 4 <= len(data) or data[at : at + 2] == END_MARKER:
        marker = data[at + 1]
        if data[at : at + 2] == END_MARKER:
            return at + 2
        if data[at] != 0xFF or marker == JPEG_START[1]:
            return 0
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        begin, at = at, segment_end(data, at)
        if at < begin + 4 or (marker not in APPLICATION and data.find(JPEG_START, begin, at + 2) >= 0):
            return 0  # an invalid length, or a segment that was cut off and extends into the next picture
        if marker == SCAN:
            behind = BEHIND_SCAN.search(data, at)
            if behind is None:
                return None
            at = behind.start()
    return None


def shown_by_browsers(jpeg: bytes) -> bool:
    """Return whether browsers support a picture's coding, by its first frame header: 8 bits with Huffman codes."""
    found = next((place for marker, place in segments(jpeg) if marker in FRAME_HEADERS), None)
    return found is None or (jpeg[found + 1] in FRAMES and jpeg[found + 4 : found + 5] == b"\x08")


def size(jpeg: bytes) -> tuple[int, int]:
    """Return the width and height, pixels, that the first frame header states. Raise NoPictureError without one."""
    for marker, at in segments(jpeg):
        if marker in FRAME_HEADERS and at + 9 <= len(jpeg):
            return int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(jpeg[at + 5 : at + 7], "big")
    raise NoPictureError(NO_SIZE)


def damaged(jpeg: bytes) -> CameraError:
    """Return the error that a picture is cut short, if its end is missing, or else damaged."""
    if END_MARKER not in jpeg[-4096:]:
        return NoPictureError(Reason("picture_cut_short", "the picture is cut short"))
    return NoPictureError(Reason("picture_damaged", "the picture is damaged"))
