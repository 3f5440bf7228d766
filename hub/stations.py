"""The stations of a hub's database: which there are, when each was last heard, its clock and its newest setup."""

from __future__ import annotations

from typing import Any

from edge.records.answers import StationState
from hub.database.engine import Engine
from hub.database.rows import json_object

# A station that was offline sends its newest setup first, so the newest is told by its own time, not by its arrival.
SETUPS = "FROM setup s JOIN record r USING (station, epoch, seq) WHERE s.station ="  # the view lacks a time's bounds
NEWEST = "ORDER BY coalesce(r.start, r.not_after, s.arrived_us) DESC, s.seq DESC LIMIT 1"
OFFSET = "AND s.utc_offset_s IS NOT NULL"


def names(engine: Engine) -> list[str]:
    """Return the names of all stations. Raise SinkError."""
    return [name for (name,) in engine.query("SELECT DISTINCT station FROM epoch ORDER BY station")]


def stations(engine: Engine, now: int, only: str | None = None) -> list[StationState]:
    """Return the stations, by name; `only`: that one, if it exists. Raise SinkError.

    Times after `now` count neither as newest minute nor as heard last: this hub's clock, or the station's, was ahead
    then.
    """
    # The newest minute is looked up in the index for each station: GROUP BY would read all minutes.
    which, named = ("", ()) if only is None else ("WHERE station = %s ", (only,))
    found = engine.query(
        "SELECT station, max(CASE WHEN arrived_last <= %s THEN arrived_last END), "
        "(SELECT max(start) FROM record WHERE record.station = epoch.station AND kind = 'minute' AND start <= %s), "
        f"(SELECT s.utc_offset_s {SETUPS} epoch.station {OFFSET} {NEWEST}) "
        f"FROM epoch {which}GROUP BY station ORDER BY station",
        (now, now, *named),
    )
    return [StationState(name, arrived, newest, int(offset or 0)) for name, arrived, newest, offset in found]


def offset_of(engine: Engine, station: str) -> int:
    """Return seconds ahead of UTC of a station's clock, by its newest setup; 0 where it has sent none."""
    found = engine.query(f"SELECT s.utc_offset_s {SETUPS} %s {OFFSET} {NEWEST}", (station,))
    return int(found[0][0]) if found else 0


def setup_of(engine: Engine, station: str) -> dict[str, Any]:
    """Return what a station's newest setup says; {} where it has sent none. Raise SinkError."""
    found = engine.query(f"SELECT s.body {SETUPS} %s {NEWEST}", (station,))
    return json_object(found[0][0]) if found else {}
