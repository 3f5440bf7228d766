"""When a station that sends nothing counts as silent, and when all of them are one alarm: pure.

A station is late once nothing arrived for its own cadence plus five minutes (fifteen out of season). Downtimes of the
hub, its broker or its database do not count: after each, that time starts again. Where no station at all is heard, it
is one alarm about broker or hub.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import median

import msgspec

from edge.records.asked import DAY_US, MINUTE_US

PATIENCE, PATIENCE_OUT = 5 * MINUTE_US, 15 * MINUTE_US
SLOWEST = 15 * MINUTE_US  # the longest cadence
GONE_US = 7 * DAY_US  # after which a station is no longer expected


class LastHeard(msgspec.Struct, frozen=True):
    """When a station was last heard, and its cadence (the interval of its messages), microseconds.

    `newest_us`: when it was last heard including times in the future, noted while the clock was ahead.
    """

    station: str
    last_us: int
    cadence_us: int
    newest_us: int = 0


class Silences(msgspec.Struct, frozen=True):
    """The silent stations, and whether all are silent."""

    stations: frozenset[str]
    everybody: bool


def silences(
    heard: Iterable[LastHeard], now: int, since_us: int, in_season: bool, before: Silences, connected: bool = True
) -> Silences:
    """Return who is silent. `since_us`: since when this hub, its broker and its database have been available.

    `before`: who was silent until now; they stay so until heard. `connected`: whether the broker is connected.
    """
    patience = PATIENCE if in_season else PATIENCE_OUT
    expected = [one for one in heard if now - one.last_us < GONE_US or one.station in before.stations]
    late = {one.station for one in expected if now - max(one.last_us, since_us) > one.cadence_us + patience}
    quiet = {one.station for one in expected if now - one.last_us > 2 * one.cadence_us + MINUTE_US // 2}
    still = {one.station for one in expected if one.station in before.stations and now - one.last_us > patience}
    everybody = len(expected) > int(connected) and quiet == {one.station for one in expected}
    if everybody:  # all of them late is one alarm, not one for each
        is_one = before.everybody or {one.station for one in expected} <= late | still
        return Silences(frozenset(still), is_one and bool(late - still or before.everybody))
    if before.everybody:  # the first is back: give the others as long as after a downtime of the hub itself
        return Silences(frozenset(still), False)
    return Silences(frozenset(late | still), False)


def cadence(arrivals: Iterable[int]) -> int:
    """Return a station's cadence, by the arrivals of its newest records; one minute where there are too few."""
    times = sorted(set(arrivals))
    gaps = [after - before for before, after in pairwise(times)]
    return min(SLOWEST, max(MINUTE_US, round(median(gaps)))) if gaps else MINUTE_US
