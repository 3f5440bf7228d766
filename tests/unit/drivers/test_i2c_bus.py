"""The I2C bus: busio's shape, a deadline, and errors that say what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import smbus2

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus, open_i2c
from drivers.devices.bme280 import Settings
from drivers.errors import BusStuck, DeviceError, Garbled, InUse, NoAnswer, NotADevice, Unplugged, WrongDevice
from drivers.reason import Reason
from drivers.twins.bme280 import Twin
from drivers.twins.memory import MemoryI2C
from drivers.twins.twin import Fault
from edge.language.remedies import remedy
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane


class Script:
    """An adapter that answers each transfer with the next of its answers."""

    def __init__(self, *answers: bytes | int) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, bytes, int]] = []

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Return the next answer; for a number raise the kernel's error of that errno."""
        self.asked.append((address, out, count))
        answer = self.answers.pop(0)
        if isinstance(answer, int):
            raise OSError(answer, os.strerror(answer))
        return answer

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EREMOTEIO, NoAnswer),
        (errno.ENXIO, NoAnswer),
        (errno.EIO, NoAnswer),
        (errno.ETIMEDOUT, BusStuck),
        (errno.EAGAIN, BusStuck),
        (errno.ENODEV, Unplugged),
        (errno.EBADF, Unplugged),
    ],
)
def test_what_the_kernel_says_becomes_the_drivers_error(number: int, expected: type[DeviceError]) -> None:
    """A device that is missing, a line that is held and an adapter that is gone are told apart."""
    bus = I2CBus(Script(number, number, number), SimClock())
    with pytest.raises(expected):
        bus.transfer(0x76, b"\xd0", 1)


def test_what_fails_at_once_is_tried_again_and_what_hangs_is_not() -> None:
    """A lost acknowledgement costs a repetition; a line that is held would cost the kernel's whole timeout again."""
    script = Script(errno.EREMOTEIO, errno.EAGAIN, b"\x60")
    assert I2CBus(script, SimClock()).transfer(0x76, b"\xd0", 1) == b"\x60"
    for number in (errno.ETIMEDOUT, errno.ENODEV):
        script = Script(number, b"\x60")
        with pytest.raises(DeviceError):
            I2CBus(script, SimClock()).transfer(0x76, b"\xd0", 1)
        assert len(script.asked) == 1


def test_a_bus_that_is_not_there_says_how_to_switch_it_on() -> None:
    """Without /dev/i2c-31 a technician reads which file is missing and what to do."""
    with pytest.raises(Unplugged, match="there is no /dev/i2c-31"):
        open_i2c(OnI2C(bus=31, address=0x76), SimClock())


def test_an_adapter_that_another_program_holds_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two programs on one bus can spoil each other's reading unseen: the second is refused, until the first ends."""
    file = tmp_path / "i2c-1"
    file.touch()
    monkeypatch.setattr(smbus2.SMBus, "_get_funcs", lambda bus: 0)
    keys: dict[str, Any] = {"bus": str(file), "address": 0x76}
    settings, opened = OnI2C.model_construct(**keys), []
    monkeypatch.setattr(fcntl, "ioctl", lambda fd, request, value: opened.append(request))
    first = open_i2c(settings, SimClock())
    opened.clear()
    with pytest.raises(InUse, match="in use by another program") as raised:
        open_i2c(settings, SimClock())
    assert not opened, "nothing of the adapter is changed under whoever holds it"
    assert "sudo systemctl stop minshan" in remedy("i2c", raised.value.reason)
    first.close()
    open_i2c(settings, SimClock()).close()


def test_parts_of_buffers_are_written_and_filled_as_busio_does() -> None:
    """The keywords start, end, out_start, out_end, in_start and in_end mean what they mean in busio."""
    script = Script(b"", b"\x11\x22", b"\x33\x44\x55")
    bus = I2CBus(script, SimClock())
    bus.writeto(0x10, b"abcdef", start=1, end=3)
    filled = bytearray(5)
    bus.readfrom_into(0x10, filled, start=2, end=4)
    both = bytearray(b"wxyz!")
    bus.writeto_then_readfrom(0x10, both, both, out_start=0, out_end=1, in_start=1, in_end=4)
    assert script.asked == [(0x10, b"bc", 0), (0x10, b"", 2), (0x10, b"w", 3)]
    assert (bytes(filled), bytes(both)) == (b"\x00\x00\x11\x22\x00", b"w\x33\x44\x55!")


