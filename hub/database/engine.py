"""A common interface to the two databases: transactions, and statements on many rows at once.

    engine = opened("sqlite:///var/lib/minshan/hub.db")
    with engine.transaction():
        engine.upsert("ledger", ("station", "epoch", "first", "last"), rows, ("station", "epoch", "first"))

SQL passed in must be valid for both, with `%s` for a value. Any failure is a SinkError; the transaction is rolled back
then, unless the outcome of its COMMIT is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol
from urllib.parse import unquote

from drivers.reason import Reason
from hub.database.errors import NOT_INSTALLED, DatabaseRefusedError

SQLITE, POSTGRES = "sqlite://", ("postgresql://", "postgres://")
Rows = Sequence[tuple[Any, ...]]
NO_ADDRESS = Reason(
    "no_database_address",
    "the database must be sqlite:///FILE with a full path, or postgresql://user@host/name",
)


class Engine(Protocol):
    """One database, used from one lane. All methods raise SinkError."""

    postgres: bool
    shown: str  # its address without a password

    def transaction(self, writing: bool = True, patient: bool = False) -> AbstractContextManager[None]:
        """Return a transaction for use in `with`; `patient`: its statements may take an hour."""

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement. Return its rows."""

    def lasting(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, outside any transaction, that may take an hour. Return its rows."""

    def upsert(self, table: str, columns: Sequence[str], rows: Rows, key: Sequence[str], update: bool = True) -> int:
        """Insert rows; where the key exists, update the other columns (with `update` False: nothing).

        `rows` must not contain a key twice. Return how many rows were written.
        """

    def delete(self, table: str, key: Sequence[str], keys: Rows) -> int:
        """Delete the rows with these keys. Return how many were deleted."""

    def lookup(
        self, table: str, columns: Sequence[str], key: Sequence[str], keys: Rows, lock: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return these columns of the rows with these keys; `lock`: lock them, in the order of the key."""

    def touching(self, table: str, key: Sequence[str], spans: Rows) -> list[tuple[Any, ...]]:
        """Return the ranges (key, first, last) that overlap or adjoin these spans; some twice.

        The table holds disjoint ranges by key and first; only those near the spans are read. `spans` are like its rows.
        """

    def tables(self) -> set[str]:
        """Return the names of all tables and views."""

    def only_migrator(self) -> None:
        """Lock out other hubs' migrations until the transaction ends."""

    def overgrown_log(self) -> int:
        """Return the bytes of a log beyond its limit; 0 where it is within, or a server manages it."""

    def unwritable(self) -> Reason | None:
        """Return why the database can be read and not written; None where no reason is known."""

    def close(self) -> None:
        """Close the connection; the next statement opens a new one."""


def file_of(url: str) -> str:
    """Return the path in an address sqlite:///FILE; "" where it has none."""
    path = unquote(url.removeprefix(SQLITE))
    return "/" + path.lstrip("/") if path.startswith("/") and path.strip("/") and not path.endswith("/") else ""


def opened(url: str, password: str | None = None, make: bool = True, still: bool = False) -> Engine:
    """Return the engine of an address: sqlite:///FILE (with `make` created if missing), or postgresql://...

    `still`: the file is on a disk that nobody can write. Raise SinkError where it is neither.
    """
    from hub.database.sqlite import SqliteEngine

    if url.startswith(SQLITE) and (path := file_of(url)):
        return SqliteEngine(path, make=make, still=still)
    if url.startswith(POSTGRES):
        try:
            from hub.database.postgres import PostgresEngine
        except ImportError:
            raise DatabaseRefusedError(NOT_INSTALLED.having(library="psycopg")) from None
        return PostgresEngine(url, password)
    raise DatabaseRefusedError(NO_ADDRESS)
