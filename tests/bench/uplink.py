"""The uplink: records drained in a second to a real Mosquitto, and the CPU of each, beside other senders (senders.py).

30 days of recorded minutes. Ours reads them from its store, puts them into columns, compresses, and closes what is
acknowledged; the peers send the same records as JSON. All take turns, so many times; a subscriber takes everything.
Bytes on the wire are in wire_cost.py.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.records.record import Record
from edge.store import rows as store_rows
from edge.store import schema
from edge.store.delivery import ALL, END, INSERT_SPAN, span_row
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.uplink import Uplink
from tests.bench.days import BOOT, month
from tests.bench.figures import Row, UnmeasuredError, repeated
from tests.bench.senders import Drained, by_bare_loop, by_bridge, by_mosquitto_pub, by_paho, by_persist_queue
from tests.kits.broker import PATH, Broker, until
from tests.kits.uplink_kit import destination

REPEATS = 3
WAITING = 1440  # records in persist-queue, which gets slower by the square of them
AIMS = {"paho": "", "mosquitto_pub -l": "", "a Mosquitto bridge": ">= 1.3 x", "persist-queue and paho": ">= 20 x"}


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    for program in ("mosquitto", "mosquitto_pub", "mosquitto_sub"):
        if shutil.which(program, path=PATH) is None:
            raise UnmeasuredError(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder).start()
        records = month()
        filled(folder / "bare", records).close()
        store = filled(folder / "store", records)
        try:
            with listener(broker):
                yield from drains(broker, store, records, folder)
        finally:
            store.close()
            broker.stop()


def drains(broker: Broker, store: Store, records: list[Record], folder: Path) -> Iterator[Row]:
    """Yield how fast a backlog goes, ours and the others' in turn."""
    ours: list[Drained] = []
    rates: dict[str, list[float]] = {name: [] for name in AIMS}
    bridge_cpu: list[float] = []
    bare_cpu: list[float] = []
    for turn in range(REPEATS):
        store.outbox.reopen(store.epochs(), PLATFORM)
        ours.append(drain(broker.section(), store))
        bridged = by_bridge(broker, records, folder / f"bridge-{turn}")
        bridge_cpu.append(bridged.cpu_us)
        bare_cpu.append(by_bare_loop(broker, folder / "bare"))
        rates["a Mosquitto bridge"].append(bridged.rate)
        rates["mosquitto_pub -l"].append(by_mosquitto_pub(broker, records, folder))
        rates["paho"].append(by_paho(broker, records).rate)
        some = by_persist_queue(broker, records[:WAITING], folder / f"queue-{turn}")
        rates["persist-queue and paho"].append(some.rate)
    for name, aim in AIMS.items():
        mine = [one.rate for one in ours]
        yield repeated(f"{len(records):,} records drained in a second ({name})", mine, rates[name], aim)
    mine = [one.cpu_us for one in ours]
    yield repeated("us of CPU of a record drained (a Mosquitto bridge)", mine, bridge_cpu, "<= 11 us")
    yield repeated("us of CPU of a record drained (the bare loop: read, unpacked, compressed, sent)", mine, bare_cpu)


def filled(folder: Path, records: list[Record]) -> Store:
    """Return an open store with these records."""
    Store.open(folder, epoch="made", destinations=(PLATFORM,)).close()
    connection = schema.connect(folder / DATABASE)
    connection.execute("PRAGMA synchronous = OFF")  # it is made, not measured
    with connection:
        connection.executemany(store_rows.INSERT, ((*store_rows.row_of(record), None) for record in records))
        epochs = {record.epoch: record.seq for record in reversed(records)}
        connection.executemany("INSERT INTO epoch VALUES (?,?)", list(epochs.items()))
        connection.execute(INSERT_SPAN, span_row(ALL, END, records[-1].seq, records[-1].seq))
    connection.close()
    store = Store.open(folder, epoch=records[-1].epoch, destinations=(PLATFORM,))
    store.notes.put("contract", PLATFORM, b"2", most=8)  # the platform reads version 2
    return store


def drain(section: BrokerSection, store: Store) -> Drained:
    """Send until nothing is unsent. The CPU is that of all threads but the one that waits here."""
    clock = SystemClock()
    sender = Uplink(destination(section), store, clock, store.epoch, boot=BOOT, on_command=print, on_anchor=print)
    count = store.outbox.count_unsent(PLATFORM)
    began, cpu, waiting = time.monotonic(), time.process_time_ns(), time.thread_time_ns()
    lane = clock.lane("uplink", sender.run)
    until(lambda: store.outbox.count_unsent(PLATFORM) == 0, 300)
    took = time.monotonic() - began
    used = time.process_time_ns() - cpu - (time.thread_time_ns() - waiting)
    lane.stop()
    lane.join(5)
    return Drained(count / took, used / 1000 / count)


@contextmanager
def listener(broker: Broker) -> Iterator[None]:
    """Run a subscriber to everything in a process of its own, or Mosquitto would have nothing to do."""
    command = ["mosquitto_sub", "-p", str(broker.port), "-t", "#", "-V", "5"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        time.sleep(0.5)
        try:
            yield
        finally:
            process.kill()
