"""Hourly aggregates: each commit adds its minutes to their hours, in the same transaction.

An hour is identified by station, begin and the seconds that the station's clock is ahead of UTC, according to the setup
under which a minute was made; a minute whose setup is not stored yet counts as UTC until it arrives. So each minute is
in one hour, and days, which are views over hours, contain each minute once. Sums are exact (`rests` holds what rounding
takes from them): an hour added up minute by minute equals the sum of all its minutes to the last digit. An hour that a
minute leaves, because it or its setup was revised, is recounted from its minutes. What a commit has no time for (hours
of an earlier version's database, a setup that arrives after its minutes) is written into `stale` in the same
transaction and recounted in the background.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from edge.measure.aggregates import HOUR_US, MeasuredMinute, hour_of, parted, said_by, said_in
from edge.measure.counts import COUNTS, Counts, ExactSums, parts_of
from edge.records.record import Kind
from hub.database.engine import Engine
from hub.database.rows import is_refused

MOST_HOURS = 400  # that one commit counts; further ones, the oldest, go into `stale`
SLICE = 10  # hours of `stale` that are recounted in one transaction
RUN = 200  # hours that one statement reads
HOUR = ("station", "start", "utc_offset_s")
HOURLY = ("station", "channel", "start", "utc_offset_s", *COUNTS, "rests")
SETUP = ("station", "epoch", "seq")


class StationHour(NamedTuple):
    """One hour of a station: its begin, microseconds UTC, and the offset of the station's clock."""

    station: str
    start: int
    utc_offset_s: int


class Dated(Struct, frozen=True, gc=False):
    """What determines a minute's hour."""

    station: str
    epoch: str
    setup: int | None
    start: int


class Fresh(Struct, frozen=True, gc=False):
    """A new minute: what determines its hour, its duration in s, and its record's body."""

    dated: Dated
    duration: float
    body: bytes


Setup = tuple[str, str, int]  # station, epoch, seq of a setup's record
Offsets = dict[Setup, int]
Key = tuple[str, str, int, int]  # station, channel, start, utc_offset_s: a row of `hourly`


def offsets(engine: Engine, setups: Iterable[Setup]) -> Offsets:
    """Return the seconds ahead of UTC that these setups state, of those that are stored and state it."""
    found = engine.lookup("setup", (*SETUP, "utc_offset_s"), SETUP, sorted(set(setups)))
    return {(station, epoch, seq): offset for station, epoch, seq, offset in found if offset is not None}


def hours_of(engine: Engine, minutes: Iterable[Dated]) -> set[StationHour]:
    """Return the hours of minutes."""
    dated = list(minutes)
    known = offsets(engine, ((m.station, m.epoch, m.setup) for m in dated if m.setup is not None))
    return {_hour(m, known.get((m.station, m.epoch, m.setup or 0), 0)) for m in dated}


def hours_under(engine: Engine, before: Offsets, setups: Iterable[Setup]) -> set[StationHour]:
    """Return the hours of the minutes of new or changed setups, by the offsets `before` and now."""
    changed = sorted(set(setups))
    after = offsets(engine, changed)
    found: set[StationHour] = set()
    for setup in changed:
        was, now = before.get(setup, 0), after.get(setup, 0)
        if was == now:
            continue
        for (start,) in engine.query(
            "SELECT start FROM record WHERE station = %s AND epoch = %s AND setup = %s AND kind = 'minute' "
            "AND start IS NOT NULL",
            setup,
        ):
            found |= {_hour(Dated(*setup, start), offset) for offset in (was, now)}
    return found


def update(engine: Engine, anew: set[StationHour], fresh: Iterable[Fresh]) -> None:
    """Recount the hours `anew` and add fresh minutes to others, after they were written, in the same transaction.

    Beyond MOST_HOURS the oldest hours go into `stale`.
    """
    minutes = _by_hour(engine, fresh)
    newest_first = sorted(anew | minutes.keys(), key=lambda hour: (-hour.start, hour))
    now = newest_first[:MOST_HOURS]
    lock(engine, {hour.station for hour in newest_first})  # for their `held_hour` rows too
    anew = anew | {StationHour(*line) for line in engine.lookup("stale", HOUR, HOUR, sorted(set(now) - anew))}
    there = _there(engine, sorted(set(now) - anew))
    anew |= {StationHour(key[0], *key[2:]) for key, parts in there.items() if parts is None}
    recount(engine, anew.intersection(now))
    _add(engine, there, {hour: minutes[hour] for hour in now if hour not in anew})
    engine.upsert("stale", HOUR, sorted(newest_first[MOST_HOURS:]), HOUR, update=False)


def recount(engine: Engine, hours: Iterable[StationHour]) -> None:
    """Recount these hours from their minutes."""
    wanted = sorted(set(hours))
    lock(engine, {hour.station for hour in wanted})
    made: dict[Key, ExactSums] = {}
    for hour, minutes in minutes_of(engine, wanted):
        made |= _counted(hour, minutes)
    there = engine.lookup("hourly", HOURLY[:4], HOUR, wanted)
    engine.delete("hourly", HOURLY[:4], sorted(set(there) - set(made)))
    _write(engine, made)


