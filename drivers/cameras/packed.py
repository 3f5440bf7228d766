"""What was packed on its way, unpacked: by gzip, in one member or several, or by deflate with a header or without."""

from __future__ import annotations

import zlib

from drivers.cameras.camera import MOST_BYTES, NoPictureError
from drivers.reason import Reason

GZIP_BEGIN = b"\x1f\x8b"
GZIP_TOO = 32  # added to the window's size: zlib finds out by the header
MOST_TIMES = 3  # a camera's web server and a proxy, each by itself


def unpacked(body: bytes) -> bytes:
    """Return what a body was before it was packed, of 30 MB at most. Raise NoPictureError if it is not whole."""
    for _ in range(MOST_TIMES):
        body = _all_members(body)
        if not body.startswith(GZIP_BEGIN):
            break
    return body


def _all_members(body: bytes) -> bytes:
    """Return what the members of a file hold that follow each other; what else stands behind them is left out."""
    found, rest = _member(body, MOST_BYTES)
    while rest.startswith(GZIP_BEGIN) and len(found) < MOST_BYTES:
        more, rest = _member(rest, MOST_BYTES - len(found))
        found += more
    return found


def _member(body: bytes, most: int) -> tuple[bytes, bytes]:
    """Return what one holds, and what stands behind it."""
    for window in (zlib.MAX_WBITS | GZIP_TOO, -zlib.MAX_WBITS):  # the latter as some servers understand "deflate"
        unpacker = zlib.decompressobj(window)
        try:
            found = unpacker.decompress(body, most)
        except zlib.error:
            continue
        if not unpacker.eof:
            raise NoPictureError(Reason("picture_cut_short", "the picture is cut short"))
        return found, unpacker.unused_data
    raise NoPictureError(Reason("picture_damaged", "the picture is damaged"))
