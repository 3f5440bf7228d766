"""The minutes of a period from the store, in slices: an append waits for at most one slice."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.measure.aggregates import MeasuredMinute, said_in
from edge.records.bodies import Setup, decode
from edge.records.ranges import Ranges
from edge.records.record import Kind, Record
from edge.store.store import Store

SLICE = 200  # records read at once: a few milliseconds


def records(store: Store, first: int, last: int) -> Iterator[Record]:
    """Yield the existing records first..last, in order. Raise StoreError."""
    for at in range(first, last + 1, SLICE):
        yield from store.range(at, min(at + SLICE - 1, last))


def minutes(store: Store, first_us: int, last_us: int, seqs: Ranges | None = None) -> list[Record]:
    """Return the minutes (among `seqs`, if given) that begin from `first_us` to before `last_us`, by time.

    Raise StoreError.
    """
    found = [
        record
        for pair in (store.by_time.seqs(first_us, last_us) if seqs is None else seqs)
        for record in records(store, *pair)
        if record.kind == Kind.MINUTE and record.start is not None and first_us <= record.start < last_us
    ]
    return sorted(found, key=lambda record: (record.start or 0, record.seq))


def counted_as(record: Record) -> MeasuredMinute:
    """Return a dated minute in the form that is aggregated."""
    assert record.start is not None
    return MeasuredMinute(record.start, record.duration, said_in(bytes(record.body)))


class ClockOffsets:
    """The offsets from UTC of the station's local time, by the setup records under which minutes were made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[int, int] = {}

    def of(self, setup: int | None) -> int:
        """Return the offset (s) of a setup record by its seq; 0 if it is missing or has none. Raise StoreError."""
        if setup is None:
            return 0
        if setup not in self._known:
            self._known[setup] = self._read(setup)
        return self._known[setup]

    def _read(self, setup: int) -> int:
        record = self._store.get(setup)
        body = None if record is None or record.kind != Kind.SETUP else decode(record.kind, record.body)
        try:
            hours = msgspec.convert(body.site.get("utc_offset_h"), float) if isinstance(body, Setup) else 0.0
        except msgspec.ValidationError:
            return 0
        return round(hours * 3600)
