"""Check a stopped store or a copy of one, without changing it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw

from edge.records import ranges
from edge.store import rows, schema
from edge.store.delivery import ALL, CLOSED, GONE, SENT, DeliveryLedger
from edge.store.errors import StoreError, as_store_error
from edge.store.folder import DATABASE, PICTURES, FolderLock, size, used_before
from edge.store.picture_rows import file_name

MOST = 20  # findings of one kind that are listed


def check(folder: Path) -> list[str]:
    """Return what is wrong with the store in `folder`, one sentence each; empty if it is sound or there is none.

    Reads everything: about a second for each 20 MB on a Pi. Raise StoreError if a daemon has it open.
    """
    if not size(folder / DATABASE):
        return [f"{folder / DATABASE} is missing or empty, and records were kept there"] if used_before(folder) else []
    hold = FolderLock(folder)
    try:
        with as_store_error(folder):
            return _look(folder)
    except StoreError as found:
        return [str(found)]
    finally:
        hold.release()


def _look(folder: Path) -> list[str]:
    connection = schema.connect(folder / DATABASE)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    try:
        if not connection.pragma("user_version"):
            return [f"{folder / DATABASE} is no database of this program"]
        found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({MOST})")]
        damage = [f"the database is damaged: {line}" for line in found if line != "ok"]
        return damage or [*_rows(connection), *_ranges(connection), *_files(connection, folder)]
    finally:
        connection.close(True)


def _rows(connection: apsw.Connection) -> Iterator[str]:
    bad = 0
    for row in connection.execute(rows.SELECT):
        try:
            rows.from_row(row)
        except ValueError as error:
            bad += 1
            if bad <= MOST:
                yield str(error)


def _ranges(connection: apsw.Connection) -> Iterator[str]:
    ledger = DeliveryLedger(())
    ledger.load(connection)
    kept = ranges.of(row[0] for row in connection.execute("SELECT seq FROM record"))
    for first, last in ranges.without(ledger.existing, kept):
        yield f"records {first} to {last} are missing, and nothing says that they are gone"
    for first, last in ranges.common(kept, ledger.get(ALL, GONE)):
        yield f"records {first} to {last} are there, though they count as gone"
    for (owner,) in connection.execute("SELECT DISTINCT owner FROM span WHERE owner <> ''").fetchall():
        for first, last in ranges.common(ledger.get(str(owner), SENT), ledger.get(str(owner), CLOSED)):
            yield f"records {first} to {last} are both sent and closed for {owner}"
    known = {row[0] for row in connection.execute("SELECT name FROM epoch")}
    for (epoch,) in connection.execute("SELECT DISTINCT epoch FROM record").fetchall():
        if epoch not in known:
            yield f"the epoch {epoch} of some records is not listed"


def _files(connection: apsw.Connection, folder: Path) -> Iterator[str]:
    for picture, part, wanted in connection.execute("SELECT picture, part, size FROM piece"):
        path = folder / PICTURES / file_name(str(picture), str(part))
        try:
            if path.stat().st_size != wanted:
                yield f"{path} has {path.stat().st_size} bytes and should have {wanted}"
        except FileNotFoundError:
            yield f"{path} is missing"
