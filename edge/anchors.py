"""Anchors: instants of a boot whose UTC is known, and the time that follows from them.

A Pi boots with yesterday's time, so nothing is stamped with the system clock. An anchor ties an instant of
CLOCK_BOOTTIME to UTC when the time becomes true; between two anchors of a boot time is interpolated, beyond
them the error grows by 50 ppm (the design's figure for an uncompensated crystal over the outdoor range).
"""

from __future__ import annotations

import msgspec

from edge.record import ClockMark

DRIFT = 50e-6  # s per s


class Anchor(msgspec.Struct, frozen=True):
    """`boottime` (s) of `boot` is `utc` (microseconds since 1970), known by `source` to +-`error` seconds."""

    boot: str
    boottime: float
    utc: int
    source: str
    error: float


def time_of(boottime: float, anchors: list[Anchor]) -> tuple[int, ClockMark] | None:
    """UTC (microseconds) of an instant of the anchors' boot, and how it is known; None without an anchor."""
    if not anchors:
        return None
    before = max((a for a in anchors if a.boottime <= boottime), key=lambda a: a.boottime, default=None)
    after = min((a for a in anchors if a.boottime > boottime), key=lambda a: a.boottime, default=None)
    if before is None or after is None:
        return _extrapolated(boottime, before or after or anchors[0])
    share = (boottime - before.boottime) / (after.boottime - before.boottime)
    utc = before.utc + round((after.utc - before.utc) * share)
    nearest = min(boottime - before.boottime, after.boottime - boottime)
    error = max(before.error, after.error) + DRIFT * nearest
    return utc, ClockMark(before.source, round(error, 6))


def _extrapolated(boottime: float, anchor: Anchor) -> tuple[int, ClockMark]:
    away = boottime - anchor.boottime
    error = anchor.error + DRIFT * abs(away)
    return anchor.utc + round(away * 1e6), ClockMark(anchor.source, round(error, 6))
