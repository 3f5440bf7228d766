"""Read what SQLite itself can still read from a damaged database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw

from edge.store import carve, rows


def connect(source: Path, vfs: str | None) -> apsw.Connection:
    """Return a connection that does not modify a database and its log; it may create an empty log."""
    old = apsw.Connection(str(source), vfs=vfs)
    old.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    for pragma in ("locking_mode=EXCLUSIVE", "query_only=1"):
        old.execute(f"PRAGMA {pragma}").fetchall()
    return old


def readable(old: apsw.Connection) -> Iterator[carve.Found]:
    """Yield the undamaged records that SQLite reads, by seq; after each error skip twice as far ahead."""
    after, stride = 0, 1
    while after < 1 << 62:
        try:
            for row in old.execute(f"SELECT {rows.COLUMNS}, state FROM record WHERE seq > ? ORDER BY seq", (after,)):
                if not isinstance(row[0], int) or row[0] <= after:
                    break  # a tree that leads back
                after, stride = row[0], 1
                if rows.is_whole(row):
                    yield list(row)
            else:
                return
        except (apsw.Error, UnicodeDecodeError):
            pass  # the salvage looks for the records skipped here page by page
        after, stride = after + stride, stride * 2
