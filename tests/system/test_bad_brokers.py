"""Brokers and links that misbehave: whatever they do, in the end each record is there once, and the lane stands."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock
from edge.sim import lockstep
from edge.store.outbox import PLATFORM
from edge.uplink import uplink
from edge.wire import mqtt_link
from edge.wire.contract import Topic, topic
from edge.wire.session import Session
from tests.kits.broker import Broker
from tests.kits.proxy import Proxy
from tests.kits.scripted_broker import KICK, SILENT, Manners, Scripted, packet, publish
from tests.kits.uplink_kit import Box
from tests.kits.watching import Watch

STATION = "orchard-1"
COUNT = 120

BAD = {
    "never acknowledges": lambda: Manners(puback=lambda n: SILENT, keeps=False),
    "nobody listens": lambda: Manners(puback=lambda n: 0x10),
    "over its quota": lambda: Manners(puback=lambda n: 0x97),
    "not authorized": lambda: Manners(puback=lambda n: 0x87),
    "each third is refused": lambda: Manners(puback=lambda n: 0x99 if n % 3 == 0 else 0),
    "kicks at each fifth": lambda: Manners(puback=lambda n: KICK if n % 5 == 0 else 0),
    "kicks after a while": lambda: Manners(kick_after=0.05),
    "one message in flight": lambda: Manners(properties=b"\x21\x00\x01"),
    "none in flight": lambda: Manners(properties=b"\x21\x00\x00"),
    "packets of 2000": lambda: Manners(properties=b"\x27\x00\x00\x07\xd0"),
    "no CONNACK": lambda: Manners(connack=lambda: SILENT),
    "refuses the login": lambda: Manners(connack=lambda: 0x87),
    "over its quota at once": lambda: Manners(connack=lambda: 0x97),
    "acknowledges and drops": lambda: Manners(keeps=False),
    "sends no MQTT": lambda: Manners(first=b"\x00\xff\xff\xff\xff\xff"),
    "sends what has no topic": lambda: Manners(first=packet(0x32, b"\xff\xff")),
    "sends a topic of no text": lambda: Manners(first=packet(0x32, b"\x00\x02\xff\xfe\x00\x01\x00{}")),
    "sends properties of none": lambda: Manners(first=packet(0x32, b"\x00\x01a\x00\x01\x05\xff\xff\xff\xff\xff")),
    "sends at a QoS of its own": lambda: Manners(first=packet(0x34, b"\x00\x01a\x00\x01\x00{}")),
    "sends megabytes": lambda: Manners(first=publish(topic(STATION, Topic.COMMAND), b"x" * 3_000_000, True)),
}
QUICK = (
    "each third is refused",
    "kicks at each fifth",
    "packets of 2000",
    "acknowledges and drops",
    "sends what has no topic",
    "sends megabytes",
)


@pytest.fixture(name="scripted")
def running() -> Iterator[Scripted]:
    """Give a broker that follows its script."""
    broker = Scripted()
    yield broker
    broker.close()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in BAD], ids=BAD
)
def test_a_broker_that_misbehaves_loses_nothing(
    scripted: Scripted, boxes: list[Box], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Hours of a bad broker, then a good one: each record arrived, each is proven, the lane never fell."""
    monkeypatch.setattr(lockstep, "PATIENCE", 0.1)
    monkeypatch.setattr(uplink, "SILENCE", 0.3)
    scripted.manners = BAD[name]()
    box = Box(tmp_path / "state", scripted.section())
    boxes.append(box)
    box.backlog(COUNT)
    box.recording()
    box.run(1800 if name != "no CONNACK" else 120)  # each of its connections takes 4 s of real time
    closed = box.store.next_seq - 1 - box.store.outbox.count_unsent(PLATFORM) - unproven(box)
    assert closed <= len(scripted.arrived), "something counts as kept that nobody has"
    scripted.manners = Manners()
    whole = box.store.next_seq - 1
    box.run_until(lambda: {seq for _, seq, _ in scripted.arrived} >= set(range(1, whole + 1)), real=60)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) + unproven(box) <= 1, real=60)
    assert {seq for _, seq, _ in scripted.arrived} >= set(range(1, whole + 1))


