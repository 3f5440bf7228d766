"""The order in which things are sent, over a real store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import NewPicture, Part, file_name
from edge.store.store import Store
from edge.uplink.chunks import Chunks
from edge.uplink.lacking import Lacking
from edge.uplink.packet_limit import PacketLimit
from edge.uplink.send_queue import Order
from edge.uplink.too_large import TooLarge
from edge.uplink.window import Window
from tests.kits.uplink_kit import destination

THUMBNAIL = 20_000
MARK = ClockMark("ntp", 0.01)


@pytest.fixture(name="store")
def opened(tmp_path: Path) -> Iterator[Store]:
    """Give a store with old minutes that were never sent."""
    made = Store.open(tmp_path, epoch="old", destinations=(PLATFORM,))
    for minute in range(300):
        body = {"values": {"air_temperature": 1.0}, "quality": {"air_temperature": 1}, "reasons": {}}
        made.append(Draft(Kind.MINUTE, Stamp("b", minute * 60.0), 60.0, 10**15 + minute * 60_000_000, MARK, body))
    yield made
    made.close()


def pictured(store: Store, content: str) -> str:
    """Put a picture into the store. Return its name."""
    parts = {"full": content.encode() * 5000, "thumbnail": content.encode() * THUMBNAIL}
    name = hashlib.sha256(parts["full"]).hexdigest()
    for part, data in parts.items():
        (store.pictures.folder / file_name(name, part)).write_bytes(data)
    full, thumbnail = (Part(len(data), hashlib.sha256(data).hexdigest()) for data in parts.values())
    body = {"picture": name, "camera": "north", "bytes": len(parts["full"]), "thumbnail_bytes": THUMBNAIL}
    draft = Draft(Kind.PICTURE, Stamp("b", 20_000.0), 0.0, 10**15, MARK, body)
    store.append(draft, picture=NewPicture(name, "north", full, thumbnail))
    return name


def test_the_thumbnail_that_somebody_waits_for_goes_before_older_records(store: Store) -> None:
    """Of three pictures the one that was asked for has its thumbnail sent before any backfill, the others after all."""
    names = [pictured(store, letter) for letter in "abc"]
    clock = SystemClock()
    broker = BrokerSection(url="mqtt://127.0.0.1")
    chunks = Chunks("min-1", store, clock, committed=False)
    about = TooLarge(store.notes, lambda body: None), PacketLimit(clock), Lacking()
    order = Order(destination(broker), "new", store, clock, chunks, *about)
    window = Window(20, None)
    usual = order.next(window)
    assert usual is not None
    assert usual.chunk is None
    chunks.hasten(names[0])
    hastened = order.next(window)
    assert hastened is not None
    assert hastened.chunk is not None
    assert (hastened.chunk.picture, hastened.chunk.part) == (names[0], "thumbnail")
    window.add(1, hastened)
    after = order.next(window)
    assert after is not None
    assert after.chunk is None  # backfill goes on: of that thumbnail nothing is left to send
    chunks.sent(hastened.chunk, hastened.chunk_end)
    assert window.acknowledged(1) is hastened
    assert chunks.next_hastened(window) is None
