"""Check for damage, and repair a log that is broken in its middle.

SQLite does not treat such a log as damage: it ignores everything from there on and overwrites it. `set_aside` keeps a
copy before anything is written, and `rescue` recovers the records from the ignored part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import apsw
import msgspec

from drivers.reason import Reason
from edge.files import sync_folder, write_whole
from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.spans import Span
from edge.store import carve, damage_report, rows, schema
from edge.store.damage_report import Repair
from edge.store.delivery import ALL, GONE, INSERT_SPAN, span_row
from edge.store.folder import DATABASE, LOG

CHECKED_PAGES = 32 * 1024 * 1024 // schema.PAGE  # checked at a start: at most a second on a Pi's card
COPY = "records.rescue"  # a log with records still to be recovered, followed by the number of frames SQLite used
USED = 4  # bytes of that number
LOG_DAMAGED = Reason("log_damaged", "the log was damaged")
STEPS = 100_000  # of SQLite's virtual machine between two calls of `progress`
UPSERT = (
    f"{rows.INSERT} ON CONFLICT (seq) DO UPDATE SET start=excluded.start, source=excluded.source, "
    "error=excluded.error, not_before=excluded.not_before, not_after=excluded.not_after, "
    "revision=excluded.revision, body=excluded.body, crc=excluded.crc "
    "WHERE excluded.revision > revision AND excluded.epoch = epoch"
)


def log_of(folder: Path) -> bytes:
    """Return the write-ahead log that a start finds: empty after a clean close."""
    try:
        return (folder / (DATABASE + LOG)).read_bytes()
    except FileNotFoundError:
        return b""


def check(
    connection: apsw.Connection, most_pages: int | None = None, progress: Callable[[], None] = lambda: None
) -> None:
    """Check a database of at most `most_pages` (None: of any size). Raise apsw.CorruptError."""

    def step() -> bool:
        progress()
        return False

    if most_pages is None or int(connection.pragma("page_count")) <= most_pages:
        connection.set_progress_handler(step, STEPS)
        try:
            found = connection.execute("PRAGMA quick_check(1)").get
        finally:
            connection.set_progress_handler(None)
        connection.execute("PRAGMA shrink_memory").fetchall()  # otherwise the pages would stay in its cache for ever
        if found != "ok":
            raise apsw.CorruptError(Reason("check_finds", "SQLite finds damage: {text}", text=str(found)))


def frames_used(connection: apsw.Connection) -> int:
    """Return how many frames of the log SQLite reads. Call it before anything is written."""
    return max(connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)[0], 0)


def set_aside(connection: apsw.Connection, folder: Path, log: bytes, used: int) -> None:
    """Keep a copy of a log, as it was before the connection was opened, if data may be lost after its `used` frames.

    Call it before anything is written: SQLite overwrites what it ignored, and removes the log when it closes a damaged
    database. An existing copy is from an interrupted rescue and stays: what is left of the log may be less.
    """
    copy = folder / COPY
    if not copy.exists() and (carve.ends_badly(log, used) or _holds_more(connection, log, used)):
        write_whole(copy, carve.whole(log) + used.to_bytes(USED, "big"), 0o600)


def _holds_more(connection: apsw.Connection, log: bytes, used: int) -> bool:
    try:
        return any(True for _ in _ignored(connection, carve.frames(log, used), gone_in(connection)))
    except apsw.Error:  # a database whose damage was not detected yet: the salvage searches the copy
        return True


def rescue(connection: apsw.Connection, folder: Path) -> None:
    """Recover the records of the log that was set aside, if one was, from the frames that SQLite did not use.

    What is lost nevertheless is stored for a loss record.
    """
    copy = folder / COPY
    try:
        kept = copy.read_bytes()
    except FileNotFoundError:
        return
    log = carve.whole(kept)
    number = kept[len(log) :]
    used = int.from_bytes(number, "big") if len(number) == USED else 0  # an older version wrote none
    gone = gone_in(connection)
    found = list(_ignored(connection, carve.frames(log, used), gone))
    bad_end = carve.ends_badly(log, used)
    with connection:
        connection.executemany(UPSERT, found)
        lost = spans(connection, forget_holes(connection, rebuild_epochs(connection), gone))
        if lost or bad_end:
            damage_report.write(connection, Repair(None, len(found), lost or None, LOG_DAMAGED, unknown=bad_end))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    copy.unlink()
    sync_folder(folder)  # the copy must not reappear: its damage would be reported twice


def _ignored(connection: apsw.Connection, frames: Iterable[carve.Page], gone: Ranges) -> Iterable[carve.Found]:
    """Yield the records of these pages that the database lacks or has only in an older revision."""
    for page, read in frames:
        for row in carve.records(page, read, gone):
            there = connection.execute("SELECT epoch, revision FROM record WHERE seq=?", (row[0],)).get
            if there is None or (there[0] == row[1] and there[1] < row[11]):
                yield [*row[: rows.WIDTH], usable(row[rows.WIDTH])]


def usable(state: Any) -> bytes | None:
    """Return a row's state, which its CRC does not cover; None if the recorder could not read it."""
    try:
        return state if isinstance(state, bytes) and isinstance(msgspec.json.decode(state), dict) else None
    except msgspec.DecodeError:
        return None


# -- shared by rescue and salvage -------------------------------------------------------------------------------


def gone_in(connection: apsw.Connection) -> Ranges:
    """Return the seqs whose records are known to be gone."""
    return ranges.ranges(connection.execute("SELECT first, last FROM span WHERE state = 'gone'").fetchall())  # type: ignore[arg-type]  # rows of two whole numbers


def rebuild_epochs(connection: apsw.Connection) -> Ranges:
    """Rebuild the table of epochs from the records. Return the existing seqs."""
    first: dict[str, int] = {}

    def seqs() -> Iterable[int]:
        for seq, epoch in connection.execute("SELECT seq, epoch FROM record ORDER BY seq"):
            first.setdefault(epoch, seq)
            yield seq

    kept = ranges.of(seqs())
    connection.execute("DELETE FROM epoch")
    connection.executemany("INSERT INTO epoch VALUES (?,?)", list(first.items()))
    return kept


def forget_holes(connection: apsw.Connection, kept: Ranges, gone: Ranges, last: int = 0) -> Ranges:
    """Mark every seq without a record, up to `last` at least, as gone. Return those that were not known to be."""
    holes = ranges.without(((1, max(last, kept[-1][1] if kept else 0)),), kept)
    connection.execute("DELETE FROM span WHERE state = 'gone'")
    every = ranges.union(holes, gone)
    connection.executemany(INSERT_SPAN, [span_row(ALL, GONE, *pair) for pair in every])
    return ranges.without(holes, gone)


def spans(connection: apsw.Connection, seqs: Iterable[tuple[int, int]]) -> list[Span]:
    """Return ranges with the epoch of the records on both sides, "" where they differ."""
    return [Span(_epoch_between(connection, first, last), first, last) for first, last in seqs]


def _epoch_between(connection: apsw.Connection, first: int, last: int) -> str:
    sql = "SELECT epoch FROM record WHERE seq {} ? ORDER BY seq {} LIMIT 1"
    before = connection.execute(sql.format("<", "DESC"), (first,)).get
    after = connection.execute(sql.format(">", "ASC"), (last,)).get
    return str(before) if before is not None and after in (before, None) else ""
