"""Minutes as whole numbers on their way into columns: what the minutes of one start have in common is reckoned once.

A minute that columns can't give back to the byte is no row: it has more digits than its quantity is reported with,
bounds in the place of a time, or a body in another form than a station writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import sub
from typing import Any

import msgspec
from msgspec import Raw

from drivers.quantity import QUANTITIES
from edge.northbound.columns import MICRO, USUAL, Body, Channel, Columns, Run, Table, sum_of
from edge.records.bodies import MOST_CHANNELS
from edge.records.record import MOST, Kind, Record

HEADS = 4  # of a row's numbers, before its start
FURTHEST = MOST // 2  # from 0, so that a step from one number to any other is none too large
BEGIN = b'{"values":'
BODY, VALUES = msgspec.json.Decoder(Body), msgspec.json.Decoder(dict[str, float | None])
MOST_TABLES = 64  # that are remembered
Units = Callable[[str], tuple[str, int] | None]  # of a channel: its unit, and how many decimals its values have


class KnownTable(msgspec.Struct, frozen=True):
    """A table with what is reckoned from it once."""

    table: Table
    hash: str
    names: list[str]
    scales: list[float]
    end: bytes  # of a usual minute's body: all but the values


class Row(msgspec.Struct, frozen=True):
    """A minute as whole numbers: its seq, boottime, duration, error and start (microseconds), then its values.

    `body` is None where it is a usual one: no flag and no reason but the table's.
    """

    record: Record
    known: KnownTable
    body: Body | None
    numbers: list[int | None]


class KnownTables:
    """The tables that one station's minutes were made with, the newest so many."""

    def __init__(self, station: str, units: Units | None = None, most: int = MOST_TABLES) -> None:
        self._station, self._units, self._most = station, units or units_of, most
        self._known: dict[tuple[Any, ...], KnownTable | None] = {}
        self._newest: tuple[tuple[Any, ...], KnownTable] | None = None

    def row(self, record: Record) -> Row | None:
        """Return a minute as whole numbers, None where columns can't give it back to the byte."""
        if record.kind != Kind.MINUTE or record.clock.not_before is not None or record.clock.not_after is not None:
            return None
        raw, start = bytes(record.body), (record.epoch, record.stamp.boot, record.clock.source, record.setup)
        try:
            known = self._usual(start, raw)
            if known is not None:
                body, told = None, raw[len(BEGIN) : len(raw) - len(known.end)] + b"}"
                values = VALUES.decode(told)
            else:
                body, told = BODY.decode(raw), raw
                values = body.values
                known = self._table(record, start, tuple(values))
            if known is None or list(values) != known.names:
                return None
            numbers = _numbers(record, values, known)
        except (msgspec.MsgspecError, OverflowError, TypeError, ValueError):
            return None
        return Row(record, known, body, numbers) if _is_given_back(record, known, body, numbers, told) else None

    def _usual(self, start: tuple[Any, ...], raw: bytes) -> KnownTable | None:
        """Return the newest table where it is that of this start and the body is a usual one, as most are."""
        if self._newest is None or self._newest[0] != start:
            return None
        known = self._newest[1]
        return known if raw.startswith(BEGIN) and raw.endswith(known.end) else None

    def named(self, name: str) -> Table | None:
        """Return the table of that name."""
        return next((known.table for known in self._known.values() if known is not None and known.hash == name), None)

    def _table(self, record: Record, start: tuple[Any, ...], names: tuple[str, ...]) -> KnownTable | None:
        key = (*start, names)
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
        return KnownTable(table, table.hash, list(names), [10.0**channel.decimals for channel in channels], end)


def _numbers(record: Record, values: dict[str, float | None], known: KnownTable) -> list[int | None]:
    """Return what Row.numbers has. Raise OverflowError or ValueError for what is no number, TypeError."""
    error = record.clock.error
    return [
        record.seq,
        round(record.stamp.boottime * MICRO),
        round(record.duration * MICRO),
        None if error is None else round(error * MICRO),
        record.start,
        *[None if v is None else round(v * scale) for v, scale in zip(values.values(), known.scales)],
    ]


def _is_given_back(
    record: Record, known: KnownTable, body: Body | None, numbers: Sequence[int | None], told: bytes
) -> bool:
    """Whether the whole numbers come to the very bytes of the record: `told`, of a usual one those of its values."""
    sizes = list(filter(None, numbers))
    if max(sizes) > FURTHEST or min(sizes) < -FURTHEST:
        return False
    heads = (record.stamp.boottime, record.duration, record.clock.error)
    if heads != tuple(None if n is None else n / MICRO for n in numbers[1:HEADS]) or int in map(type, heads):
        return False
    given = [None if n is None else n / scale for n, scale in zip(numbers[HEADS + 1 :], known.scales)]
    values = dict(zip(known.names, given))
    if body is None:
        return msgspec.json.encode(values) == told
    in_order = [name for name in known.names if name in body.reasons] if body.reasons else []
    if list(body.quality) != known.names or list(body.reasons) != in_order:
        return False
    return msgspec.json.encode(Body(values, body.quality, body.reasons)) == told


def columns(rows: Sequence[Row]) -> Columns:
    """Return minutes of one table, all dated or all undated, in columns."""
    runs, reasons = _runs(rows)
    seq, boottime, duration, error, start, *values = zip(*[one.numbers for one in rows])
    revision = [one.record.revision for one in rows]
    whole: list[list[int | None]] = [
        list(seq),
        list(boottime),
        [] if set(duration) == {USUAL} else list(duration),
        list(error),
        [] if None in start else list(start),
        list(revision) if any(revision) else [],
        *map(list, values),
    ]
    steps = [*map(_steps, whole)]
    names = ("seq", "boottime", "duration", "error", "start", "revision")
    found: dict[str, Any] = dict(zip(names, steps))
    known = rows[0].known
    found |= {"table": known.hash, "values": steps[len(names) :], "runs": runs, "reasons": reasons}
    return msgspec.convert(found | {"sum": sum_of(whole, runs)}, Columns)


def _runs(rows: Sequence[Row]) -> tuple[list[Run], list[Raw]]:
    """Return where flags are not the usual one, and the reasons, each once."""
    runs, known = [], dict[bytes, int]()
    usual = rows[0].known.table.flag
    odd = [one.body for one in rows if one.body is not None]
    unusual = {name for body in odd for name, flag in body.quality.items() if flag != usual or name in body.reasons}
    for place, name in enumerate(rows[0].known.names):
        if name not in unusual:
            continue
        bodies = [one.body for one in rows]
        told = [(usual, None) if body is None else (body.quality[name], body.reasons.get(name)) for body in bodies]
        first = 0
        for (flag, reason), same in groupby((flag, None if r is None else bytes(r)) for flag, r in told):
            count = sum(1 for _ in same)
            if flag != usual or reason is not None:
                at = None if reason is None else known.setdefault(reason, len(known))
                runs.append(Run(place, first, count, flag, at))
            first += count
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
