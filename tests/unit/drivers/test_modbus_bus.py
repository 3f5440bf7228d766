"""The RS-485 line: what each misbehaviour of the wire costs, and how it is named."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable

import pytest

from drivers.buses.modbus import ModbusBus
from drivers.devices.modbus import ModbusSettings
from drivers.errors import DeviceError, Garbled, NoAnswer, WrongDevice
from drivers.twins.bench import wire_for
from drivers.twins.modbus import sealed
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane
from tests.kits.modbus_line import PlayedPort, played, simulated

BYTE = 10 / 4800  # s
REQUEST = bytes.fromhex("01 03 00 00 00 01 84 0a")
ANSWER = bytes.fromhex("01 03 02 00 06 38 46")
WRITE = bytes.fromhex("01 06 07 d0 00 02 08 86")


def read(*pieces: bytes) -> tuple[int, ...]:
    """Register 0 of the device at address 1, when these bytes come back."""
    return simulated(lambda clock: played(clock, pieces).read(1, 3, 0, 1))


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ((ANSWER,), "in one piece"),
        (tuple(bytes([octet]) for octet in ANSWER), "byte by byte"),
        ((REQUEST, ANSWER), "after an echo"),
        ((REQUEST + ANSWER,), "in one piece with an echo"),
        ((REQUEST[:3], REQUEST[3:] + ANSWER[:2], ANSWER[2:]), "cut anywhere, with an echo"),
        ((b"\x00" + ANSWER,), "after the 00 of a driver that changes over"),
        ((b"\xff\x00" + ANSWER,), "after ff 00 of a driver that changes over"),
        ((b"\x9c" + ANSWER,), "after a disturbed byte"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_is_found(pieces: tuple[bytes, ...], why: str) -> None:
    """The answer's word is read however the adapter delivers it."""
    assert read(*pieces) == (6,), why


@pytest.mark.parametrize(
    ("pieces", "kind", "says"),
    [
        ((), NoAnswer, "no answer"),
        ((REQUEST,), NoAnswer, "no answer"),
        ((ANSWER[:2],), Garbled, "truncated"),  # which an echo would begin with as well
        ((ANSWER[:5],), Garbled, "truncated"),
        ((REQUEST, ANSWER[:5]), Garbled, "truncated"),
        ((b"\x01\x03\x02\x00\x07\x38\x46",), Garbled, "checksum"),
        ((b"\x02\x03\x02\x00\x06\x7c\x46",), WrongDevice, "address 2 answered instead of 1"),
        ((sealed(b"\xff\x03\x02\x00\x06"),), WrongDevice, "address 255 answered instead of 1"),
        ((sealed(b"\x00\x03\x02\x00\x06"),), WrongDevice, "address 0 answered instead of 1"),
        ((b"\x01\x04\x02\x00\x06\x39\x32",), WrongDevice, "function 4 was answered instead of 3"),
        ((b"\x01\x03\x04\x00\x06\x00\x01\xdb\xf2",), Garbled, "4 bytes of registers came instead of the 2"),
        ((b"\x01\x83\x02\xc0\xf1",), WrongDevice, "exception 2, illegal data address"),
        ((b"\x01\x83\x06\xc1\x32",), Garbled, "exception 6, device busy"),
        ((b"\x55" * 200, b"\x55" * 200), Garbled, "400 bytes and no frame"),
    ],
)
def test_what_is_no_answer_is_named(pieces: tuple[bytes, ...], kind: type[DeviceError], says: str) -> None:
    """Each way not to answer raises the error of its class, with a sentence that says what came."""
    with pytest.raises(kind, match=says):
        read(*pieces)


def test_a_dead_device_costs_its_timeout_and_no_more() -> None:
    """Half a second at most, beside the time that the bytes take on the line, goes to a device that is silent."""

    def run(clock: SimClock) -> float:
        with pytest.raises(NoAnswer):
            played(clock).read(1, 3, 0, 1)
        return clock.now()

    assert 0.5 <= simulated(run) < 0.54


