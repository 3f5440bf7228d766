"""Which sensors of a station's status give nothing, those of a dead bus together: one cause, not many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge.language import texts
from edge.language.texts import _


def silences(sensors: Sequence[Mapping[str, Any]]) -> list[tuple[list[Mapping[str, Any]], str]]:
    """Return the sensors of a station's status that are down, those of a dead bus together, each with the reason."""
    buses: dict[str, list[Mapping[str, Any]]] = {}
    for sensor in sensors:
        buses.setdefault(str(sensor.get("bus")), []).append(sensor)
    found = []
    for there in buses.values():
        down = [sensor for sensor in there if sensor.get("down")]
        together = len(down) > 1 and len(down) == len(there)
        for group in [down] if together else [[sensor] for sensor in down]:
            reasons = dict.fromkeys(texts.in_full(sensor["down"]) for sensor in group)
            found.append((group, next(iter(reasons))))
    return found


def names(sensors: Sequence[Mapping[str, Any]]) -> str:
    """Return the names of these sensors."""
    return _(", ").join(str(sensor["name"]) for sensor in sensors)


def place_of(sensor: Mapping[str, Any]) -> str:
    """Return where a sensor of a station's status is: its bus without the word for its kind."""
    return str(sensor["bus"]).partition(" ")[2] or str(sensor["bus"])
