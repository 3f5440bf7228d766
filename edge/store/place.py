"""Keeping the store's files in place: files deleted, moved or replaced under a running station are restored.

SQLite silently goes on writing to a file that has lost its name, and all of it would vanish with the process. The
open connection can still read everything: it is copied into a new database, which is put in place by the renames of
a salvage (salvage.py, 4 and 5). Files found in its place are set aside, never overwritten. While that is not
possible, records go to the old files. If the disk rejects writes, records are kept in memory.
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

DEAD = (errno.EROFS, errno.EIO)  # errors of a disk to which writing a whole log is not attempted
STEP = 4096  # pages copied between two calls of `progress`
DISPLACED = Reason(
    "store_displaced",
    "{found}, and they cannot be restored ({why}): make the folder writable again and leave the "
    "station running; until then records are kept only in the old files",
    found="",
    why="",
)


class StorePlace:
    """Checks that the files of an open store are in place, and restores them."""

    def __init__(self, database: Database, recovery: Recovery, hold: FolderLock, ledger: DeliveryLedger) -> None:
        self._db = database
        self._recovery = recovery
        self._hold = hold
        self._ledger = ledger
        self._newest_on_disk = 0  # seq of the newest record on the disk, while newer ones are only in memory

    @property
    def in_memory(self) -> int:
        """The number of records that are only in memory."""
        return 0 if self._db.log_in_memory is None else self._ledger.last - self._newest_on_disk

    def move_log_to_memory(self) -> bool:
        """Keep records in memory, because the disk rejects writes; False if that is so already or impossible."""
        with self._db.lock, suppress(StoreError):
            if self._db.log_in_memory is None and not self._db.interim.salvaging:
                self._newest_on_disk = self._ledger.last
                self._db.move_log_to_memory()
                return True
        return False

    def move_log_to_disk(self) -> bool:
        """Write everything to the disk and continue there. Return whether it is done. Raise StoreError."""
        if self._db.log_in_memory is not None and refusal(self._db.folder) in DEAD:
            return False
        self._db.move_log_to_disk()
        return True

    def regain(self) -> bool:
        """Restore the files if they were deleted, moved or replaced; False if they are in place.

        Raise StoreError if that cannot be done now: the store is unchanged, and the call may be retried.
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
            self._recovery.mend(found)  # the old files are unreadable: only the files in their place are left
            return
        with as_store_error(folder):
            if self._db.owns(DATABASE + LOG) and not self._db.owns(DATABASE):
                (folder / (DATABASE + LOG)).unlink()  # beside another database it would be taken for its log
        self._db.disconnect()
        self._recovery.connect()  # which completes the renames

    def _copy(self, connection: apsw.Connection, found: Reason) -> None:
        """Copy the open database to a new one, under the name that the next connection puts in place."""
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
