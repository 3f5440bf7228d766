"""The uplink and what the platform says: proof, time, commands, pictures, against a real Mosquitto."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import msgspec

from edge.clock.anchors import Anchor
from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.records.spans import Span
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.chunks import Chunks
from edge.uplink.send_queue import PHASES
from edge.uplink.uplink import Uplink
from edge.uplink.window import Window
from edge.wire.contract import (
    CHUNK,
    ROLLCALL,
    VERSION,
    Command,
    Hello,
    HelloAnswer,
    Piece,
    Receipt,
    Result,
    Revised,
    Status,
    Topic,
    decode,
    decode_chunk,
    encode,
    topic,
)
from tests.kits.broker import Broker, until
from tests.kits.uplink_kit import BOOT, UTC0, Box, Listener, destination, make, seqs

STATION = "orchard-1"
LATER = UTC0 + 86_400_000_000


def test_an_answer_proves_what_it_has_and_the_rest_is_sent_again(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """With proof "committed" an acknowledgement closes nothing; what the platform lacks goes again."""
    platform = Listener(broker)
    box = make(boxes, tmp_path, broker, proof="committed")
    box.backlog(50)
    box.run(30)
    assert box.store.outbox.count_unsent(PLATFORM) == 0
    assert box.store.outbox.unproven(PLATFORM) == [Span("e1", 1, 50)]
    box.run(130)
    hello = newest_hello(platform)
    assert hello.unproven == [Span("e1", 1, 50)]
    answer(platform, hello, has=[Span("e1", 1, 20), Span("e1", 31, 50)])
    box.run_until(lambda: len(platform.records()) == 60)
    assert sorted(seqs(platform.records()))[20:40:2] == sorted(seqs(platform.records()))[21:41:2]
    receipt = Receipt(VERSION, "ledger", 1, [Span("e1", 21, 30)])
    platform.send(topic(STATION, Topic.RECEIPT), encode(receipt))
    box.run_until(lambda: not box.store.outbox.unproven(PLATFORM))
    assert box.store.outbox.count_unsent(PLATFORM) == 0


def newest_hello(platform: Listener) -> Hello:
    """Return what the station said of itself last."""
    return decode(platform.on(STATION, Topic.HELLO)[-1].payload, Hello)


def answer(platform: Listener, hello: Hello, has: list[Span] | None = None) -> None:
    """Return the platform's answer to a hello."""
    reply = HelloAnswer(VERSION, hello.nonce, UTC0 + 5_000_000, "ledger", 1, has)
    platform.send(topic(STATION, Topic.ANSWER), encode(reply))


