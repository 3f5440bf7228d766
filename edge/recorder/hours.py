"""The hours of a station: which are recorded when a minute closes, and the state saved across restarts.

The reading position is saved with each record, in the same transaction as the hour. If minutes are re-dated, the hours
since are computed again, and those that differ are recorded again (`recomputed_hours`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from edge.config.sections import Config, SensorSection
from edge.measure.derived.et0 import Place
from edge.measure.derived.season import INPUTS, Orchard, SeasonState
from edge.recorder.hour_maker import HourMaker, HoursState
from edge.recorder.recomputed_hours import RecomputedHours
from edge.records.bodies import Hour
from edge.store.errors import StoreError
from edge.store.store import Store

log = logging.getLogger("minshan.hours")
AT_ONCE = 500  # records read after one minute's close; the next one continues


class Hours:
    """The hours of a station. `kept`: what `keep` returned when the last record was written."""

    def __init__(self, config: Config, store: Store, kept: Any) -> None:
        self._store = store
        self._orchard = orchard(config)
        self._maker = HourMaker(store, self._orchard, restored(kept, store))
        self._recomputed: RecomputedHours | None = None

    def keep(self) -> dict[str, Any]:
        """Return the state to save across restarts."""
        found: dict[str, Any] = msgspec.to_builtins(self._maker.state)
        return found

    def ended(self, time_known: bool) -> Iterator[Hour]:
        """Yield the hours that ended or differ from their record; store each before asking for the next.

        Nothing is read while the time is unknown.
        """
        if not time_known:
            return
        try:
            self._check_redatings()
            if self._recomputed is None:
                yield from self._maker.made(AT_ONCE)
            elif self._recomputed.make():
                yield from self._recomputed.differing()
                self._maker, self._recomputed = self._recomputed.maker, None
        except StoreError as trouble:
            log.warning("no hours can be made because the minutes cannot be read: %s", trouble)

    def _check_redatings(self) -> None:
        """Start computing hours again if minutes already read were re-dated."""
        moves, known = self._store.times.moves(), self._maker.state
        if moves.count == (known if self._recomputed is None else self._recomputed.maker.state).moves:
            return
        first = moves.since(known.moves)
        if first is None or first > known.read:
            known.moves = moves.count
            return
        log.info("minutes were re-dated: the hours since record %d are made again", first)
        self._recomputed = RecomputedHours(self._store, self._orchard, first, moves)


def restored(kept: Any, store: Store) -> HoursState:
    """Return the saved state; a new one, which begins with the next record, if there is none or it cannot be read."""
    if kept is not None:
        try:
            return msgspec.convert(kept, HoursState)
        except msgspec.ValidationError as error:
            log.warning("the hours start over because their saved state cannot be read: %s", error)
    return HoursState(store.next_seq - 1, SeasonState(), moves=store.times.moves().count)


def orchard(config: Config) -> Orchard:
    """Return the station's site and what its primary channels measure."""
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
