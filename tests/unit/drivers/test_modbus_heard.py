"""What a Modbus line says of a device that refuses a block, and of bytes that make no frame."""

from __future__ import annotations

import pytest

from drivers.buses.modbus import ModbusBus
from drivers.devices.modbus import INFO
from drivers.errors import DeviceError, Garbled, WrongDevice
from drivers.twins.modbus import sealed
from edge.language.remedies import remedy
from edge.sim.clock import SimClock
from tests.kits.modbus_line import PlayedPort, played, settings, simulated
from tests.unit.drivers.test_seven_causes import STATION


def test_a_refused_block_says_how_single_registers_are_asked() -> None:
    """A device that answers single registers alone refuses a block: the way out is in the message."""
    sensor = settings("th-renke")
    refuses = sealed(b"\x01\x83\x02")

    def read(clock: SimClock) -> None:
        bus = played(clock, refuses)
        INFO.open(bus, sensor, clock).read()

    with pytest.raises(WrongDevice, match=r"2 registers in one request.*most_registers = 1") as raised:
        simulated(read)
    assert raised.value.detail.code == "block_refused"


@pytest.mark.parametrize(("profile", "function", "other"), [("th-renke", 3, 4), ("th-renke", 4, 3), ("rs-fsjt", 3, 4)])
def test_a_function_that_a_device_has_not_is_named_with_the_other(profile: str, function: int, other: int) -> None:
    """Exception 1 is about the function, not about how many registers were asked: that setting is in the message."""
    sensor = settings(profile, function=function)

    def read(clock: SimClock) -> None:
        bus = played(clock, sealed(bytes([1, 0x80 | function, 1])))
        INFO.open(bus, sensor, clock).read()

    with pytest.raises(WrongDevice, match=f"set function = {other}") as raised:
        simulated(read)
    assert raised.value.detail.code == "function_refused"
    assert "function" in remedy("modbus", raised.value.reason)


def test_a_line_that_never_gave_a_frame_tells_what_is_heard() -> None:
    """Bytes of another speed or another device are told with what may help, once enough came; noise later is noise."""
    sensor = settings("th-renke", baud=4800)
    noise = bytes((n * 37 + 11) % 251 for n in range(120))

    def heard(clock: SimClock, *recordings: bytes) -> DeviceError:
        device = INFO.open(played(clock, *recordings), sensor, clock)
        error: DeviceError | None = None
        for _ in recordings:
            try:
                device.read()
            except DeviceError as found:
                error = found
        assert error is not None
        return error

    said = simulated(lambda clock: heard(clock, *[noise] * 6))
    assert said.detail.code == "no_frame_but_bytes"
    assert "9600" in str(said.detail)
    good = sealed(b"\x01\x03\x04\x02\x00\x00\xc8")
    assert isinstance(simulated(lambda clock: heard(clock, good, *[noise] * 6)), Garbled)


def test_a_device_that_speaks_unasked_on_the_line_is_named() -> None:
    """Where a request has no answer and another device speaks on the line, that one is named, not a loose wire."""

    def read(clock: SimClock) -> None:
        port = PlayedPort(clock)
        device = INFO.open(ModbusBus(port, 9600, "N", clock), settings("th-renke"), clock)
        port.stale = STATION * 2
        device.read()

    with pytest.raises(WrongDevice) as raised:
        simulated(read)
    assert raised.value.detail.code == "another_driver" and "ascii-station" in str(raised.value)


def test_a_device_that_speaks_into_the_answer_is_named_at_once() -> None:
    """One line of it in place of an answer is enough: a technician who reads once is not sent to the wires."""

    def read(clock: SimClock) -> None:
        INFO.open(played(clock, STATION), settings("th-renke"), clock).read()

    with pytest.raises(WrongDevice, match="use driver ascii-station"):
        simulated(read)
