"""Keeping the store's files in place: what is deleted, moved or replaced under a running station is restored.

SQLite writes on into a file that has no name any more, without a word, and all of it would be gone with the process.
Through the connection that is open all of it can still be read: it is copied into a new database, which takes the
place by the renames of a salvage (salvage.py, 4 and 5). What stands there meanwhile is set aside, never written over.
While that is not possible, records go on into the old files. Where the disk takes nothing in, they go on in memory.
"""

from __future__ import annotations

import errno
from contextlib import closing, suppress

import apsw

from drivers.reason import Reason
from edge.files import refusal
from edge.store import damage_report, salvage, schema
from edge.store.damage_report import Repair
from edge.store.database import Database
from edge.store.delivery import DeliveryLedger
from edge.store.errors import StoreCause, StoreError, as_store_error
from edge.store.folder import DATABASE, LOG, FolderLock, make
from edge.store.recovery import Recovery

DEAD = (errno.EROFS, errno.EIO)  # errors of a disk that is not asked to take in a whole log
STEP = 4096  # pages copied between two words of progress
DISPLACED = Reason(
    "store_displaced",
    "{found}, and they cannot be restored ({why}): make the folder writable again and leave the "
    "station running; until then records are kept only in the old files",
    found="",
    why="",
)


class StorePlace:
    """Sees whether the files of an open store are where they were opened, and puts them back."""

    def __init__(self, database: Database, recovery: Recovery, hold: FolderLock, ledger: DeliveryLedger) -> None:
        self._db = database
        self._recovery = recovery
        self._hold = hold
        self._ledger = ledger
        self._newest_on_disk = 0  # the last record that is on the disk, while others are in memory

    @property
    def in_memory(self) -> int:
        """How many records are in memory alone."""
        return 0 if self._db.log_in_memory is None else self._ledger.last - self._newest_on_disk

    def move_log_to_memory(self) -> bool:
        """Go on in memory, where the disk takes nothing in; False where that is so already, or cannot be."""
        with self._db.lock, suppress(StoreError):
            if self._db.log_in_memory is None and not self._db.interim.salvaging:
                self._newest_on_disk = self._ledger.last
                self._db.move_log_to_memory()
                return True
        return False

    def move_log_to_disk(self) -> bool:
        """Go on on the disk again, with all that was added. Return whether that is so; StoreError where it refuses."""
        if self._db.log_in_memory is not None and refusal(self._db.folder) in DEAD:
            return False
        self._db.move_log_to_disk()
        return True

    def regain(self) -> bool:
        """Put the files back where they were deleted, moved or replaced; False where they are in their place.

        Raise StoreError where that cannot be done now; the store is as it was then, and the call may be made again.
        """
        with self._db.lock:
            found = self._db.displaced()
            try:
                self._hold.renew()
                if found is not None:
                    self._put_back(found)
            except StoreError as trouble:
                if found is None:
                    raise
                why = DISPLACED.having(found=found, why=trouble.why)
                raise StoreError(trouble.cause, why) from trouble
        return found is not None

    def _put_back(self, found: Reason) -> None:
        folder = self._db.folder
        with as_store_error(folder):
            make(folder)
        try:
            with self._db.reading() as connection:
                self._copy(connection, found)
        except StoreError as trouble:
            if trouble.cause is not StoreCause.DISK or self._is_readable():
                raise
            self._recovery.mend(found)  # the old files are beyond reach: what stands in their place is all there is
            return
        with as_store_error(folder):
            if self._db.owns(DATABASE + LOG) and not self._db.owns(DATABASE):
                (folder / (DATABASE + LOG)).unlink()  # beside another database it would be taken for that one's
        self._db.disconnect()
        self._recovery.connect()  # which makes the last renames

    def _copy(self, connection: apsw.Connection, found: Reason) -> None:
        """Make a database of all that the open one holds, under the name that the next connection puts in place."""
        folder = self._db.folder
        salvage.discard(folder)
        try:
            with closing(salvage.draft(folder, self._db.vfs)) as new:
                with new.backup("main", connection, "main") as backup:
                    while not backup.done:
                        backup.step(STEP)
                        self._recovery.progress()
                with new:
                    aside = salvage.next_name(folder) if (folder / DATABASE).exists() else None
                    kept = int(new.execute("SELECT count(*) FROM record").get)
                    damage_report.write(new, Repair(aside, kept, [], found))
                schema.finish(new)
            salvage.take_over(folder)
        finally:
            salvage.discard(folder)

    def _is_readable(self) -> bool:
        try:
            with self._db.reading() as connection:
                connection.execute("SELECT max(length(body)) FROM record").fetchall()
        except StoreError:
            return False
        return True