def minutes_of(engine: Engine, hours: Iterable[StationHour]) -> Iterator[tuple[StationHour, list[MeasuredMinute]]]:
    """Yield each of these hours with its minutes."""
    for run in _runs(sorted(set(hours))):
        yield from _minutes(engine, run)


def work_off(engine: Engine) -> int:
    """Recount some stale hours, the newest first. Return how many."""
    if not engine.query("SELECT 1 FROM stale LIMIT 1"):
        return 0
    with engine.transaction():
        found = engine.query(
            "SELECT station, start, utc_offset_s FROM stale ORDER BY start DESC, station, utc_offset_s LIMIT %s",
            (SLICE,),
        )
        hours = [StationHour(*line) for line in found]
        recount(engine, hours)
        engine.delete("stale", HOUR, sorted(hours))
    return len(hours)


def invalidate(engine: Engine, station: str) -> None:
    """Mark all hours of a station as stale: records are gone."""
    lock(engine, {station})
    engine.query(
        "INSERT INTO stale SELECT DISTINCT station, start, utc_offset_s FROM hourly WHERE station = %s "
        "ON CONFLICT DO NOTHING",
        (station,),
    )


def _by_hour(engine: Engine, fresh: Iterable[Fresh]) -> dict[StationHour, list[MeasuredMinute]]:
    found = list(fresh)
    known = offsets(engine, ((m.station, m.epoch, m.setup) for one in found if (m := one.dated).setup is not None))
    minutes: dict[StationHour, list[MeasuredMinute]] = {}
    for one in found:
        dated = one.dated
        hour = _hour(dated, known.get((dated.station, dated.epoch, dated.setup or 0), 0))
        minutes.setdefault(hour, []).append(MeasuredMinute(dated.start, one.duration, said_in(one.body)))
    return minutes


def _there(engine: Engine, hours: list[StationHour]) -> dict[Key, ExactSums | None]:
    """Return the sums of hours so far; None for one that an earlier version counted with rounding."""
    lines = engine.lookup("hourly", HOURLY, HOUR, hours)
    return {line[:4]: parts_of(Counts(*line[4:-1]), line[-1]) for line in lines}


def _add(engine: Engine, there: dict[Key, ExactSums | None], fresh: dict[StationHour, list[MeasuredMinute]]) -> None:
    """Add minutes to hours; `there`: the sums so far."""
    made: dict[Key, ExactSums] = {}
    for hour, minutes in fresh.items():
        for key, parts in _counted(hour, minutes).items():
            before = there.get(key)
            made[key] = parts if before is None else before.plus(parts)
    _write(engine, made)


def _counted(hour: StationHour, minutes: Iterable[MeasuredMinute]) -> dict[Key, ExactSums]:
    """Return the sums of minutes, without channels whose name no database accepts."""
    found = parted(minutes)
    return {(hour.station, name, *hour[1:]): parts for name, parts in found if not is_refused(name)}


def _write(engine: Engine, made: dict[Key, ExactSums]) -> None:
    lines = [(*key, *made[key].counts(), made[key].rests()) for key in sorted(made)]
    engine.upsert("hourly", HOURLY, lines, HOURLY[:4])


def lock(engine: Engine, stations: set[str]) -> None:
    """Lock the hours of these stations until the transaction ends."""
    names = [(station,) for station in sorted(stations)]
    engine.upsert("counting", ("station",), names, ("station",), update=False)
    engine.lookup("counting", ("station",), ("station",), names, lock=True)


def _hour(minute: Dated, offset: int) -> StationHour:
    return StationHour(minute.station, hour_of(minute.start, offset), offset)


def _runs(hours: list[StationHour]) -> Iterator[list[StationHour]]:
    """Yield adjacent hours of a station together, at most RUN."""
    run: list[StationHour] = []
    for hour in hours:
        if run and (hour.station != run[0].station or hour.start > run[-1].start + HOUR_US or len(run) >= RUN):
            yield run
            run = []
        run.append(hour)
    if run:
        yield run


def _minutes(engine: Engine, run: list[StationHour]) -> Iterator[tuple[StationHour, list[MeasuredMinute]]]:
    """Yield each hour of a run with its minutes."""
    found = engine.query(
        "SELECT start, duration, epoch, setup, raw FROM record WHERE station = %s AND start >= %s AND start < %s "
        f"AND kind = '{Kind.MINUTE}' AND wrong IS NULL",
        (run[0].station, run[0].start, run[-1].start + HOUR_US),
    )
    station = run[0].station
    known = offsets(engine, ((station, epoch, setup) for _, _, epoch, setup, _ in found if setup is not None))
    inside: dict[StationHour, list[MeasuredMinute]] = {hour: [] for hour in run}
    for start, duration, epoch, setup, raw in found:
        hour = _hour(Dated(station, epoch, setup, start), known.get((station, epoch, setup or 0), 0))
        if hour in inside:
            inside[hour].append(MeasuredMinute(start, duration, said_by(raw)))
    yield from inside.items()
