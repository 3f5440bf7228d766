"""The twin of a Plantower particle sensor: a frame a second, of the configured model."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from drivers.twins.wires import Mouth

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.devices.plantower import PlantowerSettings
    from drivers.twins.twin import Fault, Wire

PACE = 1.0  # s
VERSION = 0x97
WARM_UP = 5.0  # s from its first frame during which a real one counts nothing


class PlantowerTwin:
    """Sends what is set; it starts with frames of nought counts while the fan speeds up, as real ones do.

    A PMS3003, which counts nothing, is silent for that time.
    """

    def __init__(self, settings: PlantowerSettings, clock: Clock, seed: int) -> None:
        self._model = settings.model
        self._clock = clock
        self._mouth = Mouth(seed)
        self._values = {
            "pm1": 8.0,
            "pm2p5": 12.0,
            "pm10": 15.0,
            "air_temperature": 15.0,
            "relative_humidity": 60.0,
        }
        self._warm = clock.now() + WARM_UP

    def set(self, quantity: str, value: float) -> None:
        """What to send from the next frame on."""
        if quantity in self._values:
            self._values[quantity] = value

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from the next frame on."""
        self._mouth.fault = fault

    def run(self, wire: Wire) -> None:
        """Talk for ever."""
        due = self._clock.now()
        self._warm = due + WARM_UP
        while True:
            due += self._mouth.gap(PACE)
            self._clock.sleep_until(due)
            if self._model != "PMS3003" or due >= self._warm:
                self._mouth.send(wire, self._frame())

    def _frame(self) -> bytes:
        warm = self._clock.now() >= self._warm
        ambient = [_word(self._values[name]) if warm else 0 for name in ("pm1", "pm2p5", "pm10")]
        factory = [min(round(value * 1.3), 0xFFFF) if value > 30 else value for value in ambient]
        words = factory + ambient
        if self._model == "PMS3003":
            return _framed(struct.pack(">9H", *words, 0, 0, 0x9100))
        # Air is never without a particle of 0.3 um once the fan runs.
        counts = [100 + 40 * ambient[1], 30 + 10 * ambient[1], ambient[1], ambient[2], ambient[2] // 4, 0]
        counts = [min(count, 0xFFFF) if warm else 0 for count in counts]
        climate = [round(self._values["air_temperature"] * 10), round(self._values["relative_humidity"] * 10)]
        if self._model == "PMS5003T":
            return _framed(struct.pack(">10HhHBB", *words, *counts[:4], *climate, VERSION, 0))
        if self._model == "PMS5003ST":
            return _framed(struct.pack(">13HhHHBB", *words, *counts, 3, *climate, 0, VERSION, 0))
        return _framed(struct.pack(">12HBB", *words, *counts, VERSION, 0))


def _framed(body: bytes) -> bytes:
    head = b"\x42\x4d" + struct.pack(">H", len(body) + 2) + body
    total = 0
    for byte in head:
        total += byte
    return head + struct.pack(">H", total % 0x10000)


def _word(value: float) -> int:
    return min(max(round(value), 0), 0xFFFF)
