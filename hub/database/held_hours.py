"""The minutes of each hour of a station as one row: a day's completeness is read from 24 rows, not 1,440 records.

A row represents its minutes if they are of one epoch, with ascending numbers, each beginning on the minute, without a
gap. For any other hour the row says (`minutes` 0) that its minutes must be read individually; so must those of an hour
still to be counted (`minutes` NULL) or without a row. Hours are UTC hours, whatever the station's clock. Rows are
written in the transaction that stores the minutes, under the station's lock in `counting`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from edge.measure.aggregates import HOUR_US
from edge.records.asked import MINUTE_US
from edge.records.record import Kind
from hub.database.counting import lock
from hub.database.engine import Engine

BEST = 2  # the worst flag of a good minute: 1 good, 2 not judged
MOST_HOURS = 400  # that one commit counts; further ones, the oldest, are counted later
READ_US = 24 * HOUR_US  # of minutes that one statement reads
READ = 1000  # minutes that one statement looks up by their begin
SLICE = 10  # uncounted hours that are counted in one transaction
KEY = ("station", "hour")
ROW = ("minutes", "epoch", "seq_first", "seq_last", "since", "until", "mask", "bytes")
TABLE = """
CREATE TABLE held_hour (
    station {text} NOT NULL, hour {int} NOT NULL,
    minutes {int}, epoch {text}, seq_first {int}, seq_last {int}, since {int}, until {int}, mask {int}, bytes {int},
    PRIMARY KEY (station, hour)
) {clustered};
CREATE INDEX held_hour_left ON held_hour (hour) WHERE minutes IS NULL;
"""
# The hours of an earlier version's database, to be counted in the background; an hour of a clock with an offset of half
# an hour lies in two.
COUNT_ALL = """
INSERT INTO held_hour (station, hour)
    SELECT DISTINCT station, start / 3600000000 + n
    FROM (SELECT station, start FROM hourly UNION SELECT station, start FROM stale) AS counted
    CROSS JOIN (SELECT 0 AS n UNION SELECT 1) AS parts WHERE n = 0 OR start % 3600000000 <> 0;
"""
Hour = tuple[str, int]  # station, hours since 1970 UTC


class Stretch(NamedTuple):
    """Consecutive minutes of one epoch: `first` and `last` are numbers, `mask` has a bit for each good one."""

    start: int
    end: int
    epoch: str
    first: int
    last: int
    minutes: int
    mask: int
    bytes: int

    @property
    def good(self) -> int:
        """How many of them are good."""
        return self.mask.bit_count()

    def starts(self) -> Iterator[tuple[int, bool]]:
        """Yield the begin of each, and whether it is good."""
        for place in range(self.minutes):
            yield self.start + place * MINUTE_US, bool(self.mask >> place & 1)


class HeldMinute(NamedTuple):
    """A minute that was written: its record's identity, begin (microseconds UTC), duration (s) and bytes."""

    station: str
    epoch: str
    seq: int
    start: int
    duration: float
    raw: bytes


class FlaggedBody(msgspec.Struct, frozen=True, gc=False):
    """The values of a minute's body, and their flags."""

    values: dict[str, float | None]
    quality: dict[str, int]


class FlaggedRecord(msgspec.Struct, frozen=True, gc=False):
    """A record with such a body."""

    body: FlaggedBody


FLAGS = msgspec.json.Decoder(FlaggedRecord)


def hour(station: str, start: int) -> Hour:
    """Return the hour of a station that contains an instant (microseconds UTC)."""
    return station, start // HOUR_US


def is_good(raw: bytes) -> bool:
    """Return whether every channel of a minute has a value and the flag of a good one."""
    try:
        body = FLAGS.decode(raw).body
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    values, flags = body.values, body.quality
    return bool(flags) and max(flags.values()) <= BEST and flags.keys() == values.keys() and None not in values.values()


