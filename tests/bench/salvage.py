"""Salvaging a year whose database has a broken root, in its own process, beside SQLite's copy of a whole one.

525,600 recorded minutes. CPU and memory are those of the whole process, which starts, salvages and counts.
"""

from __future__ import annotations

import itertools
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge.store import rows as store_rows
from edge.store import schema
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.bench.days import MONTH, days_again, records_of
from tests.bench.figures import Row, UnmeasuredError, row
from tests.kits.store_kit import damaged_pages

YEAR = 365 * 1440
SALVAGE = """
import json, sys, time
from pathlib import Path
from edge.store.store import Store
store = Store.open(Path(sys.argv[1]), epoch="again", destinations=("platform",))
repair = store.repaired
(most,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([0 if repair is None else repair.salvaged, time.process_time(), int(most) / 1024]))
"""


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    if shutil.which("sqlite3") is None:
        raise UnmeasuredError("sqlite3 is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        year(folder)
        copied = copy(folder / DATABASE)
        damaged_pages(folder, random.Random(1), 0)
        ran = subprocess.run([sys.executable, "-c", SALVAGE, folder], capture_output=True, check=True)
        kept, cpu, most = json.loads(ran.stdout)
    what = f"a year's salvage, s of CPU ({kept:,} of {YEAR:,} records kept; VACUUM INTO of a whole database)"
    yield row(what, cpu, copied, "<= 8 s")
    yield row("a year's salvage, most memory (MB)", most, None, "<= 100 MB")


def year(folder: Path) -> None:
    """Make a store with a year of minutes."""
    Store.open(folder, epoch="made", destinations=(PLATFORM,)).close()
    connection = schema.connect(folder / DATABASE)
    connection.execute("PRAGMA synchronous = OFF")  # it is made, not measured
    days = days_again()
    for first in range(0, YEAR, MONTH):
        records = records_of(itertools.islice(days, min(MONTH, YEAR - first)), first)
        with connection:
            connection.executemany(store_rows.INSERT, ((*store_rows.row_of(record), None) for record in records))
            if not first:
                connection.execute("INSERT INTO epoch VALUES (?,?)", (records[0].epoch, records[0].seq))
    connection.close()


def copy(database: Path) -> float:
    """Return the seconds of CPU in which SQLite copies a database."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["sqlite3", database, f"VACUUM INTO '{database.with_name('copy.db')}'"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    database.with_name("copy.db").unlink()
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