def test_asking_who_is_there_reads_a_byte() -> None:
    """A probe by an empty write, which many adapters refuse, becomes a read of one byte."""
    script = Script(b"\x00")
    I2CBus(script, SimClock()).writeto(0x10, b"")
    assert script.asked == [(0x10, b"", 1)]


def test_bytes_that_never_read_the_same_are_garbled() -> None:
    """Without a checksum on the wire, bytes that differ at each reading are not taken."""
    bus = I2CBus(Script(b"\x01", b"\x02", b"\x03", b"\x04"), SimClock())
    with pytest.raises(Garbled, match="0xf7"):
        bus.steady(0x76, 0xF7, 1)


def test_one_disturbed_reading_is_read_again() -> None:
    """A single disturbed transfer costs nothing but a repetition."""
    assert I2CBus(Script(b"\x01", b"\x07", b"\x07"), SimClock()).steady(0x76, 0xF7, 1) == b"\x07"


def test_the_deadline_ends_the_librarys_endless_wait() -> None:
    """Adafruit's own loop on a status bit that never falls ends at the deadline that the bus was given."""
    from adafruit_bme280.basic import Adafruit_BME280_I2C

    def body(clock: SimClock) -> float:
        settings = Settings()
        twin = Twin(settings, clock, 1)
        bus = I2CBus(MemoryI2C(clock, [twin]), clock)
        library = Adafruit_BME280_I2C(bus, settings.address)
        twin.misbehave(Fault.STUCK)
        began = clock.now()
        with pytest.raises(BusStuck, match=r"within 0\.03 s"), bus.allow(0.03):
            _ = library.temperature
        return clock.now() - began

    assert 0.03 <= on_lane(body) < 0.032


def test_the_nearest_of_nested_deadlines_holds() -> None:
    """An inner block cannot lengthen the time of the one around it, and the outer one holds again after it."""

    def body(clock: SimClock) -> None:
        bus = I2CBus(Script(b"\x00", b"\x00"), clock)
        with bus.allow(1.0), bus.allow(5.0):
            clock.sleep_until(clock.now() + 0.9)
            bus.transfer(0x76, b"", 1)
            clock.sleep_until(clock.now() + 0.2)
            with pytest.raises(BusStuck, match="within 1 s"):
                bus.transfer(0x76, b"", 1)
        bus.transfer(0x76, b"", 1)

    on_lane(body)


def test_a_transfer_costs_the_time_of_its_bits() -> None:
    """Ten bytes on the wire at 100 kHz, each with its acknowledgement, take 0.9 ms of simulated time."""

    def body(clock: SimClock) -> float:
        twin = Twin(Settings(), clock, 1)
        I2CBus(MemoryI2C(clock, [twin]), clock).transfer(0x76, b"\xf7", 7)  # two addresses besides
        return clock.now()

    assert on_lane(body) == pytest.approx(0.0009)


def test_the_libraries_load_as_on_a_pi_without_asking_a_person() -> None:
    """On a Pi the sensors' libraries load without `board`, which would ask whether it may install packages."""
    libraries = "adafruit_bme280.advanced, adafruit_veml7700, adafruit_ina219, adafruit_ads1x15.ads1115"
    env = os.environ | {"BLINKA_FORCECHIP": "BCM2XXX", "BLINKA_FORCEBOARD": "RASPBERRY_PI_4B"}
    env.pop("BLINKA_SKIP_DEPENDENCY_CHECK", None)
    program = f"import sys, {libraries}; print('board' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


@pytest.mark.parametrize("bus", ["i2c", "gpio", "file"])
@pytest.mark.parametrize("kind", [NoAnswer, Garbled, WrongDevice, BusStuck, Unplugged, NotADevice])
def test_no_baud_rate_is_looked_for_where_there_is_none(bus: str, kind: type[DeviceError]) -> None:
    """Of I2C, GPIO and 1-Wire nobody is sent to find the speed."""
    advice = remedy(bus, kind(Reason("nothing_known", "nothing is known")).reason)
    assert advice and "baud" not in advice
