"""The minutes of a station and a period, read for an export in slices to bound memory and read locks.

Minutes that their station could not date come last, dated by their arrival, as their `clock` states.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from operator import itemgetter

import msgspec
from msgspec import Raw

from drivers.quantity import QUANTITIES
from drivers.reason import Reason
from edge.measure.aggregates import HOUR_US, said_by
from edge.records.asked import EPOCH, MINUTE_US
from edge.records.channel_name import ChannelName
from edge.records.record import Record
from hub import completeness, intake, jsonl
from hub.database import counting
from hub.database.engine import Engine
from hub.sink import SinkError
from hub.stations import offset_of

SLICE = 2000  # minutes that are read at a time
# Ordered by `{time}`, the first column.
MINUTES = (
    "SELECT {time}, epoch, seq, start, duration, source, error, arrived, setup, raw FROM record "
    "WHERE station = %s AND kind = 'minute' AND wrong IS NULL AND {time} >= %s AND {time} < %s"
)
DATED = MINUTES.format(time="start")
UNDATED = MINUTES.format(time="arrived") + " AND start IS NULL"
Line = tuple[int, str, int, int | None, float, str, float | None, int, int | None, bytes]
IN_ORDER = itemgetter(0, 1, 2)
NO_MINUTES = Reason("no_minutes_there", "{station} has no minute from {first} to {last}", station="", first="", last="")
NO_QUANTITY = Reason(
    "not_among_them", 'no "{name}" was measured there; there are: {known}', name="", known=""
)  # a quantity or a channel

NEAR_QUANTITY = Reason(
    "near_among_them",
    'no "{name}" was measured there: was {near} meant? There are: {known}',
    name="",
    near="",
    known="",
)


class NothingError(SinkError):
    """There is nothing to export; `reason` says what was requested."""


class ExportedMinute(msgspec.Struct, frozen=True):
    """One minute: its begin, microseconds UTC (None: not known), the seconds that its clock is ahead of UTC."""

    station: str
    start: int | None
    utc_offset_s: int
    duration: float
    clock: str
    clock_error: float | None
    arrived: int
    raw: bytes

    def utc(self) -> datetime | None:
        """Return its begin."""
        return None if self.start is None else EPOCH + timedelta(microseconds=self.start)

    def local_us(self) -> int | None:
        """Return its begin by the station's clock, microseconds since 1970 there."""
        return None if self.start is None else self.start + self.utc_offset_s * completeness.US

    def local(self) -> datetime | None:
        """Return its begin by the station's clock, without a zone."""
        local = self.local_us()
        return None if local is None else (EPOCH + timedelta(microseconds=local)).replace(tzinfo=None)


class ExportSelection(msgspec.Struct, frozen=True):
    """A station and days by its clock, both included; `quantities` (or channels), all where none are named."""

    station: str
    first: date
    last: date
    quantities: tuple[str, ...] = ()


