"""A station's monthly report: what arrived of what was due, how much of it is good, and each outage.

    month = MonthlySheet of a station, e.g. 2026-04: expected 43,200 minutes, received 43,101, good 43,077

It depends on the begin of each minute alone, never on its arrival: an outage of the hub itself, after which the
stations send what it missed, changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from edge.measure.aggregates import HOUR_US, counted
from edge.records.answers import Gap
from edge.records.asked import EPOCH, MINUTE_US, unit_of
from hub.completeness import (
    IN_TRANSIT_US,
    US,
    begin_of,
    first_minute,
    span_of,
)
from hub.database.cameras import in_order
from hub.database.counting import StationHour, minutes_of
from hub.database.engine import Engine
from hub.database.held_hours import Stretch, doubtful
from hub.doubts import doubt_counts
from hub.export import in_order as in_channel_order
from hub.stations import offset_of

MOST_DOUBTS = 20  # kinds of doubt that are listed, the most frequent first
WHOLE_HOURS = (
    "SELECT channel, sum(good), sum(suspect), sum(bad), sum(missing) FROM hourly h "
    "WHERE station = %s AND start >= %s AND start <= %s AND NOT EXISTS (SELECT 1 FROM stale s "
    "WHERE s.station = h.station AND s.start = h.start AND s.utc_offset_s = h.utc_offset_s)"
)
CUT_HOURS = (
    "SELECT start, utc_offset_s FROM hourly WHERE station = %s AND start > %s AND start < %s "
    "AND NOT (start >= %s AND start <= %s)"
)
STALE_HOURS = "SELECT start, utc_offset_s FROM stale WHERE station = %s AND start > %s AND start < %s"


class DayLine(msgspec.Struct, frozen=True):
    """One day of a month: minutes expected, received, and good."""

    day: date
    expected: int
    received: int
    good: int


class SheetOutage(msgspec.Struct, frozen=True):
    """A time without minutes, and its cause as in `Gap`; `why`: the station's own reason as received."""

    start_us: int
    end_us: int
    minutes: int
    cause: str
    why: object
    undated: int = 0


class ChannelCounts(msgspec.Struct, frozen=True):
    """How many minutes of a channel are good (or not judged), suspect, bad, and missing."""

    channel: str
    unit: str
    good: int
    suspect: int
    bad: int
    missing: int


class Doubt(msgspec.Struct, frozen=True):
    """Why minutes are flagged: a channel, a reason, and the number of minutes."""

    channel: str
    reason: object
    minutes: int


class CameraLine(msgspec.Struct, frozen=True):
    """A camera's pictures: how many were taken, how many full ones are stored, and their bytes with thumbnails."""

    camera: str
    pictures: int
    full: int
    bytes: int


class MonthlySheet(msgspec.Struct, frozen=True):
    """One station's month by its own clock, from its first minute where that is later than the first of the month.

    The current month goes up to five minutes ago: younger minutes may still be in transit.

    `arrival_rate` = received / expected, `accuracy_rate` = good / received; None where the divisor is 0.
    `record_bytes`: as JSON, more than the bytes transmitted.
    """

    station: str
    month: str
    start_us: int
    end_us: int
    utc_offset_s: int
    expected: int
    received: int
    good: int
    arrival_rate: float | None
    accuracy_rate: float | None
    days: list[DayLine]
    outages: list[SheetOutage]
    channels: list[ChannelCounts]
    doubts: list[Doubt]
    cameras: list[CameraLine]
    record_bytes: int
    picture_bytes: int


