"""Advice for growers from the stored minutes: whether to spray now, scab risk, chill and warmth of the season.

All of it is computed from the store, so a restart loses nothing. The first query reads five days of minutes, later ones
only what is new.
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
    """Reads the minutes once and answers queries; used by one lane only."""

    def __init__(self, config: Config, store: Store) -> None:
        place = config.site
        self._store = store
        self._site = Site(place.latitude, place.longitude, place.altitude_m, place.utc_offset_h)
        self._names = frozenset(config.channels().values())
        self._reset()

    def verdicts(self, now_us: int | None, hour: Record | None) -> list[Verdict]:
        """Return each rule's verdict now (microseconds UTC; None: unknown). Raise StoreError."""
        self._read()
        newest = self._minutes.newest
        now = newest if now_us is None and newest is not None else (now_us or 0) / 1e6
        body = None if hour is None else decode(hour.kind, hour.body)
        return self._minutes.verdicts(now, body if isinstance(body, Hour) else None)

    def _reset(self) -> None:
        self._redated = self._store.times.moves().count
        self._read_to = max(self._store.next_seq - DAYS * 1500, 1) - 1
        self._minutes = GrowersMinutes(self._site, self._names)

    def _read(self) -> None:
        if self._store.times.moves().count != self._redated:
            self._reset()
        while self._read_to + 1 < self._store.next_seq:
            last = min(self._read_to + AT_ONCE, self._store.next_seq - 1)
            for record in self._store.range(self._read_to + 1, last):
                body = decode(record.kind, record.body) if record.kind == Kind.MINUTE else None
                if isinstance(body, Minute) and record.start is not None:
                    self._minutes.take(record.start / 1e6, body.values, body.quality)
            self._read_to = last
        self._minutes.forget_old()
