"""What a database may refuse, beside the SinkError of one that is away, and how it is said."""

from __future__ import annotations

from drivers.reason import Reason
from hub.sink import SinkError

# What only an office's hub needs, and a station does not have.
NOT_INSTALLED = Reason("hub_library_missing", "{library} is not installed: sudo make install-hub", library="")


class ValueRefusedError(SinkError):
    """A value that the database does not take: one row's fault, not the database's. In the database's own words."""

    def __init__(self, words: str) -> None:
        super().__init__(Reason("said", "{text}", text=words))


class AgainError(SinkError):
    """Two hubs stood in each other's way: the same transaction is to be done again at once."""

    def __init__(self, database: str, why: str) -> None:
        super().__init__(unusable(database, why))


class DatabaseRefusedError(SinkError):
    """A database that is not to be written: another program's, or a newer hub's. Nothing in it was changed."""


def unusable(database: str, why: str | Reason) -> Reason:
    """Return what is said of a database that gives an error, in its own words."""
    return Reason("database_unusable", "{database} cannot be used: {why}", database=database, why=why)


def refuses_login(database: str, why: str) -> Reason:
    """Return what is said of a server that wants a password and does not let this one in."""
    return Reason(
        "database_login",
        "{database} cannot be used: {why}. The login stands in [database]: url, and password_file (without it "
        "PGPASSWORD or ~/.pgpass)",
        database=database,
        why=why,
    )


def is_unusable(reason: Reason) -> bool:
    """Return whether it says that the database gives errors: the receiver alone, of all lanes of a hub, logs that."""
    return reason.code in (unusable("", "").code, refuses_login("", "").code)
