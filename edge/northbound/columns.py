"""Minutes in columns of integers, as version 2 of the wire contract has them.

The minutes of one run of a station have the same channels for months and change little from one to the next. A `Table`
states once what they have in common; a `Columns` has, for each field and each channel, the steps from one number to the
next, which compress to a few bits (steps.py). A value is an integer in units of its channel's last digit: with one
decimal, 21.4 is 214. The caller sends a record that columns cannot restore to the byte as it is.

The sum is the CRC-32 of all numbers (decoded, not the steps) and of the runs, as one JSON array of arrays: a block that
was assembled wrongly, or is decoded with another table, is rejected and never taken for good.
"""

import zlib
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from drivers.reason import Reason
from edge.northbound import steps
from edge.northbound.steps import HoledSteps, Steps, Whole
from edge.records.bodies import MOST_CHANNELS, Flag, Key
from edge.records.record import Kind, Name, Record, Seq
from edge.wire.contract import LARGEST, MOST_RECORDS, PayloadError, StationId, TableName

MICRO = 1_000_000
MOST_DECIMALS = 6
MOST_SPREAD = 4 * LARGEST  # bytes of the reasons of one block once they are copied into its minutes
USUAL = 60 * MICRO  # a minute's duration


class TableChannel(msgspec.Struct, frozen=True, array_like=True):
    """A channel: its name, its unit and how many decimals its whole numbers stand for."""

    name: Key
    unit: Annotated[str, Meta(max_length=32)]
    decimals: Annotated[int, Meta(ge=0, le=MOST_DECIMALS)]


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """What minutes have in common: their station and run, the source of their time, their channels, the usual flag."""

    station: StationId
    epoch: Name
    boot: Name
    source: Name
    channels: Annotated[list[TableChannel], Meta(max_length=MOST_CHANNELS)]
    setup: Seq | None = None
    flag: Flag = 1

    @property
    def hash(self) -> str:
        """Return the table's name."""
        return name_of(msgspec.json.encode(self))


def name_of(table: Raw | bytes) -> str:
    """Return a table's name: the CRC-32 of its JSON, to the byte as it was sent, as 8 hexadecimal digits."""
    return f"{zlib.crc32(table):08x}"


class FlagRun(msgspec.Struct, frozen=True, array_like=True):
    """Consecutive minutes from `first` on in which a channel has an unusual flag; `reason`: an index into `reasons`."""

    channel: Annotated[int, Meta(ge=0, lt=MOST_CHANNELS)]
    first: Annotated[int, Meta(ge=0, lt=MOST_RECORDS)]
    count: Annotated[int, Meta(ge=1, le=MOST_RECORDS)]
    flag: Flag
    reason: Annotated[int, Meta(ge=0, lt=MOST_RECORDS * MOST_CHANNELS)] | None = None


class Columns(msgspec.Struct, frozen=True, omit_defaults=True):
    """Minutes of one table: a text of steps for each field, and in `values` for each channel of the table.

    `start`, `boottime`, `duration` and `error` are in microseconds (a hole: unknown); undated minutes have no `start`,
    whole ones no `duration` (60 s), minutes that were never revised no `revision`.
    """

    table: TableName
    seq: Steps
    boottime: Steps
    error: HoledSteps
    values: Annotated[list[HoledSteps], Meta(max_length=MOST_CHANNELS)]
    sum: Annotated[int, Meta(ge=0, lt=2**32)]
    start: Steps = ""
    duration: Steps = ""
    revision: Steps = ""
    runs: Annotated[list[FlagRun], Meta(max_length=MOST_RECORDS * MOST_CHANNELS)] = []
    reasons: Annotated[list[Raw], Meta(max_length=MOST_RECORDS * MOST_CHANNELS)] = []


class Body(msgspec.Struct, frozen=True):
    """A minute's body, its reasons not decoded."""

    values: dict[str, float | None]
    quality: dict[str, int]
    reasons: dict[str, Raw] = {}


OTHER_TABLE = Reason("columns_other_table", "columns: they refer to another table")
NOT_FITTING = Reason("columns_do_not_fit", "columns: they do not fit their table")
UNEQUAL = Reason("columns_unequal", "columns: their lengths differ")
OTHER_SUM = Reason("columns_other_sum", "columns: the checksum of the numbers does not match")
TOO_MANY_FLAGS = Reason("columns_too_many_flags", "columns: more flags than values, or reasons without end")
TWICE = Reason("columns_said_twice", "columns: a channel twice in their table, or two flags for one value")
FLAG_BESIDE = Reason("columns_flag_beside", "columns: a flag without a value")
Flagged = dict[str, tuple[int, Raw | None]]  # of one minute: channel -> unusual flag and its reason


def read_table(raw: Raw | bytes) -> Table:
    """Decode a table; a newer station's may have more fields. Raise PayloadError."""
    try:
        return msgspec.json.decode(raw, type=Table)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadError(f"table: {error}") from None


def records(block: Columns, table_json: Raw | bytes) -> list[Record]:
    """Return the minutes of a block, by the JSON of its table. Raise PayloadError if the two do not belong together."""
    if name_of(table_json) != block.table:
        raise PayloadError(OTHER_TABLE)
    table = read_table(table_json)
    if len(block.values) != len(table.channels):
        raise PayloadError(NOT_FITTING)
    if len({channel.name for channel in table.channels}) < len(table.channels):
        raise PayloadError(TWICE)
    heads = block.seq, block.boottime, block.duration, block.error, block.start, block.revision
    whole = [steps.read(text) for text in (*heads, *block.values)]
    count = len(whole[0])
    optional = (2, 4, 5)
    lengths = {len(column) for at, column in enumerate(whole) if column or at not in optional}
    if lengths != {count} or count > MOST_RECORDS:
        raise PayloadError(UNEQUAL)
    if sum_of(whole, block.runs) != block.sum:
        raise PayloadError(OTHER_SUM)
    if spread(block) > MOST_SPREAD or sum(run.count for run in block.runs) > count * len(table.channels):
        raise PayloadError(TOO_MANY_FLAGS)
    whole[2] = whole[2] or [USUAL] * count
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


def spread(block: Columns) -> int:
    """Return the bytes of a block's reasons once they are copied into its minutes."""
    sizes = [len(bytes(reason)) for reason in block.reasons]
    return sum(
        run.count * sizes[run.reason] for run in block.runs if run.reason is not None and run.reason < len(sizes)
    )


def _flagged(block: Columns, table: Table, count: int) -> list[Flagged]:
    """Return the unusual flags and their reasons for each minute. Raise PayloadError."""
    flagged: list[Flagged] = [{} for _ in range(count)]
    try:
        for run in sorted(block.runs, key=lambda run: run.channel):
            name = table.channels[run.channel].name
            reason = None if run.reason is None else block.reasons[run.reason]
            for at in range(run.first, run.first + run.count):
                if name in flagged[at]:
                    raise PayloadError(TWICE)
                flagged[at][name] = (run.flag, reason)
    except IndexError:
        raise PayloadError(FLAG_BESIDE) from None
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


def _seconds(micro: int | None) -> float | None:
    return None if micro is None else micro / MICRO


def sum_of(whole: list[Whole], runs: list[FlagRun]) -> int:
    """Return the checksum of a block; `whole`: its decoded numbers."""
    return zlib.crc32(msgspec.json.encode([*whole, runs]))
