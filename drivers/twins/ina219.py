"""A simulated INA219: triggered conversions of bus and shunt voltage, current and power by calibration.

Source: INA219 datasheet SBOS448G, 8.5 and 8.6.
"""

from __future__ import annotations

from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin

CONF, SHUNT, BUS, POWER, CURRENT, CALIBRATION = range(6)
AT_RESET, CONTINUOUS = 0x399F, 7
SAMPLES = 0.0681  # s for 128
ONE_SAMPLE = 0.000532  # s, as it is set at power-on


class Twin(RegisterTwin):
    """An INA219: a battery on a shunt."""

    START: ClassVar[dict[str, float]] = {"battery_voltage": 12.8, "battery_current": 0.35}

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.ohm = float(settings.shunt_ohm)
        self.sign = -1 if settings.reversed else 1
        self.words = {CONF: AT_RESET, SHUNT: 0, BUS: 0, POWER: 0, CURRENT: 0, CALIBRATION: 0}
        self.ready_at = self.clock.now() + 2 * ONE_SAMPLE
        self.pending = True

    def store(self, register: int, data: bytes) -> None:
        """Store words, high byte first. A configuration with a mode starts a conversion."""
        if len(data) < 2 or register not in {CONF, CALIBRATION}:
            return
        self.words[register] = int.from_bytes(data[:2], "big")
        if register == CONF:
            if self.words[CONF] & 0x8000:
                self.words |= {CONF: AT_RESET, CALIBRATION: 0}
            self.ready_at = self.clock.now() + 2 * SAMPLES
            self.pending = True
            self.words[BUS] &= ~2  # not ready

    def load(self, register: int, count: int) -> bytes:
        """Return a word, high byte first."""
        if self.pending and self.clock.now() >= self.ready_at:
            self.pending = self.words[CONF] & 7 == CONTINUOUS
            self._convert()
        return (self.words.get(register, 0).to_bytes(2, "big") * count)[:count]

    def _convert(self) -> None:
        shunt = round(self.sign * self.values["battery_current"] * self.ohm / 1e-5)
        shunt = max(-32_000, min(32_000, shunt))
        volts = max(0, min(8191, round(self.values["battery_voltage"] / 0.004)))
        current = shunt * self.words[CALIBRATION] // 4096
        power = abs(current) * volts // 5000
        over = int(abs(current) > 32767 or power > 65535)
        self.words |= {
            SHUNT: shunt & 0xFFFF,
            BUS: volts << 3 | 2 | over,
            CURRENT: current & 0xFFFF,
            POWER: power & 0xFFFF,
        }
