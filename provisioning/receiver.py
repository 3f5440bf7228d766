"""The platform's side of the wire: take in what stations send, keep each record once, answer.

A batch is: what has arrived, written and synced, then receipts where they are wanted, and only then the
acknowledgements to the broker. Killed at any instant, nothing is lost: what was not acknowledged comes again,
and what was written is known by its identity.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge.clock import SystemClock, system_utc
from edge.config.sections import BrokerSection
from edge.record import Record
from edge.uplink import contract
from edge.uplink.contract import (
    VERSION,
    Answer,
    BadPayload,
    Batch,
    Channel,
    Hello,
    Piece,
    Receipt,
    Span,
    Status,
    decode,
    decode_chunk,
    encode,
    topic,
)
from edge.uplink.link import Link, connect
from edge.uplink.retry import STABLE, Retry
from edge.uplink.session import KEPT_SESSION, Incoming, Session
from edge.uplink.spans import merged
from edge.uplink.trouble import LinkTrouble
from provisioning import lines
from provisioning.album import Album
from provisioning.ledger import Ledger
from provisioning.lines import Lines

log = logging.getLogger("minshan.watch")
SLICE = 0.2  # s: how soon a signal is noticed
RECEIVE = 200  # messages that the broker may send before the first is acknowledged
HEARD = (Channel.LIVE, Channel.BACKFILL, Channel.PICTURE, Channel.STATUS, Channel.HELLO)


@dataclass
class Files:
    """Where things are kept; None: nowhere."""

    minutes: Path | None = None
    events: Path | None = None
    pictures: Path | None = None

    @property
    def first(self) -> Path | None:
        """The one that names the session: it has to find again what the broker kept for it."""
        return self.minutes or self.events or self.pictures


@dataclass
class Tally:
    """What has happened so far."""

    minutes: int = 0
    events: int = 0
    doubles: int = 0
    pictures: int = 0
    refused: int = 0  # messages that are not understood
    newest: dict[str, Record] = field(default_factory=dict)  # station -> its newest minute
    arrived: dict[str, int] = field(default_factory=dict)  # station -> when it came, microseconds UTC
    states: dict[str, str] = field(default_factory=dict)  # station -> "online", "offline"


class Receiver:
    """One receiver with its files. `seen` is called with each new record, for people's eyes."""

    def __init__(
        self, broker: BrokerSection, files: Files, receipts: bool, seen: Callable[[str, Record], None]
    ) -> None:
        self.tally = Tally()
        self.ledger = Ledger()
        self.trouble: str | None = None
        self.connected = False
        self._broker, self._receipts, self._seen = broker, receipts, seen
        self._minutes = None if files.minutes is None else Lines(files.minutes)
        self._events = None if files.events is None else Lines(files.events)
        self._album = None if files.pictures is None else Album(files.pictures)
        self._name = _name(files.first)
        self._fresh: dict[str, list[Span]] = {}  # station -> records of this batch
        self._statuses: set[tuple[str, str, str]] = set()
        self._clock = SystemClock()
        self._load()

    def run(self, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        """Receive until `ended`; connect again for ever. `tick` is called a few times a second."""
        retry = Retry(self._broker.retry_max_s)
        while not ended():
            since = self._clock.now()
            refused = False
            try:
                link = connect(self._broker, self._session())
                try:
                    self._receive(link, ended, tick)
                finally:
                    self.connected = False
                    link.close()
            except LinkTrouble as trouble:
                self._say(str(trouble))
                refused = trouble.login
            except OSError as error:  # nothing of the batch was acknowledged: it comes again
                self._say(f"{error.filename or 'what arrives'} cannot be written: {error.strerror}")
            if self._clock.now() - since > STABLE:
                retry.reset()
            self._wait(retry.pause(refused), ended, tick)

    def close(self) -> None:
        """Let the files go."""
        for file in (self._minutes, self._events):
            if file is not None:
                file.close()

    # -- the connection ------------------------------------------------------------------------------------

    def _session(self) -> Session:
        topics = tuple(topic("+", channel) for channel in HEARD)
        if self._name is None:
            return Session(f"minshan-watch-{self._clock.now():.6f}", topics, receive=RECEIVE)
        return Session(f"minshan-watch-{self._name}", topics, expiry=KEPT_SESSION, receive=RECEIVE)

    def _receive(self, link: Link, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        if link.granted.refused:
            raise LinkTrouble(f"the broker does not let this login read {', '.join(link.granted.refused)}")
        self._say(None)
        self.connected = True
        link.publish(contract.ROLLCALL, b"{}")
        while not ended():
            tick()
            link.pump(SLICE)
            link.acks.clear()
            if link.incoming:
                messages, link.incoming = link.incoming, []
                self._batch(link, messages)

    def _wait(self, seconds: float, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        until = self._clock.now() + seconds
        while not ended() and self._clock.now() < until:
            tick()
            self._clock.sleep_until(min(until, self._clock.now() + SLICE))

    def _say(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self.trouble:
            log.warning("%s", trouble)
        elif trouble is None:
            log.info("connected to %s", self._broker.url.rpartition("@")[2])
        self.trouble = trouble

    # -- a batch -------------------------------------------------------------------------------------------

    def _batch(self, link: Link, messages: list[Incoming]) -> None:
        hellos = [hello for message in messages if (hello := self._take(message)) is not None]
        for file in (self._minutes, self._events):
            if file is not None:
                file.sync()
        if self._album is not None:
            self._album.sync()
        for station in sorted({*self._fresh, *self._album_stations()}):
            self._receipt(link, station)
        self._fresh.clear()
        for hello in hellos:
            self._answer(link, hello)
        for message in messages:
            link.ack(message)

    def _take(self, message: Incoming) -> Hello | None:
        """Take one message in; a hello is given back, to be answered when the batch is on the disk."""
        channel = message.topic.rpartition("/")[2]
        try:
            if channel in (Channel.LIVE, Channel.BACKFILL):
                self._records(decode(message.payload, Batch))
            elif channel == Channel.PICTURE:
                self._chunk(message.payload)
            elif channel == Channel.STATUS:
                self._status(decode(message.payload, Status))
            elif channel == Channel.HELLO:
                hello = decode(message.payload, Hello)
                self.ledger.announce(hello.station, hello.epochs)
                return hello
        except BadPayload as trouble:
            self.tally.refused += 1
            log.warning("a message on %s is not understood and left out: %s", message.topic, trouble)
        return None

    def _records(self, batch: Batch) -> None:
        arrived = system_utc()
        for record in batch.records:
            name = batch.station, record.epoch, record.seq, record.revision
            self._fresh.setdefault(batch.station, []).append(Span(record.epoch, record.seq, record.seq))
            if self.ledger.has(*name):
                self.tally.doubles += 1
                continue
            self.ledger.add(*name)
            self._keep(batch.station, record, arrived)

    def _keep(self, station: str, record: Record, arrived: int) -> None:
        if lines.is_minute(record):
            self.tally.minutes += 1
            if self._minutes is not None:
                self._minutes.put(lines.minute(station, record, arrived))
            start = lines.started(record, arrived)
            newest = self.tally.newest.get(station)
            if newest is None or (start or 0) >= (newest.start or 0):
                self.tally.newest[station] = record
                self.tally.arrived[station] = arrived
        else:
            self.tally.events += 1
            if self._events is not None:
                self._events.put(lines.event(station, record, arrived))
        self._seen(station, record)

    def _status(self, status: Status) -> None:
        self.tally.states[status.station] = status.state
        now = status.station, status.state, status.epoch
        if now in self._statuses:
            return
        self._statuses = {s for s in self._statuses if s[0] != status.station} | {now}
        if self._events is not None:
            line = {"station": status.station, "kind": "status", "time": lines.rfc3339(system_utc())}
            self._events.put(line | {"state": status.state, "running": status.epoch})

    def _chunk(self, payload: bytes) -> None:
        header, data = decode_chunk(payload)
        if self._album is not None and not self._album.put(header, data):
            raise BadPayload(f"chunk: not a piece of a picture of {header.station}")

    # -- answers -------------------------------------------------------------------------------------------

    def _album_stations(self) -> set[str]:
        if self._album is None:
            return set()
        return {station for station, _ in self._album.whole} | {station for station, _, _ in self._album.wanted}

    def _receipt(self, link: Link, station: str) -> None:
        """What is kept since the last one (with --receipts), and the pieces that are wanted again."""
        whole: list[Piece] = []
        wanted: list[Piece] = []
        if self._album is not None:
            whole = [piece for name, piece in self._album.whole if name == station and self._receipts]
            wanted = [piece for (name, *_), piece in self._album.wanted.items() if name == station]
            self._album.whole = [pair for pair in self._album.whole if pair[0] != station]
            self._album.wanted = {k: piece for k, piece in self._album.wanted.items() if k[0] != station}
            self.tally.pictures += len(self._album.finished)
            self._album.finished.clear()
        has = merged(self._fresh.get(station, [])) if self._receipts else []
        if has or whole or wanted:
            receipt = Receipt(VERSION, self._name or "", 1, has, whole, wanted, self.ledger.revised(station, has))
            link.publish(topic(station, Channel.RECEIPT), encode(receipt))

    def _answer(self, link: Link, hello: Hello) -> None:
        has = self.ledger.spans(hello.station) if self._receipts else None
        ledger = self._name if self._receipts else None
        revised = self.ledger.revised(hello.station, has or [])
        answer = Answer(VERSION, hello.nonce, system_utc(), ledger, 1, has, revised)
        link.publish(topic(hello.station, Channel.ANSWER), encode(answer))

    # -- the beginning -------------------------------------------------------------------------------------

    def _load(self) -> None:
        """What the files hold already is a double when it comes again."""
        for file in (self._minutes, self._events):
            for name in file.identities() if file is not None else ():
                self.ledger.add(name.station, name.epoch, name.seq, name.revision)


def _name(file: Path | None) -> str | None:
    return None if file is None else hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]
