"""A wind rose: sixteen directions, with petals by frequency and strength."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from edge.records.answers import Point

SECTORS = 16
CLASSES = (2.0, 5.0)  # m/s: light below the first, moderate below the second, strong from it on
RADIUS = 100.0


class Rose(NamedTuple):
    """Petals as (class 0..2, SVG path), the share of calm (0..1), the outer ring's share, and the number of values."""

    petals: list[tuple[int, str]]
    calm: float
    ring: float
    pairs: int


def rose(directions: Sequence[Point], speeds: Sequence[Point]) -> Rose | None:
    """Return the rose of the good pairs of direction (degrees) and speed (m/s); None if there is none."""
    known = {point.start_us: point.value for point in speeds if point.quality == 1 and point.value is not None}
    pairs = [(p.value, known[p.start_us]) for p in directions if p.quality == 1 and p.start_us in known]
    found = [(degrees, speed) for degrees, speed in pairs if degrees is not None]
    if not found:
        return None
    counts = [[0] * (len(CLASSES) + 1) for _ in range(SECTORS)]
    calm = 0
    for degrees, speed in found:
        if degrees == 0 or speed < 0.2:
            calm += 1
            continue
        sector = round(degrees / (360 / SECTORS)) % SECTORS
        counts[sector][sum(speed >= limit for limit in CLASSES)] += 1
    most = max((sum(sector) for sector in counts), default=0)
    petals = [petal for place, sector in enumerate(counts) for petal in petals_of(place, sector, most)]
    return Rose(petals, calm / len(found), most / len(found), len(found))


def petals_of(place: int, counts: Sequence[int], most: int) -> list[tuple[int, str]]:
    """Return the petals of one direction, from the middle outwards."""
    found, inner = [], 0.0
    for strength, count in enumerate(counts):
        if not count:
            continue
        outer = inner + RADIUS * count / most
        found.append((strength, wedge(place * 360 / SECTORS, inner, outer)))
        inner = outer
    return found


def wedge(middle: float, inner: float, outer: float, wide: float = 18.0) -> str:
    """Return the SVG path of a ring sector; degrees from north, clockwise."""

    def at(degrees: float, radius: float) -> str:
        angle = math.radians(degrees)
        return f"{radius * math.sin(angle):.1f} {-radius * math.cos(angle):.1f}"

    left, right = middle - wide / 2, middle + wide / 2
    arc = f"A{outer:.1f} {outer:.1f} 0 0 1 {at(right, outer)}"
    back = f"A{inner:.1f} {inner:.1f} 0 0 0 {at(left, inner)}" if inner else ""
    return f"M{at(left, inner)}L{at(left, outer)}{arc}L{at(right, inner)}{back}Z"
