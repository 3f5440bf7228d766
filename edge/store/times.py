"""How records get a time, and a corrected one: from anchors of their boot, or bounds if it had none.

A change gives the record a higher revision; its raw stamp stays. It is done in steps, each a transaction,
because a year without time is half a million rows; what a power cut leaves undone is done at the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import apsw
import msgspec

from edge.clock.anchors import CRYSTAL, Anchor, KeptClock, time_of
from edge.clock.belief import KnownTime
from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import ClockMark, Record
from edge.store import rows
from edge.store.database import Database
from edge.store.delivery import DeliveryLedger
from edge.store.moves import Moves, moved, moves
from edge.store.notes import Notes, keep_note

STEP = 2000  # rows in one transaction: a log of about 2 MB
WHOLE = 1.0  # s; a label that is less off stays as it is, and states that much more error
REDATING = "redating"  # the notes that say which boots' records are being dated anew
MOST_REDATINGS = 16
CLOCK = "clock"  # the note of the boot's clock and its crystal at the end of what was slewed last
MOST_TOLD = 200  # anchors of a story that such a note keeps: of a year one in two days
ARRIVAL, BOUNDS = "arrival", "bounds"
BOOT = rows.COLUMNS.split(", ").index("boot")
Timing = tuple[int | None, ClockMark]


class Redating(msgspec.Struct, frozen=True):
    """Dates the records of a boot by `anchors`, with errors that hold what `against`, other stories of it, say too.

    `since`: s of the boot; earlier records stay as they are. `not_before` and `not_after` (microseconds UTC): nothing
    is believed of the boot's time, and these are all that is known.
    """

    boot: str
    anchors: tuple[Anchor, ...] = ()
    against: tuple[tuple[Anchor, ...], ...] = ()
    since: float | None = None
    not_before: int | None = None
    not_after: int | None = None

    def of(self, record: Record) -> Timing | None:
        """Return a record's timing; None where it says that already, or nothing can be said."""
        if not self.anchors:
            mark = ClockMark(BOUNDS, None, self.not_before, self.not_after)
            return None if record.clock == mark else (None, mark)
        time = KnownTime(self.anchors, self.against).time_at(record.stamp.boottime)
        if record.start is None or time[0] is None:
            return time if record.clock.source != BOUNDS else None
        if self.since is not None and record.stamp.boottime < self.since:
            return None
        off = abs(time[0] - record.start) / 1e6
        if off > WHOLE:
            return time
        error, stated = off + (time[1].error or 0.0), record.clock.error or 0.0
        if error <= stated:
            return None
        return record.start, msgspec.structs.replace(record.clock, error=round(error, 6))

    def thinned(self) -> Redating:
        """Return the same with as many anchors as a note can keep."""
        return msgspec.structs.replace(
            self, anchors=_thinned(self.anchors), against=tuple(_thinned(story) for story in self.against)
        )


def _thinned(anchors: tuple[Anchor, ...]) -> tuple[Anchor, ...]:
    """Return each n-th anchor, the last, and all that carry the time over a slewed stretch."""
    every, last = len(anchors) // MOST_TOLD + 1, len(anchors) - 1
    return tuple(one for n, one in enumerate(anchors) if n % every == 0 or n == last or one.source == CRYSTAL)


