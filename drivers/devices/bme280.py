"""Bosch BME280 on I2C: air temperature, relative humidity, air pressure, by Adafruit's library.

The library alone would convert once for each property and wait for the conversion without a timeout. Here it is given
a chip (`Bme280Chip`, its own "proxy") that converts once, with a timeout, reads the eight data bytes in one burst (the
datasheet's ch. 4: single reads mix two measurements), and serves the library's compensation from it.

Source: Bosch BME280 datasheet BST-BME280-DS002 rev. 1.6: ranges table 1-3, register map ch. 5, times app. B.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus
from drivers.clock import Clock
from drivers.devices.register_lines import RegisterDecoder, Registers
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import CONFIGURATION_LOST, BusStuck, Garbled, WrongDevice
from drivers.limits import doubted
from drivers.reading import Reading
from drivers.reason import Reason

CHIP_ID, BME280, BMP280 = 0xD0, 0x60, {0x56, 0x57, 0x58}
CTRL_HUM, STATUS, MEASURING, COPYING = 0xF2, 0xF3, 0x08, 0x01
RESET, DATA = 0xE0, range(0xF7, 0xFF)
AFTER_RESET = 0.004  # s; the datasheet's start-up time is 2 ms
FORCED = 0x01  # mode bits of ctrl_meas
CONVERSION = 0.045  # s; the longest of one conversion at 1x, 16x, 1x oversampling (app. B: 43.8 ms)
PATIENCE = 0.2  # s from the start of a conversion until the device counts as stuck
LOOK_AGAIN = 0.005  # s
NO_VALUE_20, NO_VALUE_16 = 0x80000, 0x8000  # the registers of a skipped channel (5.4.7-5.4.9)
TIMEOUT = 0.5  # s

COLDEST, HOTTEST = -40.0, 85.0  # degC
COEFFICIENTS = Reason("bme280_coefficients", "its coefficients cannot be a BME280's")
UNCOMPENSATED = Reason("uncompensated", "computed with an impossible temperature")


class Settings(OnI2C):
    """Settings of a BME280. `address`: 0x76 (SDO to ground) or 0x77 (SDO to VDDIO)."""

    address: int = Field(default=0x76, ge=0x76, le=0x77)


class Bme280Chip:
    """The chip as the library sees it. While a burst is held, reads are served from it and nothing is written."""

    def __init__(self, bus: I2CBus, address: int, clock: Clock) -> None:
        self._bus, self._address, self._clock = bus, address, clock
        self._burst: bytes | None = None

    def read_register(self, register: int, length: int) -> bytearray:
        """Read for the library: coefficients when it starts, data and status when it compensates."""
        if register == CHIP_ID:
            return bytearray([self.identify()])  # raises our own error before the library does
        if self._burst is None:
            return own_bytes(self._bus.steady(self._address, register, length))
        if register == STATUS:
            return bytearray(length)
        return bytearray(self._burst[register - DATA.start :][:length])

    def write_register_byte(self, register: int, value: int) -> None:
        """Write for the library: reset and settings when it starts, a forced conversion from `read`."""
        if self._burst is not None:
            return
        self._bus.transfer(self._address, bytes([register, value]))
        if register == RESET:
            self._clock.sleep_until(self._clock.now() + AFTER_RESET)

    def identify(self) -> int:
        """Return the chip id. Raise WrongDevice unless it is a BME280's, Garbled if the bus reads as empty."""
        (found,) = self._bus.steady(self._address, CHIP_ID, 1)
        if found in BMP280:
            raise WrongDevice(
                Reason("bmp280", "a BMP280 (chip id 0x{id:02x}), which has no humidity: a BME280 is required", id=found)
            )
        if found in {0x00, 0xFF}:
            raise Garbled(Reason("chip_id_empty", "chip id 0x{id:02x}, as read from an empty bus", id=found))
        if found != BME280:
            raise WrongDevice(Reason("other_chip_id", "chip id 0x{id:02x} is not a BME280's 0x60", id=found))
        return found

    def refuse_lost(self, humidity: int) -> None:
        """Raise Garbled unless the humidity's oversampling is `humidity`, which the library set when it started.

        Otherwise the chip lost its power: it may be another one, with other coefficients.
        """
        if self._bus.steady(self._address, CTRL_HUM, 1)[0] != humidity:
            raise Garbled(CONFIGURATION_LOST)

    def wait(self) -> None:
        """Wait until the conversion is done. Raise BusStuck if it takes longer than PATIENCE."""
        started = self._clock.now()
        self._clock.sleep_until(started + CONVERSION)
        while self._bus.transfer(self._address, bytes([STATUS]), 1)[0] & (MEASURING | COPYING):
            if self._clock.now() > started + PATIENCE:
                raise BusStuck(Reason("status_bit", "its status bit has not fallen in {seconds:g} s", seconds=PATIENCE))
            self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)

    def burst(self) -> bytes:
        """Return the eight data bytes. Raise Garbled if they are those of an empty bus."""
        data = self._bus.steady(self._address, DATA.start, len(DATA))
        if data[6:] == b"\xff\xff" or data == bytes(len(DATA)):
            raise Garbled(Reason("data_empty", "the data registers read like an empty bus"))
        return data

    def hold(self, burst: bytes | None) -> None:
        """Serve the library from these bytes from now on, or from the device again (None)."""
        self._burst = burst


