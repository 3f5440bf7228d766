"""Hours made of the minutes in the store: each minute is read once, in its order, when its time is known.

Minutes that wait for the time are not read yet, so a boot that learns it late loses no hour; minutes that will never
have one (`bounds`) enter none. How far was read is kept with each record, in the transaction that has the hour.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from edge.config.sections import Config, SensorSection
from edge.measure.derived.et0 import Place
from edge.measure.derived.season import INPUTS, Orchard, Season, SeasonState
from edge.records.bodies import Hour
from edge.records.record import Kind, Record
from edge.store.errors import StoreError
from edge.store.store import Store

log = logging.getLogger("minshan.hours")
AT_ONCE = 500  # records read after one minute's close; what is left waits for the next
SLACK = 0.5  # s; by so much a minute may end before its UTC minute does


class HoursState(msgspec.Struct):
    """`read`: seq of the last record that was looked at."""

    read: int
    season: SeasonState


class Hours:
    """The hours of a station. `kept`: what `keep` gave when the last record was written."""

    def __init__(self, config: Config, store: Store, kept: Any) -> None:
        self._store = store
        self._state = restored(kept, store)
        self._season = Season(orchard(config), self._state.season)

    def keep(self) -> dict[str, Any]:
        """Return what must outlive a restart."""
        found: dict[str, Any] = msgspec.to_builtins(self._state)
        return found

    def ended(self, time_known: bool) -> Iterator[Hour]:
        """Read the minutes that are new and yield the hours that they end, each to be kept before the next is asked.

        While the time is not known nothing is read.
        """
        if not time_known:
            return
        for record in self._new():
            if record.start is None and record.clock.source == "arrival":
                return  # it will have a time
            if record.kind == Kind.MINUTE and record.start is not None:
                begin, fields = record.start / 1e6, record.fields()
                yield from self._season.ended(begin + SLACK)
                self._season.take(begin, record.duration, fields["values"], fields["quality"])
                self._state.read = record.seq
                yield from self._season.ended(begin + record.duration + SLACK)
            self._state.read = record.seq

    def _new(self) -> list[Record]:
        first = self._state.read + 1
        try:
            last = min(first + AT_ONCE, self._store.next_seq) - 1
            found = self._store.range(first, last)
        except StoreError as trouble:
            log.warning("no hour is made, the minutes cannot be read: %s", trouble)
            return []
        if not found:  # they were let go of
            self._state.read = max(self._state.read, last)
        return found


def restored(kept: Any, store: Store) -> HoursState:
    """Return the state that was kept; hours begin anew, from the next record on, where there is none."""
    if kept is not None:
        try:
            return msgspec.convert(kept, HoursState)
        except msgspec.ValidationError as error:
            log.warning("the hours begin anew, what was kept of them cannot be read: %s", error)
    return HoursState(store.next_seq - 1, SeasonState())


def orchard(config: Config) -> Orchard:
    """Return where the station stands and what its primary channels measure."""
    site, names = config.site, config.channels()
    owners: dict[str, SensorSection] = {
        quantity: sensor
        for sensor in config.sensor
        for quantity in INPUTS
        if names.get((sensor.name, quantity)) == quantity
    }
    wind = owners.get("wind_speed")
    return Orchard(
        Place(site.latitude, site.longitude, site.altitude_m, site.utc_offset_h),
        None if wind is None else wind.height_m,
        frozenset(names.values()),
        site.season_begins or ("11-01" if site.latitude >= 0 else "05-01"),
    )
