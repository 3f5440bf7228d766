"""A simulated VEML7700: counts by gain and integration time, updated at the end of each integration.

Source: Vishay VEML7700 datasheet and application note 84323; register 0x07 holds the device's id, 0xC481.
"""

from __future__ import annotations

from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin

CONF, SAVING, ALS, WHITE, IDENTITY = 0, 3, 4, 5, 7
GAIN = {0b00: 1.0, 0b01: 2.0, 0b10: 1 / 8, 0b11: 1 / 4}
MILLISECONDS = {0b1100: 25, 0b1000: 50, 0b0000: 100, 0b0001: 200, 0b0010: 400, 0b0011: 800}
FULL = 65535
BENT_FROM = 1000.0  # lx; above it, at small gains, the device counts too little
CURVE = (6.0135e-13, -9.3924e-9, 8.1488e-5, 1.0023, 0.0)  # counted lux to true lux
POWER_ON = 0.004  # s


class Twin(RegisterTwin):
    """A VEML7700: illuminance at 0x10."""

    START: ClassVar[dict[str, float]] = {"illuminance": 400.0}

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.lux_per_count = float(settings.lux_per_count)  # at gain 2 and 800 ms
        self.bent = bool(settings.correction)
        self.words = {CONF: 0x0001, 1: 0, 2: 0, SAVING: 0, ALS: 0, WHITE: 0, 6: 0, IDENTITY: 0xC481}
        self.next_end = float("inf")

    def store(self, register: int, data: bytes) -> None:
        """Store words, low byte first; a new configuration begins with the next integration."""
        self._integrate()
        if register > SAVING or len(data) < 2:
            return
        self.words[register] = int.from_bytes(data[:2], "little")
        if register == CONF:
            wake = self.clock.now() + POWER_ON
            if self.words[CONF] & 1:
                self.next_end = float("inf")
            elif self.next_end == float("inf"):
                self.next_end = wake + self._time()

    def load(self, register: int, count: int) -> bytes:
        """Return a word, low byte first, repeated if more bytes are read."""
        self._integrate()
        return (self.words.get(register, 0).to_bytes(2, "little") * count)[:count]

    def _time(self) -> float:
        return MILLISECONDS.get(self.words[CONF] >> 6 & 15, 100) / 1000

    def _integrate(self) -> None:
        """Store the counts of every ended integration, by the setting at its end."""
        now = self.clock.now()
        if now < self.next_end:
            return
        self.words[ALS] = self.counts()
        self.words[WHITE] = min(FULL, 2 * self.words[ALS])
        time = self._time()
        self.next_end += time * (1 + int((now - self.next_end) / time))

    def counts(self) -> int:
        """Return the counts of one integration, 65535 if it is too bright for the setting."""
        gain = GAIN[self.words[CONF] >> 11 & 3]
        lux = self.values["illuminance"]
        if self.bent and gain < 1 and lux > BENT_FROM:
            lux = unbend(lux)
        return min(FULL, round(lux / (self.lux_per_count * 2 / gain * 0.8 / self._time())))


def unbend(lux: float) -> float:
    """Return the lux that the device counts if the true illuminance is `lux`."""
    low, high = 0.0, lux
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if bend(middle) < lux else (low, middle)
    return low


def bend(counted: float) -> float:
    """Return the true lux for the counted ones, by the maker's curve."""
    value = 0.0
    for factor in CURVE:
        value = value * counted + factor
    return value
