"""Sensirion SEN50, SEN54 and SEN55 on I2C: particles, and (except SEN50) temperature and humidity.

Every two bytes are followed by a CRC-8. 0xffff and 0x7fff mean "no value"; a faulty SEN55 returned 0xfffe for all four
masses, so a value above 1000 ug/m3, the datasheet's range, has a doubt. The device's own status reports a failing fan,
laser or thermometer.

Source: Sensirion SEN5x datasheet (commands and waits table 13, status table 21); embedded-i2c-sen5x.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus
from drivers.checksums import crc8
from drivers.clock import Clock
from drivers.devices.register_lines import RegisterDecoder, Registers
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import Garbled, NoAnswer, WrongDevice
from drivers.reading import Reading
from drivers.reason import Reason

NAME, START, READY, VALUES, STATUS = 0xD014, 0x0021, 0x0202, 0x03C4, 0xD206
WAITS = {NAME: 0.02, START: 0.05, READY: 0.02, VALUES: 0.02, STATUS: 0.02}  # s from command to answer
NAME_WORDS, VALUE_WORDS = 16, 8
PATIENCE = 2.5  # s; there is a new measurement each second
LOOK_AGAIN = 0.1  # s
DIRTY = 1000.0  # ug/m3, the measuring range
CLEANING, RHT, LASER, FAN = 1 << 19, 1 << 6, 1 << 5, 1 << 4
TIMEOUT = 3.5  # s
# (quantity, word, divisor, signed)
MASSES = (("pm1", 0, 10), ("pm2p5", 1, 10), ("pm10", 3, 10))
AIR = (("relative_humidity", 4, 100), ("air_temperature", 5, 200))
NO_MASS, NO_AIR = 0xFFFF, 0x7FFF
MOST_HUMIDITY = 10_300  # 103 %, as hygrometers read in fog; words from 0x8000 on are below 0


class Settings(OnI2C):
    """Settings of the sensor. `model`: as printed on it. `address` is always 0x69."""

    address: int = Field(default=0x69, ge=0x69, le=0x69)
    model: Literal["SEN50", "SEN54", "SEN55"] = "SEN55"

    @property
    def air(self) -> bool:
        """Whether the model has a thermometer."""
        return self.model != "SEN50"


class Sen5x:
    """An opened SEN5x, measuring."""

    def __init__(self, bus: I2CBus, settings: Settings, clock: Clock) -> None:
        self._bus, self._settings, self._clock = bus, settings, clock
        with bus.allow(TIMEOUT):
            name = b"".join(word.to_bytes(2, "big") for word in self._ask(NAME, NAME_WORDS))
            found = name.partition(b"\0")[0].decode("ascii", "replace")
            if found != settings.model:
                raise WrongDevice(other_model(found, settings.model))
            self._send(START)

    def read(self) -> tuple[Reading, ...]:
        """Return the next new measurement; values that the device does not have are left out."""
        with self._bus.allow(TIMEOUT):
            until = self._clock.now() + PATIENCE
            while not self._ask(READY, 1)[0] & 0xFF:
                if self._clock.now() > until:
                    raise NoAnswer(
                        Reason(
                            "no_new_measurement",
                            "no new measurement in {seconds:g} s: it lost power, or its fan is off",
                            seconds=PATIENCE,
                        )
                    )
                self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)
            at = self._clock.now()
            words = self._ask(VALUES, VALUE_WORDS)
            high, low = self._ask(STATUS, 2)
        readings = decoded(words, high << 16 | low, self._settings.air, at)
        if not readings:
            raise NoAnswer(Reason("no_value_yet", "it measures, but has no value yet"))
        return readings

    def close(self) -> None:
        """Do nothing: the sensor continues measuring, as its values are right only a minute after the fan starts."""

    def _send(self, command: int) -> None:
        self._bus.transfer(self._settings.address, command.to_bytes(2, "big"))
        self._clock.sleep_until(self._clock.now() + WAITS[command])

    def _ask(self, command: int, count: int) -> tuple[int, ...]:
        self._send(command)
        return words_of(self._bus.transfer(self._settings.address, b"", 3 * count))


def other_model(found: str, wanted: str) -> Reason:
    """Return the reason that the device has another name than the configured one."""
    if not found:
        return Reason("model_without_name", "it gives no model name where {wanted} is expected", wanted=wanted)
    return Reason("other_model", "it says that it is a {found}, not a {wanted}", found=found, wanted=wanted)


def words_of(data: bytes) -> tuple[int, ...]:
    """Return the words of an answer. Raise Garbled if a CRC does not match."""
    groups = [data[at : at + 3] for at in range(0, len(data), 3)]
    if any(len(group) < 3 or crc8(group[:2]) != group[2] for group in groups):
        raise Garbled(Reason("word_checksum", "checksum: a word's CRC does not match"))
    return tuple(int.from_bytes(group[:2], "big") for group in groups)


def decoded(words: tuple[int, ...], status: int, air: bool, at: float) -> tuple[Reading, ...]:
    """Return the eight words of a measurement as readings; `status` is the device's own."""
    readings = []
    for quantity, place, divisor in MASSES:
        if words[place] != NO_MASS:
            value = words[place] / divisor
            readings.append(Reading(quantity, value, at, mass_doubt(value, status)))
    (_, humidity, _), (_, temperature, _) = AIR
    # The same word in both, impossible as a humidity, means no value: as a temperature, ffff would be -0.005 degC.
    void = words[humidity] == words[temperature] and words[humidity] > MOST_HUMIDITY
    for quantity, place, divisor in AIR if air and not void else ():
        raw = words[place]
        if raw != NO_AIR:
            value = (raw - 65536 if raw & 0x8000 else raw) / divisor
            doubt = Reason("thermometer_silent", "its thermometer does not answer") if status & RHT else None
            readings.append(Reading(quantity, value, at, doubt))
    return tuple(readings)


