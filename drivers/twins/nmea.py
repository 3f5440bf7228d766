"""The twin of an NMEA 0183 weather head: MWV twice a second, MDA and XDR once a second, like an Airmar 110WX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from drivers.twins.talker import TalkerTwin

KNOTS = 1.943844  # in a metre a second


class NmeaTwin(TalkerTwin):
    """Sends what is set. The wind is set relative to north; the bow mark's heading is subtracted."""

    PACE = 0.5  # s
    START: ClassVar[dict[str, float]] = {
        "wind_speed": 0.0,
        "wind_from_direction": 0.0,
        "air_temperature": 15.0,
        "relative_humidity": 60.0,
        "air_pressure": 900.0,
    }

    def frames(self, turn: int) -> Iterator[bytes]:
        """Yield the wind, and in every second turn the air if the head measures it."""
        yield self._wind_sentence()
        if turn % 2 and self.settings.met:
            yield self._met_sentence()

    def _wind_sentence(self) -> bytes:
        speed, direction = self.values["wind_speed"], self.values["wind_from_direction"] % 360
        if self.settings.wind == "MWD":
            return _sentence(f"WIMWD,{direction:.1f},T,,M,{speed * KNOTS:.2f},N,{speed:.2f},M")
        angle = round((direction - self.settings.heading) % 360, 1) % 360
        return _sentence(f"WIMWV,{angle:.1f},{self.settings.wind},{speed * KNOTS:.2f},N,A")

    def _met_sentence(self) -> bytes:
        bar = self.values["air_pressure"] / 1000
        return _sentence(
            f"WIMDA,{bar * 29.53:.4f},I,{bar:.4f},B,{self.values['air_temperature']:.1f},C,,,"
            f"{self.values['relative_humidity']:.1f},,,C,,,,,,,,"
        )


def _sentence(text: str) -> bytes:
    key = 0
    for character in text:
        key ^= ord(character)
    return f"${text}*{key:02X}\r\n".encode()
