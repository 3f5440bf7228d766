"""What is complete and what is not: for a station's day what was measured, received and good, and why each hole is.

A hole is a time without minutes between two that are here. Numbers that the ledger lacks there were measured: they are
not received yet, or lost where a loss record names them. Where the epoch changes the box was off, and its start record
says why. What is neither was not measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from edge.records.ranges import Ranges, common, count, ranges, without
from hub.database.engine import Engine

DAY_S = 86_400
US = 1_000_000
MINUTE_US = 60 * US
BEST = 2  # the worst flag of a good minute: 1 good, 2 not judged
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hole(NamedTuple):
    """A time without minutes, microseconds UTC. `cause`: "off", "not_received", "lost", "not_measured", "silent".

    `records`: how many that were made and are not here; `why`: the station's own reason as
    it came, None where there is none.
    """

    start: int
    end: int
    cause: str
    records: int
    why: object


class Day(NamedTuple):
    """One station's day by its own clock: minutes measured, received, good, and the holes."""

    station: str
    day: date
    measured: int
    received: int
    good: int
    holes: list[Hole]


class Minute(NamedTuple):
    """What is looked at of a minute."""

    start: int
    end: int
    epoch: str
    seq: int
    good: bool


def stations(engine: Engine) -> list[tuple[str, int | None, int | None]]:
    """Return the stations with the start of their newest minute, and when the last record of each arrived."""
    found = engine.query("SELECT station, arrived_last_us FROM station ORDER BY station")
    newest = dict(engine.query("SELECT station, max(start) FROM record WHERE kind = 'minute' GROUP BY station"))
    return [(station, newest.get(station), arrived) for station, arrived in found]


def day_of(engine: Engine, station: str, day: date, now: int) -> Day:
    """Return a station's day; `now` ends it where it is not over. Raise SinkError."""
    offset = offset_of(engine, station)
    first = ((datetime.combine(day, datetime.min.time(), UTC) - EPOCH) // timedelta(seconds=1) - offset) * US
    last = min(first + DAY_S * US, now)
    minutes = _minutes(engine, station, first, last)
    holes = list(_holes(engine, station, minutes, first, last))
    received = [minute for minute in minutes if first <= minute.start < last]
    lacking = sum(hole.records for hole in holes)
    return Day(station, day, len(received) + lacking, len(received), sum(m.good for m in received), holes)


def local_day(engine: Engine, station: str, utc: int) -> date:
    """Return the station's day that an instant (microseconds UTC) lies in."""
    return (EPOCH + timedelta(seconds=utc // US + offset_of(engine, station))).date()


def offset_of(engine: Engine, station: str) -> int:
    """Return seconds ahead of UTC of a station's clock, by its newest setup; 0 where it has sent none."""
    found = engine.query(
        "SELECT utc_offset_s FROM setup WHERE station = %s AND utc_offset_s IS NOT NULL "
        "ORDER BY arrived_us DESC LIMIT 1",
        (station,),
    )
    return int(found[0][0]) if found else 0


def _minutes(engine: Engine, station: str, first: int, last: int) -> list[Minute]:
    """Return the minutes of a span with one before it and one behind it, by time."""
    columns = "start_us, end_us, epoch, seq, quality FROM minute WHERE station = %s AND start_us"
    before = engine.query(f"SELECT {columns} < %s ORDER BY start_us DESC LIMIT 1", (station, first))
    within = engine.query(f"SELECT {columns} >= %s AND start_us < %s ORDER BY start_us", (station, first, last))
    behind = engine.query(f"SELECT {columns} >= %s ORDER BY start_us LIMIT 1", (station, last))
    return [
        Minute(start, end, epoch, seq, _is_good(said)) for start, end, epoch, seq, said in (*before, *within, *behind)
    ]


def _is_good(quality: Any) -> bool:
    """Return whether no channel of a minute is doubtful or missing."""
    found = json.loads(quality) if isinstance(quality, str) else quality
    flags = list(found.values()) if isinstance(found, dict) else []
    return bool(flags) and all(isinstance(flag, int) and flag <= BEST for flag in flags)


def _holes(engine: Engine, station: str, minutes: list[Minute], first: int, last: int) -> Iterator[Hole]:
    reached = minutes[0] if minutes else None
    for minute in minutes[1:]:
        if reached is not None and minute.start - reached.end >= MINUTE_US // 2:
            start, end = max(reached.end, first), min(minute.start, last)
            if start < end:
                yield from _between(engine, station, reached, minute, Hole(start, end, "", 0, None))
        reached = minute
    end = first if reached is None else max(reached.end, first)
    if last - end >= MINUTE_US and (reached is None or reached.start < last):
        yield Hole(end, last, "silent", 0, None)


def _between(engine: Engine, station: str, before: Minute, after: Minute, hole: Hole) -> Iterator[Hole]:
    """Yield a hole with its cause; the part of it that the day holds takes its share of the records."""
    if before.epoch != after.epoch:
        yield hole._replace(cause="off", why=_why_off(engine, station, after.epoch))
        return
    lacking = without(((before.seq + 1, after.seq - 1),), _held(engine, station, before.epoch))
    lost, why = _lost(engine, station, before.epoch)
    gone = common(lacking, lost)
    whole = max(1, after.start - before.end)
    for cause, numbers in (("lost", gone), ("not_received", without(lacking, gone))):
        if numbers:
            share = round(count(numbers) * (hole.end - hole.start) / whole)
            yield hole._replace(cause=cause, records=share, why=why if cause == "lost" else None)
    if not lacking:
        yield hole._replace(cause="not_measured")


def _held(engine: Engine, station: str, epoch: str) -> Ranges:
    found = engine.query("SELECT first, last FROM ledger WHERE station = %s AND epoch = %s", (station, epoch))
    return ranges((first, last) for first, last in found)


def _lost(engine: Engine, station: str, epoch: str) -> tuple[Ranges, object]:
    """Return the numbers of an epoch that loss records name, and the reason of one of them."""
    pairs: list[tuple[int, int]] = []
    why: object = None
    for body in _bodies(engine, station, "loss"):
        if body.get("epoch") == epoch and isinstance(body.get("first"), int) and isinstance(body.get("last"), int):
            pairs.append((body["first"], body["last"]))
            why = body.get("cause") or why
    return ranges(pairs), why


def _why_off(engine: Engine, station: str, epoch: str) -> object:
    """Return the reason of a start record."""
    found = list(_bodies(engine, station, "start", epoch))
    return found[0].get("reason") if found else None


def _bodies(engine: Engine, station: str, kind: str, epoch: str | None = None) -> Iterator[dict[str, Any]]:
    only = "" if epoch is None else " AND epoch = %s"
    values = (station, kind) if epoch is None else (station, kind, epoch)
    for (body,) in engine.query(f"SELECT body FROM event WHERE station = %s AND kind = %s{only}", values):
        found = json.loads(body) if isinstance(body, str) else body
        if isinstance(found, dict):
            yield found
