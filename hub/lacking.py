"""When missing records were measured: gaps in a station's numbers, placed in time by the minutes around them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge.records.asked import MINUTE_US
from edge.records.ranges import Ranges, ranges, without
from hub.completeness import lost_numbers
from hub.database.engine import Engine

Hole = tuple[str, int, int]  # epoch, first and last number


class Neighbours(NamedTuple):
    """A range of the ledger, when the newest minute up to its end began, and the oldest from its begin on."""

    first: int
    last: int
    newest: int | None
    oldest: int | None


class LackingSpan(NamedTuple):
    """Missing records that were made from `start` to before `end` (microseconds UTC)."""

    start: int
    end: int
    records: int

    def within(self, start: int, end: int) -> float:
        """Return how many of them fall into an overlapping span, taken as evenly distributed."""
        return self.records * (min(self.end, end) - max(self.start, start)) / (self.end - self.start)


class LackingRecords:
    """Missing records of stations, read and dated once for all curves of an answer. Raise SinkError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._holes: dict[str, list[Hole]] = {}
        self._spans: dict[str, list[LackingSpan]] = {}

    def holes(self, station: str) -> list[Hole]:
        """Return a station's holes."""
        if station not in self._holes:
            self._holes[station] = holes(self._engine, station)
        return self._holes[station]

    def spans(self, station: str) -> list[LackingSpan]:
        """Return when its missing records were made, as far as that is known."""
        if station not in self._spans:
            self._spans[station] = lacking(self._engine, station, self.holes(station))
        return self._spans[station]


def lacking(engine: Engine, station: str, found: Iterable[Hole]) -> list[LackingSpan]:
    """Return a station's holes whose time is known from the minutes before or after each in its epoch.

    One statement, however many holes there are. Raise SinkError.
    """
    near = (
        "SELECT start FROM record r WHERE r.station = l.station AND r.epoch = l.epoch AND kind = 'minute' "
        "AND start IS NOT NULL AND seq"
    )
    held: dict[str, list[Neighbours]] = {}
    for epoch, *line in engine.query(
        f"SELECT epoch, first, last, ({near} <= l.last ORDER BY seq DESC LIMIT 1), "
        f"({near} >= l.first ORDER BY seq LIMIT 1) FROM ledger l WHERE station = %s ORDER BY epoch, first",
        (station,),
    ):
        held.setdefault(epoch, []).append(Neighbours(*line))
    return [span for epoch, first, last in found for span in _dated(held.get(epoch, []), first, last)]


def spread(absent: Iterable[LackingSpan], spans: Sequence[tuple[int, int]]) -> list[float]:
    """Return how many lacking records fall into each of these spans, which are equally long and sorted by begin."""
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    found = [0.0] * len(spans)
    for one in absent:
        for place in range(bisect_right(ends, one.start), bisect_left(starts, one.end)):
            found[place] += one.within(*spans[place])
    return found


def holes(engine: Engine, station: str) -> list[Hole]:
    """Return epoch, first and last number of a station's holes, without what its loss records name.

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


def _dated(held: Sequence[Neighbours], first: int, last: int) -> list[LackingSpan]:
    """Return a hole's span by the minutes on both sides; none without either. `held`: ranges of its epoch, in order."""
    place = bisect_left(held, first, key=lambda one: one.first)
    before = held[place - 1].newest if place else None
    behind = held[place].oldest if place < len(held) else None
    count = last - first + 1
    if before is not None:
        start = before + MINUTE_US
        end = start + count * MINUTE_US if behind is None else behind
    elif behind is not None:
        start, end = behind - count * MINUTE_US, behind
    else:
        return []
    return [LackingSpan(start, end, count)] if start < end else []
