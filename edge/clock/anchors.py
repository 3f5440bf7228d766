"""Anchors: instants of a boot whose UTC is known, and the times derived from them.

A Pi boots with yesterday's time, so nothing is stamped with the system clock. An anchor ties an instant of
CLOCK_BOOTTIME to UTC once the time is known. Between two anchors of a boot the time is interpolated; outside them it is
extrapolated at the rate of the boot's crystal that the anchors show, and the error grows by the uncertainty of that
rate: by 500 ppm if they show none yet. If the boot's clock itself is slewed, anchors of the source "crystal" carry the
time across the slew, and no rate is computed across them.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from edge.records.record import ClockMark

DRIFT = 50e-6  # s per s; by how much a crystal's rate changes with the weather (the design's outdoor range)
MOST_DRIFT = 500e-6  # s per s; Linux cannot discipline a clock that is further off (adjtimex(2))
NOTICED = 0.02  # s; the smallest slew that is detected
FAST = 60.0  # s; a slew detected later is slower than 330 ppm, and may be another rate rather than a correction
DAY = 86_400.0  # s; a crystal's rate of days ago belongs to another temperature
LEAST_ERROR = 0.05  # s; systemd-timesyncd tells the kernel an error of 0, and NTP over 4G is seldom better than this
MOST_ERROR = 3600.0  # s; a time with a larger error dates nothing
EARLIEST = 1_767_225_600_000_000  # 2026-01-01 UTC in microseconds: no copy of this version is older (CHANGELOG.md)
LATEST = 2_398_377_600_000_000  # 2046-01-01, 20 years later
SIMULATED = "sim"  # a simulation's time is always believed: it plays recordings of any year
CRYSTAL = "crystal"  # the time carried by the crystal across a slew of the boot's clock; not from a source
DISCIPLINED, UNDISCIPLINED = "ntp", "system"  # the system's clock, synchronised or not


class Anchor(msgspec.Struct, frozen=True):
    """`boottime` (s) of `boot` is `utc` (microseconds since 1970), known by `source` to +-`error` seconds."""

    boot: str
    boottime: float
    utc: int
    source: str
    error: float

    @property
    def voice(self) -> str:
        """The source that speaks: the system's clock is one source, before and after it is synchronised."""
        return DISCIPLINED if self.source == UNDISCIPLINED else self.source


class KeptClock(msgspec.Struct, frozen=True):
    """The clocks of a boot at an instant up to which all slews are accounted for.

    `at`: CLOCK_BOOTTIME, `crystal`: CLOCK_MONOTONIC_RAW, s; `rate`: s of the former per s of the latter, +-`unsure`.
    """

    boot: str
    at: float
    crystal: float
    rate: float
    unsure: float


class Slewed(msgspec.Struct, frozen=True):
    """From `since` to `until` (s of the boot) the boot's clock would have counted `elapsed` s without the slew.

    `unnoticed`: how many s more may have been slewed before and after it undetected; `kept`: the clocks at its end.
    """

    since: float
    until: float
    elapsed: float
    unnoticed: float = NOTICED
    kept: KeptClock | None = None

    @property
    def fast(self) -> bool:
        """Whether it was detected within FAST seconds."""
        return self.until - self.since < FAST


def believable(anchor: Anchor) -> bool:
    """Return whether an anchor is possible: after this release, within 20 years, its error at most MOST_ERROR."""
    if not (math.isfinite(anchor.boottime) and 0 <= anchor.error <= MOST_ERROR):
        return False
    if anchor.source == SIMULATED:
        return 0 <= anchor.utc <= LATEST
    return EARLIEST <= anchor.utc <= LATEST


def day_of(utc: int) -> str:
    """Return the UTC day and time of an instant (microseconds since 1970), for a log; never raises."""
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc):%Y-%m-%d %H:%M:%S}"
    except OverflowError:
        return "a year that no calendar has"


def time_of(boottime: float, anchors: Sequence[Anchor]) -> tuple[int, ClockMark] | None:
    """Return the UTC (microseconds) of an instant of the anchors' boot and how it is known; None without an anchor.

    `anchors`: all of one boot, oldest first.
    """
    if not anchors:
        return None
    place = bisect_right(anchors, boottime, key=_instant)
    if place == 0:
        first_day = anchors[: bisect_right(anchors, anchors[0].boottime + DAY, key=_instant)]
        slewed = next((n for n, anchor in enumerate(first_day) if n and anchor.source == CRYSTAL), len(first_day))
        return _extrapolated(boottime, anchors[0], rate(first_day[:slewed]))
    if place == len(anchors):
        return _extrapolated(boottime, anchors[-1], rate(anchors))
    before, after = anchors[place - 1], anchors[place]
    share = (boottime - before.boottime) / (after.boottime - before.boottime)
    utc = before.utc + round((after.utc - before.utc) * share)
    nearest = min(boottime - before.boottime, after.boottime - boottime)
    return utc, ClockMark(before.source, round(max(error_of(before), error_of(after)) + DRIFT * nearest, 6))


