"""The format of the station's local socket: frames of one byte (the kind), four of length, then the content.

A caller that sends `{` first uses lines instead: one line of JSON in each direction (`nc -U` will do).
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

JSON, BYTES = 1, 2
HEAD = struct.Struct(">BI")
LONGEST_QUESTION = 64 * 1024  # bytes
QUIET_S = 15.0  # real s without an event after which a live listener gets a keep-alive
LONGEST_ANSWER = 64 * 1024 * 1024  # bytes; a picture's, as on the wire


class FrameError(ValueError):
    """These bytes are not a valid frame."""


def packed(message: object, content: bytes | None = None) -> bytes:
    """Return a message as a frame, followed by another one with its bytes."""
    text = msgspec.json.encode(message)
    frame = HEAD.pack(JSON, len(text)) + text
    return frame if content is None else frame + HEAD.pack(BYTES, len(content)) + content


def take(buffer: bytearray, longest: int) -> tuple[int, bytes] | None:
    """Take the first frame out of a buffer; None if it is not complete. Raise FrameError if it is invalid."""
    if len(buffer) < HEAD.size:
        return None
    kind, length = HEAD.unpack_from(buffer)
    if kind not in (JSON, BYTES) or length > longest:
        raise FrameError(f"no frame: kind {kind}, {length} bytes")
    if len(buffer) < HEAD.size + length:
        return None
    content = bytes(buffer[HEAD.size : HEAD.size + length])
    del buffer[: HEAD.size + length]
    return kind, content


def message(text: bytes) -> dict[str, Any]:
    """Return the JSON object of a frame or line. Raise FrameError if it is not one."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(str(error)) from None


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Yield a path that fits into a socket's 107 bytes: via the folder's descriptor if it is longer."""
    if len(os.fsencode(path)) <= 107:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
