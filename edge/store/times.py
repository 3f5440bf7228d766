"""Records without a time, and how they get one: from an anchor of their boot, or bounds where it never had any.

A change gives the record a higher revision; its raw stamp stays. It is done in steps, each a transaction,
because a year without time is half a million rows; what a power cut leaves undone is done at the next start.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw
import msgspec

from edge.clock.anchors import Anchor, time_of
from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import ClockMark, Record
from edge.store import rows
from edge.store.database import Database
from edge.store.delivery import Ledger

STEP = 2000  # rows in one transaction: a log of about 2 MB
ARRIVAL, BOUNDS = "arrival", "bounds"
Timing = tuple[int | None, ClockMark]


class Times:
    """`store.times`: anchors and bounds, and the records they time. Callable from any thread; raises StoreError."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._db = database
        self._ledger = ledger

    def add_anchor(self, anchor: Anchor) -> int:
        """Keep an anchor and give the records of its boot that have no time theirs. Return how many got one.

        Each of them has a higher revision then and is unsent again.
        """
        with self._db.change() as connection:
            keep(connection, anchor)
        return retime(self._db, self._ledger, anchor.boot, from_anchors(self.anchors(anchor.boot)))

    def anchors(self, boot: str) -> list[Anchor]:
        """Return the anchors of a boot, oldest first."""
        with self._db.reading() as connection:
            return anchors(connection, boot)

    def bound(self, boot: str, not_before: int | None, not_after: int | None) -> int:
        """Give the records of a boot that never had an anchor bounds (microseconds UTC). Return how many.

        They have a higher revision then, are unsent again and held no longer.
        """
        return retime(self._db, self._ledger, boot, from_bounds(not_before, not_after))

    def boots_without_time(self) -> list[TimelessBoot]:
        """Return the boots with held records, the present one among them, oldest first."""
        with self._db.reading() as connection:
            return boots_without_time(connection)

    def resume(self) -> None:
        """Give the records of boots that have an anchor their time, where a cut ended that."""
        with self._db.reading() as connection:
            found = connection.execute(
                "SELECT DISTINCT boot FROM record WHERE start IS NULL AND boot IN (SELECT boot FROM anchor)"
            )
            known = {str(boot): anchors(connection, str(boot)) for (boot,) in found.fetchall()}
        for boot, its in known.items():
            retime(self._db, self._ledger, boot, from_anchors(its))


class TimelessBoot(msgspec.Struct, frozen=True):
    """A boot with records that have no time: `first` and `last` seq of them, and how many."""

    boot: str
    first: int
    last: int
    records: int


def boots_without_time(connection: apsw.Connection) -> list[TimelessBoot]:
    """Return the boots whose records wait for a time, oldest first."""
    found = connection.execute(
        "SELECT boot, min(seq), max(seq), count(*) FROM record WHERE start IS NULL AND source = ? "
        "GROUP BY boot ORDER BY 2",
        (ARRIVAL,),
    )
    return [TimelessBoot(*row) for row in found]


def anchors(connection: apsw.Connection, boot: str) -> list[Anchor]:
    """Return the anchors of a boot, oldest first, but for damaged ones: a wrong time is worse than none."""
    found = connection.execute(
        "SELECT boot, boottime, utc, source, error, crc FROM anchor WHERE boot=? ORDER BY boottime", (boot,)
    )
    return [Anchor(*row) for *row, crc in found if crc == rows.crc_of(tuple(row))]


def keep(connection: apsw.Connection, anchor: Anchor) -> None:
    """Write an anchor down; one of the same instant is replaced."""
    row = (anchor.boot, float(anchor.boottime), anchor.utc, anchor.source, float(anchor.error))
    connection.execute("INSERT OR REPLACE INTO anchor VALUES (?,?,?,?,?,?)", (*row, rows.crc_of(row)))


def from_anchors(known: list[Anchor]) -> Callable[[Record], Timing | None]:
    """Return a function that gives a record the timing by its boot's anchors, None where there is none."""
    return lambda record: time_of(record.stamp.boottime, known)


def from_bounds(not_before: int | None, not_after: int | None) -> Callable[[Record], Timing | None]:
    """Return a function that gives a record of a boot its bounds (microseconds UTC), None where it has them."""
    mark = ClockMark(BOUNDS, None, not_before, not_after)
    return lambda record: None if record.clock == mark else (None, mark)


def retime(db: Database, ledger: Ledger, boot: str, timing: Callable[[Record], Timing | None]) -> int:
    """Give every record of the boot that has no time what `timing` gives, and make it unsent again. Return how many."""
    after: int | None = 0
    total = 0
    while after is not None:
        with db.change() as connection:
            seqs, after = _step(connection, boot, timing, after)
            ledger.retimed(seqs)
        total += ranges.count(seqs)
    return total


def _step(
    connection: apsw.Connection, boot: str, timing: Callable[[Record], Timing | None], after: int
) -> tuple[Ranges, int | None]:
    """Take one step. Return the seqs that got a new timing, and the seq to go on after (None: it was the last step)."""
    found = connection.execute(
        rows.SELECT + " WHERE boot=? AND start IS NULL AND seq>? ORDER BY seq LIMIT ?", (boot, after, STEP)
    ).fetchall()
    changed = []
    for row in found:
        try:
            record = rows.from_row(row)
        except rows.RowError:
            continue  # its next reader finds that out and gives it up
        timed = timing(record)
        if timed is not None:
            changed.append(_revised(record, timed))
    connection.executemany(
        "UPDATE record SET start=?, source=?, error=?, not_before=?, not_after=?, revision=?, crc=? WHERE seq=?",
        [(*row[6:12], row[14], row[0]) for row in map(rows.row_of, changed)],
    )
    seqs = ranges.of(record.seq for record in changed)
    last_step = len(found) < STEP
    return seqs, None if last_step else found[-1][0]  # type: ignore[return-value]  # seq, a whole number


def _revised(record: Record, timed: Timing) -> Record:
    start, mark = timed
    return msgspec.structs.replace(record, start=start, clock=mark, revision=record.revision + 1)