class SlowPort(PlayedPort):
    """The same on a line of 4800 baud, whose device thinks for 0.45 s before it answers."""

    def write(self, data: bytes) -> None:
        """Take a request; its recording comes when that is sent and thought about."""
        super().write(data)
        self._pieces = [bytes([octet]) for piece in self._pieces for octet in piece]
        self._next = self._clock.now() + 0.45 + len(data) * BYTE

    def read_some(self, until: float) -> bytes:
        """Return the next byte when it has come; b"" at `until` where none has."""
        self._next = max(self._next, self._clock.now()) + BYTE if self._pieces else float("inf")
        self._clock.sleep_until(min(until, self._next))
        return self._pieces.pop(0) if self._pieces and self._next <= until else b""


@pytest.mark.parametrize("count", [1, 64])
def test_an_answer_has_its_length_of_time_beyond_the_timeout(count: int) -> None:
    """A long answer takes as long on a slow line as the whole timeout; where none comes, no more is waited for."""
    answer = sealed(bytes([1, 3, 2 * count]) + bytes(2 * count))

    def run(*recordings: bytes) -> tuple[tuple[int, ...], float]:
        def on_line(clock: SimClock) -> tuple[tuple[int, ...], float]:
            try:
                return ModbusBus(SlowPort(clock, *recordings), 4800, "N", clock).read(1, 3, 0, count), clock.now()
            except NoAnswer:
                return (), clock.now()

        return simulated(on_line)

    assert run(answer)[0] == (0,) * count
    assert run()[1] < 0.5 + (8 + len(answer) + 2) * BYTE


def test_a_babbling_line_is_left_at_the_deadline() -> None:
    """A device that never stops sending is given up at the deadline, not followed for ever."""

    def run(clock: SimClock) -> float:
        with pytest.raises(Garbled):
            played(clock, (b"\x01\x03\xf0",) * 2000).read(1, 3, 0, 1)
        return clock.now()

    assert simulated(run) < 0.6


def test_a_slow_babbler_is_left_at_the_deadline_too() -> None:
    """A device that sends a byte now and then does not hold the line beyond the deadline."""

    def run(clock: SimClock) -> float:
        with pytest.raises(Garbled, match="truncated or not a frame: 1"):
            played(clock, (b"\x55",) * 2000).read(1, 3, 0, 1, timeout=0.1)
        return clock.now()

    assert simulated(run) < 0.14


def test_the_rest_of_a_bad_frame_passes_before_the_line_is_used_again() -> None:
    """What follows a bad frame is waited out, so that the next request does not run into it."""
    bad = bytes.fromhex("01 03 02 00 07 38 46")

    def run(clock: SimClock) -> tuple[float, tuple[int, ...]]:
        bus = played(clock, (bad, *(b"\x55" for _ in range(30))), ANSWER)
        with pytest.raises(Garbled):
            bus.read(1, 3, 0, 1)
        quiet = clock.now()
        return quiet, bus.read(1, 3, 0, 1)

    quiet, got = simulated(run)
    assert got == (6,)
    assert quiet >= 0.031  # thirty bytes came, a millisecond apart


def test_a_disturbed_byte_is_not_taken_for_an_address() -> None:
    """A 00 before the answer of address 3 is not read as address 0 with function 3."""
    answer = bytes.fromhex("00 03 03 02 00 06 41 86")
    assert simulated(lambda clock: played(clock, answer).read(3, 3, 0, 1)) == (6,)


def test_stale_bytes_are_forgotten_before_a_request() -> None:
    """What lay on the line before the request is not taken for its answer."""

    def run(clock: SimClock) -> tuple[int, ...]:
        port = PlayedPort(clock, ANSWER)
        port.stale = bytes.fromhex("01 03 02 00 09 78 42")
        return ModbusBus(port, 4800, "N", clock).read(1, 3, 0, 1)

    assert simulated(run) == (6,)


def test_a_late_answer_does_not_cost_the_neighbour() -> None:
    """A sensor that answers after its time is dropped from the next one's exchange, whose answer still counts."""
    neighbour = bytes.fromhex("02 03 02 00 07 bd 86")

    def run(clock: SimClock) -> tuple[int, ...]:
        bus = played(clock, b"", (ANSWER + neighbour,))
        with pytest.raises(NoAnswer):
            bus.read(1, 3, 0, 1)
        return bus.read(2, 3, 0, 1)

    assert simulated(run) == (7,)


