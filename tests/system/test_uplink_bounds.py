"""The uplink and what is too large or makes no sense, against a real Mosquitto: the rest goes on."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.records.spans import Span
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.wire import contract
from edge.wire.contract import VERSION, Command, Hello, HelloAnswer, Receipt, Result, Topic, decode, encode, topic
from tests.kits.broker import Broker, until
from tests.kits.hostile import Mutations
from tests.kits.uplink_kit import BOOT, UTC0, Box, Listener, seqs

STATION = "orchard-1"
LATER = UTC0 + 86_400_000_000


def running(folder: Path, *lines: str) -> Broker:
    """Start a Mosquitto with these lines in its configuration."""
    return Broker(folder, "\n".join(lines)).start()


def test_rubbish_by_a_real_broker_ends_nothing(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Changed messages of all kinds through a broker are set aside, and the next minute and command are dealt with."""
    platform = Listener(broker)
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.minute(-60)
    box.run(1)
    mutations, draw = Mutations(3), random.Random(3)
    honest = {
        Topic.ANSWER: HelloAnswer(VERSION, "0" * 16, 1, "l", 1, []),
        Topic.RECEIPT: Receipt(VERSION, "l", 1, [Span("e1", 1, 5)]),
        Topic.COMMAND: Command(VERSION, "c", "picture", {}, LATER),
    }
    for _ in range(60):
        channel = draw.choice(list(honest))
        payload = mutations.of(honest[channel])
        if len(payload) < contract.LARGEST_PACKET:
            platform.send(topic(STATION, channel), payload)
            box.run(1)
    box.minute(0)
    box.uplink.notify()
    platform.send(topic(STATION, Topic.COMMAND), encode(Command(VERSION, "last", "picture", {}, LATER)))
    box.run_until(
        lambda: box.store.outbox.count_unsent(PLATFORM) == 0 and "last" in [command.id for command in box.commands]
    )
    assert box.uplink.snapshot.set_aside.count > 20
    assert box.uplink.snapshot.connected


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_message_that_is_too_large_is_passed_over_for_good(
    broker: Broker, boxes: list[Box], tmp_path: Path, protocol: str
) -> None:
    """Megabytes on a station's topic take no memory and no connection, and do not come again after a restart."""
    box = Box(tmp_path / "state", broker.section(protocol=protocol))
    boxes.append(box)
    box.minute(-60)
    box.run(1)
    platform = Listener(broker)
    before = resident()
    box.clock.outside(lambda: platform.send(topic(STATION, Topic.COMMAND), os.urandom(30_000_000)))
    platform.send(topic(STATION, Topic.COMMAND), encode(Command(VERSION, "after", "picture", {}, LATER)))
    box.run_until(lambda: [command.id for command in box.commands] == ["after"])
    assert resident() - before < 80 * 1024 * 1024  # the sender's own copies of it are of this process too
    passed_over = box.uplink.snapshot.set_aside.count
    assert passed_over == (1 if protocol == "3.1.1" else 0)
    if passed_over:
        assert f"bytes exceed the limit of {contract.LARGEST_PACKET}" in str(box.uplink.snapshot.set_aside.last)
    box.close()
    boxes[:] = [Box(tmp_path / "state", broker.section(protocol=protocol), epoch="e2")]
    boxes[0].run(1)
    platform.send(topic(STATION, Topic.COMMAND), encode(Command(VERSION, "again", "picture", {}, LATER)))
    boxes[0].run_until(lambda: [command.id for command in boxes[0].commands] == ["again"])
    assert boxes[0].uplink.snapshot.set_aside.count == 0


