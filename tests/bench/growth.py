"""Growth: what a minute costs after 30 days in which something was wrong all the time, beside the second of them.

No broker: nothing was ever sent. No receipts: all was acknowledged, nothing proven. A full card: records go for want of
room each hour. CPU is that of the thread, in nanoseconds, of appending a minute and what else the station does of it;
memory is what the process has grown by in between.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store import quota
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.bench.camera import memory
from tests.bench.days import month
from tests.bench.figures import Row, repeated, row
from tests.kits.store_kit import memory_folder

DAY, HOUR = 1440, 60  # minutes
FULL = 2_000_000  # bytes: a week of these minutes
UNPROVEN_S = 3600.0
Minute = Callable[[Store, Record, float], None]  # what a station does of it beside appending it


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    records = month()
    for what, work, bytes_ in (
        ("no broker", waits, quota.RECORDS_BYTES),
        ("no receipts", is_sent, quota.RECORDS_BYTES),
        ("a full card", waits, FULL),
    ):
        with memory_folder() as folder:
            yield from growth(what, folder, records, work, bytes_)


def growth(what: str, folder: Path, records: list[Record], work: Minute, records_bytes: int) -> Iterator[Row]:
    """Yield what a minute costs on day 30 beside one on day 2, hour by hour in turn, and what the process grew by."""
    old, young = (
        Store.open(folder / name, epoch="e", destinations=(PLATFORM,), records_bytes=records_bytes)
        for name in ("old", "young")
    )
    lived(young, records[:DAY], work)
    lived(old, records[: 2 * DAY], work)
    gc.collect()
    before = memory_mb()
    lived(old, records[2 * DAY : -DAY], work)
    gc.collect()
    grown = memory_mb() - before
    late, early = records[-DAY:], records[DAY : 2 * DAY]
    costs = [
        (lived(old, late[at : at + HOUR], work), lived(young, early[at : at + HOUR], work))
        for at in range(0, DAY, HOUR)
    ]
    old.close()
    young.close()
    on_day_30, on_day_2 = ([pair[place] for pair in costs] for place in (0, 1))
    yield repeated(f"{what}: us of CPU of a minute on day 30 (on day 2)", on_day_30, on_day_2, "<= 1.3 x")
    yield row(f"{what}: MB that the process has grown by from day 3 to day 29", grown, None, "<= 2 MB")


def lived(store: Store, records: list[Record], work: Minute) -> float:
    """Return the microseconds of CPU of a minute of these, sweeps each hour in it."""
    began = time.thread_time_ns()
    for number, record in enumerate(records):
        mark = ClockMark("ntp", 0.01)
        draft = Draft(Kind.MINUTE, record.stamp, record.duration, record.start, mark, record.fields(), record.setup)
        kept = store.append(draft, {"n": number})
        work(store, kept, record.stamp.boottime)
        if number % 60 == 59:
            store.sweep(Stamp(record.stamp.boot, record.stamp.boottime), record.start, mark)
    return (time.thread_time_ns() - began) / 1000 / len(records)


def waits(store: Store, record: Record, now: float) -> None:
    """Look what would be sent, as the uplink does for the status."""
    store.outbox.count_unsent(PLATFORM)


def is_sent(store: Store, record: Record, now: float) -> None:
    """Have it acknowledged by the broker, and look what is unproven for long."""
    store.outbox.mark_sent([record], PLATFORM, now)
    store.outbox.unproven(PLATFORM, now - UNPROVEN_S)


def memory_mb() -> float:
    """Return the resident MB of this process."""
    return memory(os.getpid(), "VmRSS")