def carried(slewed: Slewed, anchors: Sequence[Anchor]) -> tuple[Anchor, Anchor]:
    """Return the two anchors that carry the time across a slew of the boot's clock: at its begin and at its end.

    `anchors`: at least one, of the boot, oldest first.
    """
    newest = anchors[-1]
    since, elapsed, unnoticed = slewed.since, slewed.elapsed, slewed.unnoticed
    if since < newest.boottime < slewed.until:  # an unknown part of the slew came before the anchor
        gained = (slewed.until - since - elapsed) / 2
        since, elapsed = newest.boottime, slewed.until - newest.boottime - gained
        unnoticed += abs(gained)
    before, after = (time_of(at, anchors) for at in (since, since + elapsed))
    assert before is not None
    assert after is not None
    continues = newest.source == CRYSTAL and newest.boottime == since and newest.error > unnoticed
    unnoticed = 0.0 if continues else unnoticed
    begin, end = (
        Anchor(anchors[0].boot, at, utc, CRYSTAL, round((mark.error or 0.0) + unnoticed, 6))
        for at, (utc, mark) in ((since, before), (slewed.until, after))
    )
    return begin, end


def carried_back(early: Sequence[Slewed], first: Anchor) -> list[Anchor]:
    """Return the anchors that carry a boot's first anchor back across the slews before it, oldest first."""
    found = [first]
    for slewed in reversed([one for one in early if one.until <= first.boottime]):
        end = time_of(slewed.until, found)
        assert end is not None
        continues = found[0].source == CRYSTAL and found[0].boottime == slewed.until
        error = round((end[1].error or 0.0) + (0.0 if continues else slewed.unnoticed), 6)
        begin = Anchor(first.boot, slewed.since, end[0] - round(slewed.elapsed * 1e6), CRYSTAL, error)
        found[:0] = [begin] if continues else [begin, Anchor(first.boot, slewed.until, end[0], CRYSTAL, error)]
    return found[:-1]


def error_of(anchor: Anchor) -> float:
    """Return the error stated for an anchor, s: its own, but at least LEAST_ERROR."""
    return max(anchor.error, LEAST_ERROR)


class Rate(msgspec.Struct, frozen=True):
    """UTC gains `gain` s per s on a boot's clock, known to +-`error`."""

    gain: float
    error: float


UNKNOWN_RATE = Rate(0.0, MOST_DRIFT)


def rate(anchors: Sequence[Anchor]) -> Rate:
    """Return the rate of a boot's clock by the anchors of the last day; UNKNOWN_RATE if their errors are too large.

    The rate of days ago belongs to another temperature, and that of the next hour may differ from the day's by DRIFT.
    Anchors before the last one of the source CRYSTAL are not used: the clock was slewed in between.
    """
    newest = anchors[-1]
    begin, end = (bisect_left(anchors, at, key=_instant) for at in (newest.boottime - DAY, newest.boottime))
    slewed = (n for n in range(len(anchors) - 1, begin - 1, -1) if anchors[n].source == CRYSTAL)
    of_day = anchors[next(slewed, begin) : end]
    if not of_day:
        return UNKNOWN_RATE

    def unsure(first: Anchor) -> float:
        return (error_of(first) + error_of(newest)) / (newest.boottime - first.boottime)

    first = min(of_day, key=unsure)
    gain = (newest.utc - first.utc) / 1e6 / (newest.boottime - first.boottime) - 1
    error = unsure(first) + DRIFT
    return Rate(gain, error) if error < MOST_DRIFT and abs(gain) <= MOST_DRIFT else UNKNOWN_RATE


def _instant(anchor: Anchor) -> float:
    return anchor.boottime


def _extrapolated(boottime: float, anchor: Anchor, its: Rate) -> tuple[int, ClockMark]:
    away = boottime - anchor.boottime
    utc = anchor.utc + round(away * (1 + its.gain) * 1e6)
    return utc, ClockMark(anchor.source, round(error_of(anchor) + its.error * abs(away), 6))
