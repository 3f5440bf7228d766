"""Minutes in columns of whole numbers, as version 2 of the wire has them.

The minutes of one start of a station have the same channels for months and change by little from one to the next. A
`Table` says once what they have in common; a `Columns` has, of each field and each channel, the first number and then
the steps, which compress to a few bits. A value is a whole number of its channel's least digits: with one decimal,
21.4 is 214. What a column can't give back to the byte is not put into one: the caller sends such a record as it is.

The sum is the CRC-32 of all numbers, steps undone, and of the runs, as one JSON array of arrays: a block that was put
together wrongly, or read with another table, is damage and never good.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from edge.records.bodies import MOST_CHANNELS, Flag, Key
from edge.records.record import MOST, Kind, Name, Record, Seq
from edge.wire.contract import MOST_RECORDS, PayloadError, StationId

MICRO = 1_000_000
MOST_DECIMALS = 6
Whole = Annotated[int, Meta(ge=-MOST, le=MOST)]
Column = Annotated[list[Whole], Meta(max_length=MOST_RECORDS)]
Holes = Annotated[list[Whole | None], Meta(max_length=MOST_RECORDS)]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{12}$(?!\n)")]


class Channel(msgspec.Struct, frozen=True, array_like=True):
    """A channel: its name, its unit and how many decimals its whole numbers stand for."""

    name: Key
    unit: Annotated[str, Meta(max_length=32)]
    decimals: Annotated[int, Meta(ge=0, le=MOST_DECIMALS)]


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """What minutes have in common: whose they are, how their time is known, their channels, the usual flag."""

    station: StationId
    epoch: Name
    boot: Name
    source: Name
    channels: Annotated[list[Channel], Meta(max_length=MOST_CHANNELS)]
    setup: Seq | None = None
    flag: Flag = 1

    @property
    def hash(self) -> str:
        """Return its name: the first 12 hexadecimal digits of the SHA-256 of its JSON."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:12]


class Run(msgspec.Struct, frozen=True, array_like=True):
    """Minutes in a row, from `first` on, where a channel has another flag than usual; `reason` is a place in
    `reasons`.
    """

    channel: Annotated[int, Meta(ge=0, lt=MOST_CHANNELS)]
    first: Annotated[int, Meta(ge=0, lt=MOST_RECORDS)]
    count: Annotated[int, Meta(ge=1, le=MOST_RECORDS)]
    flag: Flag
    reason: Annotated[int, Meta(ge=0, lt=MOST_RECORDS * MOST_CHANNELS)] | None = None


class Columns(msgspec.Struct, frozen=True, omit_defaults=True):
    """Minutes of one table. Each list has the first number and then steps; a hole (null) is stepped over.

    `start` and `boottime` are microseconds, `duration` and `error` too (null: unknown); undated minutes have no
    `start`, minutes that were never revised no `revision`. `values` has a list for each channel of the table.
    """

    table: Hash
    seq: Column
    boottime: Column
    duration: Column
    error: Holes
    values: Annotated[list[Holes], Meta(max_length=MOST_CHANNELS)]
    sum: Annotated[int, Meta(ge=0, lt=2**32)]
    start: Column = []
    revision: Column = []
    runs: Annotated[list[Run], Meta(max_length=MOST_RECORDS * MOST_CHANNELS)] = []
    reasons: Annotated[list[Raw], Meta(max_length=MOST_RECORDS * MOST_CHANNELS)] = []


class Body(msgspec.Struct, frozen=True):
    """A minute's body with its reasons unread."""

    values: dict[str, float | None]
    quality: dict[str, int]
    reasons: dict[str, Raw] = {}


Flagged = dict[str, tuple[int, Raw | None]]  # of one minute: channel -> flag and reason where they are not as usual


class Row(msgspec.Struct, frozen=True):
    """A minute as whole numbers."""

    record: Record
    table: Table
    body: Body
    numbers: list[int | None]


# -- writing -------------------------------------------------------------------------------------------------------


def row(station: str, record: Record, units: dict[str, tuple[str, int]]) -> Row | None:
    """Return a minute as whole numbers, None where columns can't give it back to the byte.

    `units`: of each channel its unit and how many decimals its values have.
    """
    if record.kind != Kind.MINUTE or record.clock.not_before is not None or record.clock.not_after is not None:
        return None
    try:
        body = msgspec.json.decode(record.body, type=Body)
        channels = [Channel(name, *units[name]) for name in body.values]
        numbers = [None if v is None else round(v * 10**c.decimals) for v, c in zip(body.values.values(), channels)]
    except (msgspec.MsgspecError, KeyError, OverflowError, ValueError):
        return None
    table = Table(station, record.epoch, record.stamp.boot, record.clock.source, channels, record.setup)
    found = Row(record, table, body, numbers)
    return found if _is_given_back(found) else None


def _is_given_back(one: Row) -> bool:
    """Whether the whole numbers come to the very bytes of the record."""
    record = one.record
    times = (record.stamp.boottime, record.duration, record.clock.error or 0.0)
    if any(isinstance(t, int) or round(t * MICRO) / MICRO != t for t in times):
        return False
    names = [channel.name for channel in one.table.channels]
    reasons = one.body.reasons
    flagged = {n: (f, reasons.get(n)) for n, f in one.body.quality.items() if f != one.table.flag or n in reasons}
    if any(abs(number or 0) > MOST for number in one.numbers):
        return False
    return list(one.body.quality) == names and _body(one.table, one.numbers, flagged) == record.body


