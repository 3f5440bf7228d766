"""The uplink: records drained in a second to a real Mosquitto, and bytes on the wire for a record.

The peers send the same records as JSON, one a message at QoS 1: `mosquitto_pub -l` reads lines, paho has all of
them queued with 20 in flight. A subscriber takes everything, in all three. Ours reads from its store, closes what
is acknowledged there, and compresses. Bytes are those of the TCP stream in both directions.
"""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.uplink import Uplink
from edge.wire.contract import Batch
from tests.bench.figures import Row, UnmeasuredError, row
from tests.bench.store import NAMES
from tests.kits.broker import PATH, Broker, until
from tests.kits.uplink_kit import destination

BACKLOG = 14_400  # records: ten days
LIVE = 60  # minutes sent one by one
BOOT = "6f1c2b1e-0a7d-4f5e-9d63-3b1f6f1c2b1e"


def minutes(count: int) -> Iterator[Draft]:
    """Yield minutes of 14 channels that wander as weather does, to two decimals."""
    wander = random.Random(7)
    values = dict.fromkeys(NAMES, 20.0)
    for number in range(count):
        values = {name: round(value + wander.gauss(0, 0.1), 2) for name, value in values.items()}
        body = {"values": values, "quality": dict.fromkeys(NAMES, 1), "reasons": {}}
        start = 1_767_225_600_000_000 + number * 60_000_000
        yield Draft(Kind.MINUTE, Stamp(BOOT, number * 60.0), 60.0, start, ClockMark("ntp", 0.004213), body, 2)


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    for program in ("mosquitto", "mosquitto_pub", "mosquitto_sub"):
        if shutil.which(program, path=PATH) is None:
            raise UnmeasuredError(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder).start()
        store = Store.open(folder / "store", epoch="5d0c9c1f7a22", destinations=(PLATFORM,))
        try:
            yield from drained(broker, store, folder)
            yield from wire(broker, store)
        finally:
            store.close()
            broker.stop()


def drained(broker: Broker, store: Store, folder: Path) -> Iterator[Row]:
    """Yield how fast a backlog goes."""
    records = [store.append(draft) for draft in minutes(BACKLOG)]
    with listener(broker):
        ours = BACKLOG / drain(broker.section(), store)
        yield row("records drained in a second (paho, one a message)", ours, BACKLOG / by_paho(broker, records))
        peer = BACKLOG / by_mosquitto_pub(broker, records, folder)
        yield row("records drained in a second (mosquitto_pub -l)", ours, peer)


def wire(broker: Broker, store: Store) -> Iterator[Row]:
    """Yield what a record costs on the wire: live, in a backlog, and as a message of JSON each."""
    section = broker.section()
    with listener(broker), relay(broker.port) as (port, count):
        through = section.model_copy(update={"url": f"mqtt://127.0.0.1:{port}"})
        records = store.range(store.next_seq - 3600, store.next_seq - 1)
        store.outbox.reopen(store.epochs(), PLATFORM)
        before = count[0]
        drain(through, store)
        backlog = (count[0] - before) / BACKLOG
        peer = by_paho(broker, records, port) and (count[0] - before - backlog * BACKLOG) / len(records)
        yield row("bytes on the wire for a record of a backlog (JSON, one a message)", backlog, peer)
        yield row("bytes on the wire for a live record (JSON, one a message)", live(through, store, count), peer)


def drain(section: BrokerSection, store: Store) -> float:
    """Return the seconds until nothing is unsent."""
    clock = SystemClock()
    sender = Uplink(destination(section), store, clock, store.epoch, boot=BOOT, on_command=print, on_anchor=print)
    began = time.monotonic()
    lane = clock.lane("uplink", sender.run)
    until(lambda: store.outbox.count_unsent(PLATFORM) == 0, 120)
    took = time.monotonic() - began
    lane.stop()
    lane.join(5)
    return took


def live(section: BrokerSection, store: Store, count: list[int]) -> float:
    """Return the bytes for each record of a standing connection, sent as it is made."""
    clock = SystemClock()
    sender = Uplink(destination(section), store, clock, store.epoch, boot=BOOT, on_command=print, on_anchor=print)
    lane = clock.lane("uplink", sender.run)
    until(lambda: sender.snapshot.connected and sender.snapshot.sending == 0)
    time.sleep(0.2)
    before = count[0]
    for draft in minutes(LIVE):
        store.append(msgspec.structs.replace(draft, stamp=Stamp(BOOT, clock.now() - 60)))
        sender.notify()
        sender.retry_now()
        until(lambda: store.outbox.count_unsent(PLATFORM) == 0)
    lane.stop()
    lane.join(5)
    return (count[0] - before) / LIVE


def by_paho(broker: Broker, records: list[Record], port: int | None = None) -> float:
    """Return the seconds for paho with everything queued and 20 in flight."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.max_inflight_messages = 20
    client.connect("127.0.0.1", port or broker.port)
    client.loop_start()
    until(client.is_connected)
    began = time.monotonic()
    for record in records:
        last = client.publish("peer/live", message(record), 1)
    last.wait_for_publish(120)
    took = time.monotonic() - began
    client.disconnect()
    client.loop_stop()
    return took


def by_mosquitto_pub(broker: Broker, records: list[Record], folder: Path) -> float:
    """Return the seconds for mosquitto_pub, less its start as far as a run of one line shows it."""
    lines = folder / "lines"
    command = ["mosquitto_pub", "-p", str(broker.port), "-t", "peer/live", "-q", "1", "-V", "5", "-l"]
    took = []
    for some in (records[:1], records):
        lines.write_bytes(b"".join(message(record) + b"\n" for record in some))
        began = time.monotonic()
        with lines.open("rb") as file:
            subprocess.run(command, stdin=file, check=True)
        took.append(time.monotonic() - began)
    return took[1] - took[0]


def message(record: Record) -> bytes:
    """Return one record as a message of its own."""
    return msgspec.json.encode(Batch(1, "orchard-1", [record]))


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


@contextmanager
def relay(port: int) -> Iterator[tuple[int, list[int]]]:
    """Open a port that leads to the broker's. Yield it and how many bytes have gone through in both directions."""
    count = [0]
    server = socket.create_server(("127.0.0.1", 0))

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        while data := _received(source):
            count[0] += len(data)
            target.sendall(data)
        target.close()

    def accept() -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pass_on, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1], count
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""
