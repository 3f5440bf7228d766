"""Minutes as whole numbers on their way into columns, a column at a time; what is usual is looked at once for all.

A minute that columns can't give back to the byte is in none: it has more digits than its quantity is reported with,
bounds in the place of a time, or a body in another form than a station writes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Sequence
from itertools import chain, compress, groupby, repeat
from operator import mul, sub, truediv
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from drivers.quantity import QUANTITIES
from edge.northbound.columns import MICRO, USUAL, Body, Channel, Columns, Run, Table, sum_of
from edge.records.bodies import MOST_CHANNELS
from edge.records.record import MOST, Kind, Record

FURTHEST = MOST // 2  # from 0, so that a step from one number to any other is none too large
BEGIN = b'{"values":'
BODY, VALUES = msgspec.json.Decoder(Body), msgspec.json.Decoder(list[dict[str, float | None]])
MOST_TABLES = 64  # that are remembered
Units = Callable[[str], tuple[str, int] | None]  # of a channel: its unit, and how many decimals its values have
Start = tuple[str, str, str, int | None]  # epoch, boot, source and setup: what a table's minutes have in common
Whole = list[int | None]


class KnownTable(msgspec.Struct, frozen=True):
    """A table with what is reckoned from it once."""

    table: Table
    hash: str
    names: tuple[str, ...]
    scales: list[float]
    end: bytes  # of a usual minute's body: all but the values


class Read(NamedTuple):
    """A minute with its table and the JSON of its values.

    `body` is None where it is a usual one: no flag and no reason but the table's.
    """

    record: Record
    known: KnownTable
    body: Body | None
    values: bytes


class Minutes(NamedTuple):
    """Minutes of one table, all dated or all undated, as whole numbers: a list for each field and each channel.

    The fields: seq, boottime, duration, error and start (microseconds).
    """

    known: KnownTable
    read: list[Read]
    fields: list[Whole]
    values: list[Whole]


class Odd(NamedTuple):
    """A minute's flag of one channel, other than usual; `behind`: how many usual ones there were until then."""

    behind: int
    flag: int
    reason: bytes | None


class KnownTables:
    """The tables that one station's minutes were made with, the newest so many."""

    def __init__(self, station: str, units: Units | None = None, most: int = MOST_TABLES) -> None:
        self._station, self._units, self._most = station, units or units_of, most
        self._known: dict[tuple[Start, tuple[str, ...]], KnownTable | None] = {}
        self._newest: tuple[Start, KnownTable] | None = None

    def minutes(self, records: Sequence[Record]) -> tuple[list[Minutes], list[Record]]:
        """Return the minutes by table, dated or not, and the records that columns can't give back to the byte."""
        groups: dict[tuple[str, bool], list[Read]] = {}
        plain = []
        for record in records:
            one = self._read(record)
            if one is None:
                plain.append(record)
            else:
                groups.setdefault((one.known.hash, record.start is None), []).append(one)
        found = []
        for group in groups.values():
            fitting, others = _fitting(group)
            found += fitting
            plain += others
        return found, plain

    def _read(self, record: Record) -> Read | None:
        """Return a minute with its table, None for what is no minute of a station with a time of its own."""
        clock = record.clock
        if record.kind != Kind.MINUTE or clock.not_before is not None or clock.not_after is not None:
            return None
        raw, start = bytes(record.body), (record.epoch, record.stamp.boot, clock.source, record.setup)
        if self._newest is not None and self._newest[0] == start:
            known = self._newest[1]
            if raw.startswith(BEGIN) and raw.endswith(known.end):
                return Read(record, known, None, raw[len(BEGIN) : -len(known.end)] + b"}")
        return self._read_whole(record, raw, start)

    def _read_whole(self, record: Record, raw: bytes, start: Start) -> Read | None:
        """Return a minute whose body may be any, None where it is not what a station writes, to the byte."""
        try:
            body = BODY.decode(raw)
        except msgspec.MsgspecError:
            return None
        names = tuple(body.values)
        known = self._table(record, start, names)
        in_order = [name for name in names if name in body.reasons] if body.reasons else []
        if known is None or tuple(body.quality) != names or list(body.reasons) != in_order:
            return None
        if msgspec.json.encode(body) != raw:
            return None
        usual = raw.endswith(known.end)
        return Read(record, known, None if usual else body, msgspec.json.encode(body.values))

    def find_table(self, name: str) -> Table | None:
        """Return the table of that name."""
        return next((known.table for known in self._known.values() if known is not None and known.hash == name), None)

    def _table(self, record: Record, start: Start, names: tuple[str, ...]) -> KnownTable | None:
        key = start, names
        if key not in self._known:
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = self._made(record, names)
        known = self._known[key]
        if known is not None:
            self._newest = start, known
        return known

    def _made(self, record: Record, names: tuple[str, ...]) -> KnownTable | None:
        units = [self._units(name) for name in names]
        channels = [Channel(name, *unit) for name, unit in zip(names, units, strict=True) if unit is not None]
        if len(channels) < len(names) or len(channels) > MOST_CHANNELS:
            return None
        table = Table(self._station, record.epoch, record.stamp.boot, record.clock.source, channels, record.setup)
        end = msgspec.json.encode(Body({}, dict.fromkeys(names, table.flag)))[len(BEGIN) + 1 :]
        return KnownTable(table, table.hash, names, [10.0**channel.decimals for channel in channels], end)


