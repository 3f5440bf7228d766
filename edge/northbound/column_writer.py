"""Convert minutes to columns of integers, a column at a time; the usual case is checked once for all minutes.

A minute that columns cannot restore to the byte is put into none: it has more digits than its quantity is reported
with, bounds instead of a time, or a body in a form that stations do not write.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, compress, groupby
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from drivers.quantity import QUANTITIES
from edge.northbound.columns import USUAL, Body, Columns, FlagRun, Table, TableChannel, sum_of
from edge.northbound.steps import Whole, written
from edge.northbound.whole_numbers import Numbers, are_near, micro
from edge.records.bodies import MOST_CHANNELS
from edge.records.record import Kind, Record

BEGIN, END = b'{"values":{', b'},"quality":'  # of a body, and of its values
BOOTTIME, DURATION, ERROR = attrgetter("stamp.boottime"), attrgetter("duration"), attrgetter("clock.error")
BODY = msgspec.json.Decoder(Body)
MOST_TABLES = 64  # cached
MOST_FLAG = 9
MOST_ENDS = 32  # cached endings of bodies of one table
Units = Callable[[str], tuple[str, int] | None]  # of a channel: its unit, and how many decimals its values have
Start = tuple[str, ...]  # epoch, boot, source and setup: what a table's minutes have in common
IN_COMMON = attrgetter(
    "kind", "clock.not_before", "clock.not_after", "epoch", "stamp.boot", "clock.source", "setup"
)  # of minutes in a row


class Flagged(NamedTuple):
    """An unusual flag in a minute: the channel's index in its table, the flag, the reason."""

    place: int
    flag: int
    reason: bytes | None


class KnownTable(msgspec.Struct, frozen=True):
    """A table with what is computed from it once.

    `ends`: the bytes after the values in the bodies so far, and the unusual flags that they contain.
    """

    table: Table
    hash: str
    names: tuple[str, ...]
    numbers: list[Numbers]
    ends: dict[bytes, tuple[Flagged, ...]]


class ReadMinute(msgspec.Struct, frozen=True, gc=False):
    """A minute with its table, the JSON between the braces of its values, and its unusual flags."""

    record: Record
    known: KnownTable
    values: bytes
    flagged: tuple[Flagged, ...]


class MinuteColumns(NamedTuple):
    """Minutes of one table, all dated or all undated, as integers: a list for each field and each channel.

    The fields: seq, boottime, duration, error and start (microseconds).
    """

    known: KnownTable
    read: list[ReadMinute]
    fields: list[Whole]
    values: list[Whole]


class UnusualFlag(NamedTuple):
    """A minute's unusual flag of one channel; `usual_before`: how many minutes before it have the usual flag."""

    usual_before: int
    flag: int
    reason: bytes | None


class KnownTables:
    """Converts one station's minutes; caches the `most` newest tables."""

    def __init__(self, station: str, units: Units | None = None, most: int = MOST_TABLES) -> None:
        self._station, self._units, self._most = station, units or units_of, most
        self._known: dict[tuple[Start, tuple[str, ...]], KnownTable | None] = {}
        self._numbers: dict[TableChannel, Numbers] = {}
        self._newest: tuple[Start, KnownTable] | None = None

    def minutes(self, records: Sequence[Record]) -> tuple[list[MinuteColumns], list[Record]]:
        """Return the minutes by table, dated or not, and the records that columns cannot restore to the byte."""
        groups: defaultdict[tuple[str, bool], list[ReadMinute]] = defaultdict(list)
        plain = []
        for (kind, before, after, *start), same in groupby(records, IN_COMMON):
            of_station = kind == Kind.MINUTE and before is None and after is None
            for record in same:
                one = self._read(record, (*start,)) if of_station else None
                if one is None:
                    plain.append(record)
                else:
                    groups[one.known.hash, record.start is None].append(one)
        found = []
        for group in groups.values():
            fitting, others = _fitting(group)
            found += fitting
            plain += others
        return found, plain

    def _read(self, record: Record, start: Start) -> ReadMinute | None:
        """Return a minute with its table; None if its body is not, to the byte, what a station writes."""
        raw = bytes(record.body)
        values, _, end = raw.partition(END)
        if self._newest is not None and self._newest[0] == start and values.startswith(BEGIN):
            known = self._newest[1]
            flagged = known.ends.get(end)
            if flagged is not None:
                return ReadMinute(record, known, values[len(BEGIN) :], flagged)
        return self._read_whole(record, raw, start)

    def _read_whole(self, record: Record, raw: bytes, start: Start) -> ReadMinute | None:
        """Return the same for a body whose ending is not cached."""
        try:
            body = BODY.decode(raw)
        except msgspec.MsgspecError:
            return None
        names = tuple(body.values)
        known = self._table(record, start, names)
        in_order = [name for name in names if name in body.reasons] if body.reasons else []
        if known is None or tuple(body.quality) != names or list(body.reasons) != in_order:
            return None
        if msgspec.json.encode(body) != raw or not all(1 <= flag <= MOST_FLAG for flag in body.quality.values()):
            return None
        values, _, end = raw.partition(END)
        if len(known.ends) >= MOST_ENDS:
            known.ends.clear()
        flagged = known.ends[end] = tuple(_flagged(body, known.table.flag))
        return ReadMinute(record, known, values[len(BEGIN) :], flagged)

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
        channels = [TableChannel(name, *unit) for name, unit in zip(names, units, strict=True) if unit is not None]
        if len(channels) < len(names) or len(channels) > MOST_CHANNELS:
            return None
        table = Table(self._station, record.epoch, record.stamp.boot, record.clock.source, channels, record.setup)
        if len(self._numbers) >= MOST_CHANNELS:
            self._numbers.clear()
        numbers = [self._numbers.setdefault(channel, Numbers(channel)) for channel in channels]
        return KnownTable(table, table.hash, names, numbers, {})


