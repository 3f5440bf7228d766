"""SQLite behind `Engine`: one file, written by the hub, readable by anybody.

By apsw, as the station's store is: it brings an SQLite of its own, newer than Debian's, and tests put a failing disk
under it. All that may write begins IMMEDIATE: a read that becomes a write is refused at once where another wrote in
between, whatever the patience (SQLITE_BUSY_SNAPSHOT). synchronous=FULL: a receipt stands on each commit, and NORMAL
may lose committed ones at a power cut.
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

PATIENCE = 10_000  # ms for which another writer is waited for
LOG = 64 * 1024 * 1024  # bytes that the log is cut back to
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
LOG_HEAD = 32  # bytes of a log in which nothing is (SQLite's file format, 4.1)
NO_ROOM = Reason("no_room_for", "no space is left for {file}", file="")
REFUSED = (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError)


class SqliteEngine:
    """The file at `path`, with `make` made where there is none. `vfs`: another file system, for tests.

    `still`: it lies on a disk that takes nothing in, not even the index of its log that SQLite makes for each reader.
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
        """Do all of it or nothing."""
        connection = self._connection()
        if writing and self._place != self._placed():  # what is committed to it now nobody finds again
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
        """Run a statement, which takes as long as it takes. Return its rows."""
        return self.query(sql, values)

    def upsert(self, table: str, columns: Sequence[str], rows: Rows, key: Sequence[str], update: bool = True) -> int:
        """Insert rows, or write the other columns where the key is there."""
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
        """Return these columns of the rows with these keys; a transaction that writes has locked all."""
        return self._found(f"SELECT {', '.join(columns)} FROM {table} WHERE {_where(key)}", keys)

    def touching(self, table: str, key: Sequence[str], spans: Rows) -> list[tuple[Any, ...]]:
        """Return the ranges that have a number of these spans, or one beside them."""
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
        """Nothing: a transaction that writes is the only one."""

    def overgrown_log(self) -> int:
        """Return the bytes of the log where it is longer than what it is cut back to: somebody reads without an end."""
        log = Path(f"{self.shown}-wal")
        size = log.stat().st_size if log.exists() else 0
        return size if size > LOG else 0

    def unwritable(self) -> Reason | None:
        """Return that the file system refuses it; None where it does not."""
        if self._vfs is None and refusal(Path(self.shown).parent) == errno.EROFS:
            return unusable(self.shown, READ_ONLY)
        return None

    def close(self) -> None:
        """Let the file go."""
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
                self._open, self._place = connection, self._placed()
        return self._open

    def _placed(self) -> tuple[int, int] | None:
        """Return device and number of the file at the path; None where there is none, or another file system."""
        if self._vfs is not None:
            return None
        try:
            found = Path(self.shown).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _make(self) -> None:
        """Make the file as its folder's owner would: a log that SQLite makes later belongs to whom the file does."""
        path = Path(self.shown)
        if self._flags & apsw.SQLITE_OPEN_CREATE and self._vfs is None and not path.exists():
            with suppress(OSError):  # SQLite says what is the matter
                path.touch()
                give_to_owner_of_folder(path)

    def _closed(self) -> SinkError:
        """Return why the file cannot be opened: what no waiting helps, or nobody has made it yet, or what it may be."""
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
            raise self._closed() from None
        except apsw.Error as error:
            code = getattr(error, "extendedresult", None)  # not all of them have one
            if code == apsw.SQLITE_IOERR_SHMSIZE:  # its index of the log, which grows first
                raise SinkError(NO_ROOM.having(file=self.shown)) from None
            raise SinkError(self.unwritable() or unusable(self.shown, str(error))) from None


def orphaned_log(file: Path) -> Path | None:
    """Return the log of a database whose own file is empty or not there; None where there is none with data.

    SQLite deletes such a log when it opens the file: it may be all that is left.
    """
    try:
        log = file.with_name(f"{file.name}-wal")
        lost = not file.exists() or (file.is_file() and file.stat().st_size == 0)
        return log if lost and log.stat().st_size > LOG_HEAD else None
    except OSError:  # whoever opens the file says what is the matter
        return None


def _kept_in_it(connection: apsw.Connection) -> tuple[str, ...]:
    """Return the settings that a file keeps, for a new one and one of a hub's: what is another's is not written to."""
    if not connection.pragma("page_count"):
        return "auto_vacuum=INCREMENTAL", "journal_mode=WAL"
    is_hubs = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'minshan_hub'").get
    return ("journal_mode=WAL",) if is_hubs and connection.pragma("journal_mode") != "wal" else ()  # a restored one


def _own(sql: str) -> str:
    return sql.replace("%s", "?")


def _where(key: Sequence[str]) -> str:
    return " AND ".join(f"{name} = ?" for name in key)