def minutes_of(engine: Engine, station: str, first: int, last: int) -> list[Stretch]:
    """Return the minutes that begin in a span (microseconds UTC), each as one stretch, by time. Raise SinkError."""
    found: list[Stretch] = []
    for begin in range(first, last, READ_US):  # in parts: a month's records would fill the memory
        end = min(begin + READ_US, last)
        found += _read(engine, station, "start >= %s AND start < %s ORDER BY start", begin, end)
    return found


def doubtful(engine: Engine, station: str, minutes: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield the minutes that are not good, each as one stretch. Raise SinkError."""
    starts: list[tuple[str, int]] = []
    for some in minutes:
        if some.minutes == 1:
            yield from () if some.good else (some,)
        else:
            starts += [(station, start) for start, good in some.starts() if not good]
    columns = ("start", "duration", "epoch", "seq", "raw", "kind", "wrong")
    for place in range(0, len(starts), READ):
        found = engine.lookup("record", columns, ("station", "start"), starts[place : place + READ])
        for *one, raw, kind, wrong in found:
            if kind == Kind.MINUTE and wrong is None:
                yield _of(HeldMinute(station, one[2], one[3], one[0], one[1], raw))


def stretches(engine: Engine, station: str, first: int, last: int) -> list[Stretch]:
    """Return the minutes that begin in a span, by time, with one stretch for each hour that a row represents.

    Raise SinkError.
    """
    rows = engine.query(
        f"SELECT hour, {', '.join(ROW)} FROM held_hour WHERE station = %s AND hour >= %s AND hour < %s "
        "AND minutes > 0 ORDER BY hour",
        (station, -(-first // HOUR_US), last // HOUR_US),
    )
    found: list[Stretch] = []
    reached = first
    for hour, *row in rows:
        if reached < hour * HOUR_US:
            found += minutes_of(engine, station, reached, hour * HOUR_US)
        found.append(_stretch(row))
        reached = (hour + 1) * HOUR_US
    return found + minutes_of(engine, station, reached, last) if reached < last else found


def beside(engine: Engine, station: str, first: int, last: int) -> tuple[list[Stretch], list[Stretch]]:
    """Return the last minute before a span and the first after it, as far as they exist. Raise SinkError."""
    before = _read(engine, station, "start < %s ORDER BY start DESC LIMIT 1", first)
    return before, _read(engine, station, "start >= %s ORDER BY start LIMIT 1", last)


def keep(engine: Engine, fresh: Iterable[HeldMinute], left: Iterable[Hour]) -> None:
    """Count minutes that were written, and recount the hours `left` by others, under their stations' lock."""
    minutes: dict[Hour, list[HeldMinute]] = {}
    for minute in fresh:
        minutes.setdefault(hour(minute.station, minute.start), []).append(minute)
    anew = set(left)
    newest_first = sorted(anew | minutes.keys(), key=lambda one: (-one[1], one[0]))
    now = sorted(newest_first[:MOST_HOURS])
    rows = {line[:2]: line[2:] for line in engine.lookup("held_hour", (*KEY, *ROW), KEY, now)}
    here = _counts(engine, [one for one in now if one not in rows and one not in anew])
    made: dict[Hour, Stretch | None] = {}
    for one in now:
        row, its = rows.get(one), [_of(minute) for minute in minutes.get(one, ())]
        if row is not None and row[0] is None:
            anew.discard(one)  # it is counted later
            continue
        if row is None and here.get(one) == len(its):
            made[one] = joined(its)
            continue
        grown = joined((_stretch(row), *its)) if row is not None and row[0] and one not in anew else None
        if grown is None:
            anew.add(one)
        else:
            made[one] = grown
    _write(engine, made | _counted(engine, anew.intersection(now)))
    later = [(*one, *(None,) * len(ROW)) for one in sorted(newest_first[MOST_HOURS:])]
    engine.upsert("held_hour", (*KEY, *ROW), later, KEY)


def work_off(engine: Engine) -> int:
    """Count some uncounted hours, the newest first. Return how many."""
    waiting = "SELECT station, hour FROM held_hour WHERE minutes IS NULL ORDER BY hour DESC, station LIMIT %s"
    hours = {(str(station), int(hour)) for station, hour in engine.query(waiting, (SLICE,))}
    if hours:
        with engine.transaction():
            lock(engine, {station for station, _ in hours})
            _write(engine, _counted(engine, hours))
    return len(hours)


def invalidate(engine: Engine, station: str) -> None:
    """Mark all hours of a station as uncounted: records are gone."""
    lock(engine, {station})
    engine.query("UPDATE held_hour SET minutes = NULL WHERE station = %s", (station,))


def joined(parts: Iterable[Stretch]) -> Stretch | None:
    """Return minutes of one hour as one stretch; None where they are not consecutive, or there are none."""
    found: Stretch | None = None
    for part in sorted(parts, key=lambda one: one.start):
        if part.start % MINUTE_US or abs(part.end - part.start - part.minutes * MINUTE_US) >= MINUTE_US // 2:
            return None
        if found is None:
            found = part
            continue
        follows = part.start == found.start + found.minutes * MINUTE_US
        if not follows or part.epoch != found.epoch or part.first <= found.last:
            return None
        found = Stretch(
            *(found.start, part.end, found.epoch, found.first, part.last, found.minutes + part.minutes),
            mask=found.mask | part.mask << found.minutes,
            bytes=found.bytes + part.bytes,
        )
    return found


def _read(engine: Engine, station: str, which: str, *values: int) -> list[Stretch]:
    found = engine.query(
        "SELECT start, duration, epoch, seq, raw FROM record WHERE station = %s AND kind = 'minute' AND wrong IS NULL "
        f"AND {which}",
        (station, *values),
    )
    return [_of(HeldMinute(station, epoch, seq, start, duration, raw)) for start, duration, epoch, seq, raw in found]


def _of(one: HeldMinute) -> Stretch:
    end = one.start + round(one.duration * 1e6)
    return Stretch(one.start, end, one.epoch, one.seq, one.seq, 1, int(is_good(one.raw)), len(one.raw))


def _stretch(row: Iterable[Any]) -> Stretch:
    minutes, epoch, first, last, since, until, mask, size = row
    return Stretch(since, until, epoch, first, last, minutes, mask, size)


def _counts(engine: Engine, hours: list[Hour]) -> Counter[Hour]:
    """Return how many minutes are stored of hours, and possibly of others between them."""
    found: Counter[Hour] = Counter()
    for station, its in groupby(hours, lambda hour: hour[0]):
        numbers = [hour for _, hour in its]
        lines = engine.query(
            "SELECT start / 3600000000, count(*) FROM record WHERE station = %s AND start >= %s AND start < %s "
            "AND kind = 'minute' AND wrong IS NULL GROUP BY 1",
            (station, numbers[0] * HOUR_US, (numbers[-1] + 1) * HOUR_US),
        )
        found.update({(station, int(hour)): int(count) for hour, count in lines})
    return found


def _counted(engine: Engine, hours: Iterable[Hour]) -> dict[Hour, Stretch | None]:
    return {hour: joined(minutes_of(engine, hour[0], hour[1] * HOUR_US, (hour[1] + 1) * HOUR_US)) for hour in hours}


def _write(engine: Engine, made: Mapping[Hour, Stretch | None]) -> None:
    lines = []
    for hour in sorted(made):
        one = made[hour]
        nothing = (0, *(None,) * (len(ROW) - 1))
        row = nothing if one is None else (one.minutes, one.epoch, one.first, one.last, one.start, one.end, *one[6:])
        lines.append((*hour, *row))
    engine.upsert("held_hour", (*KEY, *ROW), lines, KEY)
