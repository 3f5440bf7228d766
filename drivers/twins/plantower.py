"""The twin of a Plantower particle sensor: a frame a second, of the configured model."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, ClassVar

from drivers.twins.talker import TalkerTwin

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.twins.twin import Wire

VERSION = 0x97
WARM_UP = 5.0  # s from its first frame during which a real one counts nothing


class PlantowerTwin(TalkerTwin):
    """Sends what is set; it starts with frames of zero counts while the fan speeds up, as real ones do.

    A PMS3003, which reports no counts, is silent for that time.
    """

    START: ClassVar[dict[str, float]] = {
        "pm1": 8.0,
        "pm2p5": 12.0,
        "pm10": 15.0,
        "air_temperature": 15.0,
        "relative_humidity": 60.0,
    }

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self._warm = clock.now() + WARM_UP

    def run(self, wire: Wire) -> None:
        """Start the fan, then send until `Stopped`."""
        self._warm = self.clock.now() + WARM_UP
        super().run(wire)

    def frames(self, turn: int) -> list[bytes]:
        """Return the frame of a second, if the model sends one."""
        silent = self.settings.model == "PMS3003" and self.clock.now() < self._warm
        return [] if silent else [self._frame()]

    def _frame(self) -> bytes:
        warm = self.clock.now() >= self._warm
        ambient = [_word(self.values[name]) if warm else 0 for name in ("pm1", "pm2p5", "pm10")]
        factory = [min(round(value * 1.3), 0xFFFF) if value > 30 else value for value in ambient]
        words = factory + ambient
        if self.settings.model == "PMS3003":
            return _framed(struct.pack(">9H", *words, 0, 0, 0x9100))
        # Once the fan runs, there is always a particle of 0.3 um.
        counts = [100 + 40 * ambient[1], 30 + 10 * ambient[1], ambient[1], ambient[1] // 2, ambient[1] // 4, 0]
        counts = [min(count, 0xFFFF) if warm else 0 for count in counts]
        climate = [round(self.values["air_temperature"] * 10), round(self.values["relative_humidity"] * 10)]
        if self.settings.model == "PMS5003T":
            return _framed(struct.pack(">10HhHBB", *words, *counts[:4], *climate, VERSION, 0))
        if self.settings.model == "PMS5003ST":
            return _framed(struct.pack(">13HhHHBB", *words, *counts, 3, *climate, 0, VERSION, 0))
        return _framed(struct.pack(">12HBB", *words, *counts, VERSION, 0))


def _framed(body: bytes) -> bytes:
    head = b"\x42\x4d" + struct.pack(">H", len(body) + 2) + body
    return head + struct.pack(">H", sum(head) % 0x10000)


def _word(value: float) -> int:
    return min(max(round(value), 0), 0xFFFF)
