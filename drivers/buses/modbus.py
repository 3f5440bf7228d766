"""The RS-485 line: several Modbus RTU devices on one serial port, polled one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from drivers.buses import rtu
from drivers.buses.serial import open_serial
from drivers.errors import Garbled, NoAnswer, WrongDevice
from drivers.reason import Reason

if TYPE_CHECKING:
    from drivers.buses.bus import OnModbus
    from drivers.clock import Clock
    from drivers.devices.heard import HeardBytes

STOOD_STILL = 1.0  # s after the deadline; bytes found later arrived at an unknown time while the program was suspended
LATE = 2.0  # s for which an answer may be late: until then it could be mistaken for the answer to a new request
LATEST = 30.0  # s; the same for devices seen to answer later; our choice: radio links with retries take as long
SEEN_LATE = 3600.0  # s for which a device counts as one that answers late
TIMEOUT = 0.5  # s from the end of a request to its answer's first byte: the cost of a dead device
NO_ANSWER = Reason("no_answer_to_request", "no answer to a request")
QUIET_BYTES = 4  # silence between frames, in byte times (Renke, DFRobot manuals; the standard wants 3.5)
LEAST_QUIET = 0.00175  # s, from 19200 baud upwards (Modbus over serial line V1.02, 2.5.1.1)


class Port(Protocol):
    """The part of a serial port (`drivers/buses/serial.py`) that the line uses."""

    def read_some(self, until: float) -> bytes:
        """Return the received bytes, waiting for the first until `until`; b"" if none arrived."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def flush_input(self) -> None:
        """Discard what was received and not yet read."""

    def close(self) -> None:
        """Close the port."""


def open_modbus(settings: OnModbus, clock: Clock) -> ModbusBus:
    """Open the line that the settings name. Raise Unplugged with what is wrong with the port."""
    return ModbusBus(open_serial(settings, clock), settings.baud, settings.parity, clock)


