"""Two boxes that send in one station's name, as after a card was copied: the times of their minutes overlap."""

from __future__ import annotations

from itertools import combinations

from edge.records.asked import MINUTE_US
from hub.database.engine import Engine

LATELY_US = 60 * MINUTE_US
HEARD_US = 20 * MINUTE_US  # within which both must be heard; the slowest cadence is 15 min
OVERLAP_US = 10 * MINUTE_US  # of two epochs; more than a corrected clock of one box can cause
SPANS = (
    "SELECT r.epoch, min(r.start), max(r.start) FROM record r JOIN epoch e ON e.station = r.station "
    "AND e.epoch = r.epoch WHERE r.station = %s AND r.start > %s AND r.start <= %s AND r.kind = 'minute' "
    "AND r.wrong IS NULL AND e.arrived_last > %s AND e.arrived_last <= %s GROUP BY r.epoch"
)


def two_boxes(engine: Engine, now: int) -> dict[str, bool]:
    """Return for each station heard lately whether two boxes send in its name. Raise SinkError."""
    heard = engine.query(
        "SELECT station, count(*) FROM epoch WHERE arrived_last > %s AND arrived_last <= %s GROUP BY station "
        "ORDER BY station",
        (now - HEARD_US, now),
    )
    return {station: starts > 1 and _overlap(engine, station, now) for station, starts in heard}


def _overlap(engine: Engine, station: str, now: int) -> bool:
    found = engine.query(SPANS, (station, now - LATELY_US, now, now - HEARD_US, now))
    pairs = combinations([(first, last) for _, first, last in found], 2)
    return any(min(one[1], other[1]) - max(one[0], other[0]) >= OVERLAP_US for one, other in pairs)
