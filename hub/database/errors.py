"""Errors of databases beside SinkError, and their reasons."""

from __future__ import annotations

from drivers.reason import Reason
from hub.sink import SinkError

# Of a library that only a hub needs, not a station.
NOT_INSTALLED = Reason("hub_library_missing", "{library} is not installed: sudo make install-hub", library="")


class ValueRefusedError(SinkError):
    """A value that the database does not accept: the row is at fault. With the database's own message."""

    def __init__(self, words: str) -> None:
        super().__init__(Reason("said", "{text}", text=words))


class AgainError(SinkError):
    """A conflict with another hub's transaction: it must be retried at once."""

    def __init__(self, database: str, why: str) -> None:
        super().__init__(unusable(database, why))


class DatabaseRefusedError(SinkError):
    """A database that must not be used: another program's, or a newer hub's. Nothing in it was changed."""


def unusable(database: str, why: str | Reason) -> Reason:
    """Return the reason for a database's error, with its own message."""
    return Reason("database_unusable", "{database} cannot be used: {why}", database=database, why=why)


def refuses_login(database: str, why: str) -> Reason:
    """Return the reason for a server's refusal of the password."""
    return Reason(
        "database_login",
        "{database} cannot be used: {why}. The login stands in [database]: url, and password_file (without it "
        "PGPASSWORD or ~/.pgpass)",
        database=database,
        why=why,
    )


def is_unusable(reason: Reason) -> bool:
    """Return whether this is a database's error: of a hub's lanes only the receiver logs those."""
    return reason.code in (unusable("", "").code, refuses_login("", "").code)
