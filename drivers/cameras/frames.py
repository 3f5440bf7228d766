"""Assemble the frames of an H.264 or H.265 stream from packets that each hold the payload of one RTP packet.

Packets with the same RTP timestamp are one frame (RFC 6184 and 7798, section 5.1), so that frames stay separate if
packets are lost. Some cameras violate that: their timestamp is constant, or each packet or slice has its own. If a
stream does so throughout, a frame extends from one picture's first slice to the next one's, whatever the timestamps.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any, NamedTuple

from drivers.cameras.camera import MOST_BYTES

START = b"\0\0\0\1"  # before each unit; within one it is escaped
STILL = 3  # pictures that begin at the same timestamp; a frame of two fields has two
APART = 8  # fragments of units, or later slices, each with another timestamp than its predecessor


class Bounds(NamedTuple):
    """How to detect the start of a frame: types of units (H.264 and H.265, table 7-1), `shift` bits up in byte 0.

    `heads`: units before a frame's first slice; `slices`: slices; a first slice has the top bit of byte `first` set: in
    H.264 the number of its first block is 0, in H.265 it is a flag.
    """

    shift: int
    mask: int
    heads: Container[int]
    slices: Container[int]
    first: int


BOUNDS = {
    "h264": Bounds(0, 31, (6, 7, 8, 9), range(1, 6), 1),
    "hevc": Bounds(1, 63, (*range(32, 36), 39), range(32), 2),
}


def frames(packets: Iterable[Any], codec: str) -> Iterator[bytes]:
    """Yield the bytes of each frame of a stream (annex B).

    A frame ends when it becomes too large, so that a constant timestamp does not fill the memory.
    """
    by_time, times = bytearray(), Times(BOUNDS.get(codec))
    time = None
    for packet in packets:
        data = bytes(packet)
        pictures = times.take(data, packet.pts)
        if times.are_useless:
            yield from pictures
            continue
        if by_time and (packet.pts != time or len(by_time) > MOST_BYTES):
            yield bytes(by_time)
            by_time.clear()
        time = packet.pts
        by_time += data
    yield from times.rest() if times.are_useless else filter(None, [bytes(by_time)])


class Times:
    """Decides whether a stream's timestamps are usable, and assembles its pictures by their slices alone."""

    def __init__(self, bounds: Bounds | None) -> None:
        self._bounds = bounds
        self._picture = bytearray()
        self._has_slice = False
        self._held: list[bytes] = []  # the last pictures while the stream has only one timestamp
        self._begun = 0
        self._seen: set[Any] = set()  # the first two timestamps
        self._last: Any = None
        self._fragments = [0, 0]  # counts of those with their predecessor's timestamp, and of those with another
        self._slices = [0, 0]
        self.are_useless = False

    def take(self, data: bytes, time: Any) -> list[bytes]:
        """Add a packet. Return the pictures that ended before it."""
        if self._bounds is None:
            return []
        ended = self._ended(data, self._bounds, int(time != self._last))
        self._last = time
        if len(self._seen) < 2:
            self._seen.add(time)
        self._picture += data
        self._held = [*self._held, *ended][-STILL:] if len(self._seen) == 1 and not self.are_useless else ended
        while sum(map(len, self._held)) > MOST_BYTES:
            del self._held[0]
        self.are_useless = self.are_useless or self._broken()
        if not self.are_useless:
            return []
        found, self._held = self._held, []
        return found

    def rest(self) -> list[bytes]:
        """Return the last picture."""
        return [bytes(self._picture)] if self._picture else []

    def _broken(self) -> bool:
        if len(self._seen) == 1 and self._begun >= STILL:
            return True
        return any(same == 0 and other >= APART for same, other in (self._fragments, self._slices))

    def _ended(self, data: bytes, bounds: Bounds, apart: int) -> list[bytes]:
        """Count the packet's evidence about the timestamps; return the picture that it ends, if any."""
        ended = self._cut() if len(self._picture) > MOST_BYTES else []
        if not data.startswith(START):
            self._fragments[apart] += bool(self._picture)
            return ended
        for unit in data.split(START)[1:]:
            kind = unit[0] >> bounds.shift & bounds.mask if unit else -1
            first = kind in bounds.slices and unit[bounds.first : bounds.first + 1] >= b"\x80"
            if self._has_slice and (first or kind in bounds.heads):
                ended += self._cut()
            elif self._has_slice and kind in bounds.slices:
                self._slices[apart] += 1
            self._begun += first
            self._has_slice = self._has_slice or kind in bounds.slices
        return ended

    def _cut(self) -> list[bytes]:
        ended = [bytes(self._picture)] if self._picture else []
        self._picture.clear()
        self._has_slice = False
        return ended
