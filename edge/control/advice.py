"""What growers ask for, of the minutes that are kept: may I spray now, scab, chill and warmth of the season.

All of it is made of the store, so a restart loses none of it. Five days of minutes are read at the first question,
afterwards only what is new.
"""

from __future__ import annotations

from edge.config.sections import Config
from edge.measure.derived.growers import DAYS, GrowersMinutes
from edge.measure.derived.verdict import Verdict
from edge.measure.sun import Site
from edge.records.bodies import Hour, Minute, decode
from edge.records.record import Kind, Record
from edge.store.store import Store

AT_ONCE = 1000  # records


class Advice:
    """Reads the minutes once and answers; one lane alone."""

    def __init__(self, config: Config, store: Store) -> None:
        place = config.site
        self._store = store
        self._site = Site(place.latitude, place.longitude, place.altitude_m, place.utc_offset_h)
        self._names = frozenset(config.channels().values())
        self._begin_anew()

    def verdicts(self, now_us: int | None, hour: Record | None) -> list[Verdict]:
        """Return what each rule says now (microseconds UTC, None not known). Raise StoreError."""
        self._read()
        newest = self._minutes.newest
        now = newest if now_us is None and newest is not None else (now_us or 0) / 1e6
        body = None if hour is None else decode(hour.kind, hour.body)
        return self._minutes.verdicts(now, body if isinstance(body, Hour) else None)

    def _begin_anew(self) -> None:
        self._moves = self._store.times.moves().count
        self._read_to = max(self._store.next_seq - DAYS * 1500, 1) - 1
        self._minutes = GrowersMinutes(self._site, self._names)

    def _read(self) -> None:
        if self._store.times.moves().count != self._moves:
            self._begin_anew()
        while self._read_to + 1 < self._store.next_seq:
            last = min(self._read_to + AT_ONCE, self._store.next_seq - 1)
            for record in self._store.range(self._read_to + 1, last):
                body = decode(record.kind, record.body) if record.kind == Kind.MINUTE else None
                if isinstance(body, Minute) and record.start is not None:
                    self._minutes.take(record.start / 1e6, body.values, body.quality)
            self._read_to = last
        self._minutes.forget_old()
