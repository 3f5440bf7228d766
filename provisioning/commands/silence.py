"""What is read out of a station's status: which sensors give nothing, those of a dead bus together; its cameras."""

from __future__ import annotations

from typing import Any

from edge.language import texts
from edge.language.texts import _


def silences(sensors: list[dict[str, Any]]) -> list[tuple[list[dict[str, Any]], str]]:
    """Return the sensors of a station's status that are down, those of a dead bus together, each with the reason."""
    buses: dict[str, list[dict[str, Any]]] = {}
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


def names(sensors: list[dict[str, Any]]) -> str:
    """Return the names of these sensors."""
    return _(", ").join(str(sensor["name"]) for sensor in sensors)


def place_of(sensor: dict[str, Any]) -> str:
    """Return where a sensor of a station's status is: its bus without the word for its kind."""
    return str(sensor["bus"]).partition(" ")[2] or str(sensor["bus"])


def cameras_in(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the cameras in a station's answer, by name."""
    found: Any = answer.get("pictures") or {}
    while isinstance(found, dict) and "cameras" in found:
        found = found["cameras"]
    return {name: one for name, one in found.items() if isinstance(one, dict)}
