"""Completeness: for each day of a station what was measured, received and good, and the cause of each gap.

A gap is a time without minutes between two that are here. Numbers missing from the ledger there were measured: they are
not received yet, or lost where a loss record names them. Where the epoch changes, the box was off for the time and the
reason that its start record states; minutes measured before and after it that are not here are listed separately. The
remainder was not measured. After the last minute, numbers that a hello announced are not received, and the rest is
silence, unless minutes of unknown time arrived then. Where two boxes use one name, the numbers of each are examined
separately.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from edge.records.answers import Completeness, Gap
from edge.records.asked import EPOCH, MINUTE_US
from edge.records.ranges import Ranges, common, count, ranges, without
from edge.records.record import MOST
from hub.database.engine import Engine
from hub.database.held_hours import Stretch, beside, doubtful, stretches
from hub.database.rows import json_object
from hub.stations import offset_of

DAY_S = 86_400
US = 1_000_000
IN_TRANSIT_US = 5 * MINUTE_US  # within which a minute arrives from a healthy station


def day_of(engine: Engine, station: str, day: date, now: int) -> Completeness:
    """Return a station's day; `now` ends it where it is not over. Raise SinkError."""
    return days_of(engine, station, day, day, now)[0]


def days_of(engine: Engine, station: str, first: date, last: date, now: int) -> list[Completeness]:
    """Return each of a station's days first..last, both included, in one read; none where `last` is before `first`.

    `now` ends the day that is not over. Raise SinkError.
    """
    if last < first:
        return []
    begin = begin_of(first, offset_of(engine, station))
    begins = [begin + n * DAY_S * US for n in range((last - first).days + 2)]
    minutes, gaps = span_of(engine, station, begin, max(begin, min(begins[-1], now)), begins)
    counts = [[0, 0, 0] for _ in begins[1:]]  # minutes, good ones, and those that overlap the one before
    for some in minutes:
        place = (some.start - begin) // (DAY_S * US)
        if some.end <= begins[place + 1]:
            counts[place][0] += some.minutes
            counts[place][1] += some.good
            continue
        for start, is_good in some.starts():  # a day that begins within an hour of UTC
            place = (start - begin) // (DAY_S * US)
            counts[place][0] += 1
            counts[place][1] += is_good
    for before, after in pairwise(minutes):
        counts[(after.start - begin) // (DAY_S * US)][2] += after.start + MINUTE_US // 2 < before.end
    undated = _undated_by_day(engine, station, begins)
    found = []
    for number, (here, good, over) in enumerate(counts):
        its = [gap for gap in gaps if begins[number] <= gap.start_us < begins[number + 1]]
        numbers = here + sum(gap.records for gap in its), here, good
        found.append(Completeness(station, first + timedelta(days=number), *numbers, its, over, undated.get(number, 0)))
    return found


def span_of(
    engine: Engine, station: str, first: int, last: int, cuts: Sequence[int] = ()
) -> tuple[list[Stretch], list[Gap]]:
    """Return the minutes that begin in a span (microseconds UTC), by time, and its gaps, split at each cut.

    Raise SinkError.
    """
    within = stretches(engine, station, first, last)
    before, behind = beside(engine, station, first, last)
    edges = [first, *(cut for cut in cuts if first < cut < last), last]
    return within, list(_gaps(engine, station, [*before, *within, *behind], edges))


def doubtful_of(engine: Engine, station: str, day: date) -> list[Stretch]:
    """Return the minutes of a station's day that are not good, each by itself, by time. Raise SinkError."""
    first = begin_of(day, offset_of(engine, station))
    return sorted(doubtful(engine, station, stretches(engine, station, first, first + DAY_S * US)))


def undated_minutes(engine: Engine, station: str, first: int, last: int) -> int:
    """Return how many minutes of unknown time arrived in a span (microseconds UTC). Raise SinkError."""
    found = engine.query(
        "SELECT count(*) FROM record WHERE station = %s AND start IS NULL AND kind = 'minute' AND wrong IS NULL "
        "AND arrived >= %s AND arrived < %s",
        (station, first, last),
    )
    return int(found[0][0])


def _undated_by_day(engine: Engine, station: str, begins: Sequence[int]) -> dict[int, int]:
    """Return the same of each day, by its number, of those days on which there are any."""
    found = engine.query(
        "SELECT (arrived - %s) / 86400000000, count(*) FROM record WHERE station = %s AND start IS NULL "
        "AND kind = 'minute' AND wrong IS NULL AND arrived >= %s AND arrived < %s GROUP BY 1",
        (begins[0], station, begins[0], begins[-1]),
    )
    return {int(number): int(minutes) for number, minutes in found}


def begin_of(day: date, offset: int) -> int:
    """Return the begin of a day by a clock that is `offset` seconds ahead of UTC, microseconds UTC."""
    return ((datetime.combine(day, datetime.min.time(), UTC) - EPOCH) // timedelta(seconds=1) - offset) * US


def local_day(engine: Engine, station: str, utc: int) -> date:
    """Return the station's day that an instant (microseconds UTC) lies in."""
    return (EPOCH + timedelta(seconds=utc // US + offset_of(engine, station))).date()


def first_minute(engine: Engine, station: str) -> int | None:
    """Return the whole minute, microseconds UTC, in which a station's first one began; None: there is none."""
    found = engine.query(
        "SELECT start FROM record WHERE station = %s AND kind = 'minute' AND wrong IS NULL AND start IS NOT NULL "
        "ORDER BY start LIMIT 1",
        (station,),
    )
    return int(found[0][0]) // MINUTE_US * MINUTE_US if found else None


def _gaps(engine: Engine, station: str, minutes: list[Stretch], edges: Sequence[int]) -> Iterator[Gap]:
    """Yield the gaps between the first and the last edge, cut at those between, each with its share of the records."""
    first, last = edges[0], edges[-1]
    reached: Stretch | None = None
    newest: dict[str, Stretch] = {}  # by epoch
    told = Told(engine, station)
    found: list[Gap] = []
    for minute in minutes:
        own = newest.get(minute.epoch)
        if reached is not None and minute.start - reached.end >= MINUTE_US // 2:
            found += _between(told, reached, minute)
        elif own is not None and own is not reached and own.last + 1 < minute.first and own.end < minute.start:
            found += _between_own(told, own, minute)
        reached = newest[minute.epoch] = minute
    if reached is None:
        found.append(Gap(first, last, "silent", 0, None))
    else:
        found += _after_newest(told, reached, last)
    for gap in found:
        is_undated = gap.cause == "silent" and undated_minutes(engine, station, max(gap.start_us, first), last)
        for begin, until in pairwise(edges):
            start, end = max(gap.start_us, begin), min(gap.end_us, until)
            if start < end and (gap.cause != "silent" or end - start >= MINUTE_US):
                records = _share(gap, start - gap.start_us, end - gap.start_us, gap.end_us - gap.start_us)
                undated = undated_minutes(engine, station, start, end) if is_undated else 0
                cause = "undated" if undated else gap.cause
                yield replace(gap, start_us=start, end_us=end, records=records, cause=cause, undated=undated)


class Told:
    """What determines the causes of a station's gaps, each read once, as there may be thousands. Raise SinkError.

    `held`: the stored numbers of some epochs; `lost`: those of an epoch that loss records name, and why;
    `starts`: the body of each epoch's start record.
    """

    def __init__(self, engine: Engine, station: str) -> None:
        self._announced = cache(partial(_announced, engine, station))
        self.held = cache(partial(_held, engine, station))
        losses = cache(partial(_bodies, engine, station, "loss"))
        self.lost = cache(lambda epoch: _lost(losses(), epoch))
        self.starts = cache(lambda: dict(reversed(_bodies(engine, station, "start"))))

    def named(self, *epochs: str) -> Ranges:
        """Return the numbers that hellos announced: of these epochs, and of epochs of which nothing has arrived."""
        said = self._announced()
        return ranges(pair for epoch in {"", *epochs} for pair in said.get(epoch, ()))


def _between_own(told: Told, before: Stretch, after: Stretch) -> Iterator[Gap]:
    """Yield the gap between two minutes of one box, while another sends in its name."""
    lacking = without(((before.last + 1, after.first - 1),), told.held(before.epoch))
    if lacking:
        yield from _lacking(told, before.epoch, Gap(before.end, after.start, "", 0, None), lacking)


def _after_newest(told: Told, newest: Stretch, last: int) -> Iterator[Gap]:
    """Yield the gaps after the newest minute: announced numbers, a minute each, then silence."""
    named = common(told.named(newest.epoch), ((newest.last + 1, MOST),))
    lacking = without(named, told.held(newest.epoch))
    named_until = newest.end + count(lacking) * MINUTE_US
    if lacking:
        yield from _lacking(told, newest.epoch, Gap(newest.end, named_until, "", 0, None), lacking)
    if named_until < last:
        yield Gap(named_until, last, "silent", 0, None)


def _between(told: Told, before: Stretch, after: Stretch) -> Iterator[Gap]:
    """Yield the gaps between two stored minutes, each with its cause, by time."""
    gap = Gap(before.end, after.start, "not_measured", 0, None)
    epochs = dict.fromkeys((before.epoch, after.epoch))
    lacking = without(_numbers_between(told, before, after), told.held(*epochs))
    if before.epoch == after.epoch:
        yield from _lacking(told, before.epoch, gap, lacking) if lacking else (gap,)
        return
    start_body = told.starts().get(after.epoch, {})
    off = _off(start_body, gap)
    if not lacking:
        yield replace(gap, cause="off", why=start_body.get("reason"))
        return
    start, end = gap.start_us, gap.end_us
    ends = (start, off.start_us, off.end_us, end) if off else (start, end, end, end)
    rest = [replace(gap, start_us=ends[at], end_us=ends[at + 1]) for at in (0, 2) if ends[at] < ends[at + 1]]
    parts = [] if off is None else [off]
    whole = sum(part.end_us - part.start_us for part in rest)
    reached = 0
    for part in rest:
        begin, reached = reached, reached + part.end_us - part.start_us
        found = _lacking(told, before.epoch, part, lacking)
        parts += [replace(one, records=_share(one, begin, reached, whole)) for one in found]
    yield from sorted(parts, key=lambda part: part.start_us)


def _share(gap: Gap, begin: int, end: int, whole: int) -> int:
    """Return how many of a gap's records fall into a part of it, so that the parts add up to the whole."""
    return round(gap.records * end / whole) - round(gap.records * begin / whole)


def _lacking(told: Told, epoch: str, gap: Gap, lacking: Ranges) -> Iterator[Gap]:
    """Yield a gap for the numbers that loss records name, and one for those not received yet."""
    lost, why = told.lost(epoch)
    gone = common(lacking, lost)
    if gone:
        yield replace(gap, cause="lost", records=count(gone), why=why)
    if left := without(lacking, gone):
        yield replace(gap, cause="not_received", records=count(left))


def _numbers_between(told: Told, before: Stretch, after: Stretch) -> Ranges:
    """Return the numbers that the station assigned between two minutes.

    Within one epoch those are all between. Across a start only announced ones count: of the two epochs, and of epochs
    of which nothing has arrived. A replaced card counts from 1 again, so its numbers prove nothing.
    """
    all_of_them: Ranges = ((before.last + 1, after.first - 1),) if before.last + 1 < after.first else ()
    if before.epoch == after.epoch:
        return all_of_them
    return common(all_of_them, told.named(before.epoch, after.epoch))


def _off(body: dict[str, Any], gap: Gap) -> Gap | None:
    """Return the part of a gap in which the box was off, by the next epoch's start record; None: not stated."""
    said = body.get("missing")
    if not isinstance(said, dict) or not (isinstance(said.get("from"), int) and isinstance(said.get("to"), int)):
        return None
    start, end = max(gap.start_us, said["from"]), min(gap.end_us, said["to"])
    return replace(gap, start_us=start, end_us=end, cause="off", why=body.get("reason")) if start < end else None


def _announced(engine: Engine, station: str) -> dict[str, list[tuple[int, int]]]:
    """Return the announced ranges by epoch; under "" those of epochs of which nothing has arrived."""
    found: dict[str, list[tuple[int, int]]] = {}
    sql = "SELECT epoch, said_first, said_last, arrived_first FROM epoch WHERE station = %s AND said_first IS NOT NULL"
    for epoch, first, last, arrived in engine.query(sql, (station,)):
        found.setdefault("" if arrived is None else epoch, []).append((first, last))
    return found


def _held(engine: Engine, station: str, *epochs: str) -> Ranges:
    """Return the stored numbers of these epochs."""
    marks = " OR ".join(["epoch = %s"] * len(epochs))
    found = engine.query(f"SELECT first, last FROM ledger WHERE station = %s AND ({marks})", (station, *epochs))
    return ranges((first, last) for first, last in found)


def _lost(losses: list[tuple[str, dict[str, Any]]], epoch: str) -> tuple[Ranges, object]:
    """Return the numbers of an epoch that loss records name, and the reason of one of them."""
    pairs: list[tuple[int, int]] = []
    why: object = None
    for _written_in, body in losses:
        if body.get("epoch") == epoch and isinstance(body.get("first"), int) and isinstance(body.get("last"), int):
            pairs.append((body["first"], body["last"]))
            why = body.get("cause") or why
    return ranges(pairs), why


def lost_numbers(engine: Engine, station: str, epoch: str) -> Ranges:
    """Return the numbers of an epoch that loss records name."""
    return _lost(_bodies(engine, station, "loss"), epoch)[0]


def _bodies(engine: Engine, station: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Return epoch and body of a station's records of a kind other than minute, by their partial index."""
    sql = "SELECT epoch, body FROM event WHERE station = %s AND kind = %s AND kind <> 'minute' ORDER BY epoch, seq"
    return [(epoch, json_object(body)) for epoch, body in engine.query(sql, (station, kind))]
