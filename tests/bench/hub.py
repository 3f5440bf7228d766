"""The hub's database: records committed in a second of CPU, this process's and the server's, beside a bare loop.

The bare loop decodes the same records and writes the same rows of `record` at the same commits, and nothing else: no
ledger, no doubles, no hours. CPU, because the disk's wait is the same for both and this machine may be shared; the
least of several rounds, ours and the loop's in turn.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import psycopg

from edge.wire.contract import encode
from hub import intake
from hub.database import counting, held_hours
from hub.database import rows as columns
from hub.database.engine import Engine, opened
from hub.database.sink import DatabaseSink
from hub.sink import Delivery, Row
from tests.bench.days import month
from tests.bench.figures import Row as Line
from tests.bench.figures import row
from tests.kits.postgres import running_cluster

STATIONS, MINUTES = 8, 1250  # 10,000 records
LIVE_STATIONS, HOUR = 17, 60  # of which each minute's records are one commit
BATCH, COMMIT = 250, 2500  # records of a message, of a commit
ROUNDS = 2
TICK = os.sysconf("SC_CLK_TCK")


def rows() -> Iterator[Line]:
    """Yield the bench's rows."""
    came = list(messages())
    with tempfile.TemporaryDirectory() as name, running_cluster("synchronous_commit=on") as cluster:
        counter = iter(range(1000))
        for database, empty in (
            ("SQLite", lambda: f"sqlite://{Path(name)}/{next(counter)}.db"),
            ("PostgreSQL", cluster.database),
        ):
            yield from beside(database, came, empty)
            yield live(database, empty)


def messages() -> Iterator[tuple[str, list[bytes]]]:
    """Yield what stations send, in turn: (station, records as they come)."""
    kept = [encode(record) for record in month()[:MINUTES]]
    for first in range(0, MINUTES, BATCH):
        records = kept[first : first + BATCH]
        for station in range(STATIONS):
            yield f"s{station}", records


def beside(database: str, came: list[tuple[str, list[bytes]]], empty: Callable[[], str]) -> Iterator[Line]:
    """Yield ours with and without hours beside the bare loop."""
    least = dict.fromkeys(("bare", "without hours", "with hours", *(["COPY"] if database == "PostgreSQL" else [])), 1e9)
    for _ in range(ROUNDS):
        for way in least:
            least[way] = min(least[way], cost(way, came, empty()))
    count = sum(len(records) for _, records in came)
    for way in [way for way in least if way != "bare"]:
        what = f"{database}: records committed in a second of CPU, {way} (a bare loop)"
        yield row(what, count / least[way], count / least["bare"])


def live(database: str, empty: Callable[[], str]) -> Line:
    """Return what a minute of now costs, over an hour, beside the bare loop."""
    kept = [encode(record) for record in month()[:HOUR]]
    came = [(f"s{station}", [one]) for one in kept for station in range(LIVE_STATIONS)]
    ours, bare = (min(cost(way, came, empty(), LIVE_STATIONS) for _ in range(ROUNDS)) for way in ("with hours", "bare"))
    what = f"{database}: us of CPU for a minute of now, {LIVE_STATIONS} stations in one commit (a bare loop)"
    return row(what, 1e6 * ours / len(came), 1e6 * bare / len(came))


def cost(way: str, came: list[tuple[str, list[bytes]]], url: str, together: int = COMMIT) -> float:
    """Return the seconds of CPU that one way takes, with so many records `together` in a commit."""
    sink = DatabaseSink(opened(url))
    engine = opened(url)
    copying = psycopg.connect(url) if way == "COPY" else None
    hours = [(counting, "update"), (held_hours, "keep")] if way == "without hours" else []
    with ExitStack() as left_out:
        for module, name in hours:
            left_out.enter_context(patch.object(module, name, lambda *_: None))
        pids = backends(engine) if engine.postgres else []
        before = spent(pids)
        for part in commits(came, together):
            if copying is not None:
                copy_rows(copying, part)
            elif way == "bare":
                with engine.transaction():
                    engine.upsert("record", columns.RECORD, [columns.of_record(one) for one in part], columns.KEY)
            else:
                sink.commit(Delivery(part))
        took = spent(pids) - before
    assert engine.query("SELECT count(*) FROM record") == [(sum(len(records) for _, records in came),)]
    sink.close()
    engine.close()
    if copying is not None:
        copying.close()
    return took


def copy_rows(connection: psycopg.Connection[Any], part: tuple[Row, ...]) -> None:
    """Write the same rows by PostgreSQL's COPY, which knows no doubles."""
    sql = f"COPY record ({', '.join(columns.RECORD)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(sql.encode()) as copy:
        for one in part:
            copy.write_row(columns.of_record(one))
    connection.commit()


def commits(came: list[tuple[str, list[bytes]]], together: int) -> Iterator[tuple[Row, ...]]:
    """Yield what is committed together, decoded as the receiver does."""
    waiting: list[Row] = []
    for station, records in came:
        waiting += [Row(station, intake.record(msgspec.Raw(one)), one, 1) for one in records]
        if len(waiting) >= together:
            yield tuple(waiting)
            waiting = []
    if waiting:
        yield tuple(waiting)


def backends(engine: Engine) -> list[int]:
    """Return the server's processes that serve this database."""
    sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    return [pid for (pid,) in engine.query(sql)]


def spent(pids: list[int]) -> float:
    """Return the CPU seconds of this process and of others."""
    others = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids)
    return time.process_time() + sum(int(ticks) for pair in others for ticks in pair) / TICK
