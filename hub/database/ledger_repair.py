"""Compare the ledger with the rows, which are authoritative, and rewrite it where they differ."""

from __future__ import annotations

import logging

from hub.database import counting, held_hours, schema
from hub.database.commit import EPOCH, LEDGER
from hub.database.engine import Engine

log = logging.getLogger("minshan.hub")


def repair(engine: Engine) -> int:
    """Rewrite the ledger of each epoch that differs from its rows. Return how many listed records are missing.

    One statement per epoch, so that none takes too long. Where records are missing, the generation changes in the same
    transaction, which makes stations send them again. Raise SinkError.
    """
    lost = 0
    for name in engine.query("SELECT station, epoch FROM epoch UNION SELECT station, epoch FROM ledger ORDER BY 1, 2"):
        if not differs(engine, *name):
            continue
        with engine.transaction():
            its = rebuild(engine, *name)
            if its:
                schema.renew_generation(engine)
        lost += its
    if lost:
        log.warning("%d records are missing from %s; they are requested again", lost, engine.shown)
    return lost


def differs(engine: Engine, station: str, epoch: str) -> bool:
    """Return whether the ledger lists another number of records of an epoch than there are rows."""
    ((named, there),) = engine.lasting(
        "SELECT (SELECT coalesce(sum(last - first + 1), 0) FROM ledger WHERE station = %s AND epoch = %s), "
        "(SELECT count(*) FROM record WHERE station = %s AND epoch = %s)",
        (station, epoch, station, epoch),
    )
    return bool(named != there)


def rebuild(engine: Engine, station: str, epoch: str) -> int:
    """Rewrite an epoch's ledger from its rows, within a transaction. Return how many listed records are missing."""
    name = station, epoch
    engine.upsert("epoch", EPOCH, [(*name, None, None, None, None)], EPOCH[:2], update=False)
    engine.lookup("epoch", EPOCH, EPOCH[:2], [name], lock=True)
    named = engine.query("SELECT first, last FROM ledger WHERE station = %s AND epoch = %s", name)
    there = engine.query(
        "SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM record "
        "WHERE station = %s AND epoch = %s) AS numbered GROUP BY island",
        name,
    )
    engine.delete("ledger", LEDGER[:3], [(*name, first) for first, _ in named])
    engine.upsert("ledger", LEDGER, [(*name, *pair) for pair in sorted(there)], LEDGER[:3])
    before, now = (sum(int(last) - int(first) + 1 for first, last in pairs) for pairs in (named, there))
    if before > now:
        counting.invalidate(engine, station)
        held_hours.invalidate(engine, station)
    return max(0, before - now)