class ModbusBus:
    """One shared line: one request at a time, with a silence before each."""

    def __init__(self, port: Port, baud: int, parity: str, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._codec = rtu.Codec()
        self._byte_time = (10 if parity == "N" else 11) / baud  # s; start, 8 data, parity and stop bits
        self._quiet = max(QUIET_BYTES * self._byte_time, LEAST_QUIET)
        self._last = float("-inf")  # the instant of the last byte on the line, as far as we know
        self._echoes = False  # whether the adapter was seen to echo what it sends
        self._blocked: dict[int, float] = {}  # by address, until when it may still answer an earlier request
        self._open: dict[int, list[float]] = {}  # by address, the instants of unanswered requests
        self._seen_late: dict[int, float] = {}  # by address, when an answer was last seen to come late
        self.arrived = float("-inf")  # the instant of the last answer
        self.stray = b""  # what arrived instead of the last answer
        self.heard: dict[int, HeardBytes] = {}  # by address; kept here as devices are reopened after each failure
        self._answered: rtu.Answer | None = None  # to the last request
        self._after = b""  # bytes that arrived together with that answer
        self._alone: set[int] = set()  # addresses at which no second device answered when one was waited for
        self._requests: dict[tuple[int, int, int, int], bytes] = {}  # encoded requests, cached

    def read(
        self,
        address: int,
        function: int,
        start: int,
        count: int,
        timeout: float = TIMEOUT,
        pause: float = 0.0,
        insist: bool = False,
    ) -> tuple[int, ...]:
        """Read `count` registers (0-65535 each) from `start` of the device at `address`, by function 3 or 4.

        `timeout`: seconds from the request's end to the answer; `pause`: the silence, seconds, that this device needs
        before a request; `insist`: send the request even though the answer to an earlier one may still arrive. Raise
        NoAnswer, Garbled, WrongDevice or Unplugged.
        """
        if not insist and self._is_blocked(address):
            raise NoAnswer(self._no_answer(address, timeout))  # the answer to an earlier one may still arrive
        key = (address, function, start, count)
        request = self._requests.get(key)
        if request is None:
            request = self._requests[key] = self._codec.read_request(*key)
        size = rtu.answer_bytes(count)
        if self._unanswered(address):  # the answer may be that to an earlier request, so it is requested twice
            self._exchange(request, address, size, timeout, pause)
        answer = self._exchange(request, address, size, timeout, pause)
        return rtu.registers(answer, address, function, count)

    def write(
        self,
        address: int,
        register: int,
        value: int,
        timeout: float = TIMEOUT,
        function: int = 6,
        pause: float = 0.0,
    ) -> None:
        """Write one register by function 6 or 16. Return when the device has acknowledged it.

        The acknowledgement of function 6 is a copy of the request: where the adapter echoes, only a second copy counts.
        Whether it echoes is learnt from reads, so one must precede the first write. Raise as `read` does.
        """
        request = self._codec.write_request(address, function, register, value)
        answer = self._exchange(request, address, 8, timeout, pause)
        rtu.check(answer, address, function)
        if answer.body[:4] != request[2:6]:
            raise Garbled(
                Reason("other_write", "the device acknowledged another write: {bytes}", bytes=answer.body.hex(" "))
            )

    def unasked(self) -> bytes:
        """Return the bytes received without a request."""
        return self._take_unasked()

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def _exchange(self, request: bytes, address: int, size: int, timeout: float, pause: float) -> rtu.Answer:
        """Make one transaction: silence, discard stale bytes, request, answer (`size` bytes are expected)."""
        begin = self._last + max(self._quiet, pause)
        if begin > self._clock.now():
            self._clock.sleep_until(begin)
        self._take_unasked()
        self._port.flush_input()
        self._port.write(request)
        until = self._clock.now() + (len(request) + size) * self._byte_time + timeout
        try:
            answer = self._answer(request, address, until, timeout)
            if address not in self._alone or self._unanswered(address):
                self._refuse_second(address, until, timeout)
            return answer
        except Garbled:
            self._drain(until)
            raise
        finally:
            self._last = self._clock.now()

    def _take_unasked(self) -> bytes:
        """Return the bytes received without a request, and note any answer among them: late, or of a second device.

        Of two devices at one address the slower one's answer follows the first. An equal one is a repetition; one after
        another master's request is the answer to that.
        """
        came = self._after + self._port.read_some(self._clock.now())
        before, self._answered, self._after = self._answered, None, b""
        if came and not rtu.requests_in(came):
            for answer in self._answers_in(came):
                if self._unanswered(answer.address):
                    self._answered_late(answer.address)
                elif self._is_late(answer.address) or before is None:
                    continue
                elif before.address == answer.address and before.body != answer.body:
                    self._alone.discard(answer.address)
        return came

    def _answers_in(self, data: bytes) -> Iterator[rtu.Answer]:
        """Yield the answers that the bytes begin with."""
        with contextlib.suppress(Garbled):
            while data and (answer := self._codec.find(data)) is not None:
                yield answer
                data = data[answer.end :]

    def _refuse_second(self, address: int, until: float, timeout: float) -> None:
        """Wait for a second answer of an address. Raise WrongDevice if one comes, NoAnswer if one of the two is late.

        Done at the first answer of each address, after a second one, and while it may still answer an earlier request:
        nothing in an answer identifies its request.
        """
        while self._clock.now() < until and (data := self._port.read_some(until)):
            self._after += data
        self._alone.add(address)
        unanswered = self._unanswered(address)
        self._take_unasked()
        if self._unanswered(address) != unanswered:  # one of the two is the late one; it is unknown which
            raise NoAnswer(self._no_answer(address, timeout))
        if address not in self._alone:
            raise WrongDevice(Reason("two_devices", "two devices answer at address {address}", address=address))

    def _is_blocked(self, address: int) -> bool:
        """Return whether the next answer may well be that to an earlier request."""
        if self._is_late(address) and self._unanswered(address):
            return True
        return self._clock.now() < self._blocked.get(address, float("-inf"))

    def _unanswered(self, address: int) -> list[float]:
        """Return the instants of the earlier requests that a device may still answer."""
        return [instant for instant in self._open.get(address, ()) if self._clock.now() < instant + LATEST]

    def _answered_late(self, address: int) -> None:
        """Note that a device answered its oldest request late."""
        self._open[address] = self._unanswered(address)[1:]
        self._seen_late[address] = self._clock.now()

    def _is_late(self, address: int) -> bool:
        """Return whether answers of that device are known to come late."""
        return self._clock.now() < self._seen_late.get(address, float("-inf")) + SEEN_LATE

    def _no_answer(self, address: int, timeout: float) -> Reason:
        """Return the reason that no answer came, or that it comes too late."""
        if not self._is_late(address):
            return NO_ANSWER
        return Reason(
            "answer_late", "its answers come later than {seconds:g} s after the request", seconds=round(timeout, 3)
        )

    def _answer(self, request: bytes, address: int, until: float, timeout: float) -> rtu.Answer:
        received = b""
        while True:
            self.stray = left = self._without_echo(received, request) if received else b""
            answer = self._codec.find(left) if left else None
            if answer is not None and answer.address != address and self._unanswered(answer.address):
                received = left[answer.end :]  # another device's answer to an earlier request
                self._answered_late(answer.address)
                continue
            if answer is not None:
                self.arrived = self._clock.now()
                self._echoes = self._echoes or len(left) < len(received)
                self._answered, self._after = answer, left[answer.end :]
                return answer
            data = self._port.read_some(until) if self._clock.now() < until else b""
            if not data or self._clock.now() > until + STOOD_STILL:
                raise self._nothing(received, request, timeout)
            received += data

    def _without_echo(self, received: bytes, request: bytes) -> bytes:
        """Return what was received without the echo of our own request.

        A beginning of the echo counts as part of it.
        """
        if request[1] == rtu.WRITE_ONE and not self._echoes:
            return received  # a copy is the acknowledgement
        if received.startswith(request):
            return received[len(request) :]
        return b"" if request.startswith(received) else received

    def _nothing(self, received: bytes, request: bytes, timeout: float) -> NoAnswer | Garbled:
        self._open[request[0]] = [*self._unanswered(request[0]), self._clock.now()]
        left = received.removeprefix(request)
        if left:
            return Garbled(
                Reason(
                    "no_whole_frame",
                    "truncated or not a frame: {count} bytes, {bytes}",
                    count=len(left),
                    bytes=left[:16].hex(" "),
                )
            )
        self._blocked[request[0]] = self._clock.now() + LATE
        return NoAnswer(self._no_answer(request[0], timeout))

    def _drain(self, until: float) -> None:
        """Discard what follows a bad frame until the line is quiet or the instant `until` is reached."""
        while (now := self._clock.now()) < until and self._port.read_some(min(until, now + self._quiet)):
            pass
