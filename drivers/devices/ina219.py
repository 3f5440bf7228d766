"""Texas Instruments INA219 on I2C: voltage, current and power of the battery, by Adafruit's library.

Each reading triggers one conversion averaged over 128 samples, after which the registers no longer change, so that two
reads can be compared: with continuous conversion they would differ. The library computes for a shunt of 0.1 ohm;
current and power are scaled for another one.

Source: INA219 datasheet SBOS448G (registers 8.6, conversion times table 5).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus
from drivers.clock import Clock
from drivers.devices.register_lines import RegisterDecoder, Registers, refuse_ones, refuse_unkept, word
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import CONFIGURATION_LOST, BusStuck, Garbled
from drivers.reading import Reading
from drivers.reason import Reason

LIBRARY_OHM = 0.1
OVERFLOW, OVERFLOWN = Reason("overflow", "overflow"), 0x0001  # the bus register's bit: no current, no power
BEYOND_SHUNT = Reason("beyond_shunt", "current beyond the shunt's range")
CONF, WANTED = 0x00, 0x3FFB  # 32 V, 320 mV, 128 samples each, shunt and bus voltage when triggered
SHUNT, BUS, POWER, CURRENT, CALIBRATION = 0x01, 0x02, 0x03, 0x04, 0x05
SHUNT_LIMIT = 32_000  # 10 uV; the gain's range is 320 mV
CONVERSION = 0.14  # s; two averages of 68.1 ms
PATIENCE = 0.3  # s
LOOK_AGAIN = 0.01  # s
TIMEOUT = 0.6  # s


class Settings(OnI2C):
    """Settings of an INA219.

    `shunt_ohm`: the resistor's, ohm; `reversed`: the current counts as positive the other way (into the battery).
    """

    address: int = Field(default=0x40, ge=0x40, le=0x4F)
    shunt_ohm: float = Field(default=LIBRARY_OHM, gt=0, le=10)
    reversed: bool = False


class Ina219:
    """An opened INA219."""

    def __init__(self, bus: I2CBus, settings: Settings, clock: Clock) -> None:
        from adafruit_ina219 import INA219

        self._bus, self._settings, self._clock = bus, settings, clock
        with bus.allow(TIMEOUT):
            self._library: Any = INA219(bus, settings.address)
            self._calibration = int(self._library.calibration)  # lost at a power loss; without it the current is 0
            self._trigger()
            refuse_unkept(self._word(CONF), WANTED)

    def read(self) -> tuple[Reading, ...]:
        """Make one conversion and return its voltage, current and power."""
        with self._bus.allow(TIMEOUT):
            self._trigger()
            at = self._clock.now()
            self._wait(at)
            kept = self._word(CALIBRATION) == self._calibration  # read first: the library rewrites it before a current
            readings = self._readings(self._steady(), at)
            if not kept or self._word(CONF) != WANTED:
                raise Garbled(CONFIGURATION_LOST)
            return readings

    def close(self) -> None:
        """Do nothing: the device sleeps until it is triggered."""

    def _trigger(self) -> None:
        """Write the whole configuration word to start a conversion.

        The library changes single bits of what it reads, so that noise would persist in the others.
        """
        for register, value in ((CALIBRATION, self._calibration), (CONF, WANTED)):
            self._bus.transfer(self._settings.address, bytes([register, value >> 8, value & 0xFF]))

    def _wait(self, started: float) -> None:
        self._clock.sleep_until(started + CONVERSION)
        while not self._library.conversion_ready:
            if self._clock.now() > started + PATIENCE:
                raise BusStuck(
                    Reason("conversion_not_ready", "its conversion is not ready in {seconds:g} s", seconds=PATIENCE)
                )
            self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)

    def _steady(self) -> tuple[float, float, float]:
        """Return the library's V, mA and W once two successive reads are equal. Raise Garbled."""
        last = self._values()
        for _ in range(3):
            again = self._values()
            if again == last:
                return again
            last = again
        raise Garbled(Reason("registers_unsteady", "its registers read differently every time"))

    def _values(self) -> tuple[float, float, float]:
        chip = self._library
        return float(chip.bus_voltage), float(chip.current), float(chip.power)

    def _readings(self, values: tuple[float, float, float], at: float) -> tuple[Reading, ...]:
        volts, milliamperes, watts = values
        scale = LIBRARY_OHM / self._settings.shunt_ohm * (-1 if self._settings.reversed else 1)
        amperes = milliamperes / 1000 * scale
        signed = watts * abs(scale) * (-1 if amperes < 0 else 1)  # the register has no sign
        doubt = self._doubt()
        return (
            Reading("battery_voltage", volts, at),
            Reading("battery_current", amperes, at, doubt),
            Reading("battery_power", signed, at, doubt),
        )

    def _doubt(self) -> Reason | None:
        shunt = self._word(SHUNT)
        if abs(shunt - 65536 if shunt & 0x8000 else shunt) >= SHUNT_LIMIT:
            return BEYOND_SHUNT
        return OVERFLOW if self._library.overflow else None

    def _word(self, register: int) -> int:
        return int.from_bytes(self._bus.steady(self._settings.address, register, 2), "big")


def judge(registers: Registers, new: frozenset[int], settings: Settings) -> tuple[Reading, ...] | None:
    """Return the readings of recorded registers, or None if they hold none.

    Bus voltage (0x02), and the current by calibration (0x04, 0x05) or by shunt (0x01).
    """
    refuse_ones(*(registers[place] for place in new & {SHUNT, BUS, POWER, CURRENT}))
    sign, readings = -1 if settings.reversed else 1, []
    volts, shunt = word(registers, BUS), word(registers, SHUNT, signed=True)
    current, calibration = word(registers, CURRENT, signed=True), word(registers, CALIBRATION)
    if volts is not None and BUS in new:
        readings.append(Reading("battery_voltage", (volts >> 3) * 0.004, 0.0))
    if current is not None and calibration and CURRENT in new:
        amperes = current * 0.04096 / (calibration * settings.shunt_ohm)
        doubt = OVERFLOW if volts is not None and volts & OVERFLOWN else None
        readings.append(Reading("battery_current", sign * amperes, 0.0, doubt))
    elif shunt is not None and SHUNT in new:
        doubt = BEYOND_SHUNT if abs(shunt) >= SHUNT_LIMIT else None
        readings.append(Reading("battery_current", sign * shunt * 1e-5 / settings.shunt_ohm, 0.0, doubt))
    return tuple(readings) or None


def decoder(settings: Settings) -> RegisterDecoder:
    """Return a decoder of recorded lines of its registers, high byte first."""
    return RegisterDecoder(lambda registers, new: judge(registers, new, settings))


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Return the channels: 26 V (the chip's limit) in 4 mV steps, 320 mV across the shunt in 10 uV steps."""
    most = 0.32 / settings.shunt_ohm
    return (
        Channel("battery_voltage", 0, 26, 0.004),
        Channel("battery_current", -most, most, 1e-5 / settings.shunt_ohm),
        Channel("battery_power", -26 * most, 26 * most, 0.002 * LIBRARY_OHM / settings.shunt_ohm),
    )


def open_ina219(bus: I2CBus, settings: Settings, clock: Clock) -> Device:
    """Open the device and set it to its widest ranges."""
    return Ina219(bus, settings, clock)


INFO = DriverInfo(
    name="ina219",
    bus="i2c",
    settings=Settings,
    channels=channels,
    open=open_ina219,
    interval=10.0,
    timeout=TIMEOUT + 0.2,
    decoder=decoder,
    twin="drivers.twins.ina219:Twin",
    source="Texas Instruments INA219 datasheet SBOS448G",
)
