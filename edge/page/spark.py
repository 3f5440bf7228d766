"""Small curves as SVG paths, made on the server: visible without scripts and in print."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from edge.measure.wind import mean_direction
from edge.records.answers import Point

WIDTH, HEIGHT = 240, 36  # of the drawing, which the page stretches
LEAST = 1e-6  # of a value's unit: a smaller range is drawn flat
GOOD, DOUBTFUL = (1, 2), (3, 4)
CIRCLE = (0.0, 360.0)  # degrees; 0 means calm, not a direction
Kind = Literal["line", "bars", "direction"]


class Spark(NamedTuple):
    """Paths of the good and of the doubtful values, or `bars` of amounts; with their extremes."""

    good: str
    doubtful: str
    bars: str
    lowest: float
    highest: float


class Column(NamedTuple):
    """One column of the drawing: the mean or the sum of its values; whether it is doubted."""

    place: int
    value: float
    doubted: bool


def spark(points: Sequence[Point], first_us: int, last_us: int, kind: Kind = "line") -> Spark | None:
    """Return the curve of a span; None if nothing was measured in it. A column without a value is a gap.

    Directions are drawn as points, as a line from 350 to 10 degrees would cross the whole drawing.
    """
    columns = columns_of(points, first_us, last_us, kind)
    if not columns:
        return None
    lowest, highest = min(c.value for c in columns), max(c.value for c in columns)
    if kind == "bars":
        return Spark("", "", bars(columns, highest), 0.0, highest)
    frame = CIRCLE if kind == "direction" else framed(lowest, highest)
    good, doubted = ([c for c in columns if c.doubted is which] for which in (False, True))
    return Spark(path(good, *frame, kind), path(doubted, *frame, kind), "", lowest, highest)


def framed(lowest: float, highest: float) -> tuple[float, float]:
    """Return the range in which a curve is drawn: one unit for a flat one, not extended below 0."""
    if highest - lowest >= LEAST:
        return lowest, highest
    return (max(0.0, lowest - 0.5) if lowest >= 0 else lowest - 0.5), lowest + 0.5


def columns_of(points: Sequence[Point], first_us: int, last_us: int, kind: Kind) -> list[Column]:
    """Return the columns with a value. Doubted values are shown only in columns without good ones."""
    wide = max(1, (last_us - first_us) // WIDTH)
    heaps: dict[int, tuple[list[float], list[float]]] = {}
    for point in points:
        if point.value is None or not math.isfinite(point.value) or point.quality not in GOOD + DOUBTFUL:
            continue
        if first_us <= point.start_us < last_us and not (kind == "direction" and point.value == 0):
            heap = heaps.setdefault(min(WIDTH - 1, (point.start_us - first_us) // wide), ([], []))
            heap[point.quality in DOUBTFUL].append(point.value)
    found = []
    for place, (good, doubted) in sorted(heaps.items()):
        value = GATHERED[kind](good or doubted)
        if value is not None:
            found.append(Column(place, value, not good))
    return found


GATHERED: dict[Kind, Callable[[Sequence[float]], float | None]] = {
    "line": lambda values: sum(values) / len(values),
    "bars": sum,
    "direction": mean_direction,
}


def path(columns: Sequence[Column], lowest: float, highest: float, kind: Kind) -> str:
    """Return the path through columns; a missing column interrupts it, and a single one is a point."""
    span = max(highest - lowest, LEAST)  # adding one unit to a very large number may not change it
    drawn, before = [], None
    for column in columns:
        x, y = column.place + 0.5, HEIGHT - 2 - (column.value - lowest) / span * (HEIGHT - 4)
        joined = kind == "line" and before is not None and column.place == before + 1
        drawn.append(f"L{x:g} {y:.1f}" if joined else f"M{x:g} {y:.1f}h0")
        before = column.place
    return "".join(drawn)


def bars(columns: Sequence[Column], highest: float) -> str:
    """Return a bar for each column with an amount."""
    if highest <= 0:
        return ""
    tall = [(column.place, column.value / highest * (HEIGHT - 2)) for column in columns if column.value > 0]
    return "".join(f"M{place} {HEIGHT}v{-height:.1f}h1v{height:.1f}z" for place, height in tall)
