"""A year of one station's minutes as a file, by the command and over HTTP: seconds, seconds of CPU, the most memory.

The database is a real one of 525,600 minutes in SQLite, the stations' 12 channels of the fleet. Over HTTP the hub makes
the file whole and then sends it; its memory is that of the whole hub. At the end the same as CSV out of PostgreSQL,
whose own CPU stands in a line beneath.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from edge.wire.contract import encode
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Delivery, Row
from tests.bench.days import records_of
from tests.bench.figures import Row as Line
from tests.bench.figures import figure
from tests.fleet.ground import peak, spent
from tests.fleet.stations import days, named
from tests.kits.broker import free_port, until
from tests.kits.command import minshan
from tests.kits.hub_process import Hub
from tests.kits.postgres import running_cluster

MINUTES = 365 * 1440
KNOWN = 2880  # minutes of values, which come again and again
COMMIT = 5000
SPAN = ("2026-01-01", "2026-12-31")
FORMS = ("csv", "xlsx", "jsonl")
STATION = named(0)
LONGEST = 3600.0  # s


def rows() -> Iterator[Line]:
    """Yield the bench's rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(f"sqlite://{folder}/hub.db", MINUTES)
        hub = Hub(folder, "mqtt://127.0.0.1:9", f"sqlite://{folder}/hub.db", http=free_port())
        for form in FORMS:
            yield by_command(hub, form, folder / f"year.{form}")
        added = minshan("hub", "token", "add", "bench", "--role", "operator", "--config", str(hub.config))
        for form in FORMS:
            hub.start()
            try:
                yield over_http(hub, form, added.out.strip())
            finally:
                hub.end()
        yield from from_postgresql(folder)


def from_postgresql(folder: Path) -> Iterator[Line]:
    """Yield what the command takes where the year is in PostgreSQL, and the server's CPU for it."""
    with running_cluster() as cluster:
        url, (server, *_) = cluster.database(), cluster.pids()
        fill(url, MINUTES)
        hub = Hub(folder, "mqtt://127.0.0.1:9", url, "postgresql")
        before = spent(server)  # the process that serves a connection counts there once it has ended
        yield by_command(hub, "csv", folder / "year.postgresql.csv", "csv from PostgreSQL")
        yield {"what": "PostgreSQL's own CPU for that, s", "ours": figure(spent(server) - before)}


def fill(url: str, count: int) -> None:
    """Put so many minutes into a database."""
    sink, known = DatabaseSink(opened(url)), list(itertools.islice(days(0), KNOWN))
    for first in range(0, count, COMMIT):
        values = (known[number % KNOWN] for number in range(first, min(count, first + COMMIT)))
        some = records_of(values, first)
        sink.commit(Delivery(tuple(Row(STATION, record, encode(record), record.start or 0) for record in some)))
    sink.close()


def by_command(hub: Hub, form: str, out: Path, shown: str = "") -> Line:
    """Return what the command takes."""
    words = ["--station", STATION, "--from", SPAN[0], "--to", SPAN[1], "--format", form, "--out", str(out)]
    began = time.perf_counter()
    command = [sys.executable, "-m", "provisioning.main", "hub", "export", "--config", str(hub.config), *words]
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    return told(
        f"the command, {shown or form}",
        time.perf_counter() - began,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        out.stat().st_size,
    )


def over_http(hub: Hub, form: str, token: str) -> Line:
    """Return what an answer takes, from the question to its last byte, and the hub that gives it."""
    url, size = f"http://127.0.0.1:{hub.http}", 0
    until(lambda: answers(url), 60)
    assert hub.pid is not None
    began, cpu = time.perf_counter(), spent(hub.pid)
    params = {"from": SPAN[0], "to": SPAN[1], "format": form}
    head = {"authorization": f"Bearer {token}"}
    ask = httpx.stream("GET", f"{url}/api/v1/stations/{STATION}/export", params=params, headers=head, timeout=LONGEST)
    with ask as answer:
        assert answer.status_code == 200, answer.read()
        for part in answer.iter_raw():
            size += len(part)
    return told(f"HTTP, {form}", time.perf_counter() - began, spent(hub.pid) - cpu, peak(hub.pid) / 2**20, size)


def answers(url: str) -> bool:
    """Return whether the hub answers."""
    try:
        return httpx.get(f"{url}/api/v1/openapi.json").status_code == 200
    except httpx.TransportError:
        return False


def told(how: str, wall: float, cpu: float, memory: float, size: int) -> Line:
    """Return a row."""
    cost = f"{figure(cpu)} s of CPU, {memory:.0f} MiB"
    return {"what": f"a year by {how}, s ({size / 1e6:,.0f} MB)", "ours": figure(wall), "peer": cost}