def _fitting(group: list[Read]) -> tuple[list[Minutes], list[Record]]:
    """Return minutes of one table, none or one `Minutes`, and those that columns can't give back to the byte."""
    minutes = _minutes(group)
    if minutes is not None:
        return [minutes], []
    if len(group) == 1:
        return [], [group[0].record]
    fit = [_minutes([one]) is not None for one in group]
    minutes = _minutes([*compress(group, fit)]) if any(fit) else None
    return [] if minutes is None else [minutes], [one.record for one, good in zip(group, fit) if not good]


def _minutes(group: list[Read]) -> Minutes | None:
    """Return minutes of one table as whole numbers; None where one of them does not come to its very bytes."""
    known, records = group[0].known, [one.record for one in group]
    told = b"[" + b",".join([one.values for one in group]) + b"]"
    try:
        values = VALUES.decode(told)
        if set(map(tuple, values)) != {known.names} or len(values) != len(group) or msgspec.json.encode(values) != told:
            return None
        timed: list[list[float | None]] = [
            [record.stamp.boottime for record in records],
            [record.duration for record in records],
            [record.clock.error for record in records],
        ]
        if int in map(type, chain(*timed)):  # JSON has 60 for it, and not 60.0
            return None
        seq, start = [record.seq for record in records], [record.start for record in records]
        if not _are_near(seq) or not _are_near([at for at in start if at is not None]):
            return None
        fields: list[Whole] = [[*seq], *[_whole(column, MICRO) for column in timed], start]
        columns = zip(*[value.values() for value in values])
        return Minutes(known, group, fields, [_whole(column, scale) for column, scale in zip(columns, known.scales)])
    except (msgspec.MsgspecError, OverflowError, TypeError, ValueError):
        return None


def _whole(column: Sequence[float | None], scale: float) -> Whole:
    """Return numbers as whole ones; they come to the very same floats. Raise ValueError where they do not."""
    holes = None in column
    there = array("d", [0.0 if number is None else number for number in column])
    whole = list(map(round, map(mul, there, repeat(scale))))
    if not _are_near(whole) or array("d", map(truediv, whole, repeat(scale))).tobytes() != there.tobytes():
        raise ValueError(scale)
    return [None if old is None else new for old, new in zip(column, whole)] if holes else [*whole]


def _are_near(whole: Collection[int]) -> bool:
    return not whole or (max(whole) <= FURTHEST and min(whole) >= -FURTHEST)


def columns(minutes: Minutes) -> Columns:
    """Return minutes in columns."""
    runs, reasons = _runs(minutes)
    seq, boottime, duration, error, start = minutes.fields
    revision = [one.record.revision for one in minutes.read]
    whole: list[Whole] = [
        seq,
        boottime,
        [] if set(duration) == {USUAL} else duration,
        error,
        [] if None in start else start,
        [*revision] if any(revision) else [],
        *minutes.values,
    ]
    names = ("seq", "boottime", "duration", "error", "start", "revision")
    steps = [*map(_steps, whole)]
    found: dict[str, Any] = dict(zip(names, steps))
    sums = sum_of(whole, runs)
    values = steps[len(names) :]
    return Columns(table=minutes.known.hash, values=values, runs=runs, reasons=reasons, sum=sums, **found)


def _runs(minutes: Minutes) -> tuple[list[Run], list[Raw]]:
    """Return where flags are not the usual one, and the reasons, each once."""
    runs, known = [], dict[bytes, int]()
    usual = minutes.known.table.flag
    unusual: dict[str, list[Odd]] = {}
    for at, one in enumerate(minutes.read):
        for name, flag in one.body.quality.items() if one.body is not None else ():
            reason = one.body.reasons.get(name) if one.body is not None else None
            if flag != usual or reason is not None:
                before = unusual.setdefault(name, [])
                before.append(Odd(at - len(before), flag, None if reason is None else bytes(reason)))
    for place, name in enumerate(minutes.known.names):
        past = 0
        for odd, same in groupby(unusual.get(name, ())):
            count = len([*same])
            reason_at = None if odd.reason is None else known.setdefault(odd.reason, len(known))
            runs.append(Run(place, odd.behind + past, count, odd.flag, reason_at))
            past += count
    return runs, [Raw(reason) for reason in known]


def _steps(numbers: list[int | None]) -> list[int | None]:
    """Return the first number and the steps between the others; a hole is stepped over."""
    if None not in numbers:
        return [*numbers[:1], *map(sub, numbers[1:], numbers)]
    steps, before = list[int | None](), 0
    for number in numbers:
        steps.append(None if number is None else number - before)
        before = before if number is None else number
    return steps


def units_of(channel: str) -> tuple[str, int] | None:
    """Return the unit and the decimals that a channel is reported with; None where its quantity is not known here."""
    quantity = QUANTITIES.get(channel.partition(".")[0])
    return None if quantity is None else (quantity.unit, quantity.decimals)
