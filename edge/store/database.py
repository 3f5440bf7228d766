"""The one connection, its lock, and its transactions, which also cover the state kept in memory.

A change is either on the disk when its block ends, or rolled back, in memory too. So a full disk or a disk error
fails only the call that met it; the next one may succeed.

While a damaged database is salvaged under a running station, every call waits except those that only append
(interim.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import apsw

from drivers.reason import Reason
from edge.files import identity
from edge.store import log_rescue, salvage, schema
from edge.store.errors import StoreCause, StoreError, as_store_error, store_error
from edge.store.folder import DATABASE, INTERIM, LOG, restrict_permissions, size, used_before
from edge.store.interim import Interim
from edge.store.log_in_memory import LogInMemory

EMPTY = Reason("database_empty", "the database is empty")
CUT_OFF = Reason("salvage_cut_off", "its recovery was interrupted")
RUN_OVER = Reason("run_over", "nothing more can be kept in this run")
MOVED = Reason("store_moved", "{file} was deleted or moved away while the station ran", file="")
REPLACED = Reason("store_replaced", "another file was put in the place of {file} while the station ran", file="")
FILES = (DATABASE, DATABASE + LOG)


class TransactionMember(Protocol):
    """State in memory that is committed and rolled back with the tables."""

    def load(self, connection: apsw.Connection) -> None:
        """Read the tables."""

    def write(self, connection: apsw.Connection) -> None:
        """Write pending changes to the tables, inside the transaction."""

    def committed(self) -> None:
        """Mark what `write` wrote as persisted: the transaction has been committed."""

    def snapshot(self) -> Any:
        """Return the state that `restore` needs to roll back a failed transaction."""

    def restore(self, before: Any) -> None:
        """Restore the state that `snapshot` returned."""


class Database:
    """The connection to the database in the state folder. `mend` is called when the database proves damaged."""

    def __init__(self, folder: Path, vfs: str | None, members: tuple[TransactionMember, ...]) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.mend: Callable[[Reason], None] | None = None
        self.vfs = vfs
        self.closed = False
        self._members = members
        self._connection: apsw.Connection | None = None
        self.interim = Interim(folder, vfs, self.lock)
        self._identities: dict[str, tuple[int, int] | None] = {}  # of the open files
        self._log_pages = 0  # in the log after the newest commit
        self.log_in_memory: LogInMemory | None = None  # the log, while the disk rejects writes

    def connect(self) -> None:
        """Open the database, creating it if there never was one, and load the state in memory. Raise StoreError."""
        with as_store_error(self.folder):
            salvage.go_on(self.folder)
            used = used_before(self.folder)
            log = log_rescue.log_of(self.folder)
            self._look(used)
            connection = schema.connect(self.folder / DATABASE, self.vfs)
            done = False
            try:
                self._begin(connection, used, log)
                done = True
            finally:
                if not done:  # left open, it would keep the file locked
                    connection.close(True)
            salvage.discard(self.folder)
            self._identities = {name: identity(self.folder / name) for name in FILES}
        self._use(connection)

    def _use(self, connection: apsw.Connection) -> None:
        connection.set_wal_hook(self._committed)
        self._connection = connection

    def move_log_to_memory(self) -> None:
        """Keep the log in memory from now on, because the disk rejects writes. Raise StoreError: nothing changed."""
        with self.lock, as_store_error(self.folder):
            before = self._open()
            if self.log_in_memory is not None:
                return
            log = LogInMemory(self.folder, self.vfs, log_rescue.frames_used(before))
            connection = schema.connect(self.folder / DATABASE, log.vfs_name)
            connection.execute("SELECT max(seq) FROM record").fetchall()
            self._use(connection)
            self.log_in_memory = log
            _close(before, checkpoint=False)

    def move_log_to_disk(self) -> None:
        """Write the log in memory to the disk and keep it there from now on. Raise StoreError: nothing changed."""
        with self.lock, as_store_error(self.folder):
            before, log = self._open(), self.log_in_memory
            if log is None:
                return
            log.put_on_disk()
            self._identities[DATABASE + LOG] = identity(self.folder / (DATABASE + LOG))
            connection = schema.connect(self.folder / DATABASE, self.vfs)
            done = False
            try:
                connection.pragma("user_version", len(schema.MIGRATIONS))  # a commit proves that writing works again
                done = True
            finally:
                if not done:
                    _close(connection, checkpoint=False)
            self._use(connection)
            self.log_in_memory = None
            _close(before, checkpoint=False)
            log.unregister()

    def displaced(self) -> Reason | None:
        """Return how the open files were deleted, moved or replaced; None if they are in place or none is open."""
        for name in self._identities if self.connected else ():
            if not self.owns(name):
                there = identity(self.folder / name)
                return (MOVED if there is None else REPLACED).having(file=str(self.folder / name))
        return None

    def owns(self, name: str) -> bool:
        """Return whether the file of that name in the folder is the open one."""
        return identity(self.folder / name) == self._identities.get(name)

    def _look(self, used: bool) -> None:
        """Check the file before SQLite opens it: SQLite takes an empty one for new and removes the log beside it."""
        path = self.folder / DATABASE
        if (self.folder / INTERIM).exists():
            raise apsw.CorruptError(CUT_OFF)
        if (used or size(self.folder / (DATABASE + LOG))) and not size(path):
            raise apsw.NotADBError(EMPTY if path.exists() else Reason("database_missing", "the database is missing"))
        restrict_permissions(self.folder)
        if used:
            schema.check_head(path)

    def _begin(self, connection: apsw.Connection, used: bool, log: bytes) -> None:
        if log:
            log_rescue.set_aside(connection, self.folder, log, log_rescue.frames_used(connection))
        schema.migrate(connection, self.folder, used)
        if used and not log:
            schema.check_size(connection, self.folder / DATABASE)
        log_rescue.check(connection, log_rescue.CHECKED_PAGES)
        log_rescue.rescue(connection, self.folder)
        self._load(connection)

    def _load(self, connection: apsw.Connection) -> None:
        try:
            for part in self._members:
                part.load(connection)
        except (TypeError, ValueError) as error:
            raise apsw.CorruptError(
                Reason("never_written", "a table contains rows that were never written to it")
            ) from error

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """Yield the connection, reserved for this thread until the block ends."""
        with self.lock, self._watched():
            yield self._open()

    @contextmanager
    def change(self, adds: bool = False) -> Iterator[apsw.Connection]:
        """Run the block as a transaction: it is on the disk when the block ends. Raise StoreError: nothing changed.

        `adds`: the block only appends records, so it need not wait for a salvage.
        """
        with self.lock, self._watched():
            connection = self.interim.open() if adds and self.interim.salvaging else self._open()
            written = self._members if connection is self._connection else ()
            before = [part.snapshot() for part in self._members]
            done = False
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                for part in written:
                    part.write(connection)
                connection.execute("COMMIT")
                done = True
            finally:
                if done:
                    for part in written:
                        part.committed()
                else:
                    self._undo(connection, before)
            if connection is self._connection:
                self._checkpoint(connection)

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """Note the length of the log after a commit: SQLite's `wal_hook`, which replaces its automatic checkpoint."""
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self, connection: apsw.Connection) -> None:
        """Checkpoint a long log, outside the commit: a failure here must not look like a failed append.

        The caller would append the record again, under another number.
        """
        if self._log_pages >= schema.WAL_PAGES and self.log_in_memory is None:
            with suppress(apsw.Error):  # retried after the next change
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _undo(self, connection: apsw.Connection, before: list[Any]) -> None:
        for part, was in zip(self._members, before):
            part.restore(was)
        if connection.in_transaction:
            with suppress(apsw.Error):  # the error that caused the rollback is the one to report
                connection.execute("ROLLBACK")

    def _open(self) -> apsw.Connection:
        self.interim.wait()
        if self._connection is None:
            if self.closed:
                raise store_error(StoreCause.CLOSED, self.folder, RUN_OVER)
            self.connect()  # the disk refused an earlier salvage; it may allow it now
        assert self._connection is not None
        return self._connection

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with as_store_error(self.folder):
                yield
        except StoreError as found:
            if found.cause is StoreCause.DAMAGED and not found.mended and self.mend is not None:
                found.mended = True  # blocks may be nested: repair only once
                self.mend(found.why)
            raise

    @property
    def connected(self) -> bool:
        """Whether the database is open."""
        return self._connection is not None

    def close(self) -> None:
        """Close the file permanently. A salvage in progress is abandoned; the next start begins it again."""
        with self.lock:
            self.closed = True
            with suppress(StoreError):
                self.interim.wait()
            self.disconnect()

    def disconnect(self) -> None:
        """Close the file without an explicit checkpoint."""
        elsewhere = self.displaced() is not None
        connection, self._connection = self._connection, None
        log, self.log_in_memory = self.log_in_memory, None
        if connection is not None:  # if displaced, SQLite would delete by name the log of another database
            _close(connection, checkpoint=not elsewhere and log is None)
        if log is not None:
            with suppress(OSError):  # the disk may accept writes by now
                if not elsewhere:
                    log.put_on_disk()
            log.unregister()


def _close(connection: apsw.Connection, checkpoint: bool) -> None:
    """Close a connection, with or without a checkpoint of its log into the file."""
    with suppress(apsw.Error, OSError):
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(not checkpoint))
    with suppress(apsw.Error):  # whatever was not checkpointed stays in the log, which the next start reads
        connection.close(True)
