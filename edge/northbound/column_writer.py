"""Minutes as whole numbers on their way into columns: what the minutes of one start have in common is reckoned once.

A minute that columns can't give back to the byte is no row: it has more digits than its quantity is reported with,
bounds in the place of a time, or a body in another form than a station writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Raw

from drivers.quantity import QUANTITIES
from edge.northbound.columns import MICRO, USUAL, Body, Channel, Columns, Run, Table, sum_of
from edge.records.bodies import MOST_CHANNELS
from edge.records.record import MOST, Kind, Record

FURTHEST = MOST // 2  # from 0, so that a step from one number to any other is none too large
NEGATIVE_ZEROS = (b":-0.0,", b":-0.0}")  # whole numbers have one zero
MOST_TABLES = 64  # that are remembered
Units = Callable[[str], tuple[str, int] | None]  # of a channel: its unit, and how many decimals its values have


class KnownTable(msgspec.Struct, frozen=True):
    """A table with what is reckoned from it once."""

    table: Table
    hash: str
    names: list[str]
    scales: list[float]


class Row(msgspec.Struct, frozen=True):
    """A minute as whole numbers."""

    record: Record
    known: KnownTable
    body: Body
    numbers: list[int | None]


class KnownTables:
    """The tables that one station's minutes were made with, the newest so many."""

    def __init__(self, station: str, units: Units | None = None, most: int = MOST_TABLES) -> None:
        self._station, self._units, self._most = station, units or units_of, most
        self._known: dict[tuple[Any, ...], KnownTable | None] = {}

    def row(self, record: Record) -> Row | None:
        """Return a minute as whole numbers, None where columns can't give it back to the byte."""
        if record.kind != Kind.MINUTE or record.clock.not_before is not None or record.clock.not_after is not None:
            return None
        try:
            body = msgspec.json.decode(record.body, type=Body)
            known = self._table(record, tuple(body.values))
            if known is None:
                return None
            numbers = [
                None if v is None else round(v * scale)
                for v, scale in zip(body.values.values(), known.scales, strict=True)
            ]
        except (msgspec.MsgspecError, OverflowError, ValueError):
            return None
        found = Row(record, known, body, numbers)
        return found if _is_given_back(found) else None

    def named(self, name: str) -> Table | None:
        """Return the table of that name."""
        return next((known.table for known in self._known.values() if known is not None and known.hash == name), None)

    def _table(self, record: Record, names: tuple[str, ...]) -> KnownTable | None:
        key = (record.epoch, record.stamp.boot, record.clock.source, record.setup, names)
        if key not in self._known:
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = self._made(record, names)
        return self._known[key]

    def _made(self, record: Record, names: tuple[str, ...]) -> KnownTable | None:
        units = [self._units(name) for name in names]
        channels = [Channel(name, *unit) for name, unit in zip(names, units, strict=True) if unit is not None]
        if len(channels) < len(names) or len(channels) > MOST_CHANNELS:
            return None
        table = Table(self._station, record.epoch, record.stamp.boot, record.clock.source, channels, record.setup)
        return KnownTable(table, table.hash, list(names), [10.0**channel.decimals for channel in channels])


def _is_given_back(one: Row) -> bool:
    """Whether the whole numbers come to the very bytes of the record."""
    record, body, names = one.record, one.body, one.known.names
    times = (record.stamp.boottime, record.duration, record.clock.error or 0.0)
    if any(isinstance(t, int) or round(t * MICRO) / MICRO != t for t in times):
        return False
    if max(record.seq, record.start or 0, *(abs(t) * MICRO for t in times)) > FURTHEST:
        return False
    known = [number for number in one.numbers if number is not None]
    if known and not -FURTHEST <= min(known) <= max(known) <= FURTHEST:
        return False
    given = [None if number is None else number / scale for number, scale in zip(one.numbers, one.known.scales)]
    if given != list(body.values.values()):
        return False
    raw = bytes(record.body)
    if any(zero in raw for zero in NEGATIVE_ZEROS):
        return False
    reasons = [name for name in names if name in body.reasons] if body.reasons else []
    in_order = list(body.quality) == names and list(body.reasons) == reasons
    return in_order and msgspec.json.encode(body) == raw


def columns(rows: Sequence[Row]) -> Columns:
    """Return minutes of one table, all dated or all undated, in columns."""
    known = rows[0].known
    records = [one.record for one in rows]
    runs, reasons = _runs(rows)
    dated = [record.start for record in records if record.start is not None]
    durations = [round(record.duration * MICRO) for record in records]
    revisions = [record.revision for record in records]
    whole: list[list[int | None]] = [
        [record.seq for record in records],
        [round(record.stamp.boottime * MICRO) for record in records],
        [] if all(duration == USUAL for duration in durations) else list(durations),
        [None if record.clock.error is None else round(record.clock.error * MICRO) for record in records],
        list(dated),
        list(revisions) if any(revisions) else [],
        *([one.numbers[place] for one in rows] for place in range(len(known.names))),
    ]
    seq, boottime, duration, error, start, revision, *values = map(_steps, whole)
    return msgspec.convert(
        {"table": known.hash, "seq": seq, "boottime": boottime, "duration": duration, "error": error, "start": start}
        | {"revision": revision, "values": values, "runs": runs, "reasons": reasons, "sum": sum_of(whole, runs)},
        Columns,
    )


def _runs(rows: Sequence[Row]) -> tuple[list[Run], list[Raw]]:
    """Return where flags are not the usual one, and the reasons, each once."""
    runs, known = [], dict[bytes, int]()
    usual = rows[0].known.table.flag
    for place, name in enumerate(rows[0].known.names):
        told = [(one.body.quality[name], one.body.reasons.get(name)) for one in rows]
        first = 0
        for (flag, reason), same in groupby((flag, None if r is None else bytes(r)) for flag, r in told):
            count = sum(1 for _ in same)
            if flag != usual or reason is not None:
                at = None if reason is None else known.setdefault(reason, len(known))
                runs.append(Run(place, first, count, flag, at))
            first += count
    return runs, [Raw(reason) for reason in known]


def _steps(numbers: Iterable[int | None]) -> list[int | None]:
    steps, before = list[int | None](), 0
    for number in numbers:
        steps.append(None if number is None else number - before)
        before = before if number is None else number
    return steps


def units_of(channel: str) -> tuple[str, int] | None:
    """Return the unit and the decimals that a channel is reported with; None where its quantity is not known here."""
    quantity = QUANTITIES.get(channel.partition(".")[0])
    return None if quantity is None else (quantity.unit, quantity.decimals)
