"""PostgreSQL behind `Engine`: one plain connection, reopened after any error.

Rows are passed as arrays (`INSERT ... SELECT * FROM unnest`): one statement and one round trip, like COPY, but with
ON CONFLICT and a row count, for which COPY would need a temporary table. Nothing is prepared and nothing set beyond a
transaction, so that a pooler can be used. libpq does not detect a server that hangs, so connecting and each statement
have a deadline of our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import conninfo, errors
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from drivers.reason import Reason
from hub.database.engine import Rows
from hub.database.errors import AgainError, DatabaseRefusedError, ValueRefusedError, refuses_login, unusable
from hub.sink import SinkError

DEADLINE = 30.0  # s for a statement, of the largest delivery too
PATIENT = 3600.0  # s for a statement of a migration, or in the background
MIGRATOR = 0x4D6E7368  # the advisory lock held during a migration
NAME = "minshan-hub"  # application name, by which a restore detects a running hub
KEEPALIVE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "fallback_application_name": NAME,
    "client_encoding": "UTF8",  # whatever PGCLIENTENCODING says
}
FLOATS = (
    *("duration", "error", "boottime", "seconds", "total", "amount", "east", "north"),
    *("lowest", "highest"),
)
TYPES = {"body": "jsonb"} | dict.fromkeys(FLOATS, "float8")
BYTES = ("raw", "digest")
NUMBERS = (
    *("seq", "revision", "start", "first", "last", "setup", "arrived", "not_before", "not_after", "size", "time"),
    *("said_first", "said_last", "arrived_first", "arrived_last"),
    *("utc_offset_s", "good", "suspect", "bad", "missing", "lowest_at", "highest_at"),
    *("hour", "minutes", "seq_first", "seq_last", "since", "mask", "bytes"),  # of `held_hour`
    *("batch", "until", "proven", "newest", "tried"),
)
DATA = ("22", "23")  # SQLSTATE classes: data exception, integrity constraint violation
FORBIDDEN = Reason("database_forbids", "{database} does not let this user do that: {why}", database="", why="")
NO_ROOM = Reason("no_room_on", "no space is left on the disk of {database}", database="")
# Whether a megabyte more has room, where the records are. What is there may be written on a full disk too.
ROOM_BESIDE_RECORDS = """SELECT set_config('temp_tablespaces', coalesce((SELECT spcname FROM pg_class c
    JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = 'record'::regclass), ''), true)"""
ROOM = "CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT repeat('x', 1900) FROM generate_series(1, 550)"
NOT_UTF8 = Reason(
    "database_encoding",
    "{database} keeps text as {encoding}, which has no place for all that people write: make another one for the hub "
    "with createdb -E UTF8 -T template0 NAME",
    database="",
    encoding="",
)
READ_ONLY = Reason(
    "server_read_only", "the server takes nothing in: it is a standby, or default_transaction_read_only is set"
)
AGAIN = ("40001", "40P01")
FULL = ("53100",)
NO_ANSWER = Reason("database_no_answer", "it has given no answer for {seconds} s", seconds=0)
CANCEL = 2.0  # s for a server that responds to take a cancel request


class Bounded(psycopg.Connection[Any]):
    """A connection whose waits all have a deadline."""

    longest = DEADLINE

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server, `longest` at most."""
        return super().wait(gen, interval, self.longest if timeout is None else timeout)


