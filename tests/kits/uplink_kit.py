"""A station's store and uplink in simulated time, and a listener at the broker: what the uplink's tests share."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from edge.budget.budget import Budget, Terms
from edge.clock.anchors import Anchor
from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.northbound.minshan import Minshan
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.sim import lockstep
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import NewPicture, PicturePart, file_name
from edge.store.store import Store
from edge.uplink.destination import REAL_WAY, Destination, Way
from edge.uplink.uplink import Uplink
from edge.wire.contract import Command, Topic, topic
from edge.wire.link import Link
from edge.wire.mqtt_link import connect
from edge.wire.session import Incoming, Session
from tests.kits.batches import Reader
from tests.kits.broker import Broker

UTC0 = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z, the instant of boottime 0
BOOT = "11111111-2222-3333-4444-555555555555"


def destination(
    broker: BrokerSection, station: str = "orchard-1", way: Way = REAL_WAY, budget: Budget | None = None
) -> Destination:
    """Return the platform behind this broker."""
    unlimited = Budget(Terms(), SystemClock(), lambda: None)
    return Destination(PLATFORM, broker, Minshan(station, broker.proof), way, budget or unlimited)


class Box:
    """A station that records a minute a minute."""

    def __init__(self, folder: Path, broker: BrokerSection, station: str = "orchard-1", epoch: str = "e1") -> None:
        self.station = station
        self.clock = SimClock()
        self.store = Store.open(folder, epoch=epoch, destinations=(PLATFORM,))
        self.anchors: list[Anchor] = []
        self.commands: list[Command] = []
        self.uplink = Uplink(
            destination(broker, station, Way(partial(lockstep.connect, deadline=2.0), 1)),
            self.store,
            self.clock,
            epoch,
            boot=BOOT,
            on_command=self.commands.append,
            on_anchor=self.anchors.append,
            on_loss=self.loss,
        )
        self._lanes = [self.clock.lane("uplink", self.uplink.run)]

    def minute(self, boottime: float, dated: bool = True, value: float = 1.25) -> Record:
        """Append the minute that began at this boottime."""
        start = UTC0 + round(boottime * 1e6) if dated else None
        mark = ClockMark("ntp", 0.01) if dated else ClockMark("arrival")
        body = {
            "values": {"air_temperature": value, "wind_speed": None},
            "quality": {"air_temperature": 1, "wind_speed": 9},
            "reasons": {"wind_speed": "no answer"},
        }
        return self.store.append(Draft(Kind.MINUTE, Stamp(BOOT, boottime), 60.0, start, mark, body))

    def loss(self, body: dict[str, Any]) -> None:
        """Append a loss record of now, as the recorder does."""
        now = self.clock.now()
        mark = ClockMark("ntp", 0.01)
        self.store.append(Draft(Kind.LOSS, Stamp(BOOT, now), 0.0, UTC0 + round(now * 1e6), mark, body))
        self.uplink.notify()

    def backlog(self, count: int) -> None:
        """Append minutes from before this boot's time zero."""
        for number in range(count):
            self.minute((number - count) * 60.0)

    def recording(self, dated: bool = True) -> None:
        """Record a minute a minute from now on."""

        def run() -> None:
            while True:
                begin = self.clock.now()
                self.clock.sleep_until(begin + 60)
                self.minute(begin, dated)
                self.uplink.notify()

        self._lanes.append(self.clock.lane("recorder", run))

    def picture(self, full: bytes, thumbnail: bytes) -> str:
        """Put a picture on the shelf with its record. Return its name."""
        name = hashlib.sha256(full).hexdigest()
        parts = {"full": full, "thumbnail": thumbnail}
        for part, data in parts.items():
            (self.store.pictures.folder / file_name(name, part)).write_bytes(data)
        new = {part: PicturePart(len(data), hashlib.sha256(data).hexdigest()) for part, data in parts.items()}
        now = self.clock.now()
        body = {"picture": name, "camera": "north", "bytes": len(full), "thumbnail_bytes": len(thumbnail)}
        draft = Draft(Kind.PICTURE, Stamp(BOOT, now), 0.0, UTC0 + round(now * 1e6), ClockMark("ntp", 0.01), body)
        self.store.append(draft, picture=NewPicture(name, "north", new["full"], new["thumbnail"]))
        self.uplink.notify()
        return name

    def run(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        self.clock.run_until(self.clock.now() + seconds)

    def run_until(self, holds: Any, real: float = 20.0) -> None:
        """Let simulated time pass, with real pauses for the other side, until something holds."""
        deadline = time.monotonic() + real
        while not holds():
            assert time.monotonic() < deadline, f"did not come about in time: {self.uplink.snapshot}"
            self.run(30)
            time.sleep(0.01)

    def is_proven(self, last: int) -> bool:
        """Return whether the platform has all up to that seq. Of later ones, which simulated time makes faster than
        receipts are gathered by the wall clock, some are always open."""
        outbox = self.store.outbox
        return all(span.first > last for span in [*outbox.unproven(PLATFORM), *outbox.unsent_spans(PLATFORM)])

    def close(self) -> None:
        """End the lanes and let the store go."""
        for lane in self._lanes:
            lane.stop()
        self.run(1)
        assert all(lane.join(5) for lane in self._lanes)
        self.store.close()


class Listener:
    """A plain subscriber at the broker, with a session that outlives its connection."""

    def __init__(self, broker: Broker | BrokerSection, name: str = "listener") -> None:
        self._session = Session(name, ("minshan/#",), expiry=3600, receive=1000)
        self._section = broker.section() if isinstance(broker, Broker) else broker
        self.messages: list[Incoming] = []
        self._clock = SystemClock()
        self.link: Link = connect(self._section, self._session)

    def again(self) -> None:
        """Connect again, after the broker was away."""
        self.link.drop()
        self.link = connect(self._section, self._session)

    def take(self, quiet: float = 0.3) -> list[Incoming]:
        """Take in what comes until nothing comes for so many seconds."""
        while self.link.wait(self._clock.now() + quiet):
            self._keep()
        self._keep()
        return self.messages

    def records(self) -> list[Record]:
        """Return all records that arrived, doubles among them."""
        return list(records_of(self.take()))

    def on(self, station: str, channel: Topic, quiet: float = 0.3) -> list[Incoming]:
        """Return what came on one channel, once nothing has come for so many seconds."""
        return [message for message in self.take(quiet) if message.topic == topic(station, channel)]

    def send(self, to: str, payload: bytes) -> None:
        """Publish, and wait for the acknowledgement."""
        mid = self.link.publish(to, payload)
        while mid not in self.link.acks:
            self.link.wait(self._clock.now() + 0.1)
            self._keep()

    def _keep(self) -> None:
        for message in self.link.incoming:
            self.messages.append(message)
            self.link.ack(message)
        self.link.incoming.clear()


def records_of(messages: list[Incoming]) -> Iterator[Record]:
    """Yield the records in these messages."""
    reader = Reader()
    for message in messages:
        yield from reader.records(message.topic, message.payload)


def seqs(records: Iterable[Record]) -> list[int]:
    """Return the seqs of records."""
    return [record.seq for record in records]


def make(boxes: list[Box], folder: Path, broker: Broker, **section: Any) -> Box:
    """Make a station for this broker, closed with the other `boxes`."""
    boxes.append(Box(folder / "state", broker.section(**section)))
    return boxes[-1]