class Bme280:
    """An opened BME280."""

    def __init__(self, bus: I2CBus, settings: Settings, clock: Clock) -> None:
        from adafruit_bme280.advanced import Adafruit_BME280_Advanced

        self._bus, self._clock = bus, clock
        self._chip = Bme280Chip(bus, settings.address, clock)
        with bus.allow(TIMEOUT):
            self._library: Any = Adafruit_BME280_Advanced(self._chip)

    def read(self) -> tuple[Reading, ...]:
        """Make one conversion and return its three readings. A channel without a value is left out."""
        with self._bus.allow(TIMEOUT):
            self._chip.identify()  # a replaced chip must not be used with the old one's coefficients
            self._chip.refuse_lost(self._library.overscan_humidity)
            self._library.mode = FORCED
            at = self._clock.now()
            self._chip.wait()
            return compensated(self._library, self._chip, self._chip.burst(), at)

    def close(self) -> None:
        """Do nothing: the chip sleeps by itself after each conversion."""


def compensated(library: Any, chip: Bme280Chip | RecordedChip, burst: bytes, at: float) -> tuple[Reading, ...]:
    """Return the library's values of one burst, never NaN: a channel that reads "no value" has no reading.

    Raise Garbled if there is no temperature or the coefficients are impossible.
    """
    raw_p, raw_t = int.from_bytes(burst[0:3], "big") >> 4, int.from_bytes(burst[3:6], "big") >> 4
    if raw_t == NO_VALUE_20:  # the others are compensated by the temperature
        raise Garbled(Reason("no_temperature", "no temperature among its values"))
    chip.hold(burst)
    try:
        readings = [Reading("air_temperature", float(library.temperature), at)]
        if int.from_bytes(burst[6:8], "big") != NO_VALUE_16:
            readings.append(humidity(float(library.relative_humidity), at))
        if raw_p != NO_VALUE_20:
            readings.append(Reading("air_pressure", float(library.pressure), at))
    except ArithmeticError:
        raise Garbled(COEFFICIENTS) from None
    finally:
        chip.hold(None)
    if not COLDEST <= readings[0].value <= HOTTEST:
        readings[1:] = [doubted(reading, UNCOMPENSATED) for reading in readings[1:]]
    return tuple(readings)


class RecordedChip:
    """A chip known from a recording only: its coefficients as read, and bursts that are held."""

    def __init__(self, registers: Registers) -> None:
        self._registers = {CHIP_ID: bytes([BME280])} | registers
        self._burst: bytes | None = None

    def read_register(self, register: int, length: int) -> bytearray:
        """Return the bytes from the recorded run that contains them. Raise Garbled if none does."""
        if self._burst is not None:
            return bytearray(length) if register == STATUS else part(self._burst, DATA.start, register, length)
        for first, run in self._registers.items():
            if first <= register and register + length <= first + len(run):
                found = part(run, first, register, length)
                return found if register == DATA.start else own_bytes(found)
        raise Garbled(
            Reason("not_in_recording", "register 0x{register:02x} is not in the recording", register=register)
        )

    def write_register_byte(self, register: int, value: int) -> None:
        """Do nothing: there is no device to write to."""

    def hold(self, burst: bytes | None) -> None:
        """Serve the library from these bytes, or from the recording again (None)."""
        self._burst = burst


def own_bytes(run: bytes | bytearray) -> bytearray:
    """Return bytes of a chip's memory for the library. Raise Garbled if all are equal.

    No chip has such coefficients; if all bits are ones any measurement becomes 0.00 degC.
    """
    if len(run) > 1 and len(set(run)) == 1:
        raise Garbled(COEFFICIENTS)
    return bytearray(run)


def part(run: bytes, first: int, register: int, length: int) -> bytearray:
    """Return `length` bytes from `register` of a run that begins at `first`."""
    return bytearray(run[register - first :][:length])


def judge(registers: Registers, new: frozenset[int]) -> tuple[Reading, ...] | None:
    """Return the readings of a recorded burst, compensated by the library with the recorded coefficients.

    None if no burst is among the `new` registers. Raise Garbled or WrongDevice.
    """
    from adafruit_bme280.advanced import Adafruit_BME280_Advanced

    if not any(DATA.start in range(first, first + len(registers[first])) for first in new):
        return None
    chip = RecordedChip(registers)
    if chip.read_register(CHIP_ID, 1)[0] != BME280:
        raise WrongDevice(Reason("not_a_bme280", "the chip id is not a BME280's 0x60"))
    burst = bytes(chip.read_register(DATA.start, len(DATA)))
    return compensated(Adafruit_BME280_Advanced(chip), chip, burst, 0.0)


def decoder(_: Settings) -> RegisterDecoder:
    """Return a decoder of recorded lines with 0x88 (26 bytes), 0xE1 (7) and 0xF7 (8)."""
    return RegisterDecoder(judge)


def humidity(value: float, at: float) -> Reading:
    """Return the reading of a relative humidity, with a doubt at 0 %.

    The library clamps to 0 and 100 %: fog reaches 100, but no air is without water.
    """
    return Reading(
        "relative_humidity", value, at, None if value > 0 else Reason("humidity_stop", "humidity at its lower stop")
    )


def channels(_: Settings) -> tuple[Channel, ...]:
    """Return the channels with the operating ranges and resolutions of the datasheet's tables 1 to 3."""
    return (
        Channel("air_temperature", COLDEST, HOTTEST, 0.01),
        Channel("relative_humidity", 0, 100, 0.008),
        Channel("air_pressure", 300, 1100, 0.0018),
    )


def open_bme280(bus: I2CBus, settings: Settings, clock: Clock) -> Device:
    """Open the device: check its identity and read its coefficients."""
    return Bme280(bus, settings, clock)


INFO = DriverInfo(
    name="bme280",
    bus="i2c",
    settings=Settings,
    channels=channels,
    open=open_bme280,
    interval=10.0,
    timeout=2 * TIMEOUT,
    decoder=decoder,
    twin="drivers.twins.bme280:Twin",
    source="Bosch BME280 datasheet BST-BME280-DS002, rev. 1.6",
)