class PostgresEngine:
    """The database at a URL; `password`, else the one that libpq finds (PGPASSWORD, ~/.pgpass)."""

    postgres = True

    def __init__(self, url: str, password: str | None = None) -> None:
        self._url, self._password = url, password
        self._open: Bounded | None = None
        try:
            parts = conninfo.conninfo_to_dict(url)
        except psycopg.Error as error:
            raise DatabaseRefusedError(
                Reason("address_is_none", "the database's address is not valid: {why}", why=str(error).strip())
            ) from None
        self.shown = f"PostgreSQL {parts.get('host', 'localhost')}/{parts.get('dbname', '')}"

    @contextmanager
    def transaction(self, writing: bool = True, patient: bool = False) -> Iterator[None]:
        """Commit everything or nothing; if COMMIT itself fails, the outcome is unknown."""
        connection = self._connection()
        connection.longest = PATIENT if patient else DEADLINE
        try:
            self.query("BEGIN" if writing else "BEGIN READ ONLY")
            if writing:  # whatever the server's settings, this one waits for the disk and reads NULL in arrays
                self.query(
                    "SELECT set_config(name, 'on', true) FROM (VALUES ('synchronous_commit'), ('array_nulls')) "
                    "AS must (name) WHERE current_setting(name) = 'off'"
                )
            yield
            with self._errors():
                if connection.execute("COMMIT").statusmessage != "COMMIT":
                    raise SinkError(Reason("not_committed", "{database} has not committed", database=self.shown))
        except BaseException:  # an interrupt too leaves no transaction open
            self._undo(connection)
            raise
        finally:
            connection.longest = DEADLINE

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement. Return its rows."""
        with self._errors():
            cursor = self._connection().execute(sql.encode(), tuple(values) or None, binary=True)  # no hex
            return cursor.fetchall() if cursor.description else []

    def lasting(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, outside any transaction, with the longer deadline. Return its rows."""
        connection = self._connection()
        connection.longest = PATIENT
        try:
            return self.query(sql, values)
        finally:
            connection.longest = DEADLINE

    def upsert(self, table: str, columns: Sequence[str], rows: Rows, key: Sequence[str], update: bool = True) -> int:
        """Insert rows, or update the other columns where the key exists; in the order given."""
        names = ", ".join(columns)
        sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        does = f"UPDATE SET {sets}" if update and sets else "NOTHING"
        values = ", ".join(f"{name}::{_type(name)}" for name in columns)
        found = f"INSERT INTO {table} ({names}) SELECT {values} FROM {_arrays(columns)}"
        return self._count(f"{found} ON CONFLICT ({', '.join(key)}) DO {does}", columns, rows)

    def delete(self, table: str, key: Sequence[str], keys: Rows) -> int:
        """Delete the rows with these keys."""
        same = " AND ".join(f"{table}.{name} = given.{name}" for name in key)
        return self._count(f"DELETE FROM {table} USING {_arrays(key)} WHERE {same}", key, keys)

    def lookup(
        self, table: str, columns: Sequence[str], key: Sequence[str], keys: Rows, lock: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return these columns of the rows with these keys."""
        if not keys:
            return []
        same = " AND ".join(f"{table}.{name} = given.{name}" for name in key)
        names = ", ".join(f"{table}.{name}" for name in columns)
        sql = f"SELECT {names} FROM {table} JOIN {_arrays(key)} ON {same}"
        if lock:
            sql += f" ORDER BY {', '.join(f'{table}.{name}' for name in key)} FOR UPDATE OF {table}"
        with self._errors():
            return self._connection().execute(sql.encode(), _columns(key, keys), binary=True).fetchall()

    def touching(self, table: str, key: Sequence[str], spans: Rows) -> list[tuple[Any, ...]]:
        """Return the ranges that overlap or adjoin these spans."""
        if not spans:
            return []
        columns, same = (*key, "first", "last"), " AND ".join(f"t.{name} = given.{name}" for name in key)
        before = f"SELECT max(first) FROM {table} t WHERE {same} AND t.first < given.first"
        near = (  # OFFSET forces an index lookup for each span, even if the table was never analysed
            f"SELECT {', '.join(columns)} FROM {table} t WHERE {same} AND t.last >= given.first - 1 "
            f"AND t.first BETWEEN coalesce(({before}), given.first) AND given.last + 1 OFFSET 0"
        )
        sql = f"SELECT near.* FROM {_arrays(columns)}, LATERAL ({near}) AS near"
        with self._errors():
            return self._connection().execute(sql.encode(), _columns(columns, spans), binary=True).fetchall()

    def tables(self) -> set[str]:
        """Return the names of all tables and views of the current schema, except those of extensions."""
        found = self.query(
            "SELECT relname FROM pg_class c WHERE relnamespace = current_schema()::regnamespace "
            "AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT 1 FROM pg_depend d "
            "WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"
        )
        return {name for (name,) in found}

    def only_migrator(self) -> None:
        """Take the lock of migrations until the transaction ends."""
        self.query("SELECT pg_advisory_xact_lock(%s)", (MIGRATOR,))

    def overgrown_log(self) -> int:
        """Return 0: the server manages its log."""
        return 0

    def unwritable(self) -> Reason | None:
        """Return the reason if the server is a standby, set to read-only, or its disk is full; else None."""
        ((says,),) = self.query("SELECT current_setting('transaction_read_only')")
        if says == "on":
            return unusable(self.shown, READ_ONLY)
        try:
            with self.transaction():
                self.query(ROOM_BESIDE_RECORDS)
                self.query(ROOM)
        except SinkError as error:
            if error.reason.code == NO_ROOM.code:
                return error.reason
            if error.reason.code != FORBIDDEN.code:  # a user without temporary tables may keep records all the same
                raise
        return None

    def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _count(self, sql: str, columns: Sequence[str], rows: Rows) -> int:
        if not rows:
            return 0
        with self._errors():
            return self._connection().execute(sql.encode(), _columns(columns, rows)).rowcount

    def _connection(self) -> Bounded:
        if self._open is None or self._open.closed:
            secret: dict[str, Any] = {} if self._password is None else {"password": self._password}
            with self._errors():
                self._open = Bounded.connect(self._url, autocommit=True, prepare_threshold=None, **KEEPALIVE, **secret)
            encoding = self._open.info.parameter_status("server_encoding")
            if encoding not in ("UTF8", None):
                self.close()
                raise DatabaseRefusedError(NOT_UTF8.having(database=self.shown, encoding=encoding))
        return self._open

    def _undo(self, connection: Bounded) -> None:
        """Roll back the transaction; close a connection that is not idle afterwards."""
        try:
            connection.longest = DEADLINE
            if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()
        if self._open is not None and connection.info.transaction_status != TransactionStatus.IDLE:
            self.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise (self._abandoned() or self._translated(error)) from None
        except (UnicodeError, OverflowError) as error:  # a value that cannot even be sent
            raise ValueRefusedError(str(error)) from None

    def _abandoned(self) -> SinkError | None:
        """Cancel a statement that has not ended, close its connection, and return why; None where it has ended.

        The connection accepts no other statement. Without the cancel request, a statement that waits for a lock would
        occupy a connection at the server until it gets it.
        """
        found = self._open
        if found is None or found.info.transaction_status != TransactionStatus.ACTIVE:
            return None
        with suppress(psycopg.Error):
            found.cancel_safe(timeout=CANCEL)
        self.close()
        return SinkError(unusable(self.shown, NO_ANSWER.having(seconds=round(found.longest))))

    def _translated(self, error: psycopg.Error) -> SinkError:
        state, why = error.sqlstate or "", (str(error).strip().splitlines() or ["it does not answer"])[0]
        if state in AGAIN:
            return AgainError(self.shown, why)
        if state.startswith(DATA) or isinstance(error, psycopg.DataError):
            return ValueRefusedError(why)
        if state in FULL:
            return SinkError(NO_ROOM.having(database=self.shown))
        if isinstance(error, errors.InsufficientPrivilege):
            return SinkError(FORBIDDEN.having(database=self.shown, why=why))
        if isinstance(error, errors.ReadOnlySqlTransaction):
            self.close()  # a new connection finds changed settings, or the server that took over
            return SinkError(unusable(self.shown, READ_ONLY))
        asked = error.pgconn is not None and (error.pgconn.used_password or error.pgconn.needs_password)
        return SinkError((refuses_login if asked else unusable)(self.shown, why))


def _type(column: str) -> str:
    return TYPES.get(column) or ("bytea" if column in BYTES else "int8" if column in NUMBERS else "text")


def _arrays(columns: Sequence[str]) -> str:
    """Return SQL for the rows as a table `given`, from one array per column; JSON is passed as text."""
    kinds = (_type(column).replace("jsonb", "text") for column in columns)
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in kinds)}) AS given ({', '.join(columns)})"


def _columns(columns: Sequence[str], rows: Rows) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(len(columns))]