def mass_doubt(value: float, status: int) -> Reason | None:
    """Return the device's own doubt about a mass concentration, or None."""
    if status & FAN:
        return Reason("fan_failure", "fan failure")
    if status & LASER:
        return Reason("laser_failure", "laser failure")
    if status & CLEANING:
        return Reason("cleaning", "cleaning its fan")
    return Reason("beyond_range", "beyond its range") if value > DIRTY else None


def judge(registers: Registers, new: frozenset[int], air: bool) -> tuple[Reading, ...] | None:
    """Return the readings of a recorded answer to 0x03c4 (24 bytes), None if there is none.

    The status of 0xd206 (6 bytes) is used if it was recorded.
    """
    if VALUES not in new:
        return None
    words = words_of(registers[VALUES])
    high, low = words_of(registers.get(STATUS, bytes.fromhex("000081000081")))
    if len(words) != VALUE_WORDS:
        raise Garbled(Reason("words_length", "length: {count} words are not a measurement", count=len(words)))
    return decoded(words, high << 16 | low, air, 0.0)


def decoder(settings: Settings) -> RegisterDecoder:
    """Return a decoder of recorded answers by command."""
    return RegisterDecoder(lambda registers, new: judge(registers, new, settings.air))


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Return the channels with the datasheet's ranges and steps."""
    masses = tuple(Channel(quantity, 0, DIRTY, 0.1) for quantity, _, _ in MASSES)
    air = (Channel("relative_humidity", 0, 100, 0.01), Channel("air_temperature", -40, 85, 0.005))
    return masses + (air if settings.air else ())


def open_sen5x(bus: I2CBus, settings: Settings, clock: Clock) -> Device:
    """Open the device: check its name and start measuring."""
    return Sen5x(bus, settings, clock)


INFO = DriverInfo(
    name="sen5x",
    bus="i2c",
    settings=Settings,
    channels=channels,
    open=open_sen5x,
    interval=5.0,
    timeout=TIMEOUT + 0.2,
    decoder=decoder,
    twin="drivers.twins.sen5x:Twin",
    source="Sensirion SEN5x datasheet; github.com/Sensirion/embedded-i2c-sen5x",
)
