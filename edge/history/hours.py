"""The hours of a channel: from the table of aggregates, and those not aggregated yet from their minutes."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from edge.history.minutes import ClockOffsets, counted_as, minutes
from edge.measure.aggregates import Measured, MeasuredMinute, counted, hour_of
from edge.measure.counts import Counts
from edge.records import ranges
from edge.records.asked import HOUR_US
from edge.records.channel_name import ChannelName
from edge.records.record import MOST, Record
from edge.store.store import Store


class HourSpan(NamedTuple):
    """One local hour: its begin, microseconds UTC, and its local time's offset from UTC, s."""

    start: int
    utc_offset_s: int


class StoredHours:
    """Reads the hours of one store. All methods raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offsets = ClockOffsets(store)
        reached, moves = store.hours.reached(), store.times.moves()
        moved = moves.since(reached.moves) if reached.moves >= 0 else None
        self._valid = MOST if moved is None else moved  # rows with a record from this seq on are stale
        self.through = min(reached.through, self._valid - 1)

    def uncounted(self, first_us: int, last_us: int) -> int:
        """Return the maximum number of records to read for the hours of a span that are not aggregated."""
        fresh = ranges.common(self._store.by_time.seqs(first_us, last_us), ((self.through + 1, MOST),))
        return ranges.count(fresh)

    def of(self, channel: str, first_us: int, last_us: int) -> dict[HourSpan, Counts]:
        """Return a channel's hours that begin from `first_us` to before `last_us`."""
        found: dict[HourSpan, Counts] = {}
        through = self.through
        for row in self._store.hours.between(first_us, last_us):
            if row.last >= self._valid:
                through = min(through, row.first - 1)
            elif (counts := counts_of(row.counts, channel)) is not None:
                found[HourSpan(row.start, row.utc_offset_s)] = counts
        for hour in self._fresh(first_us, last_us, through):
            found.pop(hour, None)
            its = [alone(counted_as(record), channel) for record in minutes_of(self._store, hour, self._offsets)]
            found.update((hour, counts) for name, counts in counted(its) if name == channel)
        return found

    def names(self, first_us: int, last_us: int) -> set[str]:
        """Return the channels in the hours that overlap a span."""
        found: set[str] = set()
        for row in self._store.hours.between(first_us - HOUR_US + 1, last_us):
            found |= set(msgspec.msgpack.decode(row.counts, type=dict[str, msgspec.Raw]))
        fresh = ranges.common(self._store.by_time.seqs(first_us, last_us), ((self.through + 1, MOST),))
        for record in minutes(self._store, first_us, last_us, fresh[-1:]):  # no more than one epoch's
            found |= set(counted_as(record).said.values)
        return found

    def _fresh(self, first_us: int, last_us: int, through: int) -> set[HourSpan]:
        """Return the hours with a minute that no row includes."""
        seqs = ranges.common(self._store.by_time.seqs(first_us, last_us + HOUR_US), ((through + 1, MOST),))
        fresh = (record for record in minutes(self._store, first_us, last_us + HOUR_US, seqs))
        hours = {hour_of_record(record, self._offsets) for record in fresh}
        return {hour for hour in hours if first_us <= hour.start < last_us}


def counts_of(packed: bytes, channel: str) -> Counts | None:
    """Return a channel's aggregates from a row; None if it has none."""
    raw = msgspec.msgpack.decode(packed, type=dict[str, msgspec.Raw]).get(channel)
    return None if raw is None else msgspec.msgpack.decode(raw, type=Counts)


def hour_of_record(record: Record, offsets: ClockOffsets) -> HourSpan:
    """Return the local hour that contains a dated minute."""
    offset = offsets.of(record.setup)
    return HourSpan(hour_of(record.start or 0, offset), offset)


def minutes_of(store: Store, hour: HourSpan, offsets: ClockOffsets) -> list[Record]:
    """Return the minutes of an hour, by time."""
    found = minutes(store, hour.start, hour.start + HOUR_US)
    return [record for record in found if offsets.of(record.setup) == hour.utc_offset_s]


def alone(minute: MeasuredMinute, channel: str) -> MeasuredMinute:
    """Return a minute reduced to one channel and the wind speed by which it may be weighted."""
    measured = minute.said
    names = [name for name in {channel, ChannelName.parse(channel).beside("wind_speed")} if name in measured.values]
    mine = Measured(
        {n: measured.values[n] for n in names}, {n: measured.quality[n] for n in names if n in measured.quality}
    )
    return MeasuredMinute(minute.start, minute.duration, mine)
