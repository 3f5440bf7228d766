"""The tables, as a list of migrations, and how the one connection is opened.

Every table but `record` is small and can be rebuilt or done without: a salvage needs `record` alone. `record`
has no index that an ordinary minute touches, so that its append changes one page.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw

from edge.store.trouble import Cause, StoreTrouble

# A commit writes whole pages, each with 24 bytes of head, to a log that the disk keeps in blocks of 4096: pages
# of 1024 bytes, about a record each, reach it as 1.0 times a raw append's blocks, pages of 4096 as 1.4 times.
PAGE = 1024
WAL_PAGES = 4000  # pages in the log before it is folded into the file: 4 MiB, half a day or more
WAL_BYTES = 16 * 1024 * 1024  # what a log that has grown in one large change is cut back to
MOST_VERSIONS = 1000  # a higher number is damage
APPLICATION = 0x4D6E7368  # "Mnsh"


def _first(connection: apsw.Connection) -> None:
    """Records and their times, what each destination has, pictures."""
    connection.execute(
        """
        CREATE TABLE record (
            seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL, kind TEXT NOT NULL,
            boot TEXT NOT NULL, boottime REAL NOT NULL, duration REAL NOT NULL, start INTEGER,
            source TEXT NOT NULL, error REAL, not_before INTEGER, not_after INTEGER,
            revision INTEGER NOT NULL, setup INTEGER, body BLOB NOT NULL, crc INTEGER NOT NULL,
            state BLOB  -- the newest row's alone: what the recorder wants back at its next start
        ) STRICT;
        CREATE INDEX timeless ON record (boot, source) WHERE start IS NULL;
        CREATE INDEX event ON record (kind) WHERE kind <> 'minute';
        CREATE TABLE epoch (name TEXT PRIMARY KEY, first INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE anchor (
            boot TEXT NOT NULL, boottime REAL NOT NULL, utc INTEGER NOT NULL, source TEXT NOT NULL,
            error REAL NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (boot, boottime)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE span (
            owner TEXT NOT NULL, state TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            crc INTEGER NOT NULL, PRIMARY KEY (owner, state, first)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE piece (
            picture TEXT NOT NULL, part TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
            camera TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
            sent INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'unsent',
            PRIMARY KEY (picture, part)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX piece_age ON piece (state, part, seq);
        """
    )


def _notes(connection: apsw.Connection) -> None:
    """Small things by kind and name: the ledger that is believed, the commands that were carried out."""
    connection.execute(
        """
        CREATE TABLE note (
            kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, value BLOB NOT NULL,
            crc INTEGER NOT NULL, PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX note_age ON note (kind, number);
        """
    )


MIGRATIONS: tuple[Callable[[apsw.Connection], None], ...] = (_first, _notes)


def connect(path: Path, vfs: str | None = None) -> apsw.Connection:
    """The connection to the database at `path`, made where there is none. Raises apsw's errors."""
    connection = apsw.Connection(str(path), vfs=vfs)
    for pragma in (
        "locking_mode=EXCLUSIVE",
        f"page_size={PAGE}",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={WAL_PAGES}",
        f"journal_size_limit={WAL_BYTES}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def migrate(connection: apsw.Connection, folder: Path) -> None:
    """Bring the tables to this version's; StoreTrouble where they are a newer version's."""
    version = int(connection.pragma("user_version") or 0)
    if (version and connection.pragma("application_id") != APPLICATION) or not 0 <= version < MOST_VERSIONS:
        raise apsw.NotADBError("the head of the file is not what this program writes")
    if version > len(MIGRATIONS):
        raise StoreTrouble(
            Cause.NEWER,
            f"state folder {folder} was written by a newer minshan (store version {version}, this one knows "
            f"{len(MIGRATIONS)}): install that version again, or name another folder",
        )
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        with connection:
            migration(connection)
            connection.pragma("application_id", APPLICATION)
            connection.pragma("user_version", number)
