"""Messages that nobody understands, thousands of them, through a real broker with few of them in flight."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock
from edge.records.record import Record
from edge.wire.contract import Batch, Topic, encode, topic
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from hub import live_first
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.receiver import Files, Receiver
from tests.kits.broker import Broker, until
from tests.kits.receiver_kit import minute
from tests.kits.sink_kit import kept

WINDOW = 20  # messages that may be in flight
GOOD = 20  # live minutes among the rubbish
LIVE, BACKFILL = topic("s", Topic.LIVE), topic("s", Topic.BACKFILL)


class Office:
    """A hub's receiver in a thread, with its database, at a broker that keeps what comes while it is away."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.url = f"sqlite://{folder}/hub.db"
        self.seen: dict[int, int] = {}  # by the number of a minute: what had been set aside by then
        self._sink = DatabaseSink(opened(self.url))
        files = Files(pictures=folder / "pictures")
        self.receiver = Receiver(broker.section(), files, True, self._see, sink=self._sink)
        live_first.connect_both(broker.section(), self._sink.id, self.receiver._name).close()  # from now on it is kept
        self._ended = threading.Event()

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Receive until the end of the block."""
        thread = threading.Thread(target=lambda: self.receiver.run(self._ended.is_set, lambda: None))
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(30)
            self.receiver.close()

    def _see(self, _station: str, record: Record) -> None:
        self.seen.setdefault(record.seq, self.receiver.tally.aside)


class Sender:
    """Publishes without waiting for each acknowledgement."""

    def __init__(self, broker: Broker) -> None:
        self._link = connect(broker.section(), Session("sender", (), expiry=0, receive=100))
        self._open: set[int] = set()

    def send(self, to: str, *payloads: bytes) -> None:
        """Publish all of these, and see that the broker has them."""
        for payload in payloads:
            self._open.add(self._link.publish(to, payload))
            while len(self._open) > WINDOW:
                self._settle()
        while self._open:
            self._settle()

    def _settle(self) -> None:
        self._link.wait(SystemClock().now() + 0.5)
        self._open -= set(self._link.acks)
        self._link.acks.clear()

    def close(self) -> None:
        """Say good-bye."""
        self._link.close()


def rubbish(count: int) -> list[bytes]:
    """Return so many messages that are not understood, none like another."""
    return [b'{"v":1,"station":"s","records":[{"epoch":%d}' % number for number in range(count)]


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_rubbish_neither_stops_nor_delays_what_is_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """With twenty messages in flight, rubbish of now is acknowledged as it comes, so the minutes between it arrive;
    and a minute of now waits for no rubbish of the backlog: each is kept while most of that is still at the broker."""
    monkeypatch.setattr(live_first, "RECEIVE", WINDOW)
    broker = Broker(tmp_path).start()
    office, sender = Office(broker, tmp_path), Sender(broker)
    sender.send(BACKFILL, *rubbish(count))
    with office.receiving():
        until(lambda: office.receiver.connected, 30)
        between = rubbish(count + count)[count:]
        for number in range(GOOD):
            sender.send(LIVE, *between[number * WINDOW * 2 :][: WINDOW * 2])
            sender.send(LIVE, encode(Batch(1, "s", [minute(1 + number)])))
            until(lambda: len(office.seen) == number + 1, 60)  # noqa: B023 - called at once
        until(lambda: office.receiver.tally.aside == count + GOOD * WINDOW * 2, 300)
    assert sorted(seq for _, _, seq in kept(office.url)) == list(range(1, GOOD + 1))
    sender.close()
    broker.stop()
    assert office.seen[1] < count // 2, "a minute of now waited for the backlog"
