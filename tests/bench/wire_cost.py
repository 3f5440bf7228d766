"""What records cost on a farm's SIM: bytes a record of a backlog, megabytes a month of live minutes, all headers in.

Payloads are what the encoder makes; what comes to them is `edge.budget.reckoning`'s. A month has 30 days. The peer is
version 1 of the contract: plain JSON live, batches of rows in zstd.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge.budget import reckoning
from edge.config.sections import BrokerSection
from edge.northbound.minshan import OutgoingBatch
from edge.records.record import Record
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.lacking import LackingCounts
from edge.uplink.record_encoder import RecordEncoder
from edge.wire.contract import Hello, HelloAnswer, Receipt, Topic, encode
from edge.wire.packets import ALIAS, MQTT5, overhead
from tests.bench.days import MONTH, recorded, records_of, wandering
from tests.bench.figures import Row, row
from tests.kits.uplink_kit import destination

STATION = "orchard-1"
BATCH = 360
KEEPALIVE = BrokerSection(url="mqtts://broker").keepalive_s
EVERY = (1, 5, 10)  # minutes between two live messages


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    for name, values in (*recorded(), ("25 channels of noise", list(wandering()))):
        with tempfile.TemporaryDirectory() as place:
            yield from costs(name, records_of(values), Path(place))
    yield row("MB a month of receipts, each quarter of an hour (one a minute)", receipts(15), receipts(1))
    asked = 30 * 24 * 26 * greeting() / 1e6  # as a station asked that was told at once: 26 times an hour, counted
    yield row("MB a month of a hello and its answer each day (each 2.3 min)", 30 * greeting() / 1e6, asked)
    for every in EVERY:
        pings = ((every * 60 - 1) // KEEPALIVE) * reckoning.PING * MONTH / every / 1e6
        yield row(f"MB a month of signs of life, a live message each {every} min", pings)


def costs(name: str, records: list[Record], place: Path) -> Iterator[Row]:
    """Yield what these records cost, in columns and as version 1 has them."""
    store = Store.open(place, epoch="e", destinations=(PLATFORM,))
    there = destination(BrokerSection(url="mqtt://127.0.0.1:9"), STATION)
    encoder = RecordEncoder(there, store.notes, SimClock(), LackingCounts())
    before = {every: month(encoder, records, every) for every in EVERY}
    before_backlog = backlog(encoder, records)
    encoder.set_platform_version(2)
    encoder.live(records[:1])
    encoder.received(Receipt(1, "l", 1, [Span(records[0].epoch, records[0].seq, records[0].seq)]), True)
    yield row(
        f"{name}: bytes a record of a backlog, all headers (version 1)", backlog(encoder, records), before_backlog
    )
    for every in EVERY:
        ours = month(encoder, records, every)
        yield row(f"{name}: MB a month live, a message each {every} min (version 1)", ours, before[every])
    store.close()


def backlog(encoder: RecordEncoder, records: Sequence[Record]) -> float:
    """Return bytes a record, newest first in full batches."""
    newest = list(records)[::-1]
    parts = [newest[at : at + BATCH] for at in range(0, len(newest) // BATCH * BATCH, BATCH)]
    sizes = [on_the_link(message) for part in parts for message in encoder.backfill(part, None)]
    return sum(sizes) / sum(map(len, parts))


def month(encoder: RecordEncoder, records: Sequence[Record], every: int) -> float:
    """Return megabytes a month, a message each so many minutes."""
    parts = [records[at : at + every] for at in range(0, len(records) // every * every, every)]
    sizes = [on_the_link(message) for part in parts for message in encoder.live(part)]
    return sum(sizes) / (len(parts) * every) * MONTH / 1e6


def receipts(every: int) -> float:
    """Return megabytes a month of receipts, one for the records of so many minutes."""
    one = Receipt(1, "0123456789abcdef", 1, [Span("5d0c9c1f7a22", 123_456, 123_456 + every - 1)])
    return answered(Topic.RECEIPT, encode(one)) * MONTH / every / 1e6


def greeting() -> float:
    """Return bytes of a hello and its answer."""
    epochs = [Span("5d0c9c1f7a22", 1, 123_456)]
    hello = Hello(1, STATION, "0123456789abcdef", "5d0c9c1f7a22", epochs, 123_457, [], 0, "ntp", "committed", 900)
    told = 1, "0123456789abcdef", 1_782_097_200_000_000, "0123456789abcdef", 1, epochs
    answer = HelloAnswer(*told, reads=2, gathers=900)
    return answered(Topic.HELLO, encode(hello)) + answered(Topic.ANSWER, encode(answer))


def on_the_link(message: OutgoingBatch) -> int:
    """Return the bytes that a message costs, both ways: the number of its topic stands for its name."""
    named = overhead("", MQTT5) + ALIAS if message.version > 1 else overhead(_topic(message.channel), MQTT5)
    return reckoning.message(named + len(message.payload))


def answered(channel: Topic, payload: bytes) -> int:
    """Return the bytes of a message by its topic's name, and of its acknowledgement."""
    return reckoning.message(overhead(_topic(channel), MQTT5) + len(payload))


def _topic(channel: Topic) -> str:
    return f"minshan/1/{STATION}/{channel.value}"
