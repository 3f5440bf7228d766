"""What goes to a destination: which records are due, and what an acknowledgement or a proof of them changes.

Records without a time are *held*: the receiver could only stamp them with their arrival. `newest` alone gives
them out, for the live path, where arrival is close to the truth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import apsw

from edge.records import ranges
from edge.records.ranges import NOTHING, Ranges
from edge.records.record import Record
from edge.records.spans import Span
from edge.store.delivery import CLOSED, SENT, Ledger
from edge.store.epochs import Tail

ASK_AFTER = 120.0  # s for which sent records may stay unproven before they are asked for: then they are overdue


class Outbox:
    """The destinations' side of the store. Works on the caller's connection, inside its lock."""

    def __init__(self, ledger: Ledger, tail: Tail) -> None:
        self._ledger = ledger
        self._tail = tail
        self._sent_at: deque[tuple[float, str, Ranges]] = deque()  # of the last ASK_AFTER seconds, oldest first

    def due(self, destination: str, under_way: Ranges, until_seq: int | None) -> Ranges:
        """What is unsent, not held, not under way and not above `until_seq`."""
        due = ranges.without(self._ledger.unsent(destination), ranges.union(self._ledger.held, under_way))
        return due if until_seq is None else ranges.common(due, ((1, until_seq),))

    def spans(self, seqs: Ranges) -> list[Span]:
        """The ranges with their epochs."""
        return self._tail.spans(seqs, self._ledger.last)

    def epochs(self) -> list[Span]:
        """From the oldest record kept to the newest, cut where the epoch changes."""
        kept = self._ledger.kept
        return self.spans(((kept[0][0], kept[-1][1]),) if kept else NOTHING)

    def current(self, connection: apsw.Connection, records: Iterable[Record]) -> Ranges:
        """The seqs of those records that are in the store as they are: same epoch, same revision."""
        query = "SELECT 1 FROM record WHERE seq=? AND epoch=? AND revision=?"
        return ranges.of(r.seq for r in records if connection.execute(query, (r.seq, r.epoch, r.revision)).get)

    def sent(self, destination: str, seqs: Ranges, at: float) -> None:
        """The broker has them."""
        new = ranges.common(seqs, self._ledger.unsent(destination))
        self._ledger.move(destination, new, SENT)
        while self._sent_at and self._sent_at[0][0] < at - ASK_AFTER:
            self._sent_at.popleft()  # what has no mark was sent long ago, as was this
        if self._sent_at and self._sent_at[-1][:2] == (at, destination):
            new = ranges.union(self._sent_at.pop()[2], new)
        self._sent_at.append((at, destination, new))

    def prove(self, connection: apsw.Connection, destination: str, spans: list[Span], revision: int | None) -> int:
        """Close what a proof names; how many records that closed."""
        named = ranges.common(self._tail.ranges(spans, self._ledger.last), self._ledger.kept)
        fresh = ranges.without(named, self._ledger.get(destination, CLOSED))
        if revision is None:  # it may be about an older one, unless ours was acknowledged meanwhile
            doubtful, limit = ranges.common(fresh, self._ledger.unsent(destination)), 0
        else:
            doubtful, limit = fresh, revision
        fresh = ranges.without(fresh, _newer(connection, doubtful, limit))
        self._ledger.move(destination, fresh, CLOSED)
        return ranges.count(fresh)

    def reopen(self, connection: apsw.Connection, destination: str, spans: list[Span], newer_than: int | None) -> int:
        """Send again what is kept of the spans; how many records that opened."""
        named = ranges.common(self._tail.ranges(spans, self._ledger.last), self._ledger.kept)
        if newer_than is not None:
            named = _newer(connection, named, newer_than)
        again = ranges.without(named, self._ledger.unsent(destination))
        self._ledger.move(destination, again, None)
        return ranges.count(again)

    def unproven(self, destination: str, before: float | None) -> Ranges:
        """What is sent and not closed; with `before`, not what was sent at that instant or later."""
        sent = self._ledger.get(destination, SENT)
        if before is not None:
            for at, whose, seqs in self._alive():
                if whose == destination and at >= before:
                    sent = ranges.without(sent, seqs)
        return sent

    def _alive(self) -> list[tuple[float, str, Ranges]]:
        """The marks of which something is still unproven: a few batches at most."""
        left = ((at, whose, ranges.common(seqs, self._ledger.get(whose, SENT))) for at, whose, seqs in self._sent_at)
        return [mark for mark in left if mark[2]]


def _newer(connection: apsw.Connection, seqs: Ranges, revision: int) -> Ranges:
    """Those whose revision is higher."""
    if not seqs:
        return NOTHING
    sql = "SELECT seq FROM record WHERE seq BETWEEN ? AND ? AND revision > ?"
    return ranges.of(row[0] for first, last in seqs for row in connection.execute(sql, (first, last, revision)))