def columns(rows: Sequence[Row]) -> Columns:
    """Return minutes of one table, all dated or all undated, in columns."""
    table = rows[0].table
    records = [one.record for one in rows]
    runs, reasons = _runs(rows)
    dated = [record.start for record in records if record.start is not None]
    revisions = [record.revision for record in records]
    whole: list[list[int | None]] = [
        [record.seq for record in records],
        [round(record.stamp.boottime * MICRO) for record in records],
        [round(record.duration * MICRO) for record in records],
        [None if record.clock.error is None else round(record.clock.error * MICRO) for record in records],
        list(dated),
        list(revisions) if any(revisions) else [],
        *([one.numbers[place] for one in rows] for place in range(len(table.channels))),
    ]
    seq, boottime, duration, error, start, revision, *values = map(_steps, whole)
    return msgspec.convert(
        {"table": table.hash, "seq": seq, "boottime": boottime, "duration": duration, "error": error, "start": start}
        | {"revision": revision, "values": values, "runs": runs, "reasons": reasons, "sum": _sum(whole, runs)},
        Columns,
    )


def _runs(rows: Sequence[Row]) -> tuple[list[Run], list[Raw]]:
    """Return where flags are not the usual one, and the reasons, each once."""
    runs, known = [], dict[bytes, int]()
    for place, channel in enumerate(rows[0].table.channels):
        told = ((one.body.quality[channel.name], one.body.reasons.get(channel.name)) for one in rows)
        first = 0
        for (flag, reason), same in groupby((flag, None if r is None else bytes(r)) for flag, r in told):
            count = sum(1 for _ in same)
            if flag != rows[0].table.flag or reason is not None:
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


# -- reading -------------------------------------------------------------------------------------------------------


def records(block: Columns, table: Table) -> list[Record]:
    """Return the minutes of a block. Raise PayloadError where block and table are not what was sent."""
    heads: tuple[Sequence[int | None], ...] = (block.seq, block.boottime, block.duration)
    heads = (*heads, block.error, block.start, block.revision)
    whole = [_undone(column) for column in (*heads, *block.values)]
    count = len(block.seq)
    if table.hash != block.table or len(block.values) != len(table.channels):
        raise PayloadError("columns: they do not fit their table")
    if {len(column) for column in (*whole[:4], *filter(None, whole[4:6]), *whole[6:])} != {count}:
        raise PayloadError("columns: they are not of one length")
    if _sum(whole, block.runs) != block.sum:
        raise PayloadError("columns: the sum of the numbers is another one")
    flagged = _flagged(block, table, count)
    seq, boottime, duration, error, start, revision = (
        [*column, *[None] * (count - len(column))] for column in whole[:6]
    )
    found = [
        {
            "epoch": table.epoch,
            "seq": seq[at],
            "kind": Kind.MINUTE,
            "stamp": {"boot": table.boot, "boottime": _seconds(boottime[at])},
            "duration": _seconds(duration[at]),
            "start": start[at],
            "clock": {"source": table.source, "error": _seconds(error[at])},
            "revision": revision[at] or 0,
            "setup": table.setup,
            "body": _body(table, [column[at] for column in whole[6:]], flagged[at]),
        }
        for at in range(count)
    ]
    try:
        return msgspec.convert(found, list[Record])
    except msgspec.ValidationError as wrong:
        raise PayloadError(f"columns: {wrong}") from None


def _flagged(block: Columns, table: Table, count: int) -> list[Flagged]:
    """Return of each minute what is flagged otherwise than usual, and why. Raise PayloadError."""
    flagged: list[Flagged] = [{} for _ in range(count)]
    try:
        for run in sorted(block.runs, key=lambda run: run.channel):
            name = table.channels[run.channel].name
            reason = None if run.reason is None else block.reasons[run.reason]
            for at in range(run.first, run.first + run.count):
                flagged[at][name] = (run.flag, reason)
    except IndexError:
        raise PayloadError("columns: a flag stands where there is no value") from None
    return flagged


def _body(table: Table, numbers: Sequence[int | None], flagged: Flagged) -> Raw:
    """Return the body of a minute, to the byte as a station writes it."""
    values = {
        channel.name: None if number is None else number / 10**channel.decimals
        for channel, number in zip(table.channels, numbers, strict=True)
    }
    quality = dict.fromkeys(values, table.flag) | {name: flag for name, (flag, _) in flagged.items()}
    reasons = {name: reason for name, (_, reason) in flagged.items() if reason is not None}
    return Raw(msgspec.json.encode(Body(values, quality, reasons)))


def _undone(steps: Sequence[int | None]) -> list[int | None]:
    numbers, before = list[int | None](), 0
    for step in steps:
        before += step or 0
        numbers.append(None if step is None else before)
    return numbers


def _seconds(micro: int | None) -> float | None:
    return None if micro is None else micro / MICRO


def _sum(whole: list[list[int | None]], runs: list[Run]) -> int:
    return zlib.crc32(msgspec.json.encode([*whole, runs]))
