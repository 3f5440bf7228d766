"""What devices on a serial line do that are there twice, change their speed, or are opened anew after each failure."""

from __future__ import annotations

import pytest

from drivers.clock import Clock
from drivers.devices import heard
from drivers.devices.heard import HeardBytes
from drivers.devices.modbus import INFO
from drivers.devices.nmea import NmeaDecoder, NmeaSettings, channels
from drivers.devices.stream import Talker
from drivers.errors import DeviceError, WrongDevice
from drivers.twins.modbus import sealed
from edge.language.remedies import remedy
from edge.sim.clock import SimClock
from tests.kits.modbus_line import played, settings, simulated
from tests.unit.drivers.test_what_is_heard import MASTER, NOISE, WIND

FIRST, SECOND = sealed(b"\x01\x03\x04\x01\x90\x00\xc8"), sealed(b"\x01\x03\x04\x02\x8a\xff\xdd")
REFUSAL = sealed(b"\x01\x83\x02")


def told(clock: SimClock, *recordings: bytes | tuple[bytes, ...]) -> list[DeviceError | None]:
    """Return what each read of a thermometer raises while these come back, its device opened anew after a failure."""
    bus = played(clock, *recordings)
    found: list[DeviceError | None] = []
    for _ in recordings:
        clock.sleep_until(clock.now() + 10.0)
        try:
            INFO.open(bus, settings("th-renke"), clock).read()
            found.append(None)
        except DeviceError as error:
            found.append(error)
    return found


@pytest.mark.parametrize("behind", [SECOND, b"\x9c" + SECOND, REFUSAL], ids=["values", "after noise", "a refusal"])
@pytest.mark.parametrize("cut", [False, True])
def test_two_devices_at_one_address_are_told_at_once(behind: bytes, cut: bool) -> None:
    """The quicker one's values are never taken for those of the device, however the two answers arrive.

    A station finds it as a technician's single look does.
    """
    both = (FIRST, behind) if cut else FIRST + behind
    for error in simulated(lambda clock: told(clock, *[both] * 4)):
        assert isinstance(error, WrongDevice) and error.detail.code == "two_devices", error
        assert str(error.detail) == "two devices answer at address 1"
        assert "sensors address" in remedy("modbus", error.reason)


def test_a_device_that_is_alone_again_is_read_again() -> None:
    """One read without a second answer ends it; the same answer twice, and another master's, are no second device."""
    found = simulated(
        lambda clock: told(clock, FIRST, FIRST + SECOND, FIRST + SECOND, FIRST, FIRST, FIRST + FIRST, FIRST)
    )
    assert [error is None for error in found] == [True, True, False, True, True, True, True]
    assert simulated(lambda clock: told(clock, *[FIRST + FIRST] * 3)) == [None] * 3
    others = FIRST + MASTER + sealed(b"\x01\x03\x00\x00\x00\x02") + SECOND
    assert simulated(lambda clock: told(clock, *[others] * 3)) == [None] * 3


def test_what_was_heard_on_a_line_is_kept_though_its_device_is_opened_anew() -> None:
    """A station opens a device anew after each failure: short pieces of text make one text all the same."""
    found = simulated(lambda clock: told(clock, *[b"PROBE FAULT E07\r\n"] * 4))
    assert [error.detail.code for error in found if error][-1] == "another_text"


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (sealed(b"\x01\x03\x02\x01\x90"), "The line is in order"),
        (sealed(b"\x07\x03\x04\x01\x90\x00\xc8"), "write the address"),
        (FIRST[:-1] + b"\x00", "no other device has the same address"),
    ],
)
def test_what_to_do_fits_what_came(answer: bytes, what: str) -> None:
    """An answer of another length or address is no loose wire; a damaged one may be that of two devices at once."""
    (error,) = simulated(lambda clock: told(clock, answer))
    assert error is not None and what in remedy("modbus", error.reason)


class Timetable:
    """A serial port at which pieces of bytes arrive at their instants, s."""

    baud = 4800

    def __init__(self, clock: Clock, pieces: list[tuple[float, bytes]]) -> None:
        self._clock, self._pieces = clock, pieces

    def read_some(self, until: float) -> bytes:
        """Return the next piece, or b"" at `until`."""
        if not self._pieces or self._pieces[0][0] > until:
            self._clock.sleep_until(until)
            return b""
        at, piece = self._pieces.pop(0)
        self._clock.sleep_until(at)
        return piece

    def flush_input(self) -> None:
        """Do nothing."""


def test_a_device_that_begins_again_at_another_speed_is_told_so() -> None:
    """After half a minute without a value, bytes in no frame are another speed, also of what was once understood."""

    def listen(clock: SimClock) -> list[tuple[float, str]]:
        pieces = [(float(n), WIND if n < 20 else NOISE * 4) for n in range(1, 120)]
        chosen = NmeaSettings(port="/dev/ttyUSB0")
        port: object = Timetable(clock, pieces)
        talker = Talker(port, NmeaDecoder(chosen), channels(chosen), clock, 10.0)  # type: ignore[arg-type]  # all of it that is used
        said = []
        while clock.now() < 110:
            try:
                talker.read()
            except DeviceError as error:
                said.append((clock.now(), error.detail.code))
        return said

    said = simulated(listen)
    assert {code for at, code in said if at < 45} == {"bytes_refused"}
    assert {code for at, code in said if at > 60} == {"no_frame_but_bytes"}


def test_noise_is_searched_for_other_devices_by_and_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """All drivers are tried on what is kept once half of it is new, not on each piece: no flood takes the whole box."""
    looks: list[int] = []

    def looked(data: bytes) -> str:
        looks.append(len(data))
        return ""

    monkeypatch.setattr(heard, "reader_of", looked)
    bytes_heard = HeardBytes()
    for n in range(1000):
        bytes_heard.add(bytes((n * k * 37 + 11) % 251 for k in range(64)))
        bytes_heard.other()
    assert 20 < len(looks) < 60
