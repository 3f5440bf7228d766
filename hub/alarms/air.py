"""The air at a station: the newest minute before an instant, and how fast its temperature was falling."""

from __future__ import annotations

import msgspec

from edge.alerts.measures import SPAN, ChannelMeasure, FallMeasure, good
from edge.measure.derived.minute_values import derive
from edge.records.asked import HOUR_US, MINUTE_US
from edge.records.bodies import Minute
from edge.records.record import Kind
from hub.database.engine import Engine
from hub.database.rows import body_in

NEAR_FROST = 3.0  # degC of the wet bulb, at or below which frost is near; 0.8 K above the first limit in bloom
RECENT_US = 6 * HOUR_US


class Air(msgspec.Struct, frozen=True):
    """One minute's air: its begin, air and wet bulb in degC, and how fast the air was falling, K/h."""

    start_us: int
    air: float | None
    wet: float | None
    fall: float | None

    @property
    def is_near_frost(self) -> bool:
        """Return whether it was near frost."""
        value = self.air if self.wet is None else self.wet
        return value is not None and value <= NEAR_FROST


def air_at(engine: Engine, station: str, until_us: int) -> Air | None:
    """Return the air of the newest minute that began by then; None where there is none within RECENT_US.

    Raise SinkError.
    """
    minutes = minutes_of(engine, station, until_us - RECENT_US, until_us, SPAN)
    if not minutes:
        return None
    last, newest = minutes[-1]
    measure, before, slope = FallMeasure(ChannelMeasure("air_temperature")), last - SPAN * MINUTE_US, None
    for start, minute in minutes:
        for _ in range(min(SPAN, round((start - before) / MINUTE_US) - 1)):
            measure.see(None)
        slope, before = measure.see(minute).value, start
    air = good(newest, "air_temperature")
    wet = derive(newest.values, newest.quality).get("wet_bulb_temperature")
    return Air(last, air, wet, slope if slope is not None and slope >= 0.1 else None)


def minutes_of(
    engine: Engine, station: str, first_us: int, last_us: int, most: int = 10_000
) -> list[tuple[int, Minute]]:
    """Return the newest minutes (at most `most`) that began after `first_us` and up to `last_us`, with begin, by time.

    Raise SinkError.
    """
    found = engine.query(
        "SELECT start, body FROM record WHERE station = %s AND start > %s AND start <= %s AND kind = 'minute' "
        "AND wrong IS NULL ORDER BY start DESC LIMIT %s",
        (station, first_us, last_us, most),
    )
    return [
        (start, minute) for start, body in reversed(found) if (minute := body_in(Kind.MINUTE, body, Minute)) is not None
    ]
