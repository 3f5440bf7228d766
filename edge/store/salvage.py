"""Salvage a damaged database: what can be read goes into a new one, which replaces it when it is complete.

1. records.salvage.db is filled: with what SQLite can still read, then with the rows on the pages that it cannot
   read, then with those in the log, each row proven by its CRC; the highest revision wins. An error in one row costs
   only that row. The damaged file and its log are only read. If interrupted here, the salvage starts again.
2. The small tables (schema.SMALL) are copied as far as they can be read. The delivery states may be lost: then
   everything is unsent again, and the receivers' ledgers tell what they have.
3. The records that a running station has appended meanwhile to records.interim.db come last, while appending is
   blocked. Seqs without a record are lost; the new database stores that for the loss record (damage_report.py).
4. The new database is synced and renamed to records.salvaged.db. A start that finds that name continues with 5.
5. First the log, then the database are renamed to records.damaged-N.db (the newest two are kept), finally the new
   one to records.db; the folder is synced after each. So no log is ever beside a database that is not its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

import apsw
import msgspec

from drivers.reason import Reason
from edge.files import sync_folder
from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import Kind
from edge.store import carve, damage_report, damaged_reader, rows, schema
from edge.store.damage_report import Repair
from edge.store.delivery import ALL, END
from edge.store.folder import DAMAGED, DATABASE, INTERIM, JOURNAL, LOG, PICTURES, SALVAGED, size
from edge.store.log_rescue import COPY, STEPS, UPSERT, forget_holes, gone_in, rebuild_epochs, spans, usable
from edge.store.packing import unpacked
from edge.store.picture_rows import FULL, INSERT_PIECE, STATES, THUMBNAIL, file_name

DRAFT = "records.salvage.db"
KEPT = 2  # damaged databases kept for people to examine
BATCH = 500  # rows between two calls of `progress`: 0.1 s on a Pi
ROW_ERRORS = (apsw.ConstraintError, apsw.MismatchError, apsw.TooBigError, TypeError, ValueError, OverflowError)


def salvage(
    folder: Path, cause: Reason, vfs: str | None, progress: Callable[[], None], last_given: Callable[[], int]
) -> None:
    """Replace the damaged or missing database of `folder`, which nobody has open. Raise OSError or apsw's errors.

    `progress` is called throughout. `last_given` is called when all old data are read: it blocks appending to the
    interim database and returns the highest seq ever assigned, 0 if that is unknown.
    """
    discard(folder)
    _make_room(folder)

    def step() -> bool:
        progress()
        return False

    try:
        with closing(draft(folder, vfs)) as connection:
            connection.set_progress_handler(step, STEPS)
            schema.migrate(connection, folder)
            _Salvage(folder, connection, vfs, progress).run(cause, last_given)
            schema.finish(connection)
        take_over(folder)
    finally:
        discard(folder)
    go_on(folder)


def draft(folder: Path, vfs: str | None) -> apsw.Connection:
    """Return a connection to a new database that every start ignores until `take_over`."""
    path = folder / DRAFT
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return schema.connect(path, vfs, draft=True)


def take_over(folder: Path) -> None:
    """Rename the draft, complete and closed, to the name that `go_on` looks for."""
    os.replace(folder / DRAFT, folder / SALVAGED)
    sync_folder(folder)


def go_on(folder: Path) -> None:
    """Put a salvaged database, if there is one, in place, and set aside the files that it replaces."""
    if not (folder / SALVAGED).exists():
        return
    target = folder / next_name(folder)
    for suffix in (JOURNAL, LOG, ""):
        with suppress(FileNotFoundError):
            os.replace(folder / (DATABASE + suffix), folder / (target.name + suffix))
            sync_folder(folder)
    for name in (COPY, INTERIM + LOG, INTERIM):
        with suppress(FileNotFoundError):
            (folder / name).unlink()  # their records are in the salvaged database
    os.replace(folder / SALVAGED, folder / DATABASE)
    sync_folder(folder)
    _prune(folder, KEPT)


def discard(folder: Path) -> None:
    """Remove the remains of an interrupted salvage."""
    for suffix in ("", LOG, JOURNAL):
        with suppress(FileNotFoundError):
            (folder / (DRAFT + suffix)).unlink()


def _make_room(folder: Path) -> None:
    """Delete older damaged databases if the new one would not fit beside them."""
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < 2 * sum(path.stat().st_size for path in folder.glob(DATABASE + "*")):
        _prune(folder, 0 if (folder / DATABASE).exists() else 1)


def _prune(folder: Path, kept: int) -> None:
    numbers = sorted({_number(path) for path in folder.glob(DAMAGED + "*")}, reverse=True)
    for path in folder.glob(DAMAGED + "*"):
        if _number(path) not in numbers[:kept]:
            path.unlink()


def next_name(folder: Path) -> str:
    """Return the name under which to set the damaged database aside; its log may already have that name."""
    return f"records.damaged-{1 + max(map(_number, folder.glob(DAMAGED)), default=0)}.db"


def _number(path: Path) -> int:
    digits = path.name.removeprefix("records.damaged-").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


class _Salvage:
    """One salvage into the connection of a new database."""

    def __init__(self, folder: Path, new: apsw.Connection, vfs: str | None, progress: Callable[[], None]) -> None:
        self._folder = folder
        self._new = new
        self._vfs = vfs
        self._progress = progress
        self._state: tuple[int, bytes | None] = (0, None)  # of the newest row
        self._whole = True  # the small tables could be read completely

    def run(self, cause: Reason, last_given: Callable[[], int]) -> None:
        """Fill the new database and store the report of the repair."""
        source, logs = self._sources()
        known = self._copy(source) if source else ranges.NOTHING
        if source:
            self._carve(source, known)
        for log in logs:
            self._carve_log(log)
        given = last_given()
        interim = self._folder / INTERIM
        for path, carve_one in ((interim, self._carve), (self._folder / (INTERIM + LOG), self._carve_log)):
            if path.exists():
                carve_one(path)
        with self._new:
            self._settle(cause, given, ended=source is not None and source.name == DATABASE and not logs)

    def _sources(self) -> tuple[Path | None, list[Path]]:
        """Return the database to read (if it is gone, the one set aside last, if any) and all logs."""
        files = [self._folder / DATABASE, *sorted(self._folder.glob(DAMAGED), key=_number, reverse=True)[:1]]
        source = next((path for path in files if path.exists() and path.stat().st_size), None)
        names = {DATABASE + LOG, COPY} | ({source.name + LOG} if source else set())
        return source, [self._folder / name for name in sorted(names) if size(self._folder / name)]

    def _carve(self, source: Path, known: Ranges = ranges.NOTHING) -> None:
        self._insert(row for page, read in self._pages(source) for row in carve.records(page, read, known))

    def _carve_log(self, log: Path) -> None:
        self._insert(row for page, read in carve.frames(log.read_bytes()) for row in carve.records(page, read))

    def _pages(self, source: Path) -> Iterator[carve.Page]:
        for number, found in enumerate(carve.pages(source)):
            if number % BATCH == 0:
                self._progress()
            yield found

    # -- what SQLite can read -----------------------------------------------------------------------------------

    def _copy(self, source: Path) -> Ranges:
        """Copy what SQLite can read. Return the seqs of the records copied."""
        if (self._folder / (source.name + JOURNAL)).exists():
            return ranges.NOTHING  # SQLite would write to it
        pieces: list[Ranges] = []
        try:
            with closing(damaged_reader.connect(source, self._vfs)) as old:
                for table, proven in schema.SMALL.items():
                    self._copy_table(old, table, proven)
                for batch in _batches(damaged_reader.readable(old)):
                    self._insert(batch)
                    pieces.append(ranges.of(row[0] for row in batch))
        except apsw.Error:
            self._whole = False
        return ranges.ranges(pair for piece in pieces for pair in piece)

    def _copy_table(self, old: apsw.Connection, table: str, proven: bool) -> None:
        """Copy the undamaged rows of a small table that can be read, starting from both its ends."""
        columns = self._new.execute(f"SELECT name, pk FROM pragma_table_info('{table}')").fetchall()
        names = ", ".join(str(name) for name, _ in columns)
        key = ", ".join(f"{name} DESC" for name, pk in sorted(columns, key=lambda column: column[1]) if pk)  # type: ignore[arg-type,return-value]  # a whole number
        into = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
        for order in ("", f" ORDER BY {key}"):
            try:
                for row in old.execute(f"SELECT {names} FROM {schema.source_of(old, table)}{order}"):
                    if not proven or row[-1] == rows.crc_of(row[:-1]):
                        with suppress(*ROW_ERRORS):
                            self._new.execute(into, row)
                return
            except (apsw.Error, UnicodeDecodeError):
                self._whole = self._whole and table == "hourly"  # older stores have none; its rows are counted again

    # -- records ------------------------------------------------------------------------------------------------

    def _insert(self, found: Iterable[carve.Found]) -> None:
        for batch in _batches(found):
            self._progress()
            for row in batch:
                if row[0] > self._state[0] or (row[0] == self._state[0] and self._state[1] is None):
                    self._state = row[0], usable(row[rows.WIDTH])
            cleared = [(*row[: rows.WIDTH], None) for row in batch]
            with self._new:
                try:
                    self._new.executemany(UPSERT, cleared)
                except ROW_ERRORS:
                    self._insert_singly(cleared)

    def _insert_singly(self, batch: list[rows.Row]) -> None:
        for row in batch:
            with suppress(*ROW_ERRORS):
                self._new.execute(UPSERT, row)

    # -- the whole ----------------------------------------------------------------------------------------------

    def _settle(self, cause: Reason, given: int, ended: bool) -> None:
        """Make the new tables consistent with each other, and store what is lost."""
        new = self._new
        gone = gone_in(new)
        new.executemany("DELETE FROM record WHERE seq BETWEEN ? AND ?", gone)
        kept = rebuild_epochs(new)
        new.execute("UPDATE record SET state=? WHERE seq=?", (self._state[1], self._state[0]))
        end = int(new.execute("SELECT coalesce(max(last), 0) FROM span WHERE owner=? AND state=?", (ALL, END)).get)
        last = max(given, int(new.execute("SELECT coalesce(max(last), 0) FROM span").get))
        lost = forget_holes(new, kept, gone, last)
        sure = self._whole and (given > 0 or (ended and end > 0))
        self._settle_pictures()
        new.execute("DELETE FROM note WHERE kind='hourly'")  # all records are counted again: hours may be lost
        set_aside = next_name(self._folder) if any(self._folder.glob(DATABASE + "*")) else None
        named = spans(new, lost) or (None if not sure else [])
        damage_report.write(new, Repair(set_aside, ranges.count(kept), named, cause, not sure))

    def _settle_pictures(self) -> None:
        """Keep the copied rows of pictures whose files exist, and make rows from picture records whose files exist."""
        folder = self._folder / PICTURES
        for picture, part, length in self._new.execute("SELECT picture, part, size FROM piece").fetchall():
            if not _is_file(folder / file_name(str(picture), str(part)), length):
                self._new.execute("DELETE FROM piece WHERE picture=? AND part=?", (picture, part))
        wanted = "SELECT seq, epoch, body FROM record WHERE kind = ? AND kind <> 'minute'"
        for seq, epoch, body in self._new.execute(wanted, (Kind.PICTURE.value,)).fetchall():
            picture = msgspec.json.decode(unpacked(body))  # type: ignore[arg-type]  # the column is NOT NULL and proven by its CRC
            with suppress(KeyError):
                parts = (
                    (FULL, picture["bytes"], picture["picture"]),
                    (THUMBNAIL, picture["thumbnail_bytes"], picture["thumbnail"]),
                )
                for part, size, sha256 in parts:
                    if _is_file(folder / file_name(picture["picture"], part), size):
                        row = (picture["picture"], part, epoch, seq, picture["camera"], size, sha256)
                        self._new.execute(INSERT_PIECE, row)
        known = "(picture, part, seq) IN (SELECT picture, part, seq FROM piece)"
        self._new.execute(f"DELETE FROM delivery WHERE state NOT IN (?,?,?,?) OR NOT {known}", STATES)


def _is_file(path: Path, size: object) -> bool:
    try:
        return path.stat().st_size == size
    except (OSError, ValueError):
        return False


def _batches(found: Iterable[carve.Found]) -> Iterator[list[carve.Found]]:
    """Yield the same in lists of at most BATCH."""
    rest = iter(found)
    while batch := list(islice(rest, BATCH)):
        yield batch
