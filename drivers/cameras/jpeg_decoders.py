"""Two JPEG decoders, each asked whether it reaches a picture's last block: FFmpeg's, and libjpeg through Pillow."""

from __future__ import annotations

import io

from PIL import Image


def ffmpeg_decodes(jpeg: bytes) -> bool:
    """Return whether a picture decodes to its last line, or is of a kind that the decoder does not know."""
    import av
    from av import error as av_error

    codec = av.CodecContext.create("mjpeg", "r")
    codec.thread_count = 1
    codec.options = {"err_detect": "explode"}
    try:
        frames = [*codec.decode(av.Packet(jpeg)), *codec.decode(None)]
    except av_error.InvalidDataError:
        return False
    except av_error.FFmpegError:
        return True
    return bool(frames) and not any(frame.is_corrupt for frame in frames)


def libjpeg_decodes(jpeg: bytes) -> bool:
    """Return whether a picture of one scan, without an end marker, decodes to its last block.

    With one it would: what is missing before a marker is filled up.
    """
    try:
        image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        image.draft("L", (1, 1))  # an eighth of the size, which costs a third
        image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True
