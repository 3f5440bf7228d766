"""The store: every record is on the disk before its append returns, with the delivery state of each destination.

One SQLite database (records.db, WAL, synchronous=FULL), one connection in one process; picture files beside it.
Methods may be called from any thread: each holds one lock. All raise StoreError, after which nothing has changed
and the same call may be retried. `dest` is the name of a destination.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import apsw
import msgspec

from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.records.spans import Span
from edge.store import damage_report, quota, rows
from edge.store import folder as folders
from edge.store.batches import Batches
from edge.store.by_time import ByTime
from edge.store.damage_report import Repair, UnreportedRepairs
from edge.store.database import Database
from edge.store.delivery import DeliveryLedger
from edge.store.epochs import Tail
from edge.store.errors import StoreError
from edge.store.eviction import Sweep
from edge.store.hour_table import HourTable
from edge.store.notes import Notes
from edge.store.outbox import Outbox
from edge.store.picture_rows import NewPicture, PictureRows
from edge.store.pictures import PictureBook
from edge.store.place import StorePlace
from edge.store.quota import Room, StoreLimits
from edge.store.reader import RowReader, newest_of
from edge.store.recovery import Recovery
from edge.store.times import ARRIVAL, Times


class Store:
    """The records, and a part for each other concern: `outbox` (which destination has which records), `batches` (those
    in transit to other platforms), `times` (dating records later), `by_time` (finding records by time), `hours` (hourly
    aggregates), `pictures`, `notes` (small values), and `place` (keeping the files in place). Made by `Store.open`.
    """

    def __init__(
        self,
        folder: Path,
        epoch: str,
        limits: StoreLimits,
        destinations: tuple[str, ...],
        vfs: str | None,
        progress: Callable[[], None],
    ) -> None:
        self.folder = folder
        self.disk_free: Callable[[], int] = lambda: folders.room(folder)[0]  # bytes
        self.epoch = epoch
        self._limits = limits
        self._reader = RowReader()
        self._ledger = DeliveryLedger(destinations)
        self._tail = Tail(epoch)
        self._rows = PictureRows(folder / folders.PICTURES, self._ledger.main)
        self._unreported = UnreportedRepairs()
        self._db = Database(folder, vfs, (self._ledger, self._tail, self._rows, self._unreported))
        self._recovery = Recovery(self._db, self._ledger, self._tail, self._unreported, progress)
        self.pictures = PictureBook(self._db, self._recovery, self._rows)
        self.notes = Notes(self._db)
        self.outbox = Outbox(self._db, self._ledger, self._tail, self._pick)
        self.batches = Batches(self._db, self._recovery, self._ledger, self.outbox)
        self.times = Times(self._db, self._ledger)
        self.hours = HourTable(self._db)
        self.by_time = ByTime(
            self._db, self.epochs, lambda *where: self._read(lambda c: self._reader.select(c, *where))
        )
        self._hold = folders.FolderLock(folder)
        self.place = StorePlace(self._db, self._recovery, self._hold, self._ledger)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        epoch: str,
        destinations: tuple[str, ...],
        records_bytes: int = quota.RECORDS_BYTES,
        pictures_bytes: int = quota.PICTURES_BYTES,
        archive_days: float = quota.ARCHIVE_DAYS,
        vfs: str | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> Self:
        """Open the store in `folder`, created if missing, for the start of the daemon named `epoch`.

        A damaged database is salvaged; `repaired` then describes the outcome. A salvage may take minutes, here or in
        any later call except `append`, which continues meanwhile; `progress` is called several times a second during
        it. The bounds: quota.StoreLimits.
        """
        limits = StoreLimits(records_bytes, pictures_bytes, archive_days)
        store = cls(folder, epoch, limits, destinations, vfs, progress)
        with ExitStack() as undo:
            undo.callback(store._release)
            store._start()
            undo.pop_all()
        return store

    def _start(self) -> None:
        self._recovery.with_room(self._recovery.connect)
        if self._ledger.last:
            self._hold.mark_used()
        self._recovery.twice(self.times.resume)
        self._recovery.in_background = True

    def close(self) -> None:
        """Write pending changes, checkpoint the log, release the folder. Idempotent."""
        with self._db.lock:
            if self._db.connected:
                with suppress(StoreError):
                    self.place.regain()
                with suppress(StoreError), self._db.change():
                    self._ledger.end()  # also writes pending states; losing them does no harm
            self._release()

    def _release(self) -> None:
        self._db.close()
        self._hold.release()

    @property
    def repaired(self) -> Repair | None:
        """The repairs since `take_repair` was last called, as one; the records in `lost` are gone."""
        with suppress(StoreError), self._db.reading():  # waits for a salvage in progress
            pass
        return self._unreported.repaired

    def take_repair(self) -> Repair | None:
        """Return the same, once, for its loss record. Until that is appended, each start returns it again."""
        return self._unreported.take()

    def regain(self) -> bool:
        """Restore the files if they were deleted, moved or replaced while open; False if they are in place.

        Call it each minute: records written meanwhile are in files without a name. `repaired` reports the repair.
        Raise StoreError if it cannot be done now; until it can, records are kept in the old files.
        """
        return self.place.regain()

    # -- records ----------------------------------------------------------------------------------------------

    def append(self, draft: Draft, state: dict[str, Any] | None = None, picture: NewPicture | None = None) -> Record:
        """Append a record; on return it is on the disk, and unsent for every destination.

        `state` (small, JSON) replaces what `state()` returns, also after a restart; `picture` adds the rows of the
        picture that the record is about. All in one transaction.
        """

        def attempt() -> Record:
            with self._db.change(adds=True) as connection:
                record = self._insert(connection, draft, state)
                if draft.kind == Kind.LOSS and draft.body.get("what") == damage_report.WHAT:
                    self._unreported.reported(connection)
                if picture is not None:
                    self._rows.add(connection, picture, record.epoch, record.seq)
            self._hold.mark_used()
            return record

        return self._recovery.twice(attempt)

    def _insert(self, connection: apsw.Connection, draft: Draft, state: dict[str, Any] | None) -> Record:
        record = rows.record_of(draft, self.epoch, self._ledger.last + 1)
        if state is not None:
            self._tail.state = msgspec.json.encode(state)
        self._tail.enter(connection, record.seq)
        connection.execute(rows.INSERT, (*rows.row_of(record), self._tail.state))  # the state needs no page of its own
        self._tail.clear(connection, record.seq)
        self._ledger.appended(record.seq, held=record.start is None and record.clock.source == ARRIVAL)
        return record

    def state(self) -> dict[str, Any]:
        """Return the state last passed to `append`; empty if there was none."""
        with self._db.reading():
            return self._tail.decoded()

    def get(self, seq: int) -> Record | None:
        """Return the record `seq`; None if there is none."""
        return next(iter(self.range(seq, seq)), None)

    def last(self, kind: str | None = None) -> Record | None:
        """Return the newest record (of `kind`, if given); None if there is none."""
        return next(iter(self._read(lambda c: self._reader.select(c, *newest_of(kind)))), None)

    def range(self, first: int, last: int) -> list[Record]:
        """Return the records first..last that exist, oldest first."""
        wanted = ((first, last),)
        return self._pick(lambda: ranges.common(self._ledger.existing, wanted), last - first + 1, newest_first=False)

    @property
    def next_seq(self) -> int:
        """The seq that the next record will have."""
        with self._db.reading():
            return self._ledger.last + 1

    def epochs(self) -> list[Span]:
        """Return the epochs of the existing records, with their first and last seq, oldest first."""
        with self._db.reading():
            kept = self._ledger.existing
            return self._tail.spans(((kept[0][0], kept[-1][1]),) if kept else (), self._ledger.last)

    def _pick(self, seqs: Callable[[], Ranges], limit: int, newest_first: bool) -> list[Record]:
        return self._read(lambda connection: self._reader.pick(connection, seqs(), limit, newest_first))

    def _read(self, read: Callable[[apsw.Connection], list[Record]]) -> list[Record]:
        def attempt() -> list[Record]:
            with self._db.reading() as connection:
                self._reader.bad.clear()
                found = read(connection)
                return read(connection) if self._recovery.give_up(self._reader) else found

        return self._recovery.twice(attempt)

    # -- room -------------------------------------------------------------------------------------------------

    def sweep(self, stamp: Stamp, start: int | None, clock: ClockMark) -> list[Record]:
        """Delete down to the bounds, in the order of quota.py. Return the loss records appended, at the given instant.

        Call it every minute or hour, and when `append` finds the disk full. `start` None (time unknown): nothing
        counts as too old.
        """

        def insert(connection: apsw.Connection, body: dict[str, Any]) -> Record:
            return self._insert(connection, Draft(Kind.LOSS, stamp, 0.0, start, clock, body), None)

        sweep = Sweep(self._db, self._ledger, self._tail, self.pictures.folder, insert)
        return self._recovery.with_room(lambda: sweep.run(Room(self._limits, start, *folders.room(self.folder))))

    def size_bytes(self) -> int:
        """Return the bytes of the database pages in use."""
        with self._db.reading() as connection:
            return quota.used_bytes(connection)