def resident() -> int:
    """Return the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def event(store: Store, kind: Kind, body: dict[str, Any]) -> int:
    """Append an event; its seq."""
    return store.append(Draft(kind, Stamp(BOOT, 0.0), 0.0, UTC0, ClockMark("ntp", 0.01), body)).seq


def test_a_record_that_fits_no_packet_is_told_and_all_others_go(tmp_path: Path, boxes: list[Box]) -> None:
    """At a broker of 500 bytes a large setup record stays, with one loss record over all restarts; the rest arrives."""
    broker = running(tmp_path, "max_packet_size 500")
    listener = Listener(broker)
    for epoch in ("e1", "e2"):
        box = Box(tmp_path / "state", broker.section(), epoch=epoch)
        boxes[:] = [box]
        if epoch == "e1":
            large = event(box.store, Kind.SETUP, {"sensors": [os.urandom(20).hex() for _ in range(40)]})
            box.backlog(300)
            for _ in range(3):
                event(box.store, Kind.HEALTH, {"what": "x"})
        box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 1)  # noqa: B023  # called within the turn alone
        box.uplink.result(Result(VERSION, f"c-{epoch}", STATION, "done", "t" * 1000, {"picture": "x" * 300}))
        box.run(5)
        assert box.uplink.snapshot.too_large.count == 1
        if epoch == "e1":
            box.close()
    assert boxes[0].store.outbox.unsent_spans(PLATFORM) == [Span("e1", large, large)]
    arrived = listener.records()
    assert sorted(set(seqs(arrived))) == [seq for seq in range(1, boxes[0].store.next_seq) if seq != large]
    (loss,) = [record for record in arrived if record.kind == Kind.LOSS]
    assert (loss.fields()["what"], loss.fields()["epoch"], loss.fields()["seq"]) == ("record", "e1", large)
    assert loss.fields()["bytes"] > 500
    results = [decode(message.payload, Result) for message in listener.on(STATION, Topic.RESULT)]
    assert [(r.id, len(r.text)) for r in results] == [("c-e1", 200), ("c-e2", 200)]
    broker.stop()


def started(folder: Path, times: int) -> int:
    """Make the store of a box that was started so often (without waiting for the disk). Return its newest seq."""
    store = Store.open(folder, epoch="0" * 12, destinations=(PLATFORM,))
    with store._db.reading() as connection:
        connection.execute("PRAGMA synchronous=OFF")
    seq = 0
    for number in range(times):
        store.epoch = store._tail.epoch = f"{number:012x}"
        event(store, Kind.START, {"reason": "power"})
        seq = event(store, Kind.SETUP, {"configuration": "0" * 64})
    store.close()
    return seq


@pytest.mark.parametrize(
    ("times", "limit"), [(300, 500), pytest.param(6000, 131_072, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_box_that_was_started_thousands_of_times_gets_everything_out(
    tmp_path: Path, boxes: list[Box], times: int, limit: int
) -> None:
    """Hellos go in pages until all starts were spoken of; each record arrives, and what an answer lacks comes again."""
    broker = running(tmp_path, f"max_packet_size {limit}")
    platform = Platform(broker, page=4 if limit < 1000 else 100)
    newest = started(tmp_path / "state", times)
    box = Box(tmp_path / "state", broker.section(proof="committed"), epoch="now")
    boxes.append(box)
    box.minute(0)
    box.run_until(lambda: platform.turn() and len(platform.has) == newest + 1, real=120)
    box.run_until(lambda: platform.turn() and len(platform.spoken) == times + 1, real=120)
    assert max(platform.sizes) <= min(limit, 16 * 1024 + 100)
    box.run_until(
        lambda: (
            platform.turn() and not box.store.outbox.unproven(PLATFORM) and not box.store.outbox.count_unsent(PLATFORM)
        ),
        real=120,
    )
    assert box.uplink.snapshot.trouble is None
    broker.stop()


class Platform:
    """A ledger that answers each hello with what it has of the epochs that it names, in pages that fit."""

    def __init__(self, broker: Broker, page: int) -> None:
        self.page = page
        self.listener = Listener(broker)
        self.has: dict[tuple[str, int], int] = {}
        self.spoken: set[str] = set()
        self.sizes: list[int] = []

    def turn(self) -> bool:
        """Take in what came and answer it."""
        messages, self.listener.messages = self.listener.take(quiet=0.02), []
        for message in messages:
            channel = message.topic.rpartition("/")[2]
            if channel in (Topic.LIVE, Topic.BACKFILL):
                batch = decode(message.payload, contract.Batch)
                self.has.update({(record.epoch, record.seq): record.revision for record in batch.records})
            elif channel == Topic.HELLO:
                self.sizes.append(len(message.payload))
                self._answer(decode(message.payload, Hello))
        return True

    def _answer(self, hello: Hello) -> None:
        self.spoken |= {span.epoch for span in hello.epochs}
        for first in range(0, len(hello.epochs), self.page):
            about = hello.epochs[first : first + self.page]
            names = {span.epoch for span in about}
            has = [Span(epoch, seq, seq) for epoch, seq in self.has if epoch in names]
            reply = HelloAnswer(VERSION, hello.nonce, UTC0, "ledger", 1, has, about=about)
            self.listener.link.publish(topic(STATION, Topic.ANSWER), encode(reply))


def test_an_answer_says_nothing_about_epochs_that_were_not_named(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """What an answer does not speak of stays closed; what it speaks of and lacks comes again."""
    started(tmp_path / "state", 3)
    platform = Listener(broker)
    box = Box(tmp_path / "state", broker.section(proof="committed"), epoch="now")
    boxes.append(box)
    box.minute(0)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0)
    box.run(200)  # it asks about what is not on its way any more
    hello = decode(platform.on(STATION, Topic.HELLO)[-1].payload, Hello)
    everything = box.store.epochs()
    for about, has, reopened in ((everything[:1], everything[:1], 0), (everything[1:2], [], 2)):
        reply = HelloAnswer(VERSION, hello.nonce, UTC0, "ledger", 1, has, about=about)
        platform.messages.clear()
        platform.send(topic(STATION, Topic.ANSWER), encode(reply))
        box.run(30)
        until(lambda: len(platform.records()) == reopened)  # noqa: B023  # called within the turn alone
    assert json.loads(encode(hello))["epochs"] == json.loads(encode(everything))
