"""Growers' rules on the minutes in the database: the same rules as at the station itself."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.measure.aggregates import said_by
from edge.measure.derived.growers import DAYS, OF_HOURS, RECENT_S, GrowersMinutes
from edge.measure.derived.verdict import Verdict
from edge.measure.sun import Site
from edge.records.asked import DAY_US, HOUR_US
from edge.records.bodies import Hour
from edge.records.record import Kind
from hub.database.engine import Engine
from hub.database.rows import body_in
from hub.minute_cells import MinuteCells
from hub.stations import setup_of

HOURS_US = 2 * HOUR_US  # an hour's figures are older only where the station has been silent since


class BoundedPlace(msgspec.Struct):
    """Degrees, metres above sea level, hours ahead of UTC, within the bounds of a station's file (SiteSection)."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    altitude_m: Annotated[float, Meta(ge=-430, le=5500)]
    utc_offset_h: Annotated[float, Meta(ge=-12, le=14)]


def verdicts(engine: Engine, station: str, now: int) -> list[Verdict]:
    """Return each rule's verdict on a station now (microseconds UTC); none without its site. Raise SinkError."""
    setup = setup_of(engine, station)
    site = _site(setup.get("site"))
    if site is None:
        return []
    minutes = GrowersMinutes(site, _channels(setup))
    found = engine.query(
        "SELECT start, raw FROM record WHERE station = %s AND start >= %s AND start < %s "
        "AND kind = 'minute' AND wrong IS NULL ORDER BY start, epoch, seq",
        (station, now - DAYS * DAY_US, now),
    )
    cells = MinuteCells(OF_HOURS, some=True)
    for start, raw in found:
        if now - start > RECENT_S * 1e6:  # days of minutes, of which few channels are needed
            few = cells.of(raw)
            minutes.take(start / 1e6, dict(zip(OF_HOURS, few[::2])), dict(zip(OF_HOURS, few[1::2])))
            continue
        measured = said_by(raw)
        minutes.take(start / 1e6, measured.values, measured.quality)
    return minutes.verdicts(now / 1e6, _hour(engine, station, now))


def _site(said: object) -> Site | None:
    """Return a station's site; None where its setup has none, or one out of bounds."""
    try:
        return Site(*msgspec.structs.astuple(msgspec.convert(said, BoundedPlace)))
    except msgspec.ValidationError:
        return None


def _channels(setup: dict[str, Any]) -> frozenset[str]:
    sensors = setup.get("sensors")
    each = [one.get("channels") for one in sensors if isinstance(one, dict)] if isinstance(sensors, list) else []
    return frozenset(name for some in each if isinstance(some, list) for name in some if isinstance(name, str))


def _hour(engine: Engine, station: str, now: int) -> Hour | None:
    """Return the newest hour's figures; None where there are none."""
    found = engine.query(
        "SELECT body FROM record WHERE station = %s AND kind = 'hour' AND kind <> 'minute' AND wrong IS NULL "
        "AND coalesce(start, arrived) >= %s ORDER BY coalesce(start, arrived) DESC, seq DESC LIMIT 1",
        (station, now - HOURS_US - DAY_US),
    )
    return body_in(Kind.HOUR, found[0][0], Hour) if found else None
