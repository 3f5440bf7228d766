"""What the stations' own clocks say of the hub's, which may be synchronised and wrong all the same.

Nothing is deleted for its age by the hub's word alone: a clock that is a year ahead would delete a year.
"""

from __future__ import annotations

from statistics import median_low

from edge.records.asked import DAY_US, MINUTE_US
from hub.database.engine import Engine

OWN = ("ntp", "gnss", "rtc", "modem")  # what tells a station the time without asking a hub
LATELY_US = 10 * MINUTE_US
BEHIND_US = 2 * MINUTE_US  # by which a minute ends after it came, while either clock may be a little off
AHEAD_US = 20 * MINUTE_US  # by which the newest minute is old when it comes; the slowest cadence is 15 min
MOST = 20  # stations that are asked, those that were heard last
HEARD = (
    "SELECT station FROM epoch WHERE arrived_last > %s AND arrived_last <= %s GROUP BY station "
    "ORDER BY max(arrived_last) DESC, station LIMIT %s"
)
NEWEST = (
    "SELECT start, duration, arrived, source FROM record WHERE station = %s AND start <= %s AND kind = 'minute' "
    "AND wrong IS NULL ORDER BY start DESC LIMIT 1"
)


def vouched_time(engine: Engine, now: int) -> int | None:
    """Return the present as far as stations vouch for it, `now` at most (microseconds UTC); None where none does.

    It is the newest minute of half of those that were heard within a day. Raise SinkError.
    """
    newest = [engine.query(NEWEST, (station, now)) for station in _heard(engine, now, DAY_US)]
    starts = [found[0][0] for found in newest if found]
    return median_low(starts) if starts else None


def clock_offset(engine: Engine, now: int) -> int | None:
    """Return by how much the hub's clock is ahead of its stations' (behind: negative), microseconds; 0: they agree.

    None where fewer than two that know the time by themselves were heard just now. Raise SinkError.
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
    """Return whether the hub's clock is off by what it was off before, both as `clock_offset` returns it.

    What waited at the broker is late when it comes, and less so from look to look; a wrong clock stays as wrong.
    """
    return abs(off_us - before_us) <= BEHIND_US and bool(off_us) == bool(before_us)


def _heard(engine: Engine, now: int, within_us: int) -> list[str]:
    """Return who was heard within that time, the last ones first."""
    return [station for (station,) in engine.query(HEARD, (now - within_us, now, MOST))]
