"""The twin of the all-in-one ASCII station: a line every 3 s, or the lines recorded from a real one."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from drivers.twins.talker import TalkerTwin

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.twins.twin import Wire

SECTORS = (0, 23, 45, 68, 90, 113, 135, 158, 180, 203, 225, 248, 270, 293, 315, 338)


class AsciiStationTwin(TalkerTwin):
    """Sends what is set. `sent` counts the lines sent, `finished` states that a played capture has ended."""

    PACE = 3.0  # s
    START: ClassVar[dict[str, float]] = {
        "wind_from_direction": 0.0,
        "wind_speed": 0.0,
        "air_temperature": 15.0,
        "relative_humidity": 60.0,
        "air_pressure": 900.0,
        "pm1": 8.0,
        "pm2p5": 12.0,
        "pm10": 15.0,
    }

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.sent = 0
        self.finished = False
        rng = Random(seed)
        self._first_tips = rng.randrange(10_000)
        self._phase = rng.uniform(0.0, self.PACE)
        self._capture: Iterable[tuple[float, bytes]] | None = None
        self._rain = 0.0

    def set(self, quantity: str, value: float) -> None:
        """Set a value from the next line on; of `rainfall_amount`, the true total, only whole tips are sent."""
        if quantity == "rainfall_amount":
            self._rain = max(self._rain, value)
        else:
            super().set(quantity, value)

    def play(self, lines: Iterable[tuple[float, bytes]]) -> None:
        """Send these lines instead, each at its instant (seconds of the clock), with CR LF after it."""
        self._capture = lines

    def run(self, wire: Wire) -> None:
        """Send for ever, or to the end of the capture."""
        if self._capture is None:
            super().run(wire)
            return
        for instant, raw in self._capture:
            self.clock.sleep_until(instant)
            self.send(wire, raw.rstrip(b"\r\n") + b"\r\n")
        self.finished = True

    def first(self) -> float:
        """Return the seconds until the first line: a fraction of the pace, from the seed."""
        return self._phase

    def frames(self, turn: int) -> list[bytes]:
        """Return the line of a turn."""
        return [self._line() + b"\r\n"]

    def send(self, wire: Wire, frame: bytes) -> None:
        """Send a line and count it."""
        super().send(wire, frame)
        self.sent += 1

    def _line(self) -> bytes:
        value = self.values
        sector = round(value["wind_from_direction"] / 22.5) % 16
        speed = _digits(value["wind_speed"] * 10, 4)
        tips = _digits((self._first_tips + int(self._rain / self.settings.mm_per_tip + 1e-9)) % 10_000, 4)
        body = (
            f"A{sector * 256:04d}B{SECTORS[sector]:03d}C{_digits(value['wind_speed'] * 3, 4)}"
            f"D{speed}E{speed}F{speed}"
            f"G{tips}H{tips}I0000J0000K0000L{_tenths(value['air_temperature'])}"
            f"M{_digits(value['relative_humidity'] * 10, 3)}N{_digits(value['air_pressure'] * 10, 5)}"
        )
        key = 0x18
        if self.settings.pm:
            particles = ",".join(_digits(value[name], 3) for name in ("pm1", "pm2p5", "pm10"))
            body += f",{particles},{particles},"
            key = 0x1A
        for character in body:
            key ^= ord(character)
        return f"{body}*{key:02X}".encode()


def _digits(value: float, width: int) -> str:
    """Return a whole number from zero in `width` digits, which the board's field cannot exceed."""
    return f"{min(max(round(value), 0), 10**width - 1):0{width}d}"


def _tenths(value: float) -> str:
    tenths = min(max(round(value * 10), -999), 9999)
    return f"-{-tenths:03d}" if tenths < 0 else f"{tenths:04d}"
