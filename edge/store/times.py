"""How records get a time, and a corrected one: from the anchors of their boot, or bounds if it had none.

A change gives the record a higher revision; its raw stamp stays. It is made in steps, each a transaction, because a
year without time is half a million rows; the next start completes what a power cut interrupts.
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
WHOLE = 1.0  # s; a label that is off by less stays, and its stated error grows by the difference
REDATING = "redating"  # the kind of the notes of re-datings in progress, by boot
MOST_REDATINGS = 16
CLOCK = "clock"  # the kind of the note of the boot's clock and its crystal at the end of the last slew
MOST_TOLD = 200  # anchors of one story that a note of a re-dating keeps: for a year, one every two days
ARRIVAL, BOUNDS = "arrival", "bounds"
BOOT = rows.COLUMNS.split(", ").index("boot")
Timing = tuple[int | None, ClockMark]


class Redating(msgspec.Struct, frozen=True):
    """Dates the records of a boot by `anchors`, with errors that also cover `against`, contradicting sets of anchors.

    `since`: s of the boot; earlier records are unchanged. Without anchors the boot's time is not believed at all, and
    `not_before` and `not_after` (microseconds UTC) are all that is known.
    """

    boot: str
    anchors: tuple[Anchor, ...] = ()
    against: tuple[tuple[Anchor, ...], ...] = ()
    since: float | None = None
    not_before: int | None = None
    not_after: int | None = None

    def of(self, record: Record) -> Timing | None:
        """Return a record's new timing; None if it has that already, or none is known."""
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
        """Return the same with only as many anchors as a note can keep."""
        return msgspec.structs.replace(
            self, anchors=_thinned(self.anchors), against=tuple(_thinned(story) for story in self.against)
        )


def _thinned(anchors: tuple[Anchor, ...]) -> tuple[Anchor, ...]:
    """Return every n-th anchor, the last, and all that carry the time across a slew."""
    every, last = len(anchors) // MOST_TOLD + 1, len(anchors) - 1
    return tuple(one for n, one in enumerate(anchors) if n % every == 0 or n == last or one.source == CRYSTAL)


class Times:
    """`store.times`: anchors and bounds, and the records they date. Thread-safe; its methods raise StoreError."""

    def __init__(self, database: Database, ledger: DeliveryLedger) -> None:
        self._db = database
        self._ledger = ledger
        self._notes = Notes(database)

    def redate(self, redating: Redating) -> int:
        """Re-date the records of a boot, and replace its anchors by these. Return how many records changed.

        Each of them gets a higher revision and is unsent again. `resume` completes it after a power cut.
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
        """Re-date in steps from the newest record back to the boot's first. Return how many records changed."""
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
        """Store an anchor and date the records of its boot that have no time. Return how many were dated.

        Each of them gets a higher revision and is unsent again.
        """
        with self._db.change() as connection:
            keep(connection, anchor)
        return retime(self._db, self._ledger, anchor.boot, from_anchors(self.anchors(anchor.boot)))

    def carry(self, its: Sequence[Anchor], clock: KeptClock | None) -> None:
        """Store the anchors that carry a boot's time across a slew, and the clocks at its end."""
        with self._db.change() as connection:
            for anchor in its:
                keep(connection, anchor)
            if clock is not None:
                keep_note(connection, CLOCK, clock.boot, msgspec.json.encode(clock), 1)

    def clock(self, boot: str, kept: Any) -> KeptClock | None:
        """Return the clocks last stored in this boot: by `carry`, or with the newest record (`kept`)."""
        found = [one for one in (_clock(kept), _clock(self._notes.get(CLOCK, boot))) if one and one.boot == boot]
        return max(found, key=lambda one: one.at, default=None)

    def anchors(self, boot: str) -> list[Anchor]:
        """Return the anchors of a boot, oldest first."""
        with self._db.reading() as connection:
            return anchors(connection, boot)

    def moves(self) -> Moves:
        """Return which records were re-dated, and how often."""
        with self._db.reading() as connection:
            return moves(connection)

    def first_of(self, boot: str) -> int:
        """Return the seq of a boot's first record; 0 if there is none."""
        with self._db.reading() as connection:
            return int(connection.execute("SELECT coalesce(min(seq), 0) FROM record WHERE boot=?", (boot,)).get)

    def bound(self, boot: str, not_before: int | None, not_after: int | None) -> int:
        """Give bounds (microseconds UTC) to the records of a boot that never had an anchor. Return how many.

        They get a higher revision, are unsent again and no longer held.
        """
        return retime(self._db, self._ledger, boot, from_bounds(not_before, not_after))

    def boots_without_time(self) -> list[TimelessBoot]:
        """Return the boots with held records, including the current one, oldest first."""
        with self._db.reading() as connection:
            return boots_without_time(connection)

    def resume(self) -> None:
        """Complete the dating and re-dating of records that a power cut interrupted."""
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
    """Return the decoded clocks; None if there are none, or they cannot be decoded."""
    try:
        if isinstance(kept, bytes):
            return msgspec.json.decode(kept, type=KeptClock)
        return msgspec.convert(kept, KeptClock | None)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


class TimelessBoot(msgspec.Struct, frozen=True):
    """A boot with records that have no time: their `first` and `last` seq, and how many they are."""

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
    """Return the anchors of a boot, oldest first, without damaged ones: a wrong time is worse than none."""
    found = connection.execute(
        "SELECT boot, boottime, utc, source, error, crc FROM anchor WHERE boot=? ORDER BY boottime", (boot,)
    )
    return [Anchor(*row) for *row, crc in found if crc == rows.crc_of(tuple(row))]


def keep(connection: apsw.Connection, anchor: Anchor) -> None:
    """Store an anchor, replacing one of the same instant."""
    row = (anchor.boot, float(anchor.boottime), anchor.utc, anchor.source, float(anchor.error))
    connection.execute("INSERT OR REPLACE INTO anchor VALUES (?,?,?,?,?,?)", (*row, rows.crc_of(row)))


def from_anchors(known: list[Anchor]) -> Callable[[Record], Timing | None]:
    """Return a function from a record to its timing by its boot's anchors, None if there is none."""
    return lambda record: time_of(record.stamp.boottime, known)


def from_bounds(not_before: int | None, not_after: int | None) -> Callable[[Record], Timing | None]:
    """Return a function from a record of a boot to its bounds (microseconds UTC), None if it has them already."""
    mark = ClockMark(BOUNDS, None, not_before, not_after)
    return lambda record: None if record.clock == mark else (None, mark)


def retime(db: Database, ledger: DeliveryLedger, boot: str, timing: Callable[[Record], Timing | None]) -> int:
    """Date every record of the boot that has no time by `timing`, and make it unsent again. Return how many."""
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
    """Take one step. Return the seqs that got a new timing, and the seq to continue after (None: it was the last)."""
    found = connection.execute(
        rows.SELECT + " WHERE boot=? AND start IS NULL AND seq>? ORDER BY seq LIMIT ?", (boot, after, STEP)
    ).fetchall()
    seqs = _change(connection, found, timing)
    last_step = len(found) < STEP
    return seqs, None if last_step else found[-1][0]  # type: ignore[return-value]  # seq, a whole number


def _change(
    connection: apsw.Connection, found: Sequence[rows.Row], timing: Callable[[Record], Timing | None]
) -> Ranges:
    """Give the records of these rows their new timing, if it differs. Return the seqs of those changed."""
    changed, elsewhere = [], []
    for row in found:
        try:
            record = rows.from_row(row)
        except rows.RowError:
            continue  # its next reader finds the damage and gives it up
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
