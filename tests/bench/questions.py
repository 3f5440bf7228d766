"""What people ask a hub's database: curves of a year and a day, and a month's files; milliseconds or seconds of each.

Beside each time is the CPU of this process, which a busy machine changes little. Medians of several turns.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median

from drivers.quantity import QUANTITIES
from edge.measure.aggregates import HOUR_US
from edge.measure.counts import Counts
from edge.records.asked import AskedStep
from edge.records.record import Record
from edge.wire.contract import encode
from hub import export_files
from hub.database.counting import HOURLY
from hub.database.engine import Engine, opened
from hub.database.queries import Queries
from hub.database.sink import DatabaseSink
from hub.export import Export, ExportSelection
from hub.sink import Delivery, Row
from tests.bench.days import records_of, wandering
from tests.bench.figures import Row as Line
from tests.bench.figures import figure
from tests.fleet.ground import spent
from tests.kits.postgres import running_cluster

CHANNELS, STATION, CHANNEL = 36, "s", "air_temperature"
DAY, MONTH, YEAR_HOURS = 1440, 30 * 1440, 8760
COMMIT = 5000
BEGIN = 1_767_225_600_000_000  # of the minutes, microseconds since 1970: 2026-01-01
OLD = BEGIN - (YEAR_HOURS + 24) * HOUR_US  # of the year of hours
TURNS = 15
FORMS = (("csv", 3), ("xlsx", 30), ("jsonl", 0))  # s within which a month is to be there; 0: as long as it takes
CURVES: tuple[tuple[str, int, int, AskedStep, int], ...] = (
    ("a year by hour", OLD, YEAR_HOURS, "hour", 200),
    ("a day by minute", BEGIN, 24, "minute", 50),
)


def rows() -> Iterator[Line]:
    """Yield the bench's rows."""
    minutes = month()
    with tempfile.TemporaryDirectory() as name, running_cluster() as cluster:
        engines = {
            "SQLite": filled(f"sqlite://{name}/hub.db", minutes),
            "PostgreSQL": filled(cluster.database(), minutes),
        }
        for database, engine in engines.items():
            asked = Queries(engine)
            for what, begin, hours, step, aim in CURVES:
                span = begin, begin + hours * HOUR_US
                took = timed(partial(asked.series, STATION, CHANNEL, *span, step), TURNS)
                yield told(f"{database}: {what}, ms", [(1000 * wall, 1000 * cpu) for wall, cpu in took], f"<= {aim} ms")
        for form, aim in FORMS:
            yield from files(engines, form, Path(name) / f"month.{form}", f"<= {aim} s" if aim else "")
        for engine in engines.values():
            engine.close()


def files(engines: dict[str, Engine], form: str, path: Path, aim: str) -> Iterator[Line]:
    """Yield what a month as a file takes out of each database, and its CPU, the server's too, by that of SQLite."""
    wanted, ratio, least = ExportSelection(STATION, date(2026, 1, 1), date(2026, 1, 30)), "", 0.0
    for database, engine in engines.items():
        server = engine.query("SELECT pg_backend_pid()")[0][0] if engine.postgres else 0
        before = spent(server)
        (took,) = timed(lambda: export_files.write_file(Export(engine, wanted), form, path, _unseen), 1)  # noqa: B023 - called at once
        its = spent(server) - before
        row = told(f"{database}: a month of {CHANNELS} channels as {form}, s", [took], aim)
        if its:
            ratio, row["peer"] = (
                f"{(took[1] + its) / least:.2f} of SQLite",
                f"{row['peer']}, {figure(its)} of its server",
            )
        least = least or took[1]
        yield {**row, "ratio": ratio}


def month() -> list[Record]:
    """Return a month of minutes with many channels."""
    names = [f"{name}.{sensor}" if sensor else name for sensor in ("", "second", "third") for name in QUANTITIES]
    days = [dict(zip(names[:CHANNELS], [*values.values()] * 2)) for values in wandering()]
    return records_of((days * (MONTH // len(days) + 1))[:MONTH])


def filled(url: str, minutes: Sequence[Record]) -> Engine:
    """Return a database with these minutes, and a year of hours before them."""
    sink = DatabaseSink(opened(url))
    for first in range(0, len(minutes), COMMIT):
        some = minutes[first : first + COMMIT]
        sink.commit(Delivery(tuple(Row(STATION, record, encode(record), BEGIN) for record in some)))
    sink.close()
    engine = opened(url)
    for channel in ("air_pressure", CHANNEL, "wind_speed"):
        hours = [(STATION, channel, OLD + n * HOUR_US, 0, *counts(OLD + n * HOUR_US), None) for n in range(YEAR_HOURS)]
        with engine.transaction():
            engine.upsert("hourly", HOURLY, hours, HOURLY[:4])
    return engine


def counts(start: int) -> Counts:
    """Return what an hour came to."""
    return Counts(60, 0, 0, 0, 3600.0, 3600 * 12.5, None, None, None, 3.25, start, 14.5, start + HOUR_US // 2)


def timed(ask: Callable[[], object], turns: int) -> list[tuple[float, float]]:
    """Return the seconds that each turn took, and those of CPU."""
    found = []
    for _ in range(turns):
        began, cpu = time.perf_counter(), time.process_time()
        ask()
        found.append((time.perf_counter() - began, time.process_time() - cpu))
    return found


def told(what: str, took: Sequence[tuple[float, float]], aim: str) -> Line:
    """Return a row: the median of the times, and that of CPU as its peer."""
    wall, cpu = (median(each) for each in zip(*took))
    return {"what": what, "ours": figure(wall), "peer": f"{figure(cpu)} of CPU", "ratio": "", "aim": aim}


def _unseen(_minute: object) -> None:
    """Nobody looks at the progress."""
