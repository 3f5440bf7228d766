"""The complete key frames of an H.264 or H.265 stream, each decoded by a new decoder.

FFmpeg's own parsers split a frame that has parameter sets before each slice, and join data from before an outage with
data from after it: `frames.py` delimits the frames instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from typing import Any, NamedTuple

from drivers.cameras import hevc
from drivers.cameras.frames import START

MOST_SETS, LONGEST_SET = 64, 4096  # parameter sets that are kept, and bytes of one: a camera has three of about 50
SHARE = 16  # a sixteenth of the last slice's bytes, without which the frame must differ
UNIT = re.compile(rb"\x00\x00\x01")  # before each unit; within one it is escaped


class Coding(NamedTuple):
    """The types of a codec's units (H.264 and H.265, table 7-1), `shift` bits up in the first byte.

    `hints`: units that may mark a key frame without a slice of one; `whole` returns the frame that slices decode to
    with the given decoder, None if it is incomplete.
    """

    shift: int
    mask: int
    sets: Container[int]
    parts: Container[int]
    keys: Container[int]
    hints: Container[int]
    whole: Callable[[hevc.Decoding, list[bytes]], Any]


def whole_h264(decoded: hevc.Decoding, slices: list[bytes]) -> Any:
    """Return the frame that slices decode to, None if it is incomplete, or needs fewer bytes than there are.

    FFmpeg reports missing data. But with the parameter sets of a smaller frame it silently decodes only that size.
    One frame is in memory at a time.
    """
    last = slices[-1].rstrip(hevc.PADDING) if slices else b""
    if len(last) < hevc.SHORTEST:
        return decoded(slices)
    fewer = hevc.pixels_of(decoded([*slices[:-1], last[: len(last) - len(last) // SHARE]]))
    frame = decoded(slices)
    return None if hevc.pixels_of(frame) == fewer else frame


CODINGS = {
    # An I picture that is not an IDR picture is a key frame by its SEI message, a recovery point: the decoder decides.
    "h264": Coding(0, 31, (7, 8), range(1, 7), (5,), (6,), whole_h264),
    "hevc": Coding(1, 63, range(32, 35), range(32), range(16, 24), (), hevc.whole),
}


class KeyFrames:
    """The key frames of one stream; `extradata`: the parameter sets announced before it, if any.

    For a codec without a `Coding`, FFmpeg decides what is a complete key frame.
    """

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._codec, self._extradata, self._coding = codec, extradata, CODINGS.get(codec)
        self._sets: dict[bytes, None] = {}  # in the order of their last arrival

    def decode(self, data: bytes) -> Iterator[Any]:
        """Yield the key frame in a frame's bytes, None if it is incomplete; nothing for any other frame."""
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
        for oldest in list(self._sets)[:-MOST_SETS]:  # a camera that always sends new ones must not fill the memory
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
        """Return the only key frame in the data, None if there is none or FFmpeg reports it incomplete."""
        import av
        from av import error as av_error

        decoder: Any = av.CodecContext.create(self._codec, "r")
        decoder.extradata = self._extradata
        decoder.thread_count = 1  # with several, a missing slice of H.264 goes unnoticed
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
