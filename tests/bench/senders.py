"""What the uplink's drain is compared with: other senders of the same records, one JSON message each at QoS 1.

- paho: all queued at once, 20 in flight; keeps nothing on a disk.
- mosquitto_pub -l: lines of a file, 20 in flight; keeps nothing either.
- a Mosquitto bridge: a broker beside the station that has queued all for another, 20 in flight (its default).
- the bare loop: what no sender of such a store can do without: its rows are read and unpacked, and the bodies of 360
  compressed into a message. It checks nothing, puts nothing into columns, and closes nothing.
- persist-queue (SQLiteAckQueue) with paho, 20 in flight: each is taken from the disk, and struck off when acknowledged.
"""

from __future__ import annotations

import subprocess
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

import msgspec
import paho.mqtt.client as mqtt
import persistqueue
from paho.mqtt.enums import CallbackAPIVersion

from edge.records.record import Record
from edge.store import rows, schema
from edge.store.folder import DATABASE
from edge.store.packing import unpacked
from edge.wire.contract import MOST_RECORDS, Batch, zstd
from tests.bench.figures import cpu_ns
from tests.kits.broker import Broker, until

IN_FLIGHT = 20
TOPIC = "peer/live"
BODY = rows.COLUMNS.split(", ").index("body")
BRIDGE = """
connection onward
address 127.0.0.1:{port}
topic # out 1
restart_timeout 1
bridge_protocol_version mqttv50
cleansession false
try_private false
notifications false
max_queued_messages 0
"""


class Drained(NamedTuple):
    """What draining cost: records in a second, and microseconds of the sender's CPU for each."""

    rate: float
    cpu_us: float


def by_paho(broker: Broker, records: Sequence[Record]) -> Drained:
    """Send with everything queued."""
    payloads = [message(record) for record in records]
    with client(broker) as sender:
        began, cpu = time.monotonic(), time.process_time_ns()
        for payload in payloads:
            last = sender.publish(TOPIC, payload, 1)
        last.wait_for_publish(300)
        return drained(records, began, time.process_time_ns() - cpu)


def by_persist_queue(broker: Broker, records: Sequence[Record], folder: Path) -> Drained:
    """Send from a queue on the disk; filling it is not counted."""
    queue = persistqueue.SQLiteAckQueue(str(folder), auto_commit=True)
    for record in records:
        queue.put(message(record))
    flying: deque[tuple[mqtt.MQTTMessageInfo, bytes]] = deque()

    def settle(most: int) -> None:
        while len(flying) > most:
            told, item = flying.popleft()
            told.wait_for_publish(60)
            queue.ack(item)

    with client(broker) as sender:
        began, cpu = time.monotonic(), time.process_time_ns()
        for _ in records:
            item = queue.get()
            flying.append((sender.publish(TOPIC, item, 1), item))
            settle(IN_FLIGHT - 1)
        settle(0)
        return drained(records, began, time.process_time_ns() - cpu)


def by_bare_loop(broker: Broker, store: Path) -> float:
    """Return the microseconds of CPU a record that the parts cost which stand under ours."""
    connection = schema.connect(store / DATABASE)
    count = int(connection.execute("SELECT max(seq) FROM record").get)
    with client(broker) as sender:
        cpu = time.process_time_ns()
        for last in range(count, 0, -MOST_RECORDS):
            where = f"{rows.SELECT} WHERE seq > ? AND seq <= ? ORDER BY seq DESC"
            read = connection.execute(where, (last - MOST_RECORDS, last)).fetchall()
            bodies = b",".join([unpacked(cast(bytes, row[BODY])) for row in read])
            told = sender.publish(TOPIC, zstd().compress(bodies, 3), 1)
        told.wait_for_publish(60)
        used = time.process_time_ns() - cpu
    connection.close()
    return used / 1000 / count


def by_mosquitto_pub(broker: Broker, records: Sequence[Record], folder: Path) -> float:
    """Return the records in a second of mosquitto_pub, less its start as far as a run of one line shows it."""
    lines = folder / "lines"
    took = []
    for some in (records[:1], records):
        lines.write_bytes(b"".join(message(record) + b"\n" for record in some))
        began = time.monotonic()
        publish(broker.port, lines)
        took.append(time.monotonic() - began)
    return len(records) / (took[1] - took[0])


def by_bridge(onward: Broker, records: Sequence[Record], folder: Path) -> Drained:
    """Let a broker with a bridge queue all while the other one stands, then go on; timed at a subscriber there."""
    folder.mkdir()
    near = Broker(folder, BRIDGE.format(port=onward.port)).start()
    lines = folder / "lines"
    lines.write_bytes(b"".join(message(record) + b"\n" for record in records))
    command = ["mosquitto_sub", "-p", str(onward.port), "-t", TOPIC, "-q", "1", "-C", str(len(records)), "-V", "5"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as listening:
        time.sleep(2.5)  # the bridge stands, the subscriber listens
        onward.freeze()
        publish(near.port, lines)
        began, cpu = time.monotonic(), cpu_ns(near.pid)
        onward.thaw()
        listening.wait(300)
        found = drained(records, began, cpu_ns(near.pid) - cpu)
    near.stop()
    return found


def drained(records: Sequence[Record], began: float, ns: int) -> Drained:
    """Return the figures of a drain that has just ended."""
    return Drained(len(records) / (time.monotonic() - began), ns / 1000 / len(records))


def publish(port: int, lines: Path) -> None:
    """Have mosquitto_pub send each line of a file."""
    command = ["mosquitto_pub", "-p", str(port), "-t", TOPIC, "-q", "1", "-V", "5", "-l"]
    with lines.open("rb") as file:
        subprocess.run(command, stdin=file, check=True)


def message(record: Record) -> bytes:
    """Return one record as a message of its own."""
    return msgspec.json.encode(Batch(1, "orchard-1", [record]))


@contextmanager
def client(broker: Broker) -> Iterator[mqtt.Client]:
    """Give a connected client of paho's."""
    sender = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    sender.max_inflight_messages = IN_FLIGHT
    sender.connect("127.0.0.1", broker.port)
    sender.loop_start()
    until(sender.is_connected)
    try:
        yield sender
    finally:
        sender.disconnect()
        sender.loop_stop()
