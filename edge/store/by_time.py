"""Find records by their time. Seqs rise with time within an epoch, so each epoch is searched by bisection.

There is no index by time, because every minute would have to update it. The begin and end of each epoch are cached
until records are re-dated.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from edge.records.ranges import Ranges
from edge.records.record import LAST_UTC, Record
from edge.records.spans import Span
from edge.store import rows
from edge.store.database import Database
from edge.store.moves import moves

SLACK = 2_000_000  # microseconds by which labels of one boot may be out of order: twice `times.WHOLE`
EDGE = 20  # records at each end of an epoch from which its times are taken
CLOSED = 180_000_000  # microseconds: a minute stored before an event began at most this long before the event
NEAR = 20_000  # records searched for the next minute with a time: hours that are re-sent may lie between
TIMED = "SELECT start, duration, source, not_before, not_after FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq"
NEWEST = "SELECT start FROM record WHERE seq BETWEEN ? AND ? AND kind = 'minute' ORDER BY seq DESC"
Edges = tuple[int, int]  # microseconds UTC: not begun before, ended after that


class ByTime:
    """`store.by_time`. Thread-safe, locks the store for one epoch at a time; its methods raise StoreError."""

    def __init__(
        self, database: Database, epochs: Callable[[], list[Span]], select: Callable[..., list[Record]]
    ) -> None:
        self._db = database
        self._epochs = epochs
        self._select = select
        self._known: dict[str, Edges] = {}
        self._moves = -1  # the number of re-datings (moves.py) at which `_known` is valid

    def seqs(self, first_us: int, last_us: int) -> Ranges:
        """Return ranges of seqs that contain all minutes beginning from `first_us` to before `last_us`."""
        found = []
        epochs = self._epochs()
        for epoch in epochs:
            with self._db.reading() as connection:
                begin, end = self._edges(connection, epoch, epoch == epochs[-1])
                undated = begin == -LAST_UTC and end == LAST_UTC
                if undated or end < first_us or begin >= last_us:
                    continue
                low = _lowest(connection, epoch, first_us - SLACK)
                high = _lowest(connection, epoch, last_us + SLACK)
                if low < high:
                    found.append((low, high - 1))
        return tuple(found)

    def since(self, first_us: int) -> int:
        """Return a seq below which all records are earlier than that time; if all are, the next free seq."""
        epochs = self._epochs()
        for epoch in epochs:
            with self._db.reading() as connection:
                begin, end = self._edges(connection, epoch, epoch == epochs[-1])
                if end >= first_us:
                    return _lowest(connection, epoch, first_us - CLOSED) if begin < first_us else epoch.first
        return epochs[-1].last + 1 if epochs else 1

    def newest_minute(self) -> int | None:
        """Return when the newest minute with a time began, of those near each epoch's end; None if there is none."""
        near = f"SELECT start FROM (SELECT * FROM ({NEWEST}) LIMIT {EDGE}) WHERE start NOT NULL LIMIT 1"
        for epoch in reversed(self._epochs()):
            with self._db.reading() as connection:
                for (start,) in connection.execute(near, (epoch.first, epoch.last)):
                    return int(start)
        return None

    def newest_first(self, kind: str, lowest: int, before: int, limit: int) -> list[Record]:
        """Return the newest records of a kind (not minutes) from seq `lowest` to before `before`, newest first."""
        where = "WHERE kind = ? AND kind <> 'minute' AND seq >= ? AND seq < ? ORDER BY seq DESC LIMIT ?"
        return self._select(where, str(kind), lowest, before, limit)

    def _edges(self, connection: apsw.Connection, epoch: Span, grows: bool) -> Edges:
        """Return the earliest begin and the latest end of an epoch, by the records at both its ends."""
        count = moves(connection).count
        if count != self._moves:
            self._known.clear()
            self._moves = count
        if epoch.epoch in self._known:
            return self._known[epoch.epoch]
        found = [
            line
            for order in ("", "DESC")
            for line in connection.execute(f"{TIMED} {order} LIMIT {EDGE}", (epoch.first, epoch.last))
        ]
        begin = min((_earliest(*line) for line in found), default=LAST_UTC)
        end = max((_latest(*line) for line in found), default=-LAST_UTC)
        if not grows and begin > -LAST_UTC and end < LAST_UTC:
            self._known[epoch.epoch] = begin, end
        return begin, end


def _earliest(start: int | None, _duration: float, _source: str, before: int | None, _after: int | None) -> int:
    return start if start is not None else -LAST_UTC if before is None else before


def _latest(start: int | None, duration: float, _source: str, _before: int | None, after: int | None) -> int:
    return start + round(duration * 1e6) if start is not None else LAST_UTC if after is None else after


def _lowest(connection: apsw.Connection, epoch: Span, time: int) -> int:
    """Return the lowest seq from which on an epoch's minutes begin at `time` or later; if none does, its end + 1."""
    low, high = epoch.first, epoch.last + 1
    while low < high:
        middle = (low + high) // 2
        start = _next_start(connection, middle, high)
        if start is not None and start < time:
            low = middle + 1
        else:
            high = middle
    return low


def _next_start(connection: apsw.Connection, seq: int, end: int) -> int | None:
    """Return when the first undamaged minute with a time from `seq` on begins; None if none is within NEAR records."""
    near = f"SELECT * FROM ({rows.SELECT} WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT {NEAR})"
    for row in connection.execute(f"{near} WHERE kind = 'minute' AND start NOT NULL", (seq, end)):
        if rows.is_whole(row):
            return int(row[rows.COLUMNS.split(", ").index("start")])
    return None
