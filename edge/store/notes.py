"""Small values that must survive a restart, by kind and name: a limited number of the newest of each kind.

The uplink keeps here which ledger it accepts, which commands were carried out, and what has been reported.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from edge.store import rows
from edge.store.database import Database


class Notes:
    """`store.notes`: small values by kind and name. Thread-safe; its methods raise StoreError."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, kind: str, name: str) -> bytes | None:
        """Return the value under that name; None if there is none, or it is damaged."""
        with self._db.reading() as connection:
            return note(connection, kind, name)

    def all(self, kind: str) -> dict[str, bytes]:
        """Return the values of a kind by their names, the oldest first."""
        with self._db.reading() as connection:
            return notes_of(connection, kind)

    def put(self, kind: str, name: str, value: bytes, most: int = 1) -> None:
        """Store a value; only the `most` newest names of its kind stay."""
        with self._db.change() as connection:
            keep_note(connection, kind, name, value, most)


def notes_of(connection: apsw.Connection, kind: str) -> dict[str, bytes]:
    """Return the values of a kind by their names, the oldest first, without damaged ones."""
    query = "SELECT name, number, value, crc FROM note WHERE kind=? ORDER BY number"
    found = connection.execute(query, (kind,)).fetchall()
    return {
        str(name): bytes(value)  # type: ignore[arg-type]  # the table is STRICT: a BLOB
        for name, number, value, crc in found
        if crc == rows.crc_of((kind, name, number, value))
    }


def drop_notes(connection: apsw.Connection, kind: str, names: Iterable[str]) -> None:
    """Delete values, in the current transaction."""
    connection.executemany("DELETE FROM note WHERE kind=? AND name=?", [(kind, name) for name in names])


def note(connection: apsw.Connection, kind: str, name: str) -> bytes | None:
    """Return the value under that name; None if there is none, or it is damaged."""
    query = "SELECT number, value, crc FROM note WHERE kind=? AND name=?"
    for number, value, crc in connection.execute(query, (kind, name)):
        if crc == rows.crc_of((kind, name, number, value)):
            return bytes(value)
    return None


def keep_note(connection: apsw.Connection, kind: str, name: str, value: bytes, most: int = 1) -> None:
    """Store a value as `Notes.put` does, in the current transaction."""
    known = connection.execute("SELECT number FROM note WHERE kind=? AND name=?", (kind, name)).get
    if known is None:
        known = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM note WHERE kind=?", (kind,)).get
    number = int(known)
    row = kind, name, number, value, rows.crc_of((kind, name, number, value))
    connection.execute("INSERT OR REPLACE INTO note VALUES (?,?,?,?,?)", row)
    oldest = "SELECT number FROM note WHERE kind=? ORDER BY number DESC LIMIT 1 OFFSET ?"
    connection.execute(f"DELETE FROM note WHERE kind=? AND number <= ({oldest})", (kind, kind, most))
