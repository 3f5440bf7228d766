"""A simulated resistor vane on an ADS1115.

Source: ADS1115 datasheet SBAS444D (registers 8.6); the resistances of the Misol and SparkFun vane.
"""

from __future__ import annotations

from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin
from drivers.twins.twin import Fault

OHM = {
    0.0: 33_000,
    22.5: 6_570,
    45.0: 8_200,
    67.5: 891,
    90.0: 1_000,
    112.5: 688,
    135.0: 2_200,
    157.5: 1_410,
    180.0: 3_900,
    202.5: 3_140,
    225.0: 16_000,
    247.5: 14_120,
    270.0: 120_000,
    292.5: 42_120,
    315.0: 64_900,
    337.5: 21_880,
}
RANGES = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)  # V, by the gain bits
RATES = (8, 16, 32, 64, 128, 250, 475, 860)  # samples a second


class Twin(RegisterTwin):
    """An ADS1115 with a vane: a direction behind an analog input."""

    STRETCHES: ClassVar[frozenset[Fault]] = frozenset({Fault.SLOW})  # STUCK: its conversion never ends
    START: ClassVar[dict[str, float]] = {"wind_from_direction": 0.0}

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.input = int(settings.input)
        self.supply = float(settings.supply_v)
        self.divider = 1000 * float(settings.divider_kohm)
        self.conf, self.converted = 0x8583 & 0x7FFF, 0
        self.low, self.high = 0x8000, 0x7FFF
        self.done_at = 0.0

    def store(self, register: int, data: bytes) -> None:
        """Store words, high byte first; bit 15 of the configuration starts a conversion."""
        if len(data) < 2:
            return
        word = int.from_bytes(data[:2], "big")
        if register == 1:
            self.conf = word & 0x7FFF
            if word & 0x8000:
                self.done_at = self.clock.now() + 1.1 / RATES[word >> 5 & 7]
                self.converted = self._convert()
        elif register == 2:
            self.low = word
        elif register == 3:
            self.high = word

    def load(self, register: int, count: int) -> bytes:
        """Return a word, high byte first."""
        busy = self.fault is Fault.STUCK or self.clock.now() < self.done_at
        words = (self.converted & 0xFFFF, self.conf | (0 if busy else 0x8000), self.low, self.high)
        return (words[register & 3].to_bytes(2, "big") * count)[:count]

    def _convert(self) -> int:
        if self.conf >> 12 & 7 != 4 + self.input:
            return 0
        turned = round(self.values["wind_from_direction"] / 22.5) * 22.5 % 360
        volts = self.supply * OHM[turned] / (OHM[turned] + self.divider)
        return min(round(volts / RANGES[self.conf >> 9 & 7] * 32768), 32767)
