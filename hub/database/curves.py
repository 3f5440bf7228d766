"""A channel's curve from the database: minutes as measured, hours and days as aggregated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.measure.aggregates import SUSPECT, said_by, said_of
from edge.records.answers import Point, Step
from edge.records.asked import SPANS
from hub.database.engine import Engine
from hub.lacking import LackingSpan, spread

COUNTED = "start_us, end_us, mean, min, min_us, max, max_us, sum, good, suspect, bad, missing"


def minutes(
    engine: Engine, station: str, channel: str, first: int, last: int, most: int
) -> tuple[list[Point], int | None]:
    """Return at most `most` minutes that begin in a span, by time, and where the next page begins (None: nowhere)."""
    found = engine.query(
        "SELECT start, duration, raw FROM record WHERE station = %s AND start >= %s AND start < %s "
        "AND kind = 'minute' AND wrong IS NULL ORDER BY start, epoch, seq LIMIT %s",
        (station, first, last, most + 1),
    )
    page, rest = _page(found, most)
    points = []
    for start, duration, raw in page:
        measured = said_of(raw, channel)
        if measured is not None:
            points.append(Point(start, start + round(duration * 1e6), *measured))
    return points, rest


def all_minutes(engine: Engine, station: str, first: int, last: int) -> dict[str, list[Point]]:
    """Return the minutes that begin in a span, by channel, in one read of the records."""
    found = engine.query(
        "SELECT start, duration, raw FROM record WHERE station = %s AND start >= %s AND start < %s "
        "AND kind = 'minute' AND wrong IS NULL ORDER BY start, epoch, seq",
        (station, first, last),
    )
    curves: dict[str, list[Point]] = {}
    for start, duration, raw in found:
        said, end = said_by(raw), start + round(duration * 1e6)
        for channel, value in said.values.items():
            curves.setdefault(channel, []).append(Point(start, end, value, said.quality.get(channel, SUSPECT)))
    return curves


def counted(
    engine: Engine,
    station: str,
    channel: str,
    step: Step,
    first: int,
    last: int,
    most: int,
    absent: Callable[[str], list[LackingSpan]],
) -> tuple[list[Point], int | None]:
    """Return the hours or days that overlap a span, at most `most` by time, and where the next page begins.

    `absent`: returns the time spans of a station's missing records.
    """
    found = engine.query(
        f"SELECT {COUNTED} FROM {step} WHERE station = %s AND channel = %s AND start_us > %s AND start_us < %s "
        "ORDER BY start_us LIMIT %s",
        (station, channel, first - SPANS[step], last, most + 1),
    )
    page, rest = _page(found, most)
    counts = spread(absent(station) if page else [], [line[:2] for line in page])
    return [_point(line, round(count)) for line, count in zip(page, counts, strict=True)], rest


def _page(found: list[tuple[Any, ...]], most: int) -> tuple[list[tuple[Any, ...]], int | None]:
    """Return the first `most` lines and the begin of the next one; lines that begin together stay together."""
    if len(found) <= most:
        return found, None
    rest = int(found[most][0])
    return [line for line in found[:most] if line[0] < rest], rest


def _point(line: tuple[Any, ...], absent: int) -> Point:
    start, end, mean, low, low_us, high, high_us, amount, good, suspect, bad, missing = line
    value, flag = mean if amount is None else amount, 1 if good else 9
    return Point(start, end, value, flag, low, low_us, high, high_us, good, suspect, bad, missing, absent)
