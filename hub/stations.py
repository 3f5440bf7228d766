"""The stations of a hub's database: which there are, when each was last heard, and its clock."""

from __future__ import annotations

from edge.records.answers import StationState
from hub.database.engine import Engine

NEWEST_OFFSET = "utc_offset_s IS NOT NULL ORDER BY arrived_us DESC LIMIT 1"  # of a station's setups


def names(engine: Engine) -> list[str]:
    """Return the names of all stations. Raise SinkError."""
    return [name for (name,) in engine.query("SELECT DISTINCT station FROM epoch ORDER BY station")]


def stations(engine: Engine, now: int, only: str | None = None) -> list[StationState]:
    """Return the stations, by name; `only`: that one, where it is there. Raise SinkError.

    What lies after `now` counts neither as newest minute nor as heard last: this hub's clock, or the station's, was
    ahead then.
    """
    # The newest minute is looked up in the index, station by station: grouped, all minutes there are would be read.
    which, named = ("", ()) if only is None else ("WHERE station = %s ", (only,))
    found = engine.query(
        "SELECT station, max(CASE WHEN arrived_last <= %s THEN arrived_last END), "
        "(SELECT max(start) FROM record WHERE record.station = epoch.station AND kind = 'minute' AND start <= %s), "
        f"(SELECT utc_offset_s FROM setup WHERE setup.station = epoch.station AND {NEWEST_OFFSET}) "
        f"FROM epoch {which}GROUP BY station ORDER BY station",
        (now, now, *named),
    )
    return [StationState(name, arrived, newest, int(offset or 0)) for name, arrived, newest, offset in found]


def offset_of(engine: Engine, station: str) -> int:
    """Return seconds ahead of UTC of a station's clock, by its newest setup; 0 where it has sent none."""
    found = engine.query(f"SELECT utc_offset_s FROM setup WHERE station = %s AND {NEWEST_OFFSET}", (station,))
    return int(found[0][0]) if found else 0