class Times:
    """`store.times`: anchors and bounds, and the records they time. Callable from any thread; raises StoreError."""

    def __init__(self, database: Database, ledger: DeliveryLedger) -> None:
        self._db = database
        self._ledger = ledger
        self._notes = Notes(database)

    def redate(self, redating: Redating) -> int:
        """Date the records of a boot anew, and keep these anchors of it alone. Return how many got another time.

        Each of them has a higher revision then and is unsent again. A power cut leaves nothing half done for long:
        `resume` goes on with it.
        """
        self._notes.put(REDATING, redating.boot, msgspec.json.encode(redating.thinned()), MOST_REDATINGS)
        return self._redate(redating)

    def _redate(self, redating: Redating) -> int:
        boot = redating.boot
        if self.anchors(boot) != list(redating.anchors):
            with self._db.change() as connection:
                connection.execute("DELETE FROM anchor WHERE boot=?", (boot,))
                for anchor in redating.anchors:
                    keep(connection, anchor)
        total = self._redate_rows(redating)
        self._notes.put(REDATING, boot, b"", MOST_REDATINGS)
        return total

    def _redate_rows(self, redating: Redating) -> int:
        """Go from the newest record back to the boot's first, in steps."""
        before = self._ledger.last + 1
        total, seen = 0, False
        while before:
            with self._db.change() as connection:
                found = connection.execute(
                    rows.SELECT + " WHERE seq<? ORDER BY seq DESC LIMIT ?", (before, STEP)
                ).fetchall()
                mine = [row for row in found if row[BOOT] == redating.boot]
                seqs = _change(connection, mine, redating.of)
                self._ledger.retimed(seqs)
            seen = seen or bool(mine)
            done = len(found) < STEP or (seen and found[-1][BOOT] != redating.boot)
            before = 0 if done else int(str(found[-1][0]))
            total += ranges.count(seqs)
        return total

    def add_anchor(self, anchor: Anchor) -> int:
        """Keep an anchor and give the records of its boot that have no time theirs. Return how many got one.

        Each of them has a higher revision then and is unsent again.
        """
        with self._db.change() as connection:
            keep(connection, anchor)
        return retime(self._db, self._ledger, anchor.boot, from_anchors(self.anchors(anchor.boot)))

    def carry(self, its: Sequence[Anchor], clock: KeptClock | None) -> None:
        """Keep the anchors that carry a boot's time over a slewed stretch, and the clocks at its end."""
        with self._db.change() as connection:
            for anchor in its:
                keep(connection, anchor)
            if clock is not None:
                keep_note(connection, CLOCK, clock.boot, msgspec.json.encode(clock), 1)

    def clock(self, boot: str, kept: Any) -> KeptClock | None:
        """Return the clocks as they were last kept in this boot: by `carry`, or with the newest record (`kept`)."""
        found = [one for one in (_clock(kept), _clock(self._notes.get(CLOCK, boot))) if one and one.boot == boot]
        return max(found, key=lambda one: one.at, default=None)

    def anchors(self, boot: str) -> list[Anchor]:
        """Return the anchors of a boot, oldest first."""
        with self._db.reading() as connection:
            return anchors(connection, boot)

    def moves(self) -> Moves:
        """Return which records got another time than they had, and how often that was."""
        with self._db.reading() as connection:
            return moves(connection)

    def first_of(self, boot: str) -> int:
        """Return the seq of a boot's first record; 0 where none is kept."""
        with self._db.reading() as connection:
            return int(connection.execute("SELECT coalesce(min(seq), 0) FROM record WHERE boot=?", (boot,)).get)

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
        """Give the records of boots that have an anchor their time, or another one, where a cut ended that."""
        with self._db.reading() as connection:
            begun = connection.execute("SELECT name FROM note WHERE kind=?", (REDATING,)).fetchall()
        for (name,) in begun:
            value = self._notes.get(REDATING, str(name))
            if value:
                self._redate(msgspec.json.decode(value, type=Redating))
        with self._db.reading() as connection:
            found = connection.execute(
                "SELECT DISTINCT boot FROM record WHERE start IS NULL AND boot IN (SELECT boot FROM anchor)"
            )
            known = {str(boot): anchors(connection, str(boot)) for (boot,) in found.fetchall()}
        for boot, its in known.items():
            retime(self._db, self._ledger, boot, from_anchors(its))


def _clock(kept: Any) -> KeptClock | None:
    """Return what was kept; nothing where nothing was, or it is not that."""
    try:
        if isinstance(kept, bytes):
            return msgspec.json.decode(kept, type=KeptClock)
        return msgspec.convert(kept, KeptClock | None)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


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


def retime(db: Database, ledger: DeliveryLedger, boot: str, timing: Callable[[Record], Timing | None]) -> int:
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
    seqs = _change(connection, found, timing)
    last_step = len(found) < STEP
    return seqs, None if last_step else found[-1][0]  # type: ignore[return-value]  # seq, a whole number


def _change(
    connection: apsw.Connection, found: Sequence[rows.Row], timing: Callable[[Record], Timing | None]
) -> Ranges:
    """Give the records of these rows the timing, where it is another. Return the seqs of those that got one."""
    changed, elsewhere = [], []
    for row in found:
        try:
            record = rows.from_row(row)
        except rows.RowError:
            continue  # its next reader finds that out and gives it up
        timed = timing(record)
        if timed is not None:
            changed.append(_revised(record, timed))
            if record.start not in (None, timed[0]):
                elsewhere.append(record.seq)
    connection.executemany(
        "UPDATE record SET start=?, source=?, error=?, not_before=?, not_after=?, revision=?, body=?, crc=? "
        "WHERE seq=?",
        [(*row[6:12], *row[13:15], row[0]) for row in map(rows.row_of, changed)],
    )
    if elsewhere:
        moved(connection, min(elsewhere))
    return ranges.of(sorted(record.seq for record in changed))


def _revised(record: Record, timed: Timing) -> Record:
    start, mark = timed
    return msgspec.structs.replace(record, start=start, clock=mark, revision=record.revision + 1)
