"""Indexes over records, which are built behind live where there are records already.

SQLite builds an index in the migration that wants it: whoever writes waits either way. On PostgreSQL each would keep
records out for as long as its building takes, so it is built beside them, outside any transaction. A build that was
killed leaves an index that nothing reads; it is taken away and built anew.
"""

from __future__ import annotations

from hub.database.engine import Engine
from hub.database.lease import Lease

INDEXES = {
    "record_other": "record (station, coalesce(start, arrived)) "
    "WHERE kind IS NULL OR kind <> 'minute' OR wrong IS NOT NULL",
    "record_alert": "record (station, epoch, seq) WHERE kind = 'alert'",
    "record_undated": "record (station, arrived) WHERE start IS NULL",
}
WHOLE = (
    "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE indisvalid AND relnamespace = current_schema()::regnamespace"
)
# By whoever: a server goes on building for a hub that was killed.
IS_BUILDING = (
    "SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database() AND relid = 'record'::regclass"
)


def make(engine: Engine, name: str) -> None:
    """Make an index, within a migration; not on a PostgreSQL that has records, where `build` does it."""
    if not engine.postgres or not engine.query("SELECT 1 FROM record LIMIT 1"):
        engine.query(f"CREATE INDEX {name} ON {INDEXES[name]}")


def missing(engine: Engine) -> list[str]:
    """Return the indexes that are not there whole."""
    if not engine.postgres:
        return []
    whole = {name for (name,) in engine.query(WHOLE)}
    return [name for name in INDEXES if name not in whole]


def build(engine: Engine, lease: Lease) -> bool:
    """Build one that is missing while records come. Return whether all are there; another hub may be at it.

    Two builds at once would wait for each other: whoever has the lease begins one. It is not renewed meanwhile, so the
    next one who has it looks whether somebody builds. Raise SinkError.
    """
    left = missing(engine)
    if not left:
        return True
    if not lease.claim() or engine.query(IS_BUILDING):
        return False
    engine.lasting(f"DROP INDEX CONCURRENTLY IF EXISTS {left[0]}")
    engine.lasting(f"CREATE INDEX CONCURRENTLY {left[0]} ON {INDEXES[left[0]]}")
    return len(left) == 1
