"""The twin of an NMEA 0183 weather head: MWV twice a second, MDA and XDR once a second, as an Airmar 110WX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.twins.wires import Mouth

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.devices.nmea import NmeaSettings
    from drivers.twins.twin import Fault, Wire

PACE = 0.5  # s
KNOTS = 1.943844  # in a metre a second


class NmeaTwin:
    """Sends what is set. The wind that is set is the one against north: the bow mark's heading is taken off."""

    def __init__(self, settings: NmeaSettings, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._wind = settings.wind
        self._heading = settings.heading
        self._met = settings.met
        self._mouth = Mouth(seed)
        self._values = {
            "wind_speed": 0.0,
            "wind_from_direction": 0.0,
            "air_temperature": 15.0,
            "relative_humidity": 60.0,
            "air_pressure": 900.0,
        }

    def set(self, quantity: str, value: float) -> None:
        """What to send from the next sentence on."""
        if quantity in self._values:
            self._values[quantity] = value

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from the next sentence on."""
        self._mouth.fault = fault

    def run(self, wire: Wire) -> None:
        """Talk for ever."""
        due = self._clock.now()
        turn = 0
        while True:
            due += self._mouth.gap(PACE)
            self._clock.sleep_until(due)
            self._mouth.send(wire, self._wind_sentence())
            if turn % 2 and self._met:
                self._mouth.send(wire, self._met_sentence())
            turn += 1

    def _wind_sentence(self) -> bytes:
        speed, direction = self._values["wind_speed"], self._values["wind_from_direction"] % 360
        if self._wind == "MWD":
            return _sentence(f"WIMWD,{direction:.1f},T,,M,{speed * KNOTS:.2f},N,{speed:.2f},M")
        angle = round((direction - self._heading) % 360, 1) % 360
        return _sentence(f"WIMWV,{angle:.1f},{self._wind},{speed * KNOTS:.2f},N,A")

    def _met_sentence(self) -> bytes:
        bar = self._values["air_pressure"] / 1000
        return _sentence(
            f"WIMDA,{bar * 29.53:.4f},I,{bar:.4f},B,{self._values['air_temperature']:.1f},C,,,"
            f"{self._values['relative_humidity']:.1f},,,C,,,,,,,,"
        )


def _sentence(text: str) -> bytes:
    key = 0
    for character in text:
        key ^= ord(character)
    return f"${text}*{key:02X}\r\n".encode()