def test_a_message_that_is_passed_over_is_handed_on_though_nothing_comes_after_it(scripted: Scripted) -> None:
    """Its acknowledgement waits for no other message: what a broker of 3.1.1 holds back until then is not late."""
    scripted.manners = Manners(first=publish(topic(STATION, Topic.COMMAND), b"x" * 3_000_000, True))
    link = mqtt_link.connect(scripted.section(), Session("a", ("minshan/#",), expiry=60, receive=10), SystemClock())
    until = time.monotonic() + 10
    while not link.incoming and time.monotonic() < until:
        link.wait(SystemClock().now() + 0.2)
    assert [(message.topic, message.wrong is None) for message in link.incoming] == [
        (topic(STATION, Topic.COMMAND), False)
    ]
    link.drop()


def unproven(box: Box) -> int:
    """Count the records that are sent and not proven."""
    return sum(span.last - span.first + 1 for span in box.store.outbox.unproven(PLATFORM))


def test_a_message_that_cannot_be_read_comes_a_few_times_at_most(
    scripted: Scripted, boxes: list[Box], tmp_path: Path
) -> None:
    """It comes again with the session that the broker keeps, until the station asks for a session without it."""
    scripted.manners = Manners(first=packet(0x32, b"\xff\xff"), session=True)
    box = Box(tmp_path / "state", scripted.section())
    boxes.append(box)
    box.minute(-60)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0 and unproven(box) == 0)
    assert 5 <= scripted.connections <= 8


class FaultyProxy(Proxy):
    """Cuts, falls silent, loses acknowledgements, garbles, delays."""

    def __init__(self, port: int, fault: str, seed: int = 5) -> None:
        self.fault: str | None = fault
        self._random = random.Random(seed)
        super().__init__(port)

    def up(self, near: socket.socket, far: socket.socket) -> None:
        """Carry what the station sends as far as the fault lets it."""
        self._spoil(near, far, True)

    def down(self, far: socket.socket, near: socket.socket) -> None:
        """Carry what the broker sends as far as the fault lets it."""
        self._spoil(far, near, False)

    def _spoil(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        while data := source.recv(2048):
            changed = self._through(data, up)
            if changed is None:
                return
            target.sendall(changed)

    def _through(self, data: bytes, up: bool) -> bytes | None:
        """Return what goes out at the other side; None: the connection ends."""
        lucky = self._random.random() > 0.15
        if self.fault is None or lucky:
            return data
        if self.fault == "cuts":
            return None
        if self.fault == "silence":
            time.sleep(12)
            return None
        if self.fault == "loses acknowledgements":
            return data if up else None
        if self.fault == "delays":
            time.sleep(0.3)
            return data
        place = self._random.randrange(len(data))
        return data[:place] + b"\xff" + data[place + 1 :] if up else data


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["cuts", "silence", "loses acknowledgements", "garbles", "delays"])
def test_a_bad_link_loses_and_doubles_nothing(
    broker: Broker, boxes: list[Box], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Through a proxy that spoils the link, a receiver's file ends with each minute once."""
    monkeypatch.setattr(lockstep, "PATIENCE", 0.3)
    monkeypatch.setattr(uplink, "SILENCE", 15.0)  # a garbled length leaves the broker waiting, in real time here
    watch = Watch(tmp_path, broker.url, "--receipts").start()
    proxy = FaultyProxy(broker.port, fault)
    box = Box(tmp_path / "state", broker.section(url=f"mqtt://127.0.0.1:{proxy.port}", proof="committed"))
    boxes.append(box)
    try:
        box.backlog(400)
        box.recording()
        began = time.monotonic()
        while time.monotonic() - began < 15:
            box.run(30)
            time.sleep(0.05)
        proxy.fault = None
        box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) + unproven(box) <= 1, real=400)
        newest = box.store.next_seq - 2
        box.run_until(lambda: set(watch.seqs()) >= set(range(1, newest + 1)), real=30)
        assert sorted(watch.seqs())[:newest] == list(range(1, newest + 1))
    finally:
        proxy.close()
        watch.kill()
