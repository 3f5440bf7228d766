"""The store: every record on the disk before its append returns, and what each destination has of them.

One SQLite database (records.db, WAL, synchronous=FULL) by one connection in one process; picture files beside
it. Methods may be called from any thread: one lock goes around each. All raise StoreTrouble, after which
nothing has changed and the same call may be made again. `dest` is the name of a destination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import apsw
import msgspec

from edge.clock.anchors import Anchor
from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.records.spans import Span
from edge.store import damage_report, outbox, quota, rows, times
from edge.store import folder as folders
from edge.store.damage_report import Repair, Untold
from edge.store.database import Database
from edge.store.delivery import CLOSED, Ledger
from edge.store.epochs import Tail
from edge.store.errors import StoreTrouble
from edge.store.eviction import Sweep
from edge.store.notes import Notes
from edge.store.picture_rows import NewPicture, PictureRows
from edge.store.pictures import PictureBook
from edge.store.quota import Limits, Room
from edge.store.reader import Reader, newest_of
from edge.store.recovery import Mender
from edge.store.times import TimelessBoot

PLATFORM = "platform"


class Store:
    """Made by `Store.open`. `pictures` is the part of it that keeps pictures, `notes` that of small things."""

    def __init__(
        self, folder: Path, epoch: str, limits: Limits, destinations: tuple[str, ...], vfs: str | None,
        progress: Callable[[], None],
    ) -> None:  # fmt: skip
        self.folder = folder
        self.epoch = epoch
        self._limits = limits
        self._reader = Reader()
        self._ledger = Ledger(destinations)
        self._tail = Tail(epoch)
        self._outbox = outbox.Outbox(self._ledger, self._tail)
        self._rows = PictureRows(folder / folders.PICTURES)
        self._untold = Untold()
        self._db = Database(folder, vfs, (self._ledger, self._tail, self._rows, self._untold))
        self._mender = Mender(self._db, self._ledger, self._tail, self._untold, progress)
        self.pictures = PictureBook(self._db, self._mender, self._rows)
        self.notes = Notes(self._db, self._ledger)
        self._hold = folders.Hold(folder)

    @classmethod
    def open(cls, folder: Path, *, epoch: str, records_bytes: int = quota.RECORDS_BYTES,
             pictures_bytes: int = quota.PICTURES_BYTES, archive_days: float = quota.ARCHIVE_DAYS,
             destinations: tuple[str, ...] = (PLATFORM,), vfs: str | None = None,
             progress: Callable[[], None] = lambda: None) -> Self:  # fmt: skip
        """Open the store in `folder`, made where there is none, for a start of the daemon named `epoch`.

        A damaged database does not stop it: `repaired` tells then what came of it. That may take minutes, now or
        in any later call; `progress` is called all the while, several times a second. The bounds: quota.Limits.
        """
        limits = Limits(records_bytes, pictures_bytes, archive_days)
        store = cls(folder, epoch, limits, destinations, vfs, progress)
        with ExitStack() as undo:
            undo.callback(store._release)
            store._start()
            undo.pop_all()
        return store

    def _start(self) -> None:
        self._mender.with_room(self._mender.connect)
        if self._ledger.last:
            self._hold.sign()
        self._mender.twice(lambda: times.go_on(self._db, self._ledger))

    def close(self) -> None:
        """Write what is not written yet, fold the log into the file, let the folder go. Twice does no harm."""
        with self._db.lock:
            if self._db.connected:
                with suppress(StoreTrouble), self._db.change():
                    self._ledger.end()  # and whatever waited for a change; lost, it does no harm
            self._release()

    def _release(self) -> None:
        self._db.close()
        self._hold.release()

    @property
    def repaired(self) -> Repair | None:
        """What was done about damage since `take_repair` was last called; the records `lost` by it are gone."""
        return self._untold.repaired

    def take_repair(self) -> Repair | None:
        """The same, once: for the loss record that tells of it. Until that is appended it is told at each start."""
        return self._untold.take()

    # -- records ----------------------------------------------------------------------------------------------

    def append(self, draft: Draft, state: dict[str, Any] | None = None, picture: NewPicture | None = None) -> Record:
        """Keep a record; when this returns it is on the disk, and unsent everywhere.

        `state` (small, JSON) replaces what `state()` gives after the next start; `picture` adds the rows of the
        picture that the record tells of. All in one transaction.
        """

        def attempt() -> Record:
            with self._db.change() as connection:
                record = self._insert(connection, draft, state)
                if draft.kind is Kind.LOSS and draft.body.get("what") == damage_report.WHAT:
                    self._untold.told(connection)
                if picture is not None:
                    self._rows.add(connection, picture, record.epoch, record.seq)
            self._hold.sign()
            return record

        return self._mender.twice(attempt)

    def _insert(self, connection: apsw.Connection, draft: Draft, state: dict[str, Any] | None) -> Record:
        before = self._ledger.last
        record = rows.record_of(draft, self.epoch, before + 1)
        if state is not None:
            self._tail.state = msgspec.json.encode(state)
        self._tail.enter(connection, record.seq)
        connection.execute(rows.INSERT, (*rows.row_of(record), self._tail.state))
        if self._tail.state is not None:  # the newest row carries it, which costs no page of its own
            connection.execute("UPDATE record SET state=NULL WHERE seq=? AND state NOT NULL", (before,))
        self._ledger.appended(record.seq, held=record.start is None and record.clock.source == times.ARRIVAL)
        return record

    def state(self) -> dict[str, Any]:
        """The state last given to `append`; empty where there was none."""
        with self._db.reading():
            return self._tail.decoded()

    def get(self, seq: int) -> Record | None:
        """The record `seq`; None where there is none."""
        return next(iter(self.range(seq, seq)), None)

    def last(self, kind: Kind | None = None) -> Record | None:
        """The newest record, of that kind where one is named."""
        return next(iter(self._read(lambda c: self._reader.select(c, *newest_of(kind)))), None)

    def range(self, first: int, last: int) -> list[Record]:
        """The records first..last, as far as they are kept, oldest first."""
        wanted = ((first, last),)
        return self._pick(lambda: ranges.common(self._ledger.kept, wanted), last - first + 1, newest_first=False)

    @property
    def next_seq(self) -> int:
        """The seq of the record that is appended next."""
        with self._db.reading():
            return self._ledger.last + 1

    def epochs(self) -> list[Span]:
        """The epochs of the records kept, with their first and last seq, oldest first."""
        with self._db.reading():
            return self._outbox.epochs()

    def _pick(self, seqs: Callable[[], Ranges], limit: int, newest_first: bool) -> list[Record]:
        return self._read(lambda connection: self._reader.pick(connection, seqs(), limit, newest_first))

    def _read(self, read: Callable[[apsw.Connection], list[Record]]) -> list[Record]:
        def attempt() -> list[Record]:
            with self._db.reading() as connection:
                self._reader.bad.clear()
                found = read(connection)
                return read(connection) if self._mender.give_up(self._reader) else found

        return self._mender.twice(attempt)

    # -- destinations -----------------------------------------------------------------------------------------

    def unsent(self, dest: str = PLATFORM, limit: int = 500, newest_first: bool = True,
               until_seq: int | None = None, excluding: Iterable[int] = ()) -> list[Record]:  # fmt: skip
        """Records to send: unsent, not held, not above `until_seq`, not `excluding` (what is under way)."""
        under_way = ranges.of(excluding)
        return self._pick(lambda: self._outbox.due(dest, under_way, until_seq), limit, newest_first)

    def newest(self, dest: str = PLATFORM, limit: int = 1) -> list[Record]:
        """The newest unsent records, held ones too, newest first: for the live path."""
        return self._pick(lambda: self._ledger.unsent(dest), limit, newest_first=True)

    def oldest_unsent(self, dest: str = PLATFORM) -> Record | None:
        """The oldest record that the destination does not have, held or not."""
        return next(iter(self._pick(lambda: self._ledger.unsent(dest), 1, newest_first=False)), None)

    def count_unsent(self, dest: str = PLATFORM) -> int:
        """How many records the destination does not have, held ones among them."""
        with self._db.reading():
            return ranges.count(self._ledger.unsent(dest))

    def unsent_spans(self, dest: str = PLATFORM) -> list[Span]:
        """The records that the destination does not have, held ones among them."""
        with self._db.reading():
            return self._outbox.spans(self._ledger.unsent(dest))

    def held(self, dest: str = PLATFORM) -> int:
        """How many unsent records wait for a time."""
        with self._db.reading():
            return ranges.count(ranges.common(self._ledger.unsent(dest), self._ledger.held))

    def mark_sent(self, records: Iterable[Record], dest: str = PLATFORM, at: float = 0.0) -> None:
        """The broker acknowledged these records (unsent -> sent) at `at`, seconds since the boot.

        A record that has a higher revision by now stays unsent. Written with the next change: lost by a power
        cut, it is sent once more.
        """
        with self._db.reading() as connection:
            self._outbox.sent(dest, self._outbox.current(connection, records), at)

    def mark_proven(self, records: Iterable[Record], dest: str = PLATFORM) -> None:
        """The destination proved to have these records in these revisions (-> closed)."""
        with self._db.change() as connection:
            self._ledger.move(dest, self._outbox.current(connection, records), CLOSED)

    def prove(self, spans: Iterable[Span], dest: str = PLATFORM, revision: int | None = None) -> int:
        """The destination proved to have these records (sent or unsent -> closed); how many that closed.

        `revision`: it has them in that one, so a record of a higher one is not closed. None: it does not say;
        then a record of revision 1 or more is closed only where it is *sent*, as its proof may be of an older.
        """
        with self._db.change() as connection:
            return self._outbox.prove(connection, dest, list(spans), revision)

    def reopen(self, spans: Iterable[Span], dest: str = PLATFORM, newer_than: int | None = None) -> int:
        """The destination lacks these records: unsent again where they are kept; how many.

        `newer_than`: only those of a higher revision, which it has in an older one.
        """
        with self._db.change() as connection:
            return self._outbox.reopen(connection, dest, list(spans), newer_than)

    def unproven(self, dest: str = PLATFORM, before: float | None = None) -> list[Span]:
        """Sent and not closed; with `before` (seconds since the boot) only what was sent before that.

        What was sent before this start of the daemon counts as sent long ago.
        """
        with self._db.reading():
            return self._outbox.spans(self._outbox.unproven(dest, before))

    # -- time -------------------------------------------------------------------------------------------------

    def add_anchor(self, anchor: Anchor) -> int:
        """Keep an anchor and give the records of its boot that have no time theirs; how many got one.

        Each of them has a higher revision then and is unsent again.
        """
        with self._db.change() as connection:
            times.keep(connection, anchor)
        known = times.from_anchors(self.anchors(anchor.boot))
        return times.retime(self._db, self._ledger, anchor.boot, known)

    def anchors(self, boot: str) -> list[Anchor]:
        """The anchors of a boot, oldest first."""
        with self._db.reading() as connection:
            return times.anchors(connection, boot)

    def bound(self, boot: str, not_before: int | None, not_after: int | None) -> int:
        """Give the records of a boot that never had an anchor bounds (microseconds UTC); how many.

        They have a higher revision then, are unsent again and held no longer.
        """
        return times.retime(self._db, self._ledger, boot, times.from_bounds(not_before, not_after))

    def boots_without_time(self) -> list[TimelessBoot]:
        """The boots with held records, the present one among them, oldest first."""
        with self._db.reading() as connection:
            return times.boots_without_time(connection)

    # -- room -------------------------------------------------------------------------------------------------

    def sweep(self, stamp: Stamp, start: int | None, clock: ClockMark) -> list[Record]:
        """Keep within the bounds, in the order of quota.py; the loss records appended, at the instant given.

        To be called every minute or hour, and when `append` finds the disk full. `start` None (no time known):
        nothing is too old.
        """

        def insert(connection: apsw.Connection, body: dict[str, Any]) -> Record:
            return self._insert(connection, Draft(Kind.LOSS, stamp, 0.0, start, clock, body), None)

        sweep = Sweep(self._db, self._ledger, self._tail, self.pictures.folder, insert)
        return self._mender.with_room(lambda: sweep.run(Room(self._limits, start, *folders.room(self.folder))))

    def size_bytes(self) -> int:
        """Bytes of the records' pages in use."""
        with self._db.reading() as connection:
            return quota.used_bytes(connection)
