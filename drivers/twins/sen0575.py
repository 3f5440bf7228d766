"""A simulated DFRobot SEN0575. Source: DFRobot_RainfallSensor @38fea5e (C++)."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.registers import RegisterTwin

TIP = 2794  # 1/10000 mm


class Twin(RegisterTwin):
    """A SEN0575: a bucket that tips each 0.2794 mm."""

    START: ClassVar[dict[str, float]] = {"rainfall_amount": 0.0}

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.born = clock.now()
        self.lost = 0  # tips lost by a restart

    def restart(self) -> None:
        """Simulate a short power loss: the total restarts from zero."""
        self.lost = self._all()
        self.born = self.clock.now()

    def load(self, register: int, count: int) -> bytes:
        """Return registers, little endian."""
        tips = self._all() - self.lost
        total = tips * TIP % 2**32
        minutes = int((self.clock.now() - self.born) / 60) & 0xFFFF
        page = struct.pack("<HHHIHIIIH", 0x00C0, 0x7343, 0, 0, 0x0100, 0, total, tips, minutes)
        return page.ljust(256 + count, b"\0")[register : register + count]

    def store(self, register: int, data: bytes) -> None:
        """Ignore writes: window and tip size are not used here."""

    def _all(self) -> int:
        return int(self.values["rainfall_amount"] * 10_000 / TIP + 1e-9)