def test_the_platforms_time_becomes_an_anchor_where_nobody_else_knows_it(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """The answer to a hello anchors the boot, with half the round trip as its error; a stale answer does not."""
    platform = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.minute(-60, dated=False)
    box.run(1)
    answer(platform, Hello(VERSION, STATION, "stale", "e1", [], 1, [], 0, "", ""))
    box.run(1)
    assert box.anchors == []
    answer(platform, newest_hello(platform))
    box.run(1)
    assert [(a.boot, a.utc, a.source) for a in box.anchors] == [(BOOT, UTC0 + 5_000_000, "platform")]
    assert 0 <= box.anchors[0].boottime <= 2
    assert box.anchors[0].error <= 1


def test_an_undated_minute_goes_at_once_by_arrival_and_again_when_its_time_is_known(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """Without a time only the newest minute goes; when the time becomes known all go, with revision 1."""
    listener = Listener(broker)
    box = make(boxes, tmp_path, broker)
    for number in range(5, 0, -1):
        box.minute(-60.0 * number, dated=False)
    box.run(30)
    assert [(r.seq, r.start, r.clock.source) for r in listener.records()] == [(5, None, "arrival")]
    box.store.times.add_anchor(Anchor(BOOT, 0.0, UTC0, "ntp", 0.01))
    box.uplink.notify()
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0)
    later = [(r.seq, r.start, r.revision) for r in listener.records()[1:]]
    assert sorted(later) == [(n, UTC0 - (6 - n) * 60_000_000, 1) for n in range(1, 6)]


def test_a_rollcall_is_answered_by_a_hello(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Whoever calls the roll gets every station's hello."""
    platform = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.run(1)
    before = len(platform.on(STATION, Topic.HELLO))
    platform.send(ROLLCALL, b"{}")
    box.run(1)
    assert len(platform.on(STATION, Topic.HELLO)) == before + 1


def test_a_platform_that_calls_the_roll_all_the_time_costs_a_hello_a_minute(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """As one that falls and starts again: the first calls are answered at once, and the last one within a minute."""
    platform = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.run(1)
    before = len(platform.on(STATION, Topic.HELLO))
    for count in range(1, 61):
        platform.send(ROLLCALL, b"{}")
        box.run(2)
        if count == 5:
            assert len(platform.on(STATION, Topic.HELLO)) == before + 5
    assert len(platform.on(STATION, Topic.HELLO)) <= before + 7
    box.run(60)
    assert len(platform.on(STATION, Topic.HELLO)) == before + 8


def test_a_command_is_carried_out_once_and_an_expired_one_refused(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """A command that comes twice runs once and is answered twice; one that has expired fails with a reason."""
    platform = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.minute(-60)
    box.run(1)
    command = Command(VERSION, "c1", "picture", {"camera": "north"}, LATER)
    platform.send(topic(STATION, Topic.COMMAND), encode(command))
    box.run(1)
    assert box.commands == [command]
    box.uplink.result(Result(VERSION, "c1", STATION, "done", "taken"))
    box.run(1)
    platform.send(topic(STATION, Topic.COMMAND), encode(command))
    platform.send(topic(STATION, Topic.COMMAND), encode(Command(VERSION, "c2", "picture", {}, UTC0 - 1)))
    box.run(1)
    results = [decode(m.payload, Result) for m in platform.on(STATION, Topic.RESULT)]
    assert [(r.id, r.state, r.text) for r in results] == [
        ("c1", "done", "taken"),
        ("c1", "done", "taken"),
        ("c2", "failed", "the command has expired"),
    ]
    assert box.commands == [command]


def test_a_picture_arrives_whole_its_thumbnail_first(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """A thumbnail goes before its picture; the chunks put together have the hash; a wanted piece comes again."""
    listener = Listener(broker)
    box = make(boxes, tmp_path, broker)
    full, thumbnail = bytes(range(256)) * 900, b"thumb" * 4000
    name = box.picture(full, thumbnail)
    box.run_until(lambda: box.store.pictures.count(PLATFORM).bytes_left == 0)
    chunks = [decode_chunk(m.payload) for m in listener.on(STATION, Topic.PICTURE)]
    assert [h.part for h, _ in chunks] == ["thumbnail"] + ["full"] * 8
    assert b"".join(data for header, data in chunks if header.part == "full") == full
    assert {h.sha256 for h, _ in chunks} == {name, hashlib.sha256(thumbnail).hexdigest()}
    wanted = Receipt(VERSION, "ledger", 1, wanted=[Piece(name, "full", 200_000)])
    listener.messages.clear()
    listener.send(topic(STATION, Topic.RECEIPT), encode(wanted))
    box.run_until(lambda: listener.on(STATION, Topic.PICTURE))
    again = [decode_chunk(m.payload) for m in listener.on(STATION, Topic.PICTURE)]
    assert b"".join(data for _, data in again) == full[200_000:]


def test_what_nobody_understands_is_dropped(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Rubbish on the station's topics harms nothing."""
    platform = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.run(1)
    for channel in (Topic.ANSWER, Topic.RECEIPT, Topic.COMMAND):
        for payload in (b"", b"{}", b"\xff\x00", b"\x28\xb5\x2f\xfdrubbish", b"[1,2]"):
            platform.send(topic(STATION, channel), payload)
    box.minute(0)
    box.uplink.notify()
    box.run(60)
    assert box.store.outbox.count_unsent(PLATFORM) == 0
    assert box.uplink.snapshot.connected


def test_a_chunk_after_one_that_was_refused_is_no_progress(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Only what the broker has without a hole moves a picture on; after a restart it goes on there."""
    box = make(boxes, tmp_path, broker)
    box.picture(b"x" * 100_000, b"y" * 50)
    chunks = Chunks(destination(BrokerSection(url="mqtt://127.0.0.1", proof="broker")), box.store, box.clock)
    window = Window(20, None)
    flying = []
    for mid in range(3):
        message = chunks.next(window)
        if message is None:
            break
        assert message.chunk is not None
        window.add(mid, message)
        flying.append((message.chunk, message.chunk_end))
    assert [(h.part, h.offset) for h, _ in flying] == [("thumbnail", 0), ("full", 0)]
    chunks.sent(*flying[0])
    late = msgspec.structs.replace(flying[1][0], offset=CHUNK)
    chunks.sent(late, 2 * CHUNK)
    assert [row.offset for row in box.store.pictures.next_pieces(PLATFORM)] == [0]
    chunks.sent(*flying[1])
    assert [row.offset for row in box.store.pictures.next_pieces(PLATFORM)] == [CHUNK]


def test_in_real_time_a_minute_goes_at_once_and_the_lane_ends_soon(broker: Broker, tmp_path: Path) -> None:
    """By the system's clock a new record goes within the station's phase; told to stop, the lane ends in a second."""
    listener = Listener(broker)
    clock = SystemClock()
    store = Store.open(tmp_path / "state", epoch="e1", destinations=(PLATFORM,))
    sender = Uplink(
        destination(broker.section(), STATION), store, clock, "e1", boot=BOOT, on_command=print, on_anchor=print
    )
    lane = clock.lane("uplink", sender.run)
    until(lambda: sender.snapshot.connected)
    now = clock.now()
    store.append(Draft(Kind.MINUTE, Stamp(BOOT, now - 60), 60.0, UTC0, ClockMark("ntp", 0.1), {}))
    sender.notify()
    until(lambda: store.outbox.count_unsent(PLATFORM) == 0, PHASES + 2)
    assert clock.now() - now < PHASES + 1
    began = time.monotonic()
    lane.stop()
    assert lane.join(5)
    assert time.monotonic() - began < 2
    store.close()
    assert decode(listener.on(STATION, Topic.STATUS)[-1].payload, Status).state == "offline"


def test_a_proof_of_an_older_revision_closes_nothing(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """A record whose time was corrected is closed by a proof of that correction only, and goes again without one."""
    platform = Listener(broker)
    box = make(boxes, tmp_path, broker, proof="committed")
    box.store.append(Draft(Kind.MINUTE, Stamp(BOOT, 0.0), 60.0, None, ClockMark("arrival"), {}))
    box.store.times.add_anchor(Anchor(BOOT, 0.0, UTC0, "ntp", 0.01))
    box.run(30)
    assert [r.revision for r in platform.records()][-1:] == [1]
    assert box.store.outbox.unproven(PLATFORM) == [Span("e1", 1, 1)]
    answer(platform, newest_hello(platform), has=[])
    box.run(1)
    platform.send(topic(STATION, Topic.RECEIPT), encode(Receipt(VERSION, "ledger", 1, has=[Span("e1", 1, 1)])))
    box.run(5)
    assert box.store.outbox.unproven(PLATFORM) == [Span("e1", 1, 1)]
    revised = [Revised(1, [Span("e1", 1, 1)])]
    receipt = Receipt(VERSION, "ledger", 1, has=[Span("e1", 1, 1)], revised=revised)
    platform.send(topic(STATION, Topic.RECEIPT), encode(receipt))
    box.run(5)
    assert box.store.outbox.unproven(PLATFORM) == []
