"""Devices that send unrequested: their common reader, and the search for frames in a stream.

A stream may begin and end anywhere in a frame, and after an invalid frame the next one is searched for within the bytes
already read, not after them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from drivers.buses.serial import SerialPort
from drivers.clock import Clock
from drivers.devices.heard import HeardBytes, bytes_refused
from drivers.driver import Channel, Decoder, Frame, Refused
from drivers.errors import CUT_SHORT, DeviceError, Garbled
from drivers.reading import Reading
from drivers.reason import Reason

CHECKSUM = Reason("checksum", "checksum")
NO_HEADER = Reason("no_header", "no header")
ANOTHER_DEVICE = Reason("another_device", "another device")
GATHER = 3.0  # s; the longest interval of frames of these devices
LOOK = 2.0  # s; a lane reads its port at least so often
STOOD_STILL = 4.0  # s without a read after which the program was certainly suspended, however busy the box is
BACKLOG = 1.0  # s within which the bytes buffered by the kernel and the adapter meanwhile are read
FORGOTTEN = 3  # times the timeout without a value: by then there may be another device, or another speed
LONGEST_STRAY = 64  # bytes without a header that are refused as one piece
# Reasons for refused bytes that may be anything; if a frame was recognized and refused, its reason says more.
UNKNOWN_BYTES = ("cut_short", "checksum", "no_header", "length", "not_a_block", "not_a_frame")


def pieces(data: bytes) -> Iterator[bytes]:
    """Yield `data` in pieces small enough for a decoder to copy repeatedly: a recording arrives in one chunk."""
    return (data[at : at + 4096] for at in range(0, len(data), 4096))


class Talker:
    """A device that sends unrequested on a serial port: `read()` waits for its next frame.

    Frames that arrived together are returned one at a time, each with the instant at which its last byte was received.
    A frame without a value of one of `channels` is skipped. Bytes buffered before opening are discarded, as the instant
    of their arrival is unknown; so the first bytes may be the rest of a frame, which is no error. Bytes that arrived
    while the program was suspended (stopped, swapped out, the box asleep) are skipped for the same reason. `known`: it
    has already proved to be the right device, for example by answering commands.
    """

    def __init__(
        self,
        bus: SerialPort,
        decoder: Decoder,
        channels: Iterable[Channel],
        clock: Clock,
        timeout: float,
        known: bool = False,
    ) -> None:
        self._bus = bus
        self._decoder = decoder
        self._quantities = frozenset(channel.quantity for channel in channels)
        self._clock = clock
        self._timeout = timeout
        self._got: deque[Refused | tuple[Reading, ...]] = deque()
        self._heard = HeardBytes()
        self._heard.is_known = known
        self._good = self._looked = clock.now()  # the instants of the newest value and of the last read of the port
        self._backlog_until = clock.now()
        bus.flush_input()

    def read(self, until: float | None = None) -> tuple[Reading, ...]:
        """Return the next frame's readings, waiting for the device's timeout or until the instant `until`.

        Raise NoAnswer if nothing arrived in that time, NoFrame if only bytes without a frame did, Garbled for each
        refused piece (its text begins with the reason and a colon), WrongDevice for a complete frame of another device
        or of another kind, Unplugged.
        """
        until = self._clock.now() + self._timeout if until is None else until
        self._heard.begin()
        if until > self._good + (1 + FORGOTTEN) * self._timeout:
            self._heard.is_known = False
        while not self._got:
            if not self._receive(until) and not self._got:
                raise self._heard.cause(self._timeout, self._bus.baud)
        first = self._got.popleft()
        if isinstance(first, Refused):
            self._listen_on(until)
            raise self._error_of(first, until)
        return first

    def close(self) -> None:
        """Do nothing: the lane owns the port."""

    def _error_of(self, refused: Refused, until: float) -> DeviceError:
        """Return the error for a refused piece; before the first value, the most specific of all pieces so far."""
        if not self._heard.is_known:
            if (other := self._heard.other()) is not None:
                return other
            came = [refused, *(item for item in self._got if isinstance(item, Refused))]
            refused = next((piece for piece in came if piece.reason.code not in UNKNOWN_BYTES), refused)
            if refused.reason.code in UNKNOWN_BYTES:
                self._heard.count = max(self._heard.count, refused.length)  # it may have arrived in an earlier read
                listened = max(0.1, round(self._clock.now() - until + self._timeout, 1))
                return self._heard.cause(listened, self._bus.baud)
        return Garbled(bytes_refused(refused.reason, refused.length))

    def _listen_on(self, until: float) -> None:
        """Receive more from a device that never gave a value, enough to recognize a frame of another device."""
        until = min(until, self._clock.now() + GATHER)
        while self._heard.is_short and self._receive(until):
            pass

    def _receive(self, until: float) -> bool:
        """Receive the next bytes, waiting for them until `until`. Return whether there is time left."""
        look = min(until, self._clock.now() + LOOK)
        data = self._bus.read_some(look)
        at = self._clock.now()
        if at > self._looked + STOOD_STILL:
            self._backlog_until = at + BACKLOG
        self._looked = at
        self._heard.add(data)
        self._take(data, at)
        return at < until and (bool(data) or at >= look)

    def _take(self, data: bytes, at: float) -> None:
        for item in self._decoder.feed(data):
            if at < self._backlog_until:
                continue
            if isinstance(item, Refused):
                self._heard.refused(item)
                if item.offset > 0 or item.reason.code not in UNKNOWN_BYTES:
                    self._got.append(item)
                continue
            wanted = self._quantities
            stamped = tuple(
                [Reading(r.quantity, r.value, at, r.doubt, r.wraps_at) for r in item.readings if r.quantity in wanted]
            )
            if stamped:
                self._heard.good()
                self._good = at
                self._got.append(stamped)
            else:
                self._heard.frame(item.kind or ", ".join(reading.quantity for reading in item.readings))


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """The verdict on the bytes at a header: a frame of `length` bytes (and a `kind`), or with a `reason` no frame."""

    length: int
    readings: tuple[Reading, ...] = ()
    reason: Reason | None = None
    kind: str = ""


class BinaryDecoder:
    """Decoder of frames that begin with one of `headers` (all of one length).

    `judge(data)`, given bytes that begin with a header, returns a `Judgement` as soon as it has enough of them, and
    None before. It must judge alike however many bytes follow the frame.
    """

    def __init__(self, headers: tuple[bytes, ...], judge: Callable[[bytes], Judgement | None]) -> None:
        self._headers = headers
        self._judge = judge
        self._data = bytearray()
        self._offset = 0  # of the first byte of _data in the input
        self._stray = 0  # bytes before _data that belong to no frame and are not yet refused

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes in any chunking. Yield the frames that they complete, and refusals of bytes in no frame."""
        for piece in pieces(data):
            self._data += piece
            yield from self._search(ended=False)

    def finish(self) -> Iterator[Frame | Refused]:
        """Decode or refuse what is left at the end of the input."""
        yield from self._search(ended=True)
        yield from self._refuse_stray()

    def _search(self, ended: bool) -> Iterator[Frame | Refused]:
        while self._data:
            if not self._at_header():
                if not ended and self._may_become_header(bytes(self._data)):
                    return
                self._drop(1)
                self._stray += 1
                if self._stray == LONGEST_STRAY:
                    yield from self._refuse_stray()
                continue
            yield from self._refuse_stray()
            verdict = self._judge(bytes(self._data))
            if verdict is None:
                if not ended:
                    return
                verdict = Judgement(len(self._data), reason=CUT_SHORT)
            yield self._settle(verdict)

    def _settle(self, verdict: Judgement) -> Frame | Refused:
        start = self._offset
        if verdict.reason is None:
            self._drop(verdict.length)
            return Frame(start, verdict.length, verdict.readings, verdict.kind)
        length = self._up_to_next_header(verdict.length)
        self._drop(length)
        return Refused(start, length, verdict.reason if length == verdict.length else CUT_SHORT)

    def _at_header(self) -> bool:
        return self._data.startswith(self._headers)

    def _may_become_header(self, tail: bytes) -> bool:
        return any(len(tail) < len(header) and header.startswith(tail) for header in self._headers)

    def _up_to_next_header(self, length: int) -> int:
        """Return how many of the first `length` bytes precede another header, or a beginning of one."""
        bad = bytes(self._data[:length])
        found = [at for header in self._headers if (at := bad.find(header, 1)) > 0]
        if found:
            return min(found)
        longest = len(self._headers[0]) - 1
        tails = (size for size in range(longest, 0, -1) if self._may_become_header(bad[-size:]))
        return length - next((size for size in tails if size < length), 0)

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._offset += count

    def _refuse_stray(self) -> Iterator[Refused]:
        if self._stray:
            yield Refused(self._offset - self._stray, self._stray, NO_HEADER)
            self._stray = 0
