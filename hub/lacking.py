"""When missing records were measured: gaps in a station's numbers, placed in time by the minutes around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from edge.records.ranges import Ranges, ranges, without
from hub.completeness import lost_numbers
from hub.database.engine import Engine
from hub.database.held_hours import MINUTE_US

Hole = tuple[str, int, int]  # epoch, first and last number


class LackingSpan(NamedTuple):
    """So many records that were made from `start` to before `end` (microseconds UTC) and are not here."""

    start: int
    end: int
    records: int

    def within(self, start: int, end: int) -> float:
        """Return how many of them fall into a span, as if they were spread evenly."""
        common = min(self.end, end) - max(self.start, start)
        return self.records * common / (self.end - self.start) if common > 0 else 0.0


def lacking(engine: Engine, station: str, found: Iterable[Hole]) -> list[LackingSpan]:
    """Return those of a station's holes whose time is known. Raise SinkError."""
    return [span for hole in found for span in _dated(engine, station, *hole)]


def holes(engine: Engine, station: str) -> list[Hole]:
    """Return epoch, first and last number of a station's holes, but for what its loss records say is lost.

    Raise SinkError.
    """
    held: dict[str, list[tuple[int, int]]] = {}
    for epoch, first, last in engine.query("SELECT epoch, first, last FROM ledger WHERE station = %s", (station,)):
        held.setdefault(epoch, []).append((first, last))
    said = engine.query(
        "SELECT epoch, said_first, said_last FROM epoch WHERE station = %s AND said_first IS NOT NULL", (station,)
    )
    whole = {epoch: [*pairs] for epoch, pairs in held.items()}
    for epoch, first, last in said:
        whole.setdefault(epoch, []).append((first, last))
    found: list[Hole] = []
    for epoch, pairs in sorted(whole.items()):
        every: Ranges = ((min(first for first, _ in pairs), max(last for _, last in pairs)),)
        missing = without(every, ranges(held.get(epoch, [])))
        if missing:
            found += [(epoch, *pair) for pair in without(missing, lost_numbers(engine, station, epoch))]
    return found


def _dated(engine: Engine, station: str, epoch: str, first: int, last: int) -> list[LackingSpan]:
    """Return a hole by the minutes before and behind it in its epoch; none where neither is here."""
    near = "FROM record WHERE station = %s AND epoch = %s AND kind = 'minute' AND start IS NOT NULL AND seq"
    before = engine.query(f"SELECT start {near} < %s ORDER BY seq DESC LIMIT 1", (station, epoch, first))
    behind = engine.query(f"SELECT start {near} > %s ORDER BY seq LIMIT 1", (station, epoch, last))
    count = last - first + 1
    if before and behind:
        start, end = before[0][0] + MINUTE_US, behind[0][0]
    elif before:
        start, end = before[0][0] + MINUTE_US, before[0][0] + (count + 1) * MINUTE_US
    elif behind:
        start, end = behind[0][0] - count * MINUTE_US, behind[0][0]
    else:
        return []
    return [LackingSpan(start, end, count)] if start < end else []
