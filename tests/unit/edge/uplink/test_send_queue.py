"""The order in which things are sent, over a real store."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.clock import Clock
from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.northbound.minshan import OutgoingBatch
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import NewPicture, PicturePart, file_name
from edge.store.store import Store
from edge.uplink.chunks import Chunks
from edge.uplink.lacking import LackingCounts
from edge.uplink.packet_limit import PacketLimit
from edge.uplink.record_encoder import RecordEncoder
from edge.uplink.send_queue import PHASES, SendQueue
from edge.uplink.too_large import TooLarge
from edge.uplink.window import BYTES, Window
from edge.wire.contract import Topic
from tests.kits.uplink_kit import destination

THUMBNAIL = 20_000
ALARMED = ["alert", "minute", "minute"]
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
    full, thumbnail = (PicturePart(len(data), hashlib.sha256(data).hexdigest()) for data in parts.values())
    body = {"picture": name, "camera": "north", "bytes": len(parts["full"]), "thumbnail_bytes": THUMBNAIL}
    draft = Draft(Kind.PICTURE, Stamp("b", 20_000.0), 0.0, 10**15, MARK, body)
    store.append(draft, picture=NewPicture(name, "north", full, thumbnail))
    return name


def queued(store: Store, clock: Clock) -> tuple[SendQueue, Chunks]:
    """Return a queue of the store, and the chunks of its pictures."""
    there = destination(BrokerSection(url="mqtt://127.0.0.1", proof="broker"))
    chunks = Chunks(there, store, clock)
    encoder = RecordEncoder(there, store.notes, clock, LackingCounts())
    about = TooLarge(store.notes, lambda body: None), PacketLimit(clock), encoder
    return SendQueue(there, "new", store, clock, chunks, *about), chunks


def test_the_thumbnail_that_somebody_waits_for_goes_before_older_records(store: Store) -> None:
    """Of three pictures the one that was asked for has its thumbnail sent before any backfill, the others after all."""
    names = [pictured(store, letter) for letter in "abc"]
    order, chunks = queued(store, SystemClock())
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
    assert window.acknowledged(1, 0.0) is hastened
    assert chunks.next_hastened(window) is None


def test_older_records_wait_some_seconds_for_a_picture_that_is_being_taken_on_command(store: Store) -> None:
    """What is in flight when it is there goes before it. Who asks all the time holds up little."""
    clock, window = SimClock(), Window(20, None)
    order, chunks = queued(store, clock)
    chunks.awaits("look-1")
    assert order.next(window) is None
    due = order.due(window)
    assert clock.now() < due <= clock.now() + 10
    chunks.awaits_no_longer("another")
    assert order.next(window) is None
    chunks.awaits_no_longer("look-1")
    assert order.next(window) is not None
    waited = 0
    for second in range(300):  # asked for all the time, and never done
        chunks.awaits(f"never-{second}")
        waited += order.next(window) is None
        clock.run_until(clock.now() + 1.0)
    assert 20 <= waited <= 60


def test_what_is_waited_for_goes_though_much_is_in_flight(store: Store) -> None:
    """Backfill waits until bytes are acknowledged; a thumbnail on request and an answer do not, nor is there a rush."""
    clock, window = SimClock(), Window(20, None)
    order, chunks = queued(store, clock)
    name = pictured(store, "a")
    window.add(1, OutgoingBatch(Topic.BACKFILL, b"x" * BYTES))
    assert order.next(window) is None
    assert order.due(window) > clock.now()
    chunks.hasten(name)
    order.look_again()
    thumbnail = order.next(window)
    assert thumbnail is not None
    assert thumbnail.chunk is not None
    order.put(result := OutgoingBatch(Topic.RESULT, b"{}"))
    assert order.due(window) <= clock.now()
    assert order.next(window) is result


def test_an_alert_takes_waiting_minutes_with_it(store: Store) -> None:
    """Where live minutes wait for each other an alert waits for nothing, and neither do they then."""
    clock = SimClock()
    broker = BrokerSection(url="mqtt://127.0.0.1", live_every_min=10, proof="broker")
    there = destination(broker)
    encoder = RecordEncoder(there, store.notes, clock, LackingCounts())
    chunks = Chunks(there, store, clock)
    order = SendQueue(
        there, "old", store, clock, chunks, TooLarge(store.notes, lambda body: None), PacketLimit(clock), encoder
    )
    clock.run_until(18_000.0)  # as the last of the old minutes ends
    window = Window(1000, None)
    assert live(order, window, clock)
    for seconds, kind, sent in ((60.0, "minute", []), (120.0, "minute", []), (180.0, "alert", [ALARMED])):
        store.append(Draft(kind, Stamp("b", 18_000.0 + seconds - 60), 60.0, 10**15, MARK, {"values": {}}))
        order.appended()
        clock.run_until(18_000.0 + seconds + (0.0 if kind == "alert" else PHASES))
        assert live(order, window, clock) == sent


def test_a_record_that_goes_alone_waits_for_what_is_on_its_way(store: Store) -> None:
    """It waits for the acknowledgements, not for an instant that has come: the lane would spin, and eat the battery."""
    clock = SystemClock()
    there = destination(BrokerSection(url="mqtt://127.0.0.1", proof="broker"))
    body = {"note": random.Random(0).randbytes(2000).hex()}
    large = store.append(Draft(Kind.SETUP, Stamp("b", 19_000.0), 0.0, 10**15, MARK, body))
    encoder = RecordEncoder(there, store.notes, clock, LackingCounts())
    about = TooLarge(store.notes, lambda body: None), PacketLimit(clock), encoder
    order = SendQueue(there, "new", store, clock, Chunks(there, store, clock), *about)
    window = Window(1000, 100_000)
    window.narrow(1024, careful=False)
    live(order, window, clock)
    assert len(window) > 0
    assert not any(large.seq in range(first, last + 1) for first, last in window.seqs())
    assert order.next(window) is None
    assert order.due(window) > clock.now()


def test_an_alert_goes_first_however_old_it_is(store: Store) -> None:
    """A link that was away for hours is back: the alert and its end stand before the newest minute and all that was
    kept back, once each; one that the platform lacked twice goes as such records go, and holds up nobody."""
    clock = SimClock()
    there = destination(BrokerSection(url="mqtt://127.0.0.1", proof="broker"))
    old = [store.append(Draft(Kind.ALERT, Stamp("b", 18_000.0), 0.0, 10**15, MARK, {"n": n})) for n in range(3)]
    for minute in range(300):
        store.append(Draft(Kind.MINUTE, Stamp("b", 18_000.0 + 60 * minute), 60.0, 10**15, MARK, {"values": {}}))
    clock.run_until(36_000.0)
    lacking = LackingCounts()
    for _ in range(2):
        lacking.proved([Span("x", 1, 1)], new=True)
        lacking.again([Span("old", old[0].seq, old[0].seq)])
    encoder = RecordEncoder(there, store.notes, clock, lacking)
    about = TooLarge(store.notes, lambda body: None), PacketLimit(clock), encoder
    order = SendQueue(there, "old", store, clock, Chunks(there, store, clock), *about)
    window = Window(1000, None)
    first = order.next(window)
    assert first is not None and first.channel is Topic.LIVE
    assert [record.seq for record in first.records[:2]] == [old[2].seq, old[1].seq]
    assert {record.kind for record in first.records[2:]} == {"minute"}
    window.add(0, first, clock.now())
    sent = [record.seq for record in first.records]
    while (message := order.next(window)) is not None:
        window.add(id(message), message, clock.now())
        sent += [record.seq for record in message.records]
    assert len(sent) == len(set(sent)) == 603


def test_a_minute_of_now_never_goes_with_the_backlog(store: Store) -> None:
    """Kept while a backlog goes out, and told of only a moment later, it goes as live all the same: behind all that a
    fleet has kept it would wait for minutes. So does one that the broker had, and lost."""
    clock = SimClock()
    there = destination(BrokerSection(url="mqtt://127.0.0.1", proof="broker"))
    encoder = RecordEncoder(there, store.notes, clock, LackingCounts())
    about = TooLarge(store.notes, lambda body: None), PacketLimit(clock), encoder
    order = SendQueue(there, "old", store, clock, Chunks(there, store, clock), *about)
    clock.run_until(300 * 60.0)
    window = Window(1000, None)
    first = order.next(window)
    assert first is not None and first.channel is Topic.LIVE
    window.add(0, first)
    minute = store.append(Draft(Kind.MINUTE, Stamp("old", 300 * 60.0 - 60), 60.0, 10**15, MARK, {"values": {}}))
    sent = [message.channel for message in drained(order, window) if minute in message.records]
    order.appended()
    clock.run_until(clock.now() + PHASES)
    sent += [message.channel for message in drained(order, window) if minute in message.records]
    assert sent == [Topic.LIVE]
    store.outbox.mark_proven([minute], PLATFORM)
    window = Window(1000, None)
    assert store.outbox.reopen([Span("old", minute.seq, minute.seq)], PLATFORM) == 1
    order.reopened()
    assert [m.channel for m in drained(order, window) if minute in m.records] == [Topic.LIVE]


def drained(order: SendQueue, window: Window) -> Iterator[OutgoingBatch]:
    """Send all there is."""
    while (message := order.next(window)) is not None:
        window.add(id(message), message)
        yield message


def live(order: SendQueue, window: Window, clock: Clock) -> list[list[str]]:
    """Send all there is. Return the kinds of the records of each live message."""
    found = []
    while (message := order.next(window)) is not None:
        window.add(id(message), message, clock.now())
        if message.channel is Topic.LIVE:
            found.append([record.kind for record in message.records])
    return found
