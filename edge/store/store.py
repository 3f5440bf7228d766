"""The store: every record is on disk before its append returns, with what each destination has of them.

One SQLite database (records.db, WAL, synchronous=FULL) by one connection in one process; picture files beside
it. Methods may be called from any thread: one lock goes around each. All raise StoreError, after which
nothing has changed and the same call may be made again. `dest` is the name of a destination.
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
    """The records, and the parts for all else: `outbox` (what each destination has of them), `batches` (what is on its
    way to others), `times` (how records without a time get theirs), `by_time` (which are of a time), `hours` (what they
    came to), `pictures`, `notes` (small things), and `place` (where all of it is kept). Made by `Store.open`.
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
        """Open the store in `folder`, made where there is none, for a start of the daemon named `epoch`.

        A damaged database does not stop it: `repaired` tells then what came of it. That may take minutes, now or
        in any later call but `append`, which goes on meanwhile; `progress` is called all the while, several times a
        second. The bounds: quota.StoreLimits.
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
        """Write what is not written yet, fold the log into the file, let the folder go. Twice does no harm."""
        with self._db.lock:
            if self._db.connected:
                with suppress(StoreError):
                    self.place.regain()
                with suppress(StoreError), self._db.change():
                    self._ledger.end()  # and what waited for a change; lost, it does no harm
            self._release()

    def _release(self) -> None:
        self._db.close()
        self._hold.release()

    @property
    def repaired(self) -> Repair | None:
        """What was done about damage since `take_repair` was last called; the records `lost` by it are gone."""
        with suppress(StoreError), self._db.reading():  # a salvage under way is waited for
            pass
        return self._unreported.repaired

    def take_repair(self) -> Repair | None:
        """Return the same, once: for the loss record of it. Until that is appended, it is given again at each start."""
        return self._unreported.take()

    def regain(self) -> bool:
        """Put the files back where they were deleted, moved or replaced under us; False where they are in their place.

        To be called each minute: records that were kept meanwhile have no name on the disk. `repaired` tells of it.
        StoreError where it cannot be done now; until it can, records are kept in the old files.
        """
        return self.place.regain()

    # -- records ----------------------------------------------------------------------------------------------

    def append(self, draft: Draft, state: dict[str, Any] | None = None, picture: NewPicture | None = None) -> Record:
        """Keep a record; when this returns it is on the disk, and unsent everywhere.

        `state` (small, JSON) replaces what `state()` gives after the next start; `picture` adds the rows of the
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
        connection.execute(rows.INSERT, (*rows.row_of(record), self._tail.state))  # no page of the state's own
        self._tail.clear(connection, record.seq)
        self._ledger.appended(record.seq, held=record.start is None and record.clock.source == ARRIVAL)
        return record

    def state(self) -> dict[str, Any]:
        """Return the state last given to `append`; empty where there was none."""
        with self._db.reading():
            return self._tail.decoded()

    def get(self, seq: int) -> Record | None:
        """Return the record `seq`; None where there is none."""
        return next(iter(self.range(seq, seq)), None)

    def last(self, kind: str | None = None) -> Record | None:
        """Return the newest record, of that kind where one is named; None where there is none."""
        return next(iter(self._read(lambda c: self._reader.select(c, *newest_of(kind)))), None)

    def range(self, first: int, last: int) -> list[Record]:
        """Return the records first..last, as far as they are kept, oldest first."""
        wanted = ((first, last),)
        return self._pick(lambda: ranges.common(self._ledger.existing, wanted), last - first + 1, newest_first=False)

    @property
    def next_seq(self) -> int:
        """The seq of the record that is appended next."""
        with self._db.reading():
            return self._ledger.last + 1

    def epochs(self) -> list[Span]:
        """Return the epochs of the records kept, with their first and last seq, oldest first."""
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
        """Keep within the bounds, in the order of quota.py; the loss records appended, at the instant given.

        To be called every minute or hour, and when `append` finds the disk full. `start` None (no time known):
        nothing is too old.
        """

        def insert(connection: apsw.Connection, body: dict[str, Any]) -> Record:
            return self._insert(connection, Draft(Kind.LOSS, stamp, 0.0, start, clock, body), None)

        sweep = Sweep(self._db, self._ledger, self._tail, self.pictures.folder, insert)
        return self._recovery.with_room(lambda: sweep.run(Room(self._limits, start, *folders.room(self.folder))))

    def size_bytes(self) -> int:
        """Return the bytes of the records' pages in use."""
        with self._db.reading() as connection:
            return quota.used_bytes(connection)