class Export:
    """Reads the selection from a database. All methods raise SinkError."""

    def __init__(self, engine: Engine, wanted: ExportSelection) -> None:
        self._engine, self.wanted = engine, wanted
        self._offset = offset_of(engine, wanted.station)
        self.first = completeness.begin_of(wanted.first, self._offset)
        self.last = completeness.begin_of(wanted.last, self._offset) + completeness.DAY_S * completeness.US

    def channels(self) -> list[str]:
        """Return the selected channels that have minutes. Raise NothingError."""
        found = self._counted() or self._looked_up()
        return sorted(chosen(found, self.wanted.quantities), key=in_order)

    def _counted(self) -> set[str]:
        """Return the channels of the span's hours; none where the hours do not represent exactly its minutes.

        Undated minutes and hours still to be counted are not in them. An hour that reaches beyond the span, by an
        earlier offset of the station's clock, may have a channel of minutes outside.
        """
        within = (self.wanted.station, self.first - HOUR_US, self.last)
        hours = self._engine.query(
            "SELECT channel, min(start), max(start) FROM hourly WHERE station = %s AND start > %s AND start < %s "
            "GROUP BY channel",
            within,
        )
        left = "SELECT 1 FROM stale WHERE station = %s AND start > %s AND start < %s LIMIT 1"
        beyond = any(first < self.first or last + HOUR_US > self.last for _, first, last in hours)
        if beyond or self._engine.query(left, within) or next(self._undated(), None) is not None:
            return set()
        return {channel for channel, *_ in hours}

    def _looked_up(self) -> set[str]:
        """Return the channels of all minutes of the span, by reading each. Raise NothingError."""
        found: set[str] = set()
        empty = True
        for minute in self.minutes():
            found |= said_by(minute.raw).values.keys()
            empty = False
        if empty:
            days = {"first": str(self.wanted.first), "last": str(self.wanted.last)}
            raise NothingError(NO_MINUTES.having(station=self.wanted.station, **days))
        return found

    def minutes(self) -> Iterator[ExportedMinute]:
        """Yield the minutes by time, then the undated ones by arrival."""
        yield from self._read(DATED)
        yield from self._undated()

    def lines(self) -> Iterator[tuple[ExportedMinute, bytes]]:
        """Yield the minutes with the lines that `watch --jsonl` writes for them."""
        for minute in self.minutes():
            came = Raw(minute.raw)
            record = intake.record(came)
            if isinstance(record, Record):
                more = came if intake.says_more(came) else None
                yield minute, jsonl.encoded(jsonl.of_record(minute.station, record, minute.arrived, more))

    def _undated(self) -> Iterator[ExportedMinute]:
        return self._read(UNDATED)

    def _read(self, sql: str) -> Iterator[ExportedMinute]:
        """Yield what a statement finds by time, epoch and number, one slice at a time.

        Each query covers a span of about one slice: a PostgreSQL without statistics, as a new or restored one,
        estimates a month as one row, and sorts everything that is selected.
        """
        begin, span = self.first, SLICE * MINUTE_US
        while begin < self.last:
            end = min(begin + span, self.last)
            found = self._asked(f"{sql} ORDER BY 1 LIMIT %s", begin, end, SLICE)
            if len(found) < SLICE:
                yield from self._made(sorted(found, key=IN_ORDER))
                span *= 2 if 2 * len(found) < SLICE else 1
            else:
                end = found[-1][0] + 1
                yield from self._made(sorted((line for line in found if line[0] < end - 1), key=IN_ORDER))
                yield from self._instant(sql, end - 1)  # more rows may have that same time
                span = end - begin
            begin = end

    def _instant(self, sql: str, time: int) -> Iterator[ExportedMinute]:
        """Yield the minutes of one instant."""
        after: tuple[str, int] | None = ("", 0)
        while after is not None:
            found = self._asked(
                f"{sql} AND (epoch, seq) > (%s, %s) ORDER BY 1, 2, 3 LIMIT %s", time, time + 1, *after, SLICE
            )
            yield from self._made(found)
            after = (found[-1][1], found[-1][2]) if len(found) == SLICE else None

    def _asked(self, sql: str, *values: object) -> list[Line]:
        return msgspec.convert(self._engine.query(sql, (self.wanted.station, *values)), list[Line])

    def _made(self, found: list[Line]) -> Iterator[ExportedMinute]:
        station = self.wanted.station
        setups = {(station, line[1], line[8]) for line in found if line[8] is not None}
        offsets = counting.offsets(self._engine, setups)
        for _, epoch, _, dated, duration, source, error, arrived, setup, raw in found:
            offset = offsets.get((station, epoch, setup or 0), self._offset)
            start = dated
            if start is None and source == "arrival":
                start = arrived - round(duration * 1e6)
            yield ExportedMinute(station, start, offset, duration, source, error, arrived, raw)


def chosen(channels: Collection[str], quantities: Collection[str]) -> set[str]:
    """Return the channels of these quantities, or all. Raise NothingError for one that has none."""
    found: set[str] = set()
    for name in quantities:
        of_it = {channel for channel in channels if name in (channel, channel.partition(".")[0])}
        if not of_it:
            measured = sorted({channel.partition(".")[0] for channel in channels})
            known, near = ", ".join(measured), difflib.get_close_matches(name, measured, 1)
            raise NothingError(
                NEAR_QUANTITY.having(name=name, near=near[0], known=known)
                if near
                else NO_QUANTITY.having(name=name, known=known)
            )
        found |= of_it
    return found if quantities else set(channels)


def in_order(channel: str) -> tuple[int, str]:
    """Return a key that sorts channels as the contract names their quantities, unknown ones last."""
    names = list(QUANTITIES)
    quantity = ChannelName.parse(channel).quantity
    return names.index(quantity) if quantity in names else len(names), channel
