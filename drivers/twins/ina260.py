"""A simulated INA260. Source: INA260 datasheet SBOS656C, 8.6 (times and averages: table 6)."""

from __future__ import annotations

from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin

STEP = 0.00125  # V and A
AT_POWER_ON = 0x6127
SECONDS = (0.00014, 0.000204, 0.000332, 0.000588, 0.0011, 0.002116, 0.004156, 0.008244)  # of one conversion
AVERAGED = (1, 4, 16, 64, 128, 256, 512, 1024)


class Twin(RegisterTwin):
    """An INA260: a battery on the internal shunt."""

    START: ClassVar[dict[str, float]] = {"battery_voltage": 12.8, "battery_current": 0.35}

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.sign = -1 if settings.reversed else 1
        self.measured = (0, 0, 0)
        self._configure(AT_POWER_ON)

    def store(self, register: int, data: bytes) -> None:
        """Store the configuration, the only writable register; the conversion restarts."""
        if register == 0 and len(data) >= 2:
            self._convert()
            self._configure(int.from_bytes(data[:2], "big"))

    def load(self, register: int, count: int) -> bytes:
        """Return a word, high byte first."""
        self._convert()
        current, voltage, power = self.measured
        words = {0x00: self.conf, 0x01: current, 0x02: voltage, 0x03: power, 0xFE: 0x5449, 0xFF: 0x2270}
        return (words.get(register, 0).to_bytes(2, "big") * count)[:count]

    def _configure(self, conf: int) -> None:
        self.conf = conf
        took = (SECONDS[conf >> 6 & 7] + SECONDS[conf >> 3 & 7]) * AVERAGED[conf >> 9 & 7]
        self.ready_at = self.clock.now() + took

    def _convert(self) -> None:
        """Measure, once the first average is available."""
        if self.clock.now() < self.ready_at:
            return
        volts, amperes = self.values["battery_voltage"], self.sign * self.values["battery_current"]
        counted = (round(amperes / STEP), round(volts / STEP), round(abs(volts * amperes) / 0.01))
        self.measured = (counted[0] & 0xFFFF, counted[1] & 0xFFFF, counted[2] & 0xFFFF)
