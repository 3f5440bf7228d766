"""The health record: once an hour, the station reports its own problems as a record like any other."""

from __future__ import annotations

from typing import Any

from edge.control.status import StationParts, sensors, store, time_trouble
from edge.records.bodies import plain
from edge.records.record import Draft, Kind, Stamp
from edge.store.errors import StoreError

EVERY_S = 3600.0


class HealthLane:
    """The lane that posts health records."""

    def __init__(self, station: StationParts, boot: str) -> None:
        self._station = station
        self._boot = boot

    def run(self) -> None:
        """Post for ever; ends by `Stopped`."""
        clock = self._station.clock
        while True:
            clock.sleep_until(clock.now() + EVERY_S)
            self._station.inbox.offer(self._draft())

    def _draft(self) -> Draft:
        station = self._station
        now = station.clock.now()
        start, mark = station.recorder.snapshot.time_at(now)
        return Draft(Kind.HEALTH, Stamp(self._boot, now), 0.0, start, mark, self._body())

    def _body(self) -> dict[str, Any]:
        station = self._station
        facts = {
            "sensors": sensors(station),
            "store": _store(station),
            "time": time_trouble(station),
            "disk_free": station.kept.disk_free(),
            "falls": station.lanes.falls,
            "inbox_lost": station.inbox.lost,
            "horn": None if station.horn is None else station.horn.snapshot.trouble,
        }
        return plain(facts)


def _store(station: StationParts) -> Any:
    """Return what the store says of itself, or why it can't be read."""
    try:
        return store(station)
    except StoreError as trouble:
        return {"trouble": str(trouble)}
