"""The hub's clock checked against its stations' clocks: it may be synchronised and still be wrong.

Nothing is deleted for its age by the hub's clock alone: if that is a year ahead, a year would be deleted.
"""

from __future__ import annotations

from statistics import median_low

from edge.records.asked import DAY_US, MINUTE_US
from hub.database.engine import Engine

OWN = ("ntp", "gnss", "rtc", "modem")  # time sources that do not depend on a hub
LATELY_US = 10 * MINUTE_US
BEHIND_US = 2 * MINUTE_US  # a minute may seem to end this long after it arrived, as both clocks are a little off
AHEAD_US = 20 * MINUTE_US  # age that a newest minute may have on arrival; the slowest cadence is 15 min
MOST = 20  # stations that are compared, those heard last
HEARD = (
    "SELECT station FROM epoch WHERE arrived_last > %s AND arrived_last <= %s GROUP BY station "
    "ORDER BY max(arrived_last) DESC, station LIMIT %s"
)
NEWEST = (
    "SELECT start, duration, arrived, source FROM record WHERE station = %s AND start <= %s AND kind = 'minute' "
    "AND wrong IS NULL ORDER BY start DESC LIMIT 1"
)


def vouched_time(engine: Engine, now: int) -> int | None:
    """Return the present as confirmed by stations, at most `now` (microseconds UTC); None where none confirms any.

    Half of the stations heard within a day have a minute at least that new. Raise SinkError.
    """
    newest = [engine.query(NEWEST, (station, now)) for station in _heard(engine, now, DAY_US)]
    starts = [found[0][0] for found in newest if found]
    return median_low(starts) if starts else None


def clock_offset(engine: Engine, now: int) -> int | None:
    """Return by how much the hub's clock is ahead of its stations' (behind: negative), microseconds; 0: they agree.

    None where fewer than two stations with a time source of their own were heard just now. Raise SinkError.
    """
    ahead = []
    for station in _heard(engine, now, LATELY_US):
        for start, duration, arrived, source in engine.query(NEWEST, (station, now + 100 * 366 * DAY_US)):
            if source in OWN and now - LATELY_US < arrived <= now:
                ahead.append(arrived - start - round(duration * 1e6))
    if len(ahead) < 2:
        return None
    return int(median_low(ahead)) if min(ahead) > AHEAD_US or max(ahead) < -BEHIND_US else 0


def is_same_offset(off_us: int, before_us: int) -> bool:
    """Return whether the hub's clock is off by the same as before, both as `clock_offset` returns it.

    Messages queued at the broker arrive late, but less so from check to check; the error of a wrong clock is constant.
    """
    return abs(off_us - before_us) <= BEHIND_US and bool(off_us) == bool(before_us)


def _heard(engine: Engine, now: int, within_us: int) -> list[str]:
    """Return the stations heard within that time, the latest first."""
    return [station for (station,) in engine.query(HEARD, (now - within_us, now, MOST))]
