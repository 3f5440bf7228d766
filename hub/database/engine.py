"""A common interface to the two databases: transactions, and statements on many rows at once.

    engine = opened("sqlite:///var/lib/minshan/hub.db")
    with engine.transaction():
        engine.upsert("ledger", ("station", "epoch", "first", "last"), rows, ("station", "epoch", "first"))

SQL that is passed in is what both understand, with `%s` for a value. Whatever goes wrong is a SinkError; the
transaction is undone then, as far as anybody knows.
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
        """Return a transaction to be used in `with`; `patient`: its statements may take an hour."""

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement. Return its rows."""

    def lasting(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, outside any transaction, that may take an hour. Return its rows."""

    def upsert(self, table: str, columns: Sequence[str], rows: Rows, key: Sequence[str], update: bool = True) -> int:
        """Insert rows; where the key is there, write the other columns (or with `update` False nothing).

        No key may be twice in `rows`. Return how many rows were written.
        """

    def delete(self, table: str, key: Sequence[str], keys: Rows) -> int:
        """Delete the rows with these keys. Return how many there were."""

    def lookup(
        self, table: str, columns: Sequence[str], key: Sequence[str], keys: Rows, lock: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return these columns of the rows with these keys; `lock`: in the key's order, and nobody else writes them."""

    def touching(self, table: str, key: Sequence[str], spans: Rows) -> list[tuple[Any, ...]]:
        """Return the ranges (key, first, last) that have a number of these spans, or one beside them; some twice.

        The table holds disjoint ranges by key and first, and so many others are not read. `spans` are as its rows.
        """

    def tables(self) -> set[str]:
        """Return the names of all tables and views that are there."""

    def only_migrator(self) -> None:
        """See that no other hub makes or changes tables until the transaction ends."""

    def overgrown_log(self) -> int:
        """Return the bytes of a log that is longer than it may be; 0 where it is not, or a server sees to it."""

    def unwritable(self) -> Reason | None:
        """Return why nothing can be written into what can be read; None where nothing is seen to stand against it."""

    def close(self) -> None:
        """Let the connection go; the next statement makes a new one."""


def file_of(url: str) -> str:
    """Return the path that an address sqlite:///FILE names; "" where it names no file."""
    path = unquote(url.removeprefix(SQLITE))
    return "/" + path.lstrip("/") if path.startswith("/") and path.strip("/") and not path.endswith("/") else ""


def opened(url: str, password: str | None = None, make: bool = True, still: bool = False) -> Engine:
    """Return the engine of an address: sqlite:///FILE (with `make` made where it is not there), or postgresql://...

    `still`: nobody can write the file as long as it is read. Raise SinkError where it is neither.
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
