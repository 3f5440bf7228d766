"""A curve as a complete drawing, made on the server: for browsers without scripts, print, and the night's picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from edge.page.spark import CIRCLE, HEIGHT, Kind, Spark, framed, spark
from edge.records.answers import Point

HOURS = (1, 3, 6, 12, 24, 48, 168, 336, 720)
MOST_TICKS = 8
HOUR_US = 3_600_000_000
STEPS = (1, 2, 5)
LEAST = 1e-300  # below which a step's power of ten underflows


class StillCurve(NamedTuple):
    """The curve, drawn between `low` and `high`; ticks of time as (place, instant), of value as (place, text).

    A place is in % of the drawing, from its left or its top.
    """

    curve: Spark
    low: float
    high: float
    times: list[tuple[float, int]]
    values: list[tuple[float, str]]


def still(
    points: Sequence[Point], first_us: int, last_us: int, offset_s: int, kind: Kind = "line"
) -> StillCurve | None:
    """Return the drawing of a span; None if nothing was measured in it."""
    curve = spark(points, first_us, last_us, kind)
    if curve is None:
        return None
    low, high = frame_of(curve, kind)
    # `spark` leaves 2 of its HEIGHT free at each edge (bars: at the top alone).
    foot = 0.0 if kind == "bars" else 2 / HEIGHT
    reach = 1 - foot - 2 / HEIGHT
    ticks = value_ticks(low, high, 90.0 if kind == "direction" else rounded((high - low) / 3 or 1.0))
    places = [100 * (1 - foot - (value - low) / (high - low or 1.0) * reach) for value in ticks]
    return StillCurve(curve, low, high, time_ticks(first_us, last_us, offset_s), list(zip(places, exact(ticks))))


def frame_of(curve: Spark, kind: Kind) -> tuple[float, float]:
    """Return the range in which a curve was drawn."""
    if kind == "direction":
        return CIRCLE
    return (curve.lowest, curve.highest) if kind == "bars" else framed(curve.lowest, curve.highest)


def value_ticks(low: float, high: float, step: float) -> list[float]:
    """Return at most five round values between two."""
    first = -(-low // step) * step
    return [first + n * step for n in range(5) if first + n * step <= high + 1e-9]


def exact(ticks: Sequence[float]) -> list[str]:
    """Format ticks with the fewest decimals, at most three, that represent all of them exactly."""
    digits = next((n for n in range(3) if all(abs(round(value, n) - value) < 1e-6 for value in ticks)), 3)
    return [f"{round(value, digits) + 0.0:.{digits}f}" for value in ticks]


def time_ticks(first_us: int, last_us: int, offset_s: int) -> list[tuple[float, int]]:
    """Return ticks at whole hours or days by the station's clock."""
    span = last_us - first_us
    hours = next((one for one in HOURS if span / (one * HOUR_US) <= MOST_TICKS), HOURS[-1])
    step, offset = hours * HOUR_US, offset_s * 1_000_000
    at = -(-(first_us + offset) // step) * step - offset
    found = []
    while at <= last_us:
        found.append((100 * (at - first_us) / span, at))
        at += step
    return found


def rounded(value: float) -> float:
    """Return a round step of about that size: 1, 2 or 5 times a power of ten; 1 if the size is not a usable number."""
    if not LEAST <= value < math.inf:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return min((one * power for one in (*STEPS, 10)), key=lambda one: abs(one - value))
