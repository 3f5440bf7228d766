"""A simulated BME280: its register map, a real chip's coefficients, forced conversions.

The registers 0x88-0xA1 and 0xE1-0xE7 are the dump of a real chip, from periph.io's tests (bmx280_test.go).
The values to measure are converted to raw values by inverting the datasheet's own formula (BME280 datasheet rev. 1.6,
appendix 8.1, double precision) by a search, so that compensation restores them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin
from drivers.twins.twin import Fault

LOW = bytes.fromhex("106e6c6632005d95b8d5d00b771e9dfff9ffac260ad8bd10004b")  # 0x88-0xA1
HIGH = bytes.fromhex("6e01001305001e")  # 0xE1-0xE7
CHIP_ID, RESET = 0xD0, 0xE0
CTRL_HUM, STATUS, CTRL_MEAS, CONFIG, DATA = 0xF2, 0xF3, 0xF4, 0xF5, 0xF7
SAMPLES = (0, 1, 2, 4, 8, 16, 16, 16)  # by oversampling setting, table 20
COPYING = 0.002  # s; start-up time, table 1
SLOWLY = 30.0  # s; a conversion that takes far longer than the datasheet allows
NOTHING = bytes.fromhex("8000008000008000")  # the registers of skipped channels


class Twin(RegisterTwin):
    """A BME280: air temperature, humidity and pressure at an I2C address."""

    STRETCHES: ClassVar[frozenset[Fault]] = frozenset()  # its status bit hangs, not the bus
    START: ClassVar[dict[str, float]] = {
        "air_temperature": 18.0,
        "relative_humidity": 60.0,
        "air_pressure": 836.0,
    }

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.raw = NOTHING
        self.asked = {CTRL_HUM: 0, CTRL_MEAS: 0, CONFIG: 0}
        self.hum = 0  # ctrl_hum takes effect only with a write to ctrl_meas, 5.4.3
        self.busy_until = self.copied_at = 0.0

    def store(self, register: int, data: bytes) -> None:
        """Store pairs of register and byte, as the datasheet's multiple write (6.2.1)."""
        chain = bytes([register]) + data
        for at in range(0, len(chain) - 1, 2):
            self._write(chain[at], chain[at + 1])

    def load(self, register: int, count: int) -> bytes:
        """Return registers; the data registers do not change during a burst."""
        self._finish()
        return bytes(self._byte(number & 0xFF) for number in range(register, register + count))

    def _write(self, register: int, value: int) -> None:
        self._finish()
        if register == RESET and value == 0xB6:
            self.asked = dict.fromkeys(self.asked, 0)
            self.hum, self.raw = 0, NOTHING
            self.copied_at = self.clock.now() + COPYING
        elif register in self.asked:
            self.asked[register] = value
            if register == CTRL_MEAS:
                self.hum = self.asked[CTRL_HUM] & 7
                if value & 3:
                    self._convert(value)

    def _convert(self, ctrl: int) -> None:
        temperature, pressure, humidity = SAMPLES[ctrl >> 5], SAMPLES[ctrl >> 2 & 7], SAMPLES[self.hum]
        ms = 1.25 + 2.3 * temperature  # appendix B, the longest times
        ms += (2.3 * pressure + 0.575 if pressure else 0) + (2.3 * humidity + 0.575 if humidity else 0)
        stuck = {Fault.STUCK: float("inf"), Fault.SLOW: SLOWLY}
        self.busy_until = self.clock.now() + (stuck.get(self.fault, ms / 1000) if self.fault else ms / 1000)
        self._coming = self._measure(temperature > 0, pressure > 0, humidity > 0)

    def _finish(self) -> None:
        """End the conversion: new values, and back to sleep."""
        if self.busy_until and self.clock.now() >= self.busy_until:
            self.busy_until = 0.0
            self.raw = self._coming
            self.asked[CTRL_MEAS] &= ~3

    def _byte(self, number: int) -> int:
        if 0x88 <= number <= 0xA1:
            return LOW[number - 0x88]
        if 0xE1 <= number <= 0xE7:
            return HIGH[number - 0xE1]
        if DATA <= number < DATA + 8:
            return self.raw[number - DATA]
        if number == STATUS:
            return (8 if self.busy_until else 0) | (1 if self.clock.now() < self.copied_at else 0)
        return 0x60 if number == CHIP_ID else self.asked.get(number, 0)

    def _measure(self, temperature: bool, pressure: bool, humidity: bool) -> bytes:
        t, p, h = 0x80000, 0x80000, 0x8000
        if temperature:
            t = _search(lambda adc: fine(adc) / 5120.0, self.values["air_temperature"], 20)
        t_fine = fine(t)
        if temperature and pressure:
            p = _search(lambda adc: -pascal(adc, t_fine), -100.0 * self.values["air_pressure"], 20)
        if temperature and humidity:
            h = _search(lambda adc: percent(adc, t_fine), self.values["relative_humidity"], 16)
        return (p << 4).to_bytes(3, "big") + (t << 4).to_bytes(3, "big") + h.to_bytes(2, "big")


def _search(formula: Callable[[int], float], wanted: float, bits: int) -> int:
    """Return the raw value for which a monotonically rising formula is closest to `wanted`."""
    low, high = 0, (1 << bits) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if formula(middle) < wanted else (low, middle)
    return low if wanted - formula(low) < formula(high) - wanted else high


WORDS: tuple[int, ...] = struct.unpack("<HhhHhhhhhhhh", LOW[:24])
T1, T2, T3, P1, P2, P3, P4, P5, P6, P7, P8, P9 = WORDS
H1, H2, H3, H6 = LOW[25], int.from_bytes(HIGH[:2], "little", signed=True), HIGH[2], HIGH[6]
H4 = HIGH[3] << 4 | HIGH[4] & 15
H5 = HIGH[5] << 4 | HIGH[4] >> 4


def fine(adc: int) -> float:
    """Return t_fine, 1/5120 degC."""
    part = adc / 131072.0 - T1 / 8192.0
    return (adc / 16384.0 - T1 / 1024.0) * T2 + part * part * T3


def pascal(adc: int, t_fine: float) -> float:
    """Return the pressure, Pa."""
    v1 = t_fine / 2.0 - 64000.0
    v2 = (v1 * v1 * P6 / 32768.0 + v1 * P5 * 2.0) / 4.0 + P4 * 65536.0
    v1 = (1.0 + (P3 * v1 * v1 / 524288.0 + P2 * v1) / 524288.0 / 32768.0) * P1
    p = (1048576.0 - adc - v2 / 4096.0) * 6250.0 / v1
    return p + (P9 * p * p / 2147483648.0 + p * P8 / 32768.0 + P7) / 16.0


def percent(adc: int, t_fine: float) -> float:
    """Return the relative humidity, %, without the datasheet's clamp."""
    h = t_fine - 76800.0
    h = (adc - (H4 * 64.0 + H5 / 16384.0 * h)) * (
        H2 / 65536.0 * (1.0 + H6 / 67108864.0 * h * (1.0 + H3 / 67108864.0 * h))
    )
    return h * (1.0 - H1 * h / 524288.0)
