"""Compare the ledger with the rows, which alone count: if it lists more than there is, it is rewritten."""

from __future__ import annotations

from hub.database import counting, held_hours
from hub.database.commit import EPOCH, LEDGER, Name
from hub.database.engine import Engine


def differing(engine: Engine) -> list[Name]:
    """Return the epochs of which the ledger names another number of records than there are."""
    return [
        (station, epoch)
        for station, epoch in engine.query(
            "SELECT station, epoch FROM (SELECT station, epoch, last - first + 1 AS n FROM ledger UNION ALL "
            "SELECT station, epoch, -count(*) AS n FROM record GROUP BY station, epoch) AS counted "
            "GROUP BY station, epoch HAVING sum(n) <> 0"
        )
    ]


def recounted(engine: Engine, station: str, epoch: str) -> int:
    """Write the ledger of an epoch by its rows, within a transaction. Return how many records it named in vain."""
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
        counting.doubt(engine, station)
        held_hours.doubt(engine, station)
    return max(0, before - now)
