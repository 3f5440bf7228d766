"""A damaged database: set aside, salvaged into a new one, and the station goes on.

 1. records.db and its log are renamed to records.damaged-N.db (the newest two are kept);
 2. every page of both is searched for records, each proven by its CRC, the highest revision wins;
 3. anchors, pictures' rows and what destinations have are copied where they can be read. What destinations
    have may be lost: then everything is unsent again, and the receivers' ledgers say what they have;
 4. seqs between records that are found nowhere are lost.

A log that broke in its middle is no damage to SQLite, which ignores everything from there on: `rescue` takes the
records out of what was ignored.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import apsw
import msgspec

from edge.files import sync_folder
from edge.record import Kind
from edge.store import carve, rows, schema, unsent
from edge.store.folder import DATABASE, PICTURES
from edge.store.ledger import ALL, GONE, INSERT_SPAN, span_row
from edge.store.pictures import FULL, THUMBNAIL, file_name
from edge.store.unsent import Ranges
from edge.uplink.contract import Span

KEPT = 2  # damaged databases kept for whoever wants to look
LOG = "-wal"
CHECKED_PAGES = 32 * 1024 * 1024 // schema.PAGE  # looked through after an unclean end: a second on a Pi's card
BATCH = 2000  # rows in one transaction
UPSERT = (
    f"{rows.INSERT} ON CONFLICT (seq) DO UPDATE SET start=excluded.start, source=excluded.source, "
    "error=excluded.error, not_before=excluded.not_before, not_after=excluded.not_after, "
    "revision=excluded.revision, crc=excluded.crc "
    "WHERE excluded.revision > revision AND excluded.epoch = epoch"
)
Found = Iterable[tuple[rows.Row, bytes | None]]


class Repair(msgspec.Struct, frozen=True):
    """`set_aside`: the damaged file's name, None where a log was mended; `salvaged` records; `lost` ones, epoch
    "" where nobody can say; `cause`: what SQLite said."""

    set_aside: str | None
    salvaged: int
    lost: list[Span]
    cause: str


def salvage(folder: Path, cause: str, vfs: str | None, never_below: int = 0) -> Repair:
    """Replace the damaged database of `folder`, which nobody has open. Raises OSError or apsw's errors.

    `never_below`: the highest seq known to have been given; what is above the salvaged is lost then.
    """
    damaged = _set_aside(folder)
    connection = schema.connect(folder / DATABASE, vfs)
    try:
        schema.migrate(connection, folder)
        log = damaged.with_name(damaged.name + LOG)
        _insert(connection, (row for page, read in carve.pages(damaged) for row in carve.records(page, read)))
        if log.exists():
            pages = carve.frames(log.read_bytes())
            _insert(connection, (row for page, read in pages for row in carve.records(page, read)))
        with connection:
            _copy_tables(connection, damaged)
            lost = _settle(connection, folder, never_below)
        salvaged = int(connection.execute("SELECT count(*) FROM record").get)
    finally:
        connection.close(True)
    sync_folder(folder)
    return Repair(damaged.name, salvaged, lost, cause)


def log_of(path: Path) -> bytes:
    """The write-ahead log that a start finds: empty after a clean end."""
    try:
        return path.with_name(path.name + LOG).read_bytes()
    except FileNotFoundError:
        return b""


def check(connection: apsw.Connection, most_pages: int | None = None) -> None:
    """Look through a database, where it has at most `most_pages`; apsw.CorruptError."""
    if most_pages is None or int(connection.pragma("page_count")) <= most_pages:
        said = connection.execute("PRAGMA quick_check(1)").get
        if said != "ok":
            raise apsw.CorruptError(str(said))


def rescue(connection: apsw.Connection, log: bytes) -> Repair | None:
    """Take in the records of a log, as it was before the connection was opened, that SQLite ignored.

    None where nothing is lost by it.
    """
    _, used, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").get
    gone = _gone(connection)
    found = [
        item
        for page, read in carve.frames(log, max(used, 0))
        for item in carve.records(page, read)
        if not unsent.contains(gone, item[0][0])
    ]
    before = connection.total_changes()
    _insert(connection, found)
    rescued = connection.total_changes() - before
    if not rescued:
        return None
    with connection:
        _rebuild_epochs(connection)
        lost = _forget_holes(connection, gone)
    return Repair(None, rescued, _spans(connection, lost), "the log was damaged") if lost else None


def _set_aside(folder: Path) -> Path:
    number = 1 + max((_number(path) for path in folder.glob("records.damaged-*.db")), default=0)
    target = folder / f"records.damaged-{number}.db"
    for suffix in (LOG, ""):  # the log first: a database without its log still is one
        with suppress(FileNotFoundError):
            os.replace(folder / (DATABASE + suffix), folder / (target.name + suffix))
    target.touch()
    for path in folder.glob("records.damaged-*.db*"):
        if _number(path) <= number - KEPT:
            path.unlink()
    sync_folder(folder)
    return target


def _number(path: Path) -> int:
    digits = path.name.removeprefix("records.damaged-").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _insert(connection: apsw.Connection, found: Found) -> None:
    batch = []
    for row, state in found:
        batch.append((*row, state))
        if len(batch) == BATCH:
            with connection:
                connection.executemany(UPSERT, batch)
            batch.clear()
    with connection:
        connection.executemany(UPSERT, batch)


def _copy_tables(connection: apsw.Connection, damaged: Path) -> None:
    """Whatever can be read of the small tables and is what was written."""
    with suppress(apsw.Error):
        source = apsw.Connection(str(damaged))
        source.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        source.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
        for table, width in (("anchor", 6), ("span", 5), ("piece", 9), ("note", 5)):
            with suppress(apsw.Error, UnicodeDecodeError):
                for row in source.execute(f"SELECT * FROM {table}"):
                    _copy(connection, table, row, width)
        source.close(True)


def _copy(connection: apsw.Connection, table: str, row: rows.Row, width: int) -> None:
    if len(row) != width or (table != "piece" and row[-1] != rows.crc_of(row[:-1])):
        return
    with suppress(apsw.ConstraintError):  # the tables are strict: what is of a wrong type is none of ours
        connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * width)})", row)


def _settle(connection: apsw.Connection, folder: Path, never_below: int) -> list[Span]:
    """Make the new tables agree with each other; the records that are lost."""
    for first, last in _gone(connection):
        connection.execute("DELETE FROM record WHERE seq BETWEEN ? AND ?", (first, last))
    gone = _gone(connection)
    newest = int(connection.execute("SELECT coalesce(max(seq), 0) FROM record").get)
    connection.execute("UPDATE record SET state=NULL WHERE state NOT NULL AND seq<>?", (newest,))
    _rebuild_epochs(connection)
    lost = list(_forget_holes(connection, gone))
    known = int(connection.execute("SELECT coalesce(max(last), 0) FROM span").get)
    never_below = max(never_below, known)
    if never_below > newest:
        lost.append((newest + 1, never_below))
        connection.execute(INSERT_SPAN, span_row(ALL, GONE, newest + 1, never_below))
    _rebuild_pieces(connection, folder)
    return _spans(connection, lost)


def _spans(connection: apsw.Connection, seqs: Iterable[tuple[int, int]]) -> list[Span]:
    return [Span(_epoch_between(connection, first, last), first, last) for first, last in seqs]


def _gone(connection: apsw.Connection) -> Ranges:
    return unsent.ranges(connection.execute("SELECT first, last FROM span WHERE state = 'gone'").fetchall())  # type: ignore[arg-type]  # rows of two whole numbers


def _forget_holes(connection: apsw.Connection, gone: Ranges) -> Ranges:
    """Put every seq without a record among the gone; those that were not known to be, after the first record."""
    kept = unsent.of(row[0] for row in connection.execute("SELECT seq FROM record ORDER BY seq"))
    if not kept:
        return unsent.NOTHING
    holes = unsent.without(((1, kept[-1][1]),), kept)
    connection.execute("DELETE FROM span WHERE state = 'gone'")
    every = unsent.union(holes, gone)
    connection.executemany(INSERT_SPAN, [span_row(ALL, GONE, *pair) for pair in every])
    return unsent.without(unsent.without(holes, gone), ((1, kept[0][0]),))


def _rebuild_epochs(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM epoch")
    connection.execute("INSERT INTO epoch SELECT epoch, min(seq) FROM record GROUP BY epoch")


def _epoch_between(connection: apsw.Connection, first: int, last: int) -> str:
    """The epoch of the records on both sides of a hole, "" where they differ."""
    sql = "SELECT epoch FROM record WHERE seq {} ? ORDER BY seq {} LIMIT 1"
    before = connection.execute(sql.format("<", "DESC"), (first,)).get
    after = connection.execute(sql.format(">", "ASC"), (last,)).get
    return str(before) if before is not None and after in (before, None) else ""


def _rebuild_pieces(connection: apsw.Connection, folder: Path) -> None:
    """Rows for pictures whose record and files are there and whose rows were lost; they are sent again."""
    wanted = "SELECT seq, epoch, body FROM record WHERE kind = ? AND kind <> 'minute'"
    for seq, epoch, body in connection.execute(wanted, (Kind.PICTURE.value,)).fetchall():
        told = msgspec.json.decode(body)  # type: ignore[arg-type]  # the column is NOT NULL and proven by its CRC
        with suppress(KeyError):
            parts = ((FULL, told["bytes"], told["picture"]), (THUMBNAIL, told["thumbnail_bytes"], told["thumbnail"]))
            for part, size, sha256 in parts:
                if (folder / PICTURES / file_name(told["picture"], part)).exists():
                    connection.execute(
                        "INSERT OR IGNORE INTO piece (picture, part, epoch, seq, camera, size, sha256) "
                        "VALUES (?,?,?,?,?,?,?)",
                        (told["picture"], part, epoch, seq, told["camera"], size, sha256),
                    )
