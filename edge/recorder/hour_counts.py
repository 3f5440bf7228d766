"""Aggregate finished hours into the store's table of hours, once a minute, on the recorder's lane.

Each record is read once, in order; an hour is aggregated from all its minutes once a later minute follows. If minutes
are re-dated, the hours that contained them are aggregated again. Aggregating twice gives the same result.
"""

from __future__ import annotations

import logging

import msgspec

from edge.history.hours import HourSpan, hour_of_record, minutes_of
from edge.history.minutes import ClockOffsets, counted_as, records
from edge.measure.aggregates import counted
from edge.records.record import Kind
from edge.store.errors import StoreError
from edge.store.hour_table import HourRow, Reached
from edge.store.store import Store
from edge.store.times import ARRIVAL

log = logging.getLogger("minshan.hours")
AT_ONCE = 1000  # records read after one minute's close: a year of an older store takes nine hours


class HourCounts:
    """Keeps the table of hours of one store up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offsets = ClockOffsets(store)
        self._open: HourSpan | None = None  # the hour of the newest minute, which is not over
        self._looked = 0  # seq up to which records have been read
        self._through = -1  # seq up to which they are in the table, as last written here

    def count(self) -> bool:
        """Aggregate the hours that are over. Return whether more is left to do now; the next minute continues."""
        try:
            return self._count()
        except StoreError as trouble:  # measuring does not wait
            log.warning("no hours can be counted: %s", trouble)
            return False

    def _count(self) -> bool:
        reached = self._reached()
        first = self._looked + 1
        last = min(first + AT_ONCE, self._store.next_seq) - 1
        over: dict[HourSpan, None] = {}
        through = reached.through
        for record in records(self._store, first, last):
            if record.start is None and record.clock.source == ARRIVAL:
                last = record.seq - 1  # it will have a time
                break
            if record.kind != Kind.MINUTE or record.start is None:
                continue
            hour = hour_of_record(record, self._offsets)
            if self._open is not None and self._open != hour:
                over[self._open] = None
                through = record.seq - 1
            self._open = hour
        if over:
            made = [row for hour in over if (row := self._made(hour)) is not None]
            self._store.hours.keep(made, Reached(through, reached.moves))
            self._through = through
        self._looked = last
        return first <= last < self._store.next_seq - 1

    def _reached(self) -> Reached:
        """Return how far the table reaches, after dropping hours with re-dated minutes; continue there."""
        reached, moves = self._store.hours.reached(), self._store.times.moves()
        if reached.moves < 0:
            self._store.hours.keep([], Reached(0, moves.count))
        elif moves.count != reached.moves:
            first = moves.since(reached.moves)
            self._store.hours.forget(self._store.next_seq if first is None else first, moves.count)
        if moves.count != reached.moves:
            reached, self._through = self._store.hours.reached(), -1
        if reached.through != self._through:
            self._looked, self._open, self._through = reached.through, None, reached.through
        return reached

    def _made(self, hour: HourSpan) -> HourRow | None:
        """Return the row of an hour; None to keep the stored one, because some of its minutes have been deleted."""
        found = minutes_of(self._store, hour, self._offsets)
        if not found:
            return None
        first, last = min(record.seq for record in found), max(record.seq for record in found)
        known = self._store.hours.get(*hour)
        if known is not None and (known.first < first or known.last > last):
            return None
        counts = msgspec.msgpack.encode(dict(counted(map(counted_as, found))))
        return HourRow(hour.start, hour.utc_offset_s, first, last, counts)
