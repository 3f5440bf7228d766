"""SQLite behind `Engine`: one file, written by the hub, readable by anybody.

It uses apsw, like the station's store: apsw bundles a newer SQLite than Debian's, and tests simulate a failing disk
with it. Writing transactions begin IMMEDIATE: a read that becomes a write fails at once where another connection wrote
in between, whatever the busy timeout (SQLITE_BUSY_SNAPSHOT). synchronous=FULL: receipts depend on each commit, and
NORMAL may lose committed ones in a power cut.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from drivers.reason import Reason
from edge.files import TURNED_READ_ONLY, give_to_owner_of_folder, refusal
from hub.database.engine import Rows
from hub.database.errors import DatabaseRefusedError, ValueRefusedError, unusable
from hub.sink import SinkError

PATIENCE = 10_000  # ms of the busy timeout
LOG = 64 * 1024 * 1024  # bytes to which the log is truncated
BUSY = Reason("written_by_another", "{file} has been locked by another program for too long", file="")
CANNOT_OPEN = Reason(
    "database_cannot_open", "{file} cannot be opened: is its folder there, may this user write it?", file=""
)
MOVED = Reason(
    "database_moved",
    "{file} was moved or replaced while the hub is running: put it back, or stop the hub before you do so",
    file="",
)
LOG_ALONE = Reason(
    "log_without_database",
    "{file} is empty or missing, but its log {file}-wal holds data: restore a backup, which keeps the log aside, or "
    "move the log away",
    file="",
)
READ_ONLY = Reason(
    "disk_read_only", "{why}: look at the kernel's log and check the disk, or mount it read-write", why=TURNED_READ_ONLY
)
LOG_HEAD = 32  # bytes of an empty log, its header (SQLite's file format, 4.1)
NO_ROOM = Reason("no_room_for", "no space is left for {file}", file="")
REFUSED = (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError)


class SqliteEngine:
    """The file at `path`, with `make` created if missing. `vfs`: a simulated file system, for tests.

    `still`: it is on a read-only disk, on which SQLite cannot create even the log's index for a reader.
    """

    postgres = False

    def __init__(self, path: str, vfs: str | None = None, make: bool = True, still: bool = False) -> None:
        self.shown = path
        self._name = f"file:{quote(path)}?immutable=1" if still else path
        self._flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if make else 0)
        if still:
            self._flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        self._vfs = vfs
        self._open: apsw.Connection | None = None
        self._place: tuple[int, int] | None = None  # of the file that is open

    @contextmanager
    def transaction(self, writing: bool = True, patient: bool = False) -> Iterator[None]:
        """Commit everything or nothing."""
        connection = self._connection()
        if writing and self._place != self._identity():  # a commit to the old file would be lost
            raise SinkError(MOVED.having(file=self.shown))
        with self._errors():
            connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        try:
            yield
            with self._errors():
                connection.execute("COMMIT")
        except BaseException:  # an interrupt too leaves no transaction open
            with suppress(apsw.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement. Return its rows."""
        with self._errors():
            return self._connection().execute(_own(sql), tuple(values)).fetchall()

    def lasting(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; there is no deadline. Return its rows."""
        return self.query(sql, values)

    def upsert(self, table: str, columns: Sequence[str], rows: Rows, key: Sequence[str], update: bool = True) -> int:
        """Insert rows, or update the other columns where the key exists."""
        marks = ", ".join("?" * len(columns))
        sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        does = f"UPDATE SET {sets}" if update and sets else "NOTHING"
        names = ", ".join(columns)
        return self._many(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({', '.join(key)}) DO {does}", rows
        )

    def delete(self, table: str, key: Sequence[str], keys: Rows) -> int:
        """Delete the rows with these keys."""
        return self._many(f"DELETE FROM {table} WHERE {_where(key)}", keys)

    def lookup(
        self, table: str, columns: Sequence[str], key: Sequence[str], keys: Rows, lock: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return these columns of the rows with these keys; a writing transaction has locked the whole file."""
        return self._found(f"SELECT {', '.join(columns)} FROM {table} WHERE {_where(key)}", keys)

    def touching(self, table: str, key: Sequence[str], spans: Rows) -> list[tuple[Any, ...]]:
        """Return the ranges that overlap or adjoin these spans."""
        same, size = " AND ".join(f"{name} = ?{place}" for place, name in enumerate(key, 1)), len(key)
        before = f"SELECT max(first) FROM {table} WHERE {same} AND first < ?{size + 1}"
        return self._found(
            f"SELECT {', '.join(key)}, first, last FROM {table} WHERE {same} AND last >= ?{size + 1} - 1 "
            f"AND first BETWEEN coalesce(({before}), ?{size + 1}) AND ?{size + 2} + 1",
            spans,
        )

    def tables(self) -> set[str]:
        """Return the names of all tables and views."""
        found = self.query(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        return {name for (name,) in found}

    def only_migrator(self) -> None:
        """Do nothing: there is only one writing transaction at a time."""

    def overgrown_log(self) -> int:
        """Return the bytes of the log where it exceeds LOG, because a reader never ends; else 0."""
        log = Path(f"{self.shown}-wal")
        size = log.stat().st_size if log.exists() else 0
        return size if size > LOG else 0

    def unwritable(self) -> Reason | None:
        """Return the reason READ_ONLY where the file system is read-only, else None."""
        if self._vfs is None and refusal(Path(self.shown).parent) == errno.EROFS:
            return unusable(self.shown, READ_ONLY)
        return None

    def close(self) -> None:
        """Close the file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _found(self, sql: str, keys: Rows) -> list[tuple[Any, ...]]:
        with self._errors():
            return self._connection().executemany(sql, keys).fetchall() if keys else []

    def _many(self, sql: str, rows: Rows) -> int:
        with self._errors():
            connection = self._connection()
            before = connection.total_changes()
            connection.executemany(sql, rows)
            return connection.total_changes() - before

    def _connection(self) -> apsw.Connection:
        if self._open is None:
            if self._vfs is None and orphaned_log(Path(self.shown)) is not None:
                raise DatabaseRefusedError(LOG_ALONE.having(file=self.shown))
            with self._errors():
                self._make()
                connection = apsw.Connection(self._name, self._flags, vfs=self._vfs)
                connection.set_busy_timeout(PATIENCE)
                for pragma in (*_kept_in_it(connection), "synchronous=FULL", f"journal_size_limit={LOG}"):
                    connection.execute(f"PRAGMA {pragma}").fetchall()
                self._open, self._place = connection, self._identity()
        return self._open

    def _identity(self) -> tuple[int, int] | None:
        """Return device and inode of the file at the path; None where there is none, or with a `vfs`."""
        if self._vfs is not None:
            return None
        try:
            found = Path(self.shown).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _make(self) -> None:
        """Create the file with its folder's owner: SQLite gives a log the owner of its file."""
        path = Path(self.shown)
        if self._flags & apsw.SQLITE_OPEN_CREATE and self._vfs is None and not path.exists():
            with suppress(OSError):  # SQLite reports it
                path.touch()
                give_to_owner_of_folder(path)

    def _cannot_open(self) -> SinkError:
        """Return why the file cannot be opened: a folder, a file not created yet, or the likely causes."""
        path = Path(self.shown)
        if path.is_dir():
            return DatabaseRefusedError(
                Reason("database_is_folder", "{file} is a folder: name a file in it", file=self.shown)
            )
        if not path.exists() and path.parent.is_dir() and not self._flags & apsw.SQLITE_OPEN_CREATE:
            return SinkError(
                Reason(
                    "database_not_there", "{file} is not there yet: the hub makes it when it starts", file=self.shown
                )
            )
        return SinkError(self.unwritable() or CANNOT_OPEN.having(file=self.shown))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (*REFUSED, UnicodeError, OverflowError) as error:  # the last two: a value that cannot even be sent
            raise ValueRefusedError(str(error)) from None
        except apsw.NotADBError:
            self.close()
            raise DatabaseRefusedError(
                Reason("no_sqlite", "{file} is not an SQLite database", file=self.shown)
            ) from None
        except apsw.FullError:
            raise SinkError(NO_ROOM.having(file=self.shown)) from None
        except apsw.BusyError:
            raise SinkError(BUSY.having(file=self.shown)) from None
        except apsw.CantOpenError:
            raise self._cannot_open() from None
        except apsw.Error as error:
            code = getattr(error, "extendedresult", None)  # not all of them have one
            if code == apsw.SQLITE_IOERR_SHMSIZE:  # on a full disk the log's index fails to grow first
                raise SinkError(NO_ROOM.having(file=self.shown)) from None
            raise SinkError(self.unwritable() or unusable(self.shown, str(error))) from None


def orphaned_log(file: Path) -> Path | None:
    """Return the log of a database whose own file is empty or missing; None where there is none with data.

    SQLite would delete such a log when it opens the file, though it may be all that is left.
    """
    try:
        log = file.with_name(f"{file.name}-wal")
        lost = not file.exists() or (file.is_file() and file.stat().st_size == 0)
        return log if lost and log.stat().st_size > LOG_HEAD else None
    except OSError:  # opening the file reports it
        return None


def _kept_in_it(connection: apsw.Connection) -> tuple[str, ...]:
    """Return the persistent pragmas for a new file or a hub's; none for another program's, which is not written to."""
    if not connection.pragma("page_count"):
        return "auto_vacuum=INCREMENTAL", "journal_mode=WAL"
    is_hubs = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'minshan_hub'").get
    return ("journal_mode=WAL",) if is_hubs and connection.pragma("journal_mode") != "wal" else ()  # a restored one


def _own(sql: str) -> str:
    return sql.replace("%s", "?")


def _where(key: Sequence[str]) -> str:
    return " AND ".join(f"{name} = ?" for name in key)