def sheet(engine: Engine, station: str, month: date, now: int) -> MonthlySheet:
    """Return the sheet of the month that a day lies in; `now`: microseconds UTC. Raise SinkError."""
    offset = offset_of(engine, station)
    start = begin_of(month.replace(day=1), offset)
    end = min(begin_of(_next(month), offset), (now - IN_TRANSIT_US) // MINUTE_US * MINUTE_US)
    first = first_minute(engine, station)
    start = end if first is None else min(max(start, first), end)
    minutes, gaps = span_of(engine, station, start, end)
    each = [(begin // MINUTE_US, good) for some in minutes for begin, good in some.starts()]
    here, good = {number for number, _ in each}, {number for number, is_good in each if is_good}
    expected = (end - start) // MINUTE_US
    cameras = _cameras(engine, station, start, end)
    return MonthlySheet(
        *(station, month.strftime("%Y-%m"), start, end, offset, expected, len(here), len(good)),
        arrival_rate=len(here) / expected if expected else None,
        accuracy_rate=len(good) / len(here) if here else None,
        days=_days(start, end, offset, here, good),
        outages=[_outage(gap) for gap in _without_minutes(gaps, minutes)],
        channels=_channels(engine, station, start, end),
        doubts=[Doubt(*one) for one in doubt_counts(engine, station, doubtful(engine, station, minutes))[:MOST_DOUBTS]],
        cameras=cameras,
        record_bytes=_record_bytes(engine, station, minutes, start, end),
        picture_bytes=sum(camera.bytes for camera in cameras),
    )


def _without_minutes(gaps: Iterable[Gap], minutes: Sequence[Stretch]) -> Iterator[Gap]:
    """Yield the gaps in which no minute begins: one box's gap while another sends in its name is no outage."""
    starts = [begin for some in minutes for begin, _ in some.starts()]
    for gap in gaps:
        if bisect_left(starts, gap.start_us) == bisect_left(starts, gap.end_us):
            yield gap


def _next(month: date) -> date:
    """Return the first day of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _days(start: int, end: int, offset: int, here: set[int], good: set[int]) -> list[DayLine]:
    """Return a line a day; each minute lies in one."""
    tallies = [Counter(_day(number, offset) for number in numbers) for numbers in (here, good)]
    expected = Counter(_day(number, offset) for number in range(start // MINUTE_US, end // MINUTE_US))
    return [DayLine(day, expected[day], tallies[0][day], tallies[1][day]) for day in sorted(expected)]


def _day(minute: int, offset: int) -> date:
    """Return the day of a minute (its number since 1970) by a station's clock."""
    return date.fromordinal(EPOCH.toordinal() + (minute * 60 + offset) // 86_400)


def _outage(gap: Gap) -> SheetOutage:
    minutes = round((gap.end_us - gap.start_us) / MINUTE_US)
    return SheetOutage(gap.start_us, gap.end_us, minutes, gap.cause, gap.why, gap.undated)


def _channels(engine: Engine, station: str, start: int, end: int) -> list[ChannelCounts]:
    """Return the counts of a span's minutes, in the order of the contract.

    Hours that lie wholly in it are aggregated already; hours cut by its ends, or still to be counted, are read minute
    by minute.
    """
    within, whole = (station, start - HOUR_US, end), (start, end - HOUR_US)
    found = engine.query(f"{WHOLE_HOURS} GROUP BY channel", (station, *whole))
    counts = {channel: list(map(int, numbers)) for channel, *numbers in found}
    cut = engine.query(f"{CUT_HOURS} UNION {STALE_HOURS}", (*within, *whole, *within))
    for _hour, minutes in minutes_of(engine, (StationHour(station, *hour) for hour in cut)):
        for channel, tally in counted(minute for minute in minutes if start <= minute.start < end):
            known = counts.setdefault(channel, [0, 0, 0, 0])
            known[:] = map(sum, zip(known, (tally.good, tally.suspect, tally.bad, tally.missing)))
    return [ChannelCounts(name, unit_of(name), *counts[name]) for name in sorted(counts, key=in_channel_order)]


def _cameras(engine: Engine, station: str, start: int, end: int) -> list[CameraLine]:
    found = engine.query(
        "SELECT camera, count(DISTINCT picture), sum(CASE WHEN part = 'full' THEN 1 ELSE 0 END), sum(size) "
        "FROM picture WHERE station = %s AND time >= %s AND time < %s GROUP BY camera",
        (station, start, end),
    )
    lines = [CameraLine(camera, *map(int, counts)) for camera, *counts in found]
    return sorted(lines, key=lambda line: in_order(line.camera))


def _record_bytes(engine: Engine, station: str, minutes: Iterable[Stretch], start: int, end: int) -> int:
    """Return the bytes of the minutes and of all other records that began in a span."""
    ((others,),) = engine.query(
        "SELECT coalesce(sum(length(raw)), 0) FROM record WHERE station = %s AND start >= %s AND start < %s "
        "AND coalesce(start, arrived) >= %s AND coalesce(start, arrived) < %s "
        "AND (kind IS NULL OR kind <> 'minute' OR wrong IS NOT NULL)",
        (station, start, end, start, end),
    )
    return int(others) + sum(some.bytes for some in minutes)


def local(utc: int, offset: int) -> datetime:
    """Return an instant (microseconds UTC) by a station's clock, without a zone."""
    return datetime.fromtimestamp(utc / US + offset, UTC).replace(tzinfo=None)