def _flagged(body: Body, usual: int) -> Iterator[Flagged]:
    """Yield the unusual flags of a body."""
    for place, (name, flag) in enumerate(body.quality.items()):
        reason = body.reasons.get(name)
        if flag != usual or reason is not None:
            yield Flagged(place, flag, None if reason is None else bytes(reason))


def _fitting(group: list[ReadMinute]) -> tuple[list[MinuteColumns], list[Record]]:
    """Return minutes of one table as at most one `MinuteColumns`, and those that columns cannot restore to the byte."""
    minutes = _minutes(group)
    if minutes is not None:
        return [minutes], []
    if len(group) == 1:
        return [], [group[0].record]
    fit = [_minutes([one]) is not None for one in group]
    minutes = _minutes([*compress(group, fit)]) if any(fit) else None
    return [] if minutes is None else [minutes], [one.record for one, good in zip(group, fit) if not good]


def _minutes(group: list[ReadMinute]) -> MinuteColumns | None:
    """Return minutes of one table as integers; None if one of them cannot be restored to the byte."""
    known, records = group[0].known, [one.record for one in group]
    texts, width = b",".join([one.values for one in group]).split(b","), len(known.names)
    if len(texts) != width * len(group):
        return None
    try:
        values = [[*map(numbers.__getitem__, texts[place::width])] for place, numbers in enumerate(known.numbers)]
        timed = [[*map(field, records)] for field in (BOOTTIME, DURATION, ERROR)]
        if int in set(map(type, chain(*timed))):  # its JSON is 60, not 60.0
            return None
        seq, start = [record.seq for record in records], [record.start for record in records]
        if not are_near(seq) or not are_near([at for at in start if at is not None]):
            return None
        return MinuteColumns(known, group, [[*seq], *map(micro, timed), start], values)
    except (msgspec.MsgspecError, OverflowError, ValueError):
        return None


def columns(minutes: MinuteColumns) -> Columns:
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
    texts = [*map(written, whole)]
    found: dict[str, Any] = dict(zip(names, texts))
    sums, values = sum_of(whole, runs), texts[len(names) :]
    return Columns(table=minutes.known.hash, values=values, runs=runs, reasons=reasons, sum=sums, **found)


def _runs(minutes: MinuteColumns) -> tuple[list[FlagRun], list[Raw]]:
    """Return the runs of unusual flags, and the reasons, each once."""
    runs, known = [], dict[bytes, int]()
    unusual: dict[int, list[UnusualFlag]] = {}
    for at, one in enumerate(minutes.read):
        for place, flag, reason in one.flagged:
            before = unusual.setdefault(place, [])
            before.append(UnusualFlag(at - len(before), flag, reason))
    for place, flags in sorted(unusual.items()):
        past = 0
        for odd, same in groupby(flags):  # equal for adjacent minutes: `usual_before` is the same
            count = len([*same])
            reason_at = None if odd.reason is None else known.setdefault(odd.reason, len(known))
            runs.append(FlagRun(place, odd.usual_before + past, count, odd.flag, reason_at))
            past += count
    return runs, [Raw(reason) for reason in known]


def units_of(channel: str) -> tuple[str, int] | None:
    """Return the unit and the decimals that a channel is reported with; None if its quantity is unknown."""
    quantity = QUANTITIES.get(channel.partition(".")[0])
    return None if quantity is None else (quantity.unit, quantity.decimals)
