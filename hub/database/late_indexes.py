"""Indexes over records, built in the background where there are records already.

SQLite builds an index in its migration: writers wait in any case. On PostgreSQL a build in a transaction would block
writes until it ends, so it is built with CONCURRENTLY, outside any transaction. A build that was killed leaves an
invalid index, which is dropped and built again.
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
# By any client: a server continues a build after its hub was killed.
IS_BUILDING = (
    "SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database() AND relid = 'record'::regclass"
)


def make(engine: Engine, name: str) -> None:
    """Create an index, within a migration; not on a PostgreSQL that has records, where `build` does it."""
    if not engine.postgres or not engine.query("SELECT 1 FROM record LIMIT 1"):
        engine.query(f"CREATE INDEX {name} ON {INDEXES[name]}")


def missing(engine: Engine) -> list[str]:
    """Return the indexes that are missing or invalid."""
    if not engine.postgres:
        return []
    whole = {name for (name,) in engine.query(WHOLE)}
    return [name for name in INDEXES if name not in whole]


def build(engine: Engine, lease: Lease) -> bool:
    """Build one missing index while records arrive. Return whether all exist now; another hub may be building.

    Two builds at once would wait for each other, so only the holder of the lease starts one. The lease is not renewed
    during a build, so the next holder checks whether one is running. Raise SinkError.
    """
    left = missing(engine)
    if not left:
        return True
    if not lease.claim() or engine.query(IS_BUILDING):
        return False
    engine.lasting(f"DROP INDEX CONCURRENTLY IF EXISTS {left[0]}")
    engine.lasting(f"CREATE INDEX CONCURRENTLY {left[0]} ON {INDEXES[left[0]]}")
    return len(left) == 1
