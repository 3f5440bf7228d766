"""A simulated INA260. Source: INA260 datasheet SBOS656C, 8.6."""

from __future__ import annotations

from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin

STEP = 0.00125  # V and A


class Twin(RegisterTwin):
    """An INA260: a battery on the inner shunt."""

    START: ClassVar[dict[str, float]] = {"battery_voltage": 12.8, "battery_current": 0.35}

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.sign = -1 if settings.reversed else 1
        self.conf = 0x6127

    def store(self, register: int, data: bytes) -> None:
        """Store the configuration, the only register that can be written."""
        if register == 0 and len(data) >= 2:
            self.conf = int.from_bytes(data[:2], "big")

    def load(self, register: int, count: int) -> bytes:
        """Return a word, high byte first."""
        volts, amperes = self.values["battery_voltage"], self.sign * self.values["battery_current"]
        words = {
            0x00: self.conf,
            0x01: round(amperes / STEP) & 0xFFFF,
            0x02: round(volts / STEP) & 0xFFFF,
            0x03: round(abs(volts * amperes) / 0.01) & 0xFFFF,
            0xFE: 0x5449,
            0xFF: 0x2270,
        }
        return (words.get(register, 0).to_bytes(2, "big") * count)[:count]
