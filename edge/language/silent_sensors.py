"""Which sensors of a station give nothing; those of a dead bus are grouped."""

from __future__ import annotations

from collections.abc import Iterable

from edge.language import texts
from edge.language.texts import _
from edge.snapshots import SensorSnapshot


def silences(sensors: Iterable[SensorSnapshot]) -> list[tuple[list[SensorSnapshot], str]]:
    """Return the sensors of a station's status that are down, those of a dead bus together, each with the reason."""
    buses: dict[str, list[SensorSnapshot]] = {}
    for sensor in sensors:
        buses.setdefault(sensor.bus, []).append(sensor)
    found = []
    for there in buses.values():
        down = [sensor for sensor in there if sensor.down]
        together = len(down) > 1 and len(down) == len(there)
        for group in [down] if together else [[sensor] for sensor in down]:
            reasons = dict.fromkeys(texts.in_full(sensor.down) for sensor in group)
            found.append((group, next(iter(reasons))))
    return found


def names(sensors: Iterable[SensorSnapshot]) -> str:
    """Return the names of these sensors."""
    return _(", ").join(sensor.name for sensor in sensors)


def bus_of(sensor: SensorSnapshot) -> str:
    """Return the bus of a sensor of a station's status, without the word for its kind."""
    return sensor.bus.partition(" ")[2] or sensor.bus


def place_of(sensor: SensorSnapshot) -> str:
    """Return where a sensor of a station's status is: its bus, and its address there."""
    return bus_of(sensor) if sensor.place is None else texts.render(sensor.place)
