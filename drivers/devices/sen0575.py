"""DFRobot SEN0575 tipping bucket on I2C: the rain counted since it was powered on.

Its own library returns zeros if the bus fails: here its identity is read with every total. The total restarts from
zero when the gauge loses power.

Source: DFRobot_RainfallSensor @38fea5e (registers and the pauses between write and read).
"""

from __future__ import annotations

from pydantic import Field

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus
from drivers.clock import Clock
from drivers.devices.register_lines import RegisterDecoder, Registers, refuse_ones
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import Garbled, WrongDevice
from drivers.reading import Reading
from drivers.reason import Reason

IDENTITY, TOTAL = 0x00, 0x10
MAKER, PRODUCT = 0x3343, 0x100C0
GENUINE = bytes.fromhex("c0004373")  # the two as packed into four bytes
PER_MM = 10_000
WRAPS_AT = 2**32 / PER_MM
PAUSE = 0.03  # s from writing a register's number to reading it
TIMEOUT = 0.6  # s


class Settings(OnI2C):
    """Settings of the gauge. `address` is always 0x1d."""

    address: int = Field(default=0x1D, ge=0x1D, le=0x1D)


def identify(octets: bytes) -> None:
    """Check the identity's four bytes. Raise WrongDevice unless they are a SEN0575's."""
    if len(octets) < 4 or octets in {bytes(4), b"\xff" * 4}:
        raise Garbled(Reason("identity_empty", "its identity registers read like an empty bus"))
    product = int.from_bytes(octets[:2], "little") | (octets[3] & 0xC0) << 10
    maker = octets[2] | (octets[3] & 0x3F) << 8
    if (product, maker) != (PRODUCT, MAKER):
        raise WrongDevice(
            Reason(
                "no_sen0575",
                "product 0x{product:x} of maker 0x{maker:04x} is not an SEN0575",
                product=product,
                maker=maker,
            )
        )


class Sen0575:
    """An opened rain gauge."""

    def __init__(self, bus: I2CBus, settings: Settings, clock: Clock) -> None:
        self._bus, self._address, self._clock = bus, settings.address, clock
        with bus.allow(TIMEOUT):
            identify(self._ask(IDENTITY, 4))

    def read(self) -> tuple[Reading, ...]:
        """Return the total in mm."""
        with self._bus.allow(TIMEOUT):
            identify(self._ask(IDENTITY, 4))
            return (measured(self._steady(TOTAL, 4), self._clock.now()),)

    def close(self) -> None:
        """Do nothing: the gauge continues counting."""

    def _steady(self, register: int, count: int) -> bytes:
        """Read a register until two reads agree: there is no checksum, and a tip may come between. Raise Garbled."""
        last = self._ask(register, count)
        for _ in range(3):
            again = self._ask(register, count)
            if again == last:
                return again
            last = again
        raise Garbled(Reason("total_unsteady", "its total reads differently every time"))

    def _ask(self, register: int, count: int) -> bytes:
        self._bus.transfer(self._address, bytes([register]))
        self._clock.sleep_until(self._clock.now() + PAUSE)
        return self._bus.transfer(self._address, b"", count)


def judge(registers: Registers, new: frozenset[int]) -> tuple[Reading, ...] | None:
    """Return the reading of a recorded total (0x10), None if there is none.

    The identity (0x00) is checked if it was recorded.
    """
    if TOTAL not in new:
        return None
    identify(registers.get(IDENTITY, GENUINE))
    if len(registers[TOTAL]) < 4:
        raise Garbled(Reason("total_length", "length: the total has four bytes"))
    return (measured(registers[TOTAL][:4], 0.0),)


def measured(octets: bytes, at: float) -> Reading:
    """Return the reading of the total's four bytes, mm. Raise Garbled if all bits are ones."""
    refuse_ones(octets)
    return Reading("rainfall_amount", int.from_bytes(octets, "little") / PER_MM, at, wraps_at=WRAPS_AT)


def decoder(_: Settings) -> RegisterDecoder:
    """Return a decoder of recorded lines of its registers, low byte first."""
    return RegisterDecoder(judge)


def channels(_: Settings) -> tuple[Channel, ...]:
    """Return the channel with the counter's range; a tip is 0.2794 mm (the library's default)."""
    return (Channel("rainfall_amount", 0, WRAPS_AT, 0.2794),)


def open_sen0575(bus: I2CBus, settings: Settings, clock: Clock) -> Device:
    """Open the gauge and check its identity."""
    return Sen0575(bus, settings, clock)


INFO = DriverInfo(
    name="sen0575",
    bus="i2c",
    settings=Settings,
    channels=channels,
    open=open_sen0575,
    interval=10.0,
    timeout=TIMEOUT + 0.1,
    decoder=decoder,
    twin="drivers.twins.sen0575:Twin",
    source="github.com/DFRobot/DFRobot_RainfallSensor @38fea5e",
)
