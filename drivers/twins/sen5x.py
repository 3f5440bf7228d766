"""A simulated SEN5x: commands, waits, words with their CRC. Source: Sensirion embedded-i2c-sen5x."""

from __future__ import annotations

from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin

EACH = 1.0  # s between measurements
FIRST = 1.2  # s from the start until there are values


class Twin(RegisterTwin):
    """A SEN5x: particles and air."""

    START: ClassVar[dict[str, float]] = {
        "pm1": 5.0,
        "pm2p5": 8.0,
        "pm10": 11.0,
        "relative_humidity": 60.0,
        "air_temperature": 18.0,
    }

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.model = str(settings.model)
        self.command = 0
        self.status = 0
        self.started = float("inf")
        self.read_until = 0.0  # the measurements up to here have been read

    def store(self, register: int, data: bytes) -> None:
        """Handle a command of two bytes."""
        self.command = register << 8 | data[0]
        if self.command == 0x0021 and self.started == float("inf"):
            self.started = self.read_until = self.clock.now()
        elif self.command in {0x0104, 0xD304}:
            self.started = float("inf")

    def load(self, register: int, count: int) -> bytes:
        """Return the words of the last command, each with its CRC."""
        words: list[int] = []
        if self.command == 0xD014:
            text = self.model.encode().ljust(32, b"\0")
            words = [int.from_bytes(text[at : at + 2], "big") for at in range(0, 32, 2)]
        elif self.command == 0x0202:
            words = [int(self.clock.now() - self.read_until >= EACH)]
        elif self.command == 0xD206:
            words = [self.status >> 16, self.status & 0xFFFF]
        elif self.command == 0x03C4:
            words = self._measured()
        return b"".join(_sealed(word & 0xFFFF) for word in words)[:count].ljust(count, b"\xff")

    def _measured(self) -> list[int]:
        now = self.clock.now()
        if now >= self.read_until + EACH:
            self.read_until += EACH * int((now - self.read_until) / EACH)
        if now < self.started + FIRST:
            return [0xFFFF] * 4 + [0x7FFF] * 4
        masses = [round(10 * self.values[name]) for name in ("pm1", "pm2p5")]
        coarse = round(10 * self.values["pm10"])
        masses += [(masses[1] + coarse) // 2, coarse]
        if self.model == "SEN50":
            return masses + [0x7FFF] * 4
        air = [round(100 * self.values["relative_humidity"]), round(200 * self.values["air_temperature"])]
        return [*masses, *air, 1000, 10 if self.model == "SEN55" else 0x7FFF]


def _sealed(word: int) -> bytes:
    crc = 0xFF
    for octet in (word >> 8, word & 0xFF):
        crc ^= octet
        for _ in range(8):
            crc = (crc * 2 ^ 0x31) % 256 if crc > 127 else crc * 2
    return bytes([word >> 8, word & 0xFF, crc])
