"""Decode the recorded bytes of a line, requests and answers in any chunking, into readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from drivers.buses import rtu
from drivers.devices.modbus_registers import RegisterRequest, not_void, void_answer
from drivers.devices.stream import ANOTHER_DEVICE, CHECKSUM, NO_HEADER
from drivers.driver import Frame, Refused
from drivers.errors import CUT_SHORT
from drivers.reason import Reason

NO_REQUEST = Reason("no_request", "no request before it")
OTHER_REQUEST = Reason("other_request", "the request before it asks another device or function")
NO_REGISTER = Reason("no_register", "no register of the profile")
EXCEPTION_BYTES = 5


class LineRequest(msgspec.Struct, frozen=True):
    """The last request on the line."""

    address: int
    function: int
    start: int
    count: int


class ModbusDecoder:
    """Decoder that pairs each answer with the request before it, for the device at `address`.

    An answer without a request is read as one to the profile's own request, if the profile has only one with that
    function.
    """

    def __init__(self, address: int, requests: tuple[RegisterRequest, ...]) -> None:
        self._address = address
        self._requests = requests
        self._data = bytearray()
        self._offset = 0  # of the first byte of _data in the input
        self._stray: list[Reason] = []  # for each byte before _data that is in no frame, why not
        self._request: LineRequest | None = None

    def feed(self, data: bytes) -> Iterable[Frame | Refused]:
        """Append bytes in any chunking. Yield the answers that they complete, and refusals of bytes in no frame."""
        self._data += data
        yield from self._search(ended=False)

    def finish(self) -> Iterable[Frame | Refused]:
        """Decode or refuse what is left at the end of the input."""
        yield from self._search(ended=True)
        yield from self._refuse_stray()

    def _search(self, ended: bool) -> Iterator[Frame | Refused]:
        while self._data:
            sizes = _sizes(bytes(self._data[:7]))
            whole = next((size for size in sizes if self._is_frame(size)), 0)
            if whole:
                yield from self._refuse_stray()
                yield from self._frame(bytes(self._data[:whole]))
                self._drop(whole)
            elif not ended and (len(self._data) < 7 or any(size > len(self._data) for size in sizes)):
                return
            else:
                self._stray.append(self._why(sizes))
                self._drop(1)
                if len(self._stray) == rtu.MOST_BYTES:
                    yield from self._refuse_stray()

    def _is_frame(self, size: int) -> bool:
        return len(self._data) >= size and rtu.crc_fits(bytes(self._data[:size]))

    def _why(self, sizes: tuple[int, ...]) -> Reason:
        """Return the reason why no frame begins here."""
        if not sizes or self._data[0] != self._address:
            return NO_HEADER
        return CUT_SHORT if min(sizes) > len(self._data) else CHECKSUM

    def _frame(self, frame: bytes) -> Iterator[Frame | Refused]:
        """Yield the result of a complete frame with a correct CRC: nothing for a request or a write's answer."""
        address, function = frame[0], frame[1]
        if function in rtu.READS and len(frame) == rtu.REQUEST_BYTES:
            start, count = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
            self._request = LineRequest(address, function, start, count)
        elif function & 0x80:
            yield Refused(self._offset, len(frame), rtu.exception_reason(frame[2]))
        elif function in rtu.READS:
            yield self._answer(frame)
            self._request = None

    def _answer(self, frame: bytes) -> Frame | Refused:
        address, function, count = frame[0], frame[1], frame[2] // 2
        if address != self._address:
            return Refused(self._offset, len(frame), ANOTHER_DEVICE)
        request = self._request_for(function)
        if request is None:
            return Refused(self._offset, len(frame), NO_REQUEST)
        if (request.address, request.function) != (address, function):
            return Refused(self._offset, len(frame), OTHER_REQUEST)
        if frame[2] != 2 * request.count:
            return Refused(self._offset, len(frame), rtu.other_length(frame[2], request.count))
        start = request.start
        values = (int.from_bytes(frame[3 + 2 * at : 5 + 2 * at], "big") for at in range(count))
        words = {(function, start + at): value for at, value in enumerate(values)}
        items = [item for request in self._requests for item in request.items if item.word(words) is not None]
        readings = tuple(item.reading(words, 0.0) for item in not_void(items, words))
        if readings:
            return Frame(self._offset, len(frame), readings)
        return Refused(self._offset, len(frame), void_answer(items, words) if items else NO_REGISTER)

    def _request_for(self, function: int) -> LineRequest | None:
        """Return an answer's request: the one before it, or the profile's only one with that function."""
        if self._request is not None:
            return self._request
        own = [request for request in self._requests if request.function == function]
        return LineRequest(self._address, function, own[0].start, len(own[0].places)) if len(own) == 1 else None

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._offset += count

    def _refuse_stray(self) -> Iterator[Refused]:
        if self._stray:
            yield Refused(self._offset - len(self._stray), len(self._stray), self._stray[0])
            self._stray.clear()


def _sizes(head: bytes) -> tuple[int, ...]:
    """Return the possible lengths of a frame with this beginning; empty if there is no such frame."""
    if len(head) < 2:
        return ()
    function = head[1]
    if function & 0x7F not in (*rtu.READS, *rtu.WRITES):
        return ()
    if function & 0x80:
        return (EXCEPTION_BYTES,)
    if function in rtu.READS and len(head) > 2:
        return (rtu.REQUEST_BYTES, 5 + head[2])
    if function == rtu.WRITE_SEVERAL and len(head) > 6:
        return (rtu.REQUEST_BYTES, 9 + head[6])
    return (rtu.REQUEST_BYTES,)
