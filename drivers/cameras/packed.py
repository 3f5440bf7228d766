"""Decompress a body that was compressed on its way: gzip of one or several members, or deflate with or without head."""

from __future__ import annotations

import zlib

from drivers.cameras.camera import MOST_BYTES, NoPictureError
from drivers.reason import Reason

GZIP_BEGIN = b"\x1f\x8b"
GZIP_TOO = 32  # added to the window's size: zlib detects gzip or zlib by the header
MOST_TIMES = 3  # a camera's web server and a proxy, each by itself


def unpacked(body: bytes) -> bytes:
    """Return the decompressed body, of 30 MB at most. Raise NoPictureError if it is incomplete."""
    for _ in range(MOST_TIMES):
        body = _all_members(body)
        if not body.startswith(GZIP_BEGIN):
            break
    return body


def _all_members(body: bytes) -> bytes:
    """Return the contents of consecutive gzip members; anything after them is dropped."""
    found, rest = _member(body, MOST_BYTES)
    while rest.startswith(GZIP_BEGIN) and len(found) < MOST_BYTES:
        more, rest = _member(rest, MOST_BYTES - len(found))
        found += more
    return found


def _member(body: bytes, most: int) -> tuple[bytes, bytes]:
    """Return the contents of one member, and the bytes after it."""
    for window in (zlib.MAX_WBITS | GZIP_TOO, -zlib.MAX_WBITS):  # the latter: raw deflate, as some servers send it
        unpacker = zlib.decompressobj(window)
        try:
            found = unpacker.decompress(body, most)
        except zlib.error:
            continue
        if not unpacker.eof:
            raise NoPictureError(Reason("picture_cut_short", "the picture is cut short"))
        return found, unpacker.unused_data
    raise NoPictureError(Reason("picture_damaged", "the picture is damaged"))
