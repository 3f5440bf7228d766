"""How the store handles damage: salvage the database, give up single records."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from drivers.reason import Reason
from edge.records import ranges
from edge.store.damage_report import Repair, UnreportedRepairs
from edge.store.database import RUN_OVER, Database
from edge.store.delivery import DeliveryLedger
from edge.store.epochs import Tail
from edge.store.errors import StoreCause, StoreError, as_store_error, store_error
from edge.store.folder import Ballast, used_before
from edge.store.log_rescue import check
from edge.store.reader import RowReader
from edge.store.salvage import salvage

T = TypeVar("T")
ALL_GONE = Reason("records_gone", "the database is empty, although there was a store with records here")
RECORD_DAMAGED = Reason("record_damaged", "a record is not what was written")


class Recovery:
    """Salvages a damaged database, gives up damaged records, and stores reports; `progress` is called meanwhile."""

    def __init__(
        self,
        database: Database,
        ledger: DeliveryLedger,
        tail: Tail,
        unreported: UnreportedRepairs,
        progress: Callable[[], None],
    ) -> None:
        self._db = database
        self._ledger = ledger
        self._tail = tail
        self._unreported = unreported
        self.progress = progress
        self.in_background = False  # True once the station runs: then a salvage runs in its own thread
        self._ballast = Ballast(database.folder)
        database.mend = self.mend

    def connect(self) -> None:
        """Open the database, salvaging it first if it is damaged."""
        try:
            self._db.connect()
        except StoreError as found:
            if found.cause is not StoreCause.DAMAGED:
                raise
            self.mend(found.why)
        if not self._ledger.last and self._unreported.repaired is None and used_before(self._db.folder):
            with self._db.change() as connection:
                self._unreported.add(connection, Repair(None, 0, None, ALL_GONE, unknown=True))

    def mend(self, cause: Reason) -> None:
        """Salvage the database, set it aside, open the new one. Raise StoreError if the disk refuses that.

        `in_background`, the salvage is only started: calls that only append continue, all others wait for its end.
        """
        if self._db.log_in_memory is not None:  # a salvage reads only the disk
            with as_store_error(self._db.folder):
                self._db.log_in_memory.put_on_disk()
        if self.in_background:
            with self._db.lock:
                self._db.disconnect()
                if self._db.interim.begin():
                    threading.Thread(target=self._mend_beside, args=(cause,), name="salvage", daemon=True).start()
            return
        self._db.disconnect()
        with as_store_error(self._db.folder):
            salvage(self._db.folder, cause, self._db.vfs, self.progress, lambda: self._ledger.last)
        self._db.connect()

    def _mend_beside(self, cause: Reason) -> None:
        """Salvage without the lock, until only the records that the station has appended meanwhile are left."""
        failed: StoreError | None = store_error(StoreCause.CLOSED, self._db.folder, RUN_OVER)
        with ExitStack() as held:

            def last_given() -> int:
                held.enter_context(self._db.lock)
                self._db.interim.close()
                return self._ledger.last

            try:
                with as_store_error(self._db.folder):
                    salvage(self._db.folder, cause, self._db.vfs, self._progress_unless_closed, last_given)
                failed = None
            except StoreError as found:
                failed = found
            finally:
                with self._db.lock:
                    self._db.interim.end(failed)

    def _progress_unless_closed(self) -> None:
        self.progress()
        if self._db.closed:
            raise store_error(StoreCause.CLOSED, self._db.folder, RUN_OVER)

    def twice(self, call: Callable[[], T]) -> T:
        """Call, and retry once if the database proved damaged and was salvaged."""
        try:
            return call()
        except StoreError as found:
            if found.cause is not StoreCause.DAMAGED:
                raise
        return call()

    def with_room(self, call: Callable[[], T]) -> T:
        """Call, and retry once without the ballast if the disk was full."""
        try:
            done = call()
        except StoreError as found:
            if found.cause is not StoreCause.FULL or not self._ballast.release():
                raise
            return call()
        if self._ledger.last:
            self._ballast.fill()
        return done

    def give_up(self, reader: RowReader) -> bool:
        """Delete the damaged rows that the reader found; False if it found none."""
        if not reader.bad:
            return False
        seqs = ranges.of(reader.bad)
        with self._db.change() as connection:
            check(connection, progress=self.progress)  # if the tree is broken too, the whole database is salvaged
            spans = self._tail.spans(seqs, self._ledger.last)
            connection.executemany("DELETE FROM record WHERE seq BETWEEN ? AND ?", seqs)
            self._ledger.forget(seqs)
            self._unreported.add(connection, Repair(None, 0, spans, RECORD_DAMAGED))
        reader.bad.clear()
        return True
