"""What the tests of a minute's close share: a mast of channels, and minutes of it made from a function of time."""

from __future__ import annotations

from collections.abc import Callable

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.records.bodies import Minute

RESOLUTION = {"wind_from_direction": 1.0, "rainfall_amount": 0.2, "pm2p5": 1.0, "pm1": 1.0, "pm10": 1.0}
Truth = Callable[[float], dict[str, float]]  # instant s -> channel -> value


def mast(names: list[str], heights: dict[str, float] | None = None, resolution: float = 0.1) -> Minutes:
    """Return channels named as in a record ("air_temperature", "air_temperature.hedge"), a reading each 10 s."""
    lines = []
    for name in names:
        quantity, _, sensor = name.partition(".")
        channel = Channel(quantity, -1e6, 1e6, RESOLUTION.get(quantity, resolution))
        height = (heights or {}).get(name)
        line = ChannelLine(name, sensor or "mast", channel, limits_for(quantity, 1590), 6.0, height_m=height)
        lines.append(line)
    return Minutes(lines)


def run(minutes: Minutes, truth: Truth, first: int, last: int) -> list[Minute]:
    """Return the bodies of the minutes [first, last)."""
    bodies = []
    for number in range(first, last):
        for n in range(6):
            at = 60.0 * number + 10.0 * n
            for name, value in truth(at).items():
                quantity, _, sensor = name.partition(".")
                minutes.take(sensor or "mast", Reading(quantity, value, at))
        bodies.append(minutes.close(60.0 * number, 60.0 * number + 60.0, None, {}))
    return bodies


def flags(bodies: list[Minute], name: str) -> list[int]:
    """Return one channel's flags."""
    return [body.quality[name] for body in bodies]
