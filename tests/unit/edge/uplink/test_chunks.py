"""A picture that the broker has and the platform does not confirm: it is asked about, ever more seldom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config.sections import BrokerSection
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.chunks import PROBE_AFTER, PROBED_DAILY, Chunks
from edge.uplink.window import Window
from edge.wire.contract import VERSION, Piece, Receipt, decode_chunk
from tests.kits.uplink_kit import destination
from tests.unit.edge.uplink.test_send_queue import pictured


@pytest.fixture(name="store")
def a_store(tmp_path: Path) -> Iterator[Store]:
    """Give a store."""
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    yield store
    store.close()


def sent(chunks: Chunks) -> list[tuple[str, int, int]]:
    """Send what is due, each chunk acknowledged by the broker at once. Return part, offset and bytes of each."""
    found = []
    while (message := chunks.next(Window(20, None))) is not None:
        assert message.chunk is not None
        header, data = decode_chunk(message.payload)
        found.append((header.part, header.offset, len(data)))
        chunks.sent(message.chunk, message.chunk_end)
    return found


def test_what_nobody_confirms_is_asked_about_without_its_bytes(store: Store) -> None:
    """After two minutes, then four, at the most a day apart; each time by a chunk without bytes at the part's end."""
    picture, clock = pictured(store, "a"), SimClock()
    chunks = Chunks(destination(BrokerSection(url="mqtt://127.0.0.1")), store, clock)
    whole = sent(chunks)
    sizes = {part: sum(size for name, _, size in whole if name == part) for part in ("thumbnail", "full")}
    pauses = []
    for _ in range(14):
        asked_at = clock.now()
        while not chunks.probe():
            clock.run_until(max(chunks.probe_due, clock.now() + 1.0))
        pauses.append(clock.now() - asked_at)
        assert sorted(sent(chunks)) == sorted((part, size, 0) for part, size in sizes.items())
    assert pauses[:3] == [PROBE_AFTER, 2 * PROBE_AFTER, 4 * PROBE_AFTER]
    assert max(pauses) == pauses[-1] == PROBED_DAILY
    chunks.probe_all()
    assert chunks.probe(), "a roll call is answered at once"
    assert len(sent(chunks)) == 2
    assert not chunks.received(Receipt(VERSION, "l", 1, pictures=[Piece(picture, "full", sizes["full"])]), True)
    assert store.pictures.unproven(PLATFORM) == [(picture, "thumbnail")]
    assert chunks.received(Receipt(VERSION, "l", 1, wanted=[Piece(picture, "thumbnail", 1)]), True)
    assert sent(chunks) == [("thumbnail", 1, sizes["thumbnail"] - 1)]


def test_a_photo_that_was_not_sent_whole_is_closed_by_no_receipt(store: Store) -> None:
    """A receipt that was forged takes no photo out of the queue; of one that has begun the receiver is asked."""
    picture, clock = pictured(store, "a"), SimClock()
    chunks = Chunks(destination(BrokerSection(url="mqtt://127.0.0.1")), store, clock)
    receipt = Receipt(VERSION, "l", 1, pictures=[Piece(picture, "full"), Piece(picture, "thumbnail")])
    assert store.pictures.hold(PLATFORM, picture, "full")
    assert not chunks.received(receipt, True)
    assert [part for part, _, _ in sent(chunks)] == ["thumbnail"]
    chunks.hasten(picture)
    assert store.pictures.again(PLATFORM, picture, "full")
    message = chunks.next(Window(20, None))
    assert message is not None and message.chunk is not None and message.chunk.part == "full"
    chunks.sent(message.chunk, 1)
    assert chunks.received(receipt, True)
    assert chunks.received(receipt, True), "nor by two"
    size = message.chunk.size
    assert sent(chunks) == [("full", size, 0)]
    assert chunks.received(Receipt(VERSION, "l", 1, wanted=[Piece(picture, "full", 1)]), True)
    assert sent(chunks) == [("full", 1, size - 1)]
    assert not chunks.received(receipt, True)
    assert (sent(chunks), store.pictures.unproven(PLATFORM)) == ([], [])


def test_where_the_broker_s_word_is_enough_a_receipt_ends_no_photo(store: Store) -> None:
    """What was begun goes to its end, whatever anybody says that he has."""
    picture, clock = pictured(store, "a"), SimClock()
    chunks = Chunks(destination(BrokerSection(url="mqtt://127.0.0.1", proof="broker")), store, clock)
    message = chunks.next(Window(20, None))
    assert message is not None and message.chunk is not None and message.chunk.part == "thumbnail"
    size = message.chunk.size
    chunks.sent(message.chunk, 1)
    chunks.received(Receipt(VERSION, "l", 1, pictures=[Piece(picture, "thumbnail")]), True)
    assert sent(chunks)[0] == ("thumbnail", 1, size - 1)


def test_a_platform_from_a_backup_is_asked_about_what_it_had_proven(store: Store) -> None:
    """What was confirmed and is doubted is asked about, and goes again where the platform wants it."""
    picture, clock = pictured(store, "a"), SimClock()
    chunks = Chunks(destination(BrokerSection(url="mqtt://127.0.0.1")), store, clock)
    sent(chunks)
    parts = [Piece(picture, "full"), Piece(picture, "thumbnail")]
    chunks.received(Receipt(VERSION, "l", 1, pictures=parts), True)
    assert not chunks.probe()
    assert store.pictures.doubt(PLATFORM)
    chunks.probe_all()
    assert chunks.probe()
    assert [size for _, _, size in sent(chunks)] == [0, 0]