@pytest.mark.parametrize(("pause", "quiet"), [(0.0, 40 / 4800), (0.2, 0.2)])
def test_the_line_is_silent_between_two_exchanges(pause: float, quiet: float) -> None:
    """At least four byte times, or the device's own pause, lie between an answer and the next request."""

    def run(clock: SimClock) -> float:
        bus = played(clock, ANSWER, ANSWER)
        bus.read(1, 3, 0, 1)
        answered = clock.now()
        bus.read(1, 3, 0, 1, pause=pause)
        return clock.now() - 0.001 - answered

    assert simulated(run) == pytest.approx(quiet)


def written(*exchanges: bytes | tuple[bytes, ...], read_first: bool = False) -> None:
    """Write 2 to register 0x07d0 of the device at address 1."""

    def run(clock: SimClock) -> None:
        bus = played(clock, *exchanges)
        if read_first:
            bus.read(1, 3, 0, 1)
        bus.write(1, 0x07D0, 2)

    simulated(run)


def test_a_write_is_acknowledged() -> None:
    """A write returns when the device has sent its copy of it, with an echoing adapter or without."""
    written(WRITE)
    written(REQUEST + ANSWER, WRITE + WRITE, read_first=True)


@pytest.mark.parametrize(
    ("exchanges", "read_first", "kind"),
    [
        ((b"",), False, NoAnswer),
        ((REQUEST + ANSWER, WRITE), True, NoAnswer),  # the echo alone
        ((bytes.fromhex("01 06 07 d0 00 03 c9 46"),), False, Garbled),
        ((bytes.fromhex("01 86 03 02 61"),), False, WrongDevice),
    ],
)
def test_a_write_that_is_not_acknowledged_fails(
    exchanges: tuple[bytes, ...], read_first: bool, kind: type[DeviceError]
) -> None:
    """Silence, the adapter's own echo, another value or an exception are no acknowledgement."""
    with pytest.raises(kind):
        written(*exchanges, read_first=read_first)


@pytest.mark.parametrize("function", [6, 16])
def test_the_requests_of_manuals_are_sent(function: int) -> None:
    """The bytes that go out are those that the makers' manuals print."""
    printed = {6: "01 06 00 66 00 02 e8 14", 16: "01 10 07 d0 00 01 02 00 02 42 c1"}
    register = {6: 0x66, 16: 0x07D0}[function]
    acknowledgement = {6: "01 06 00 66 00 02 e8 14", 16: "01 10 07 d0 00 01 01 44"}[function]

    def run(clock: SimClock) -> list[bytes]:
        port = PlayedPort(clock, bytes.fromhex(acknowledgement))
        ModbusBus(port, 9600, "N", clock).write(1, register, 2, function=function)
        return port.sent

    assert simulated(run) == [bytes.fromhex(printed[function])]


def test_closing_the_line_closes_the_port() -> None:
    """The port is let go of, so that another program may open it."""
    closed: list[bool] = []

    class Port(PlayedPort):
        def close(self) -> None:
            closed.append(True)

    def close(clock: SimClock) -> None:
        ModbusBus(Port(clock), 4800, "N", clock).close()

    call: Callable[[SimClock], None] = close
    simulated(call)
    assert closed == [True]


def test_an_answer_that_comes_late_is_never_taken_for_the_next_one() -> None:
    """A device that answers after its time-out gives no reading rather than an older one under a new stamp."""

    class Late:
        """Registers hold their own numbers; each answer takes 1.2 s."""

        address = 1

        def delay(self) -> float:
            return 1.2

        def answer(self, request: bytes) -> bytes:
            function, start, count = struct.unpack(">BHH", request[1:6])
            return sealed(struct.pack(f">BBB{count}H", 1, function, 2 * count, *range(start, start + count)))

    def body(clock: SimClock) -> list[tuple[int, ...]]:
        settings = ModbusSettings(port="x", profile="rs-fsjt", address=1)
        wire = wire_for("modbus", [(settings, Late())], clock)
        wire.start()
        bus = wire.open(settings, clock)
        got = []
        for start in range(100, 120):
            with contextlib.suppress(NoAnswer):
                got.append((start, *bus.read(1, 3, start, 1, 0.3)))
            clock.sleep_until(start - 99.0)
        return [pair for pair in got if pair[0] != pair[1]]

    assert on_lane(body) == []
