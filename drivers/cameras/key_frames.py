"""The complete key frames of an H.264 or H.265 stream, each decoded by a new decoder.

FFmpeg's own parsers part a frame with parameter sets before each slice, and join what came before an outage with what
came after it: what is one frame, `frames.py` knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from typing import Any, NamedTuple

from drivers.cameras import hevc
from drivers.cameras.frames import START

MOST_SETS, LONGEST_SET = 64, 4096  # parameter sets that are kept, and bytes of one: a camera has three of some 50
SHARE = 16  # of the last slice's bytes: so many without which a frame must be another one
UNIT = re.compile(rb"\x00\x00\x01")  # before each unit; within one it is escaped


class Coding(NamedTuple):
    """The types of a codec's units (H.264 and H.265, table 7-1), `shift` bits up in the first byte.

    `hints`: units that may tell of a key frame without a slice of one; `whole` returns the frame that slices decode to
    by a decoder that it is given, None where it is not whole.
    """

    shift: int
    mask: int
    sets: Container[int]
    parts: Container[int]
    keys: Container[int]
    hints: Container[int]
    whole: Callable[[hevc.Decoding, list[bytes]], Any]


def whole_h264(decoded: hevc.Decoding, slices: list[bytes]) -> Any:
    """Return the frame that slices decode to, None where it is not whole, or needs fewer bytes than there are.

    FFmpeg reports what is missing. But of a frame by the parameter sets of a smaller one it fills that, without a word.
    One frame is in memory at a time.
    """
    last = slices[-1].rstrip(hevc.PADDING) if slices else b""
    if len(last) < hevc.SHORTEST:
        return decoded(slices)
    fewer = hevc.pixels_of(decoded([*slices[:-1], last[: len(last) - len(last) // SHARE]]))
    frame = decoded(slices)
    return None if hevc.pixels_of(frame) == fewer else frame


CODINGS = {
    # An I picture that is no IDR picture is a key frame by its SEI message, a recovery point: the decoder knows.
    "h264": Coding(0, 31, (7, 8), range(1, 7), (5,), (6,), whole_h264),
    "hevc": Coding(1, 63, range(32, 35), range(32), range(16, 24), (), hevc.whole),
}


class KeyFrames:
    """The key frames of one stream; `told` are its parameter sets as they were told before it, if they were.

    Of a codec that has no `Coding` FFmpeg's word is taken for what is a whole key frame.
    """

    def __init__(self, codec: str, told: bytes | None) -> None:
        self._codec, self._told, self._coding = codec, told, CODINGS.get(codec)
        self._sets: dict[bytes, None] = {}  # the last that came are the last

    def decode(self, data: bytes) -> Iterator[Any]:
        """Yield the key frame that a frame's bytes are, None where it is not whole; nothing of another frame."""
        coding = self._coding
        if coding is None:
            frame = self._decoded(data)
            if frame is not None:
                yield frame
            return
        found = [(unit[0] >> coding.shift & coding.mask, unit) for unit in units(data)]
        for kind, unit in found:
            if kind in coding.sets and len(unit) <= LONGEST_SET:
                self._sets.pop(unit, None)
                self._sets[unit] = None
        for oldest in list(self._sets)[:-MOST_SETS]:  # a camera that sends others each time fills no memory
            del self._sets[oldest]
        parts = [unit for kind, unit in found if kind in coding.parts]
        if any(kind in coding.keys for kind, _ in found):
            yield coding.whole(self._joined, parts)
        elif (
            any(kind in coding.hints for kind, _ in found) and (frame := coding.whole(self._joined, parts)) is not None
        ):
            yield frame

    def _joined(self, parts: list[bytes]) -> Any:
        return self._decoded(b"".join(START + unit for unit in (*self._sets, *parts)))

    def _decoded(self, data: bytes) -> Any:
        """Return the one key frame in the data, None where there is none or FFmpeg says that it is not whole."""
        import av
        from av import error as av_error

        decoder: Any = av.CodecContext.create(self._codec, "r")
        decoder.extradata = self._told
        decoder.thread_count = 1  # with several, a slice of H.264 that is missing goes unnoticed
        decoder.skip_frame = "NONKEY"
        try:
            found = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        except av_error.FFmpegError:
            return None
        return found[0] if len(found) == 1 and not found[0].is_corrupt else None


def units(data: bytes) -> Iterator[bytes]:
    """Yield the units of a byte stream (annex B)."""
    begins = [found.end() for found in UNIT.finditer(data)]
    for begin, end in zip(begins, [*(begin - 3 for begin in begins[1:]), len(data)]):
        if unit := data[begin:end].rstrip(b"\0"):
            yield unit
