"""Texas Instruments INA260 on I2C: voltage, current and power of the battery, with its internal shunt.

Source: INA260 datasheet SBOS656C (registers 8.6); Adafruit_INA260 @1d14a8e for the steps.
"""

from __future__ import annotations

from pydantic import Field

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus
from drivers.clock import Clock
from drivers.devices.register_lines import ONES, RegisterDecoder, Registers, refuse_ones, word
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import CONFIGURATION_LOST, Garbled, WrongDevice
from drivers.reading import Reading
from drivers.reason import Reason

CONF, CURRENT, VOLTAGE, POWER, MAKER, DIE = 0x00, 0x01, 0x02, 0x03, 0xFE, 0xFF
WANTED = 0x6927  # continuous, 1.1 ms each, 128 averaged: a new value each 0.28 s
SETTLING = 0.3  # s until the first average
TEXAS, INA260 = 0x5449, 0x227
STEP_A, STEP_V, STEP_W = 0.00125, 0.00125, 0.01
TIMEOUT = 0.5  # s


class Settings(OnI2C):
    """Settings of an INA260. `reversed`: the current counts as positive the other way (into the battery)."""

    address: int = Field(default=0x40, ge=0x40, le=0x4F)
    reversed: bool = False


class Ina260:
    """An opened INA260."""

    def __init__(self, bus: I2CBus, settings: Settings, clock: Clock) -> None:
        self._bus, self._settings, self._clock = bus, settings, clock
        with bus.allow(TIMEOUT):
            maker, die = self._word(MAKER), self._word(DIE)
            if maker != TEXAS or die >> 4 != INA260:
                raise WrongDevice(
                    Reason(
                        "no_ina260",
                        "maker 0x{maker:04x}, die 0x{die:04x}: not an INA260 (an INA219 has neither)",
                        maker=maker,
                        die=die,
                    )
                )
            bus.transfer(settings.address, bytes([CONF, WANTED >> 8, WANTED & 0xFF]))
            clock.sleep_until(clock.now() + SETTLING)

    def read(self) -> tuple[Reading, ...]:
        """Return the latest average's voltage, current and power."""
        with self._bus.allow(TIMEOUT):
            at = self._clock.now()
            raw = self._word(CURRENT)
            amperes = (raw - 65536 if raw & 0x8000 else raw) * STEP_A * (-1 if self._settings.reversed else 1)
            watts = self._word(POWER) * STEP_W * (-1 if amperes < 0 else 1)  # the register has no sign
            volts = self._word(VOLTAGE)
            if volts == 0xFFFF:  # its first bit is always 0
                raise Garbled(ONES)
            if self._word(CONF) != WANTED:  # read after the values: a chip that lost power meanwhile reads zeros
                raise Garbled(CONFIGURATION_LOST)
            return (
                Reading("battery_voltage", volts * STEP_V, at),
                Reading("battery_current", amperes, at),
                Reading("battery_power", watts, at),
            )

    def close(self) -> None:
        """Do nothing: the device continues converting, at 0.3 mA."""

    def _word(self, register: int) -> int:
        return int.from_bytes(self._bus.steady(self._settings.address, register, 2), "big")


def judge(registers: Registers, new: frozenset[int], settings: Settings) -> tuple[Reading, ...] | None:
    """Return the readings of recorded registers: current (0x01), bus voltage (0x02). None if they hold none."""
    refuse_ones(*(registers[place] for place in new & {CURRENT, VOLTAGE, POWER}))
    sign, readings = -1 if settings.reversed else 1, []
    volts, current = word(registers, VOLTAGE), word(registers, CURRENT, signed=True)
    if volts is not None and VOLTAGE in new:
        readings.append(Reading("battery_voltage", volts * STEP_V, 0.0))
    if current is not None and CURRENT in new:
        readings.append(Reading("battery_current", sign * current * STEP_A, 0.0))
    return tuple(readings) or None


def decoder(settings: Settings) -> RegisterDecoder:
    """Return a decoder of recorded lines of its registers, high byte first."""
    return RegisterDecoder(lambda registers, new: judge(registers, new, settings))


def channels(_: Settings) -> tuple[Channel, ...]:
    """Return the channels with the datasheet's ranges and steps."""
    return (
        Channel("battery_voltage", 0, 36, STEP_V),
        Channel("battery_current", -15, 15, STEP_A),
        Channel("battery_power", -540, 540, STEP_W),
    )


def open_ina260(bus: I2CBus, settings: Settings, clock: Clock) -> Device:
    """Open the device and check its identity."""
    return Ina260(bus, settings, clock)


INFO = DriverInfo(
    name="ina260",
    bus="i2c",
    settings=Settings,
    channels=channels,
    open=open_ina260,
    interval=10.0,
    timeout=TIMEOUT + 0.5,
    decoder=decoder,
    twin="drivers.twins.ina260:Twin",
    source="Texas Instruments INA260 datasheet SBOS656C",
)
