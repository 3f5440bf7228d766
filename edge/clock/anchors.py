"""Anchors: instants of a boot whose UTC is known, and the time that follows from them.

A Pi boots with yesterday's time, so nothing is stamped with the system clock. An anchor ties an instant of
CLOCK_BOOTTIME to UTC when the time becomes true; between two anchors of a boot time is interpolated, beyond
them the error grows by 50 ppm (the design's figure for an uncompensated crystal over the outdoor range), or by
what the boot's own anchors show of its crystal where that is more.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from edge.records.record import ClockMark

DRIFT = 50e-6  # s per s
MOST_DRIFT = 500e-6  # s per s; no crystal is that far off: between such anchors somebody set a clock
BASELINE = 600.0  # s between two anchors that can tell a crystal's drift from their own errors
DAY = 86_400.0  # s; a crystal's rate of days ago was another temperature's
LEAST_ERROR = 0.05  # s; systemd-timesyncd tells the kernel an error of 0, and NTP over 4G is seldom better than this
MOST_ERROR = 3600.0  # s; a time that is known no better dates nothing
EARLIEST = 1_767_225_600_000_000  # 2026-01-01 UTC in microseconds: no copy of this version is older (CHANGELOG.md)
LATEST = 2_398_377_600_000_000  # 2046-01-01, 20 years later
SIMULATED = "sim"  # a simulation's time is what it says: it plays recordings of any year


class Anchor(msgspec.Struct, frozen=True):
    """`boottime` (s) of `boot` is `utc` (microseconds since 1970), known by `source` to +-`error` seconds."""

    boot: str
    boottime: float
    utc: int
    source: str
    error: float


def believable(anchor: Anchor) -> bool:
    """Whether any source can be right to say this: after the release was made, within 20 years, its error a number."""
    if not (math.isfinite(anchor.boottime) and 0 <= anchor.error <= MOST_ERROR):
        return False
    if anchor.source == SIMULATED:
        return 0 <= anchor.utc <= LATEST
    return EARLIEST <= anchor.utc <= LATEST


def day_of(utc: int) -> str:
    """Return the UTC day and time of an instant (microseconds since 1970), for a log; any number has one."""
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc):%Y-%m-%d %H:%M:%S}"
    except OverflowError:
        return "a year that no calendar has"


def time_of(boottime: float, anchors: Sequence[Anchor]) -> tuple[int, ClockMark] | None:
    """UTC (microseconds) of an instant of the anchors' boot, and how it is known; None without an anchor.

    `anchors`: all of one boot, oldest first.
    """
    if not anchors:
        return None
    place = bisect_right(anchors, boottime, key=_instant)
    if place == 0 or place == len(anchors):
        return _extrapolated(boottime, anchors[max(0, place - 1)], drift(anchors))
    before, after = anchors[place - 1], anchors[place]
    share = (boottime - before.boottime) / (after.boottime - before.boottime)
    utc = before.utc + round((after.utc - before.utc) * share)
    nearest = min(boottime - before.boottime, after.boottime - boottime)
    return utc, ClockMark(before.source, round(max(error_of(before), error_of(after)) + DRIFT * nearest, 6))


def error_of(anchor: Anchor) -> float:
    """Return the error that we state for an anchor, s: its own, but never less than sources can keep."""
    return max(anchor.error, LEAST_ERROR)


def drift(anchors: Sequence[Anchor]) -> float:
    """How fast the error may grow beyond the anchors, s per s: more than 50 ppm where the last day showed more."""
    newest = anchors[-1]
    first = anchors[bisect_left(anchors, newest.boottime - DAY, key=_instant)]
    span = newest.boottime - first.boottime
    if span < BASELINE:
        return DRIFT
    shown = abs((newest.utc - first.utc) / 1e6 - span) / span
    return max(DRIFT, shown) if shown <= MOST_DRIFT else DRIFT


def _instant(anchor: Anchor) -> float:
    return anchor.boottime


def _extrapolated(boottime: float, anchor: Anchor, rate: float) -> tuple[int, ClockMark]:
    away = boottime - anchor.boottime
    return anchor.utc + round(away * 1e6), ClockMark(anchor.source, round(error_of(anchor) + rate * abs(away), 6))
