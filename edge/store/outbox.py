"""What is sent to a destination: which records are due, and what an acknowledgement or a proof of them changes.

Records without a time are *held*: the receiver could only date them by their arrival. Only `newest` returns them,
for the live path, where the arrival is close to the true time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple, Protocol

import apsw

from edge.records import ranges
from edge.records.ranges import NOTHING, Ranges
from edge.records.record import Kind, Record
from edge.records.spans import Span
from edge.store.database import Database
from edge.store.delivery import CLOSED, SENT, DeliveryLedger
from edge.store.epochs import Tail

PLATFORM = "platform"
ASK_AFTER = 120.0  # s that sent records may stay unproven; then they are overdue and the destination is asked
LOOKED_AT = 100  # newest records searched for a minute; newest alerts searched for unsent ones
LONGEST = ASK_AFTER + 3600.0  # s that the time of sending is remembered: an answer may come an hour late
Pick = Callable[[Callable[[], Ranges], int, bool], list[Record]]  # (which seqs, at most how many, newest first)


class Version(Protocol):
    """The identity of one revision of a record."""

    @property
    def epoch(self) -> str:
        """The start of the daemon during which it was appended."""

    @property
    def seq(self) -> int:
        """Its number."""

    @property
    def revision(self) -> int:
        """How often it was re-dated."""


class Mark(NamedTuple):
    """The records that the broker acknowledged at `at` for a destination, and when their proof is overdue (s)."""

    at: float
    dest: str
    overdue: float
    seqs: Ranges


class Outbox:
    """`store.outbox`: what each destination lacks. Thread-safe; its methods raise StoreError.

    `dest` is the name of a destination, `pick` reads records of the store by their seqs.
    """

    def __init__(self, database: Database, ledger: DeliveryLedger, tail: Tail, pick: Pick) -> None:
        self._db = database
        self._ledger = ledger
        self._tail = tail
        self._pick = pick
        self._marks: deque[Mark] = deque()  # of the last LONGEST seconds, oldest first

    # -- what is due ------------------------------------------------------------------------------------------

    def unsent(
        self,
        dest: str,
        limit: int = 500,
        newest_first: bool = True,
        until_seq: int | None = None,
        excluding: Ranges = NOTHING,
        alerts_alone: bool = False,
    ) -> list[Record]:
        """Return records to send: unsent, not held, up to `until_seq`, not `excluding` (those in transit)."""

        def due() -> Ranges:
            seqs = ranges.without(self._ledger.unsent(dest), ranges.union(self._ledger.held, excluding))
            seqs = seqs if until_seq is None else ranges.common(seqs, ((1, until_seq),))
            with self._db.reading() as connection:
                return _alerts(connection, seqs) if alerts_alone else seqs

        return self._pick(due, limit, newest_first)

    def newest(self, dest: str, limit: int = 1) -> list[Record]:
        """Return the newest unsent records, including held ones, newest first, for the live path."""
        return self._pick(lambda: self._ledger.unsent(dest), limit, True)

    def oldest_unsent(self, dest: str) -> Record | None:
        """Return the oldest record that the destination lacks, held or not; None if it has all."""
        return next(iter(self._pick(lambda: self._ledger.unsent(dest), 1, False)), None)

    def newest_minute(self, dest: str, but: Iterable[int] = ()) -> Record | None:
        """Return the newest minute closed for the destination, excluding `but` (seqs); None if there is none."""
        other = ranges.of(sorted(but))
        found = self._pick(lambda: ranges.without(self._ledger.get(dest, CLOSED), other), LOOKED_AT, True)
        return next((record for record in found if record.kind == Kind.MINUTE), None)

    def count_unsent(self, dest: str, spans: Iterable[Span] | None = None) -> int:
        """Count the records (only those in `spans`, if given) that the destination lacks, including held ones."""
        with self._db.reading():
            unsent = self._ledger.unsent(dest)
            return ranges.count(unsent if spans is None else ranges.common(self._kept(spans), unsent))

    def unsent_spans(self, dest: str) -> list[Span]:
        """Return the spans of records that the destination lacks, including held ones."""
        with self._db.reading():
            return self._spans(self._ledger.unsent(dest))

    def count_held(self, dest: str) -> int:
        """Count the unsent records that wait for a time."""
        with self._db.reading():
            return ranges.count(ranges.common(self._ledger.unsent(dest), self._ledger.held))

    # -- what is acknowledged and proven ----------------------------------------------------------------------

    def mark_sent(self, records: Iterable[Record], dest: str, at: float = 0.0, wait: float = 0.0) -> None:
        """Mark records that the broker acknowledged at `at`, seconds since the boot (unsent -> sent).

        `wait`: seconds that their proof may take in addition to ASK_AFTER, in total less than LONGEST.
        A record that has a higher revision by now stays unsent. Written with a later change: if a power cut comes
        first, the record is sent again.
        """
        with self._db.reading() as connection:
            new = ranges.common(self.current(connection, records), self._ledger.unsent(dest))
            self._ledger.move(dest, new, SENT)
            while self._marks and self._marks[0].at < at - LONGEST:
                self._marks.popleft()  # records without a mark count as sent long ago
            overdue = at + ASK_AFTER + wait
            if self._marks and self._marks[-1][:3] == (at, dest, overdue):
                new = ranges.union(self._marks.pop().seqs, new)
            self._marks.append(Mark(at, dest, overdue, new))

    def mark_proven(self, records: Iterable[Version], dest: str) -> None:
        """Close the records that the destination has proven to have in these revisions. Written with a later change."""
        with self._db.reading() as connection:
            self._ledger.move(dest, self.current(connection, records), CLOSED)

    def prove(self, spans: Iterable[Span], dest: str, revision: int | None = None) -> int:
        """Close the records that the destination has proven to have (sent or unsent -> closed). Return how many.

        `revision`: the one it has, so a record of a higher one is not closed. None: unknown; then a record of
        revision 1 or more is closed only if it is *sent*, because the proof may be of an older revision.
        Written with a later change: if a power cut comes first, the record is sent or proven again.
        """
        with self._db.reading() as connection:
            fresh = ranges.without(self._kept(spans), self._ledger.get(dest, CLOSED))
            if revision is None:  # it may be of an older one, unless the current one has been acknowledged
                doubtful, limit = ranges.common(fresh, self._ledger.unsent(dest)), 0
            else:
                doubtful, limit = fresh, revision
            fresh = ranges.without(fresh, _newer(connection, doubtful, limit))
            self._ledger.move(dest, fresh, CLOSED)
            return ranges.count(fresh)

    def reopen(self, spans: Iterable[Span], dest: str, newer_than: int | None = None) -> int:
        """Make existing records that the destination lacks unsent again. Return how many.

        `newer_than`: only those of a higher revision; the destination has an older one.
        """
        with self._db.change() as connection:
            named = self._kept(spans)
            if newer_than is not None:
                named = _newer(connection, named, newer_than)
            again = ranges.without(named, self._ledger.unsent(dest))
            self._ledger.move(dest, again, None)
            return ranges.count(again)

    def doubt(self, dest: str) -> int:
        """Set the records that this destination has proven to have back to sent and unproven. Return how many."""
        with self._db.change():
            closed = self._ledger.get(dest, CLOSED)
            self._ledger.move(dest, closed, SENT)
            return ranges.count(closed)

    def count_proven(self, spans: Iterable[Span], dest: str) -> int:
        """Count the records of these spans that the destination has proven to have."""
        with self._db.reading():
            return ranges.count(ranges.common(self._kept(spans), self._ledger.get(dest, CLOSED)))

    def unproven(self, dest: str, before: float | None = None) -> list[Span]:
        """Return what is sent and not closed; with `before` (seconds since the boot), only what was sent earlier.

        Records sent before this start of the daemon count as sent long ago.
        """
        with self._db.reading():
            sent = self._ledger.get(dest, SENT)
            if before is not None:
                young = (mark.seqs for mark in self._marks if mark.dest == dest and mark.at >= before)
                sent = ranges.without(sent, ranges.ranges(chain.from_iterable(young)))
            return self._spans(sent)

    def overdue(self, dest: str) -> float:
        """Return when the first record sent and not closed is overdue (s since the boot); infinity if there is none."""
        with self._db.reading():
            sent = self._ledger.get(dest, SENT)
            mine = sorted((mark for mark in self._marks if mark.dest == dest), key=attrgetter("overdue"))
            return next((mark.overdue for mark in mine if ranges.common(mark.seqs, sent)), float("inf"))

    def current(self, connection: apsw.Connection, records: Iterable[Version]) -> Ranges:
        """Return the seqs of those records that the store has with the same epoch and revision.

        Checked by their rows, although that is slow: with a wrong table of epochs they would be resent for ever.
        """
        sql = "SELECT seq FROM record WHERE seq BETWEEN ? AND ? AND (epoch <> ? OR revision <> ?)"
        current = NOTHING
        for name, same in groupby(records, attrgetter("epoch", "revision")):
            named = ranges.of(record.seq for record in same)
            others = ranges.of(row[0] for pair in named for row in connection.execute(sql, (*pair, *name)))
            current = ranges.union(current, ranges.without(named, others))
        return ranges.common(current, self._ledger.existing)

    def _kept(self, spans: Iterable[Span]) -> Ranges:
        return ranges.common(self._tail.ranges(list(spans), self._ledger.last), self._ledger.existing)

    def _spans(self, seqs: Ranges) -> list[Span]:
        return self._tail.spans(seqs, self._ledger.last)


def _newer(connection: apsw.Connection, seqs: Ranges, revision: int) -> Ranges:
    """Return the seqs whose revision is higher than `revision`, by the index, without reading all records."""
    if not seqs:
        return NOTHING
    sql = "SELECT seq FROM record INDEXED BY revised WHERE seq BETWEEN ? AND ? AND revision > 0 AND revision > ?"
    return ranges.of(row[0] for first, last in seqs for row in connection.execute(sql, (first, last, revision)))


def _alerts(connection: apsw.Connection, seqs: Ranges) -> Ranges:
    """Return the seqs that belong to the newest LOOKED_AT alerts."""
    sql = "SELECT seq FROM record WHERE kind = 'alert' AND kind <> 'minute' AND seq >= ? ORDER BY seq DESC LIMIT ?"
    found = [row[0] for row in connection.execute(sql, (seqs[0][0], LOOKED_AT))] if seqs else []
    return ranges.common(seqs, ranges.of(found))
