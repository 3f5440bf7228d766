"""The tables, as a list of migrations, and how the one connection is opened.

Every table except `record` is small and can be rebuilt or dispensed with: a salvage needs only `record`. No index of
`record` covers an ordinary minute, so appending one changes a single page.

Every migration changes tables: the version of a store is recognised by its tables, because a single number in the
file's header may be damaged. A new small table is salvaged once it is listed in SMALL.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from drivers.reason import Reason
from edge.files import sync_folder
from edge.store.errors import StoreCause, StoreError

# A commit writes whole pages, each with a 24-byte header, to a log that the disk stores in blocks of 4096 bytes.
# Pages of 1024 bytes (a few records each) write least: pages of 4096 wrote 1.4 times as much to the disk.
PAGE = 1024
WAL_PAGES = 4000  # pages in the log before a checkpoint: 4 MiB, half a day or more
WAL_BYTES = 16 * 1024 * 1024  # a log that one large change has grown beyond this is truncated to it
MOST_VERSIONS = 1000  # a higher number is damage
APPLICATION = 0x4D6E7368  # "Mnsh"
# What a salvage copies besides the records; whether a row's last column is the CRC of the others (rows.crc_of).
SMALL = {"anchor": True, "span": True, "piece": False, "delivery": False, "untold": True, "note": True, "hourly": True}
# The rows of `delivery` in a store of version 3 or earlier, which had one destination, named "platform".
DELIVERED_BEFORE = "SELECT 'platform' AS destination, picture, part, seq, sent, state FROM piece"
# Bytes of the file's header that never change: (offset, content). File format, section 1.3.
HEAD = (
    (0, b"SQLite format 3\0"),
    (16, PAGE.to_bytes(2, "big")),
    (20, bytes((0, 64, 32, 32))),
    (44, bytes(3)),
    (48, bytes(11)),
    (64, bytes(4)),
    (72, bytes(20)),
)
Shape = frozenset[tuple[Any, ...]]


def _first(connection: apsw.Connection) -> None:
    """Make the tables of records and their times, of what each destination has of them, and of pictures."""
    connection.execute(
        """
        CREATE TABLE record (
            seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL, kind TEXT NOT NULL,
            boot TEXT NOT NULL, boottime REAL NOT NULL, duration REAL NOT NULL, start INTEGER,
            source TEXT NOT NULL, error REAL, not_before INTEGER, not_after INTEGER,
            revision INTEGER NOT NULL, setup INTEGER, body BLOB NOT NULL, crc INTEGER NOT NULL,
            state BLOB  -- only the newest row's counts: the recorder's state, returned at its next start
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


def _second(connection: apsw.Connection) -> None:
    """Make the tables of repairs not yet in a loss record (damage_report.py) and of small values (notes.py)."""
    connection.execute(
        """
        CREATE TABLE untold (id INTEGER PRIMARY KEY, note BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
        CREATE TABLE note (
            kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, value BLOB NOT NULL,
            crc INTEGER NOT NULL, PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX note_age ON note (kind, number);
        """
    )


def _third(connection: apsw.Connection) -> None:
    """Make a table, always empty, by which an older version sees that it cannot read the bodies (packing.py).

    Existing bodies stay unpacked and are read as such.
    """
    connection.execute("CREATE TABLE packed (word INTEGER PRIMARY KEY) STRICT")


def _fourth(connection: apsw.Connection) -> None:
    """Give each destination its own rows for the picture parts that it has (picture_rows.py)."""
    connection.execute(
        f"""
        CREATE TABLE delivery (
            destination TEXT NOT NULL, picture TEXT NOT NULL, part TEXT NOT NULL, seq INTEGER NOT NULL,
            sent INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'unsent',
            PRIMARY KEY (destination, picture, part)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO delivery (destination, picture, part, seq, sent, state) {DELIVERED_BEFORE};
        CREATE INDEX delivery_age ON delivery (destination, state, part, seq);
        DROP INDEX piece_age;
        ALTER TABLE piece DROP COLUMN sent;
        ALTER TABLE piece DROP COLUMN state;
        """
    )


def _fifth(connection: apsw.Connection) -> None:
    """Make the table of counted hours (hour_table.py); it fills by itself from the minutes."""
    connection.execute(
        """
        CREATE TABLE hourly (
            start INTEGER NOT NULL, utc_offset_s INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            counts BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (start, utc_offset_s)
        ) STRICT, WITHOUT ROWID;
        """
    )


def _sixth(connection: apsw.Connection) -> None:
    """Index the re-dated records: a receipt covers all records, and re-dated ones are checked individually."""
    connection.execute("CREATE INDEX revised ON record (seq, revision) WHERE revision > 0")


MIGRATIONS: tuple[Callable[[apsw.Connection], None], ...] = (_first, _second, _third, _fourth, _fifth, _sixth)


def connect(path: Path, vfs: str | None = None, draft: bool = False) -> apsw.Connection:
    """Return a connection to the database at `path`, created if missing. Raise apsw's errors.

    `draft`: nothing is durable until `finish`.
    """
    connection = apsw.Connection(str(path), vfs=vfs)
    journal = ("journal_mode=MEMORY", "synchronous=OFF") if draft else ("journal_mode=WAL", "synchronous=FULL")
    for pragma in (
        "locking_mode=EXCLUSIVE",
        f"page_size={PAGE}",
        *journal,
        f"wal_autocheckpoint={WAL_PAGES}",
        f"journal_size_limit={WAL_BYTES}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def source_of(old: apsw.Connection, table: str) -> str:
    """Return the SQL source that gives, in a store of any version, the rows of today's `table`."""
    columns = {name for (name,) in old.execute("SELECT name FROM pragma_table_info('piece')")}
    return f"({DELIVERED_BEFORE})" if table == "delivery" and "state" in columns else table


def finish(draft: apsw.Connection) -> None:
    """Make a draft durable, completely and without a log."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        draft.execute(f"PRAGMA {pragma}").fetchall()
    draft.pragma("user_version", len(MIGRATIONS))  # a change, so that the checkpoint has something to sync
    draft.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def check_head(path: Path) -> None:
    """Check a database file's header. Raise apsw.NotADBError if it differs from what every store has."""
    with path.open("rb") as file:
        head = file.read(100)
    for at, right in HEAD:
        if head[at : at + len(right)] != right:
            raise apsw.NotADBError(Reason("head_differs", "the head of the file is not what this program writes"))
    # the journal mode, the schema format and the encoding: the last two are 0 until the first checkpoint
    if head[18:20] not in (b"\1\1", b"\2\2") or head[47] not in (0, 4) or head[59] not in (0, 1):
        raise apsw.NotADBError(Reason("head_unused", "the head of the file names what this program never uses"))


def check_size(connection: apsw.Connection, path: Path) -> None:
    """Check the size of a cleanly closed database's file. Raise apsw.CorruptError if it differs from its page count."""
    pages = int(connection.pragma("page_count"))
    if path.stat().st_size != pages * PAGE:
        raise apsw.CorruptError(
            Reason(
                "file_length",
                "the file has {bytes} bytes and should have {right}",
                bytes=path.stat().st_size,
                right=pages * PAGE,
            )
        )


def migrate(connection: apsw.Connection, folder: Path, used: bool = False) -> None:
    """Migrate the tables to this version. Raise StoreError if a newer version made them.

    `used`: the store has had records, so missing tables are damage.
    """
    version = _version(connection, folder)
    if used and not version:
        raise apsw.NotADBError(Reason("tables_gone", "the tables are gone"))
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        with connection:
            migration(connection)
            _number(connection, number)
    if version < len(MIGRATIONS):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # so that a lost log cannot cost tables
        sync_folder(folder)  # the journal of the first transaction must not reappear
    elif connection.pragma("user_version") != version or connection.pragma("application_id") != APPLICATION:
        with connection:
            _number(connection, version)


def _number(connection: apsw.Connection, version: int) -> None:
    connection.pragma("application_id", APPLICATION)
    connection.pragma("user_version", version)


def _version(connection: apsw.Connection, folder: Path) -> int:
    """Return the version of the tables. Raise apsw.NotADBError if they match no version."""
    shape, version = _shape(connection), int(connection.pragma("user_version") or 0)
    ours = connection.pragma("application_id") == APPLICATION
    shapes = shapes_of_versions()
    if shape in shapes and (shape or not version):
        return shapes.index(shape)
    if ours and 0 < version < len(shapes) and shape >= shapes[version]:
        return version  # somebody added a table or an index
    if ours and len(shapes) <= version < MOST_VERSIONS and connection.execute("PRAGMA quick_check(1)").get == "ok":
        raise StoreError(
            StoreCause.NEWER,
            Reason(
                "store_newer",
                "state folder {folder} was written by a newer minshan (store version {version}, this one knows "
                "{known}): install that version again, or name another folder",
                folder=str(folder),
                version=version,
                known=len(MIGRATIONS),
            ),
        )
    raise apsw.NotADBError(Reason("tables_differ", "the tables are not what this program writes"))


def shapes_of_versions() -> list[Shape]:
    """Return the tables of each version, from version 0 (no tables) on."""
    with closing(apsw.Connection(":memory:")) as connection:
        found = [_shape(connection)]
        for migration in MIGRATIONS:
            migration(connection)
            found.append(_shape(connection))
    return found


def _shape(connection: apsw.Connection) -> Shape:
    """Return the tables with their columns, and the indexes."""
    found = connection.execute(
        "SELECT m.type, m.name, m.tbl_name, c.name, c.type, c.[notnull], c.pk FROM sqlite_schema m "
        "LEFT JOIN pragma_table_info(m.name) c ON m.type = 'table' WHERE m.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return frozenset(found)
