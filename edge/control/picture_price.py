"""The data cost of a requested picture on a mobile network: estimated before it is taken, known afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge.budget import plan, reckoning
from edge.config.sections import CameraSection

PRICE = "megabytes"  # its key in a command's result


def before(cameras: Sequence[CameraSection], name: str | None) -> dict[str, float]:
    """Return the estimated cost of a picture of this camera (None: the first); empty if there is no such camera."""
    full = [plan.pictures_of(camera)[1] for camera in cameras if name in (None, camera.name)]
    return _price(full[0], plan.THUMBNAIL) if full else {}


def of_each(cameras: Sequence[CameraSection]) -> dict[str, float]:
    """Return the estimated cost of a picture of each camera, MB."""
    return {camera.name: before(cameras, camera.name)[PRICE] for camera in cameras}


def after(facts: Mapping[str, Any]) -> dict[str, float]:
    """Return the cost of a picture that was taken, from its record's data."""
    full, thumbnail = facts.get("bytes"), facts.get("thumbnail_bytes")
    return _price(full, thumbnail) if isinstance(full, int) and isinstance(thumbnail, int) else {}


def _price(full: int, thumbnail: int) -> dict[str, float]:
    return {PRICE: round((plan.part(full) + plan.part(thumbnail)) / reckoning.MEGABYTE, 2)}
