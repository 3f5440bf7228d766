"""The memory of a hub while a million records wait for it at the broker.

What a few hundred stations have kept over days lies in the hub's session of a real Mosquitto; the hub takes it into a
real PostgreSQL, and its most memory is read when a part of it is committed: what is in hand does not grow after that.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from edge.northbound import version2
from edge.northbound.column_writer import KnownTables
from edge.northbound.version2 import ColumnBatch
from edge.wire.client import sent
from edge.wire.contract import MOST_RECORDS, Topic, topic, zstd
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from tests.bench.days import month
from tests.bench.figures import Row, row
from tests.fleet.ground import BROKER, peak
from tests.kits.broker import Broker, until
from tests.kits.hub_process import Hub
from tests.kits.postgres import running_cluster
from tests.kits.sink_kit import query

DAYS, STATIONS = 4, 174  # 1,002,240 records
LOOKED_AT = 30_000  # committed records after which the memory is read
EXPIRY = 7 * 86400  # s
COUNT = "SELECT coalesce(sum(last - first + 1), 0) FROM ledger"


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    with tempfile.TemporaryDirectory() as name, running_cluster() as cluster:
        broker = Broker(Path(name), BROKER).start()
        hub = Hub(Path(name), broker.url, cluster.database()).start()
        try:
            until(lambda: "connected to" in hub.said, 60)
            hub.end()
            messages = batches()
            for number in range(STATIONS):
                send(broker, f"orchard-{number}", messages)
            waiting = STATIONS * DAYS * 1440
            hub.start()
            while query(hub.url, COUNT)[0][0] < LOOKED_AT:
                time.sleep(1.0)
            assert hub.pid is not None
            yield row(
                f"MB of a hub's memory at most, {waiting:,} records waiting", peak(hub.pid) / 1e6, aim="<= 150 MB"
            )
        finally:
            hub.kill()
            broker.stop()


def batches() -> list[ColumnBatch]:
    """Return the messages of one station's backlog."""
    records, tables = month()[: DAYS * 1440], KnownTables("orchard")
    firsts = range(0, len(records), MOST_RECORDS)
    return [version2.batch(tables, records[first : first + MOST_RECORDS])[0] for first in firsts]


def send(broker: Broker, station: str, messages: list[ColumnBatch]) -> None:
    """Publish a backlog as that station's own."""
    link = connect(broker.section(), Session(f"{station}-sender", ()))
    for message in messages:
        table = msgspec.structs.replace(message.tables[0], station=station)
        block = msgspec.structs.replace(message.columns[0], table=table.hash)
        raw = msgspec.json.encode(ColumnBatch(version2.VERSION, [table], [block]))
        payload = zstd().compress(raw, 3, zstd_dict=version2.dictionary())
        sent(link, topic(station, Topic.BACKFILL, version2.VERSION), payload, EXPIRY)
    link.close()
