"""The platform's side of the wire: take in what stations send, keep each record once, answer.

A batch is: what has arrived, written and synced, then receipts where they are given, and only then the
acknowledgements to the broker. Killed at any instant, nothing is lost: what was not acknowledged comes again,
and what was written is known by its identity. A message that cannot be handled is set aside and acknowledged, so
that none ends the receiver or comes back for ever. A record that says which one it is is kept, whatever it says; only
one that does not, or was damaged on its way, is set aside, and that is never receipted.
"""

from __future__ import annotations

import logging
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec import Raw

from drivers.reason import Reason
from edge.clock.clock import SystemClock, system_utc
from edge.config.sections import BrokerSection
from edge.records.record import Record
from edge.records.spans import Span, merged
from edge.wire import contract
from edge.wire.contract import Hello, HelloAnswer, PayloadError, Piece, Receipt, Status, Topic, encode, topic
from edge.wire.errors import LinkError, may_not_read
from edge.wire.link import Link
from edge.wire.mqtt_link import connect
from edge.wire.retry import STABLE, Retry
from edge.wire.session import KEPT_SESSION, Incoming, Session
from edge.wire.set_aside import SetAside
from hub import answers, intake, jsonl
from hub.intake import RawBatch, Strange
from hub.picture_files import Album
from hub.record_files import RecordFiles, Taken, unwritten
from hub.tally import Tally

log = logging.getLogger("minshan.watch")
SLICE = 0.2  # s: how soon a signal is noticed
LOOK = 1.0  # s between two looks at what others do to the files
RECEIVE = 200  # messages that the broker may send before the first is acknowledged
HEARD = (Topic.LIVE, Topic.BACKFILL, Topic.PICTURE, Topic.STATUS, Topic.HELLO)


@dataclass
class Files:
    """Where things are kept; None: nowhere."""

    minutes: Path | None = None
    events: Path | None = None
    pictures: Path | None = None

    def beside(self, ending: str) -> Path | None:
        """Return a path beside the first of them; None where nothing is kept."""
        first = self.minutes or self.events or self.pictures
        return None if first is None else first.with_name(first.name + ending)


class Receiver:
    """One receiver with its files. Raise OSError.

    `seen` is called with each new record, for people's eyes; `utc` tells the time, microseconds since 1970.
    """

    def __init__(
        self,
        broker: BrokerSection,
        files: Files,
        receipts: bool,
        seen: Callable[[str, Record], None],
        utc: Callable[[], int] = system_utc,
    ) -> None:
        self.tally = Tally()
        self.records = RecordFiles(files.minutes, files.events, files.beside(".ledger"))
        self.receipts = receipts and files.minutes is not None and files.events is not None
        self.trouble: Reason | None = None
        self.connected = False
        self.aside: SetAside | None = None
        if (folder := files.beside(".set-aside")) is not None:
            self.aside = SetAside(folder)
        self._broker, self._seen, self._utc = broker, seen, utc
        self._album = None if files.pictures is None else Album(files.pictures)
        self._fresh: dict[str, list[Span]] = {}  # station -> records of this batch
        self._statuses: dict[str, Status] = {}
        self._said: dict[str, dict[str, bytes]] = {}  # topic -> what its last message said in unknown keys
        self._clock = SystemClock()
        self._next_look = 0.0

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
            except LinkError as trouble:
                self._set_trouble(trouble.reason)
                refused = trouble.login
            except OSError as error:  # nothing of the batch was acknowledged: it comes again
                self._set_trouble(unwritten(error))
            if self._clock.now() - since > STABLE:
                retry.reset()
            self._wait(retry.pause(refused), ended, tick)

    def close(self) -> None:
        """Let the files go."""
        self.records.close()

    # -- the connection ------------------------------------------------------------------------------------

    def _session(self) -> Session:
        """Return the session: the ledger's name finds what the broker kept for it, the host's keeps copies apart."""
        topics = tuple(topic("+", channel) for channel in HEARD)
        if not self.records.id:
            return Session(f"minshan-watch-{secrets.token_hex(8)}", topics, receive=RECEIVE)
        host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:32]
        return Session(f"minshan-watch-{self.records.id}-{host}", topics, expiry=KEPT_SESSION, receive=RECEIVE)

    def _receive(self, link: Link, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        if link.granted.refused:
            raise LinkError(may_not_read(link.granted.refused))
        self._set_trouble(None)
        self.connected = True
        link.publish(contract.ROLLCALL, b"{}")
        while not ended():
            tick()
            link.wait(self._clock.now() + SLICE)
            link.acks.clear()
            if link.incoming or self._clock.now() >= self._next_look:
                self._next_look = self._clock.now() + LOOK
                if self.records.look():
                    link.publish(contract.ROLLCALL, b"{}")  # the answers to the hellos tell what is lacking now
            if link.incoming:
                messages = list(link.incoming)
                link.incoming.clear()
                self.batch(link, messages)

    def _wait(self, seconds: float, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        until = self._clock.now() + seconds
        while not ended() and self._clock.now() < until:
            tick()
            self._clock.sleep_until(min(until, self._clock.now() + SLICE))

    def _set_trouble(self, trouble: Reason | None) -> None:
        if trouble is not None and trouble != self.trouble:
            log.warning("%s", trouble)
        elif trouble is None:
            log.info("connected to %s", self._broker.url.rpartition("@")[2])
        self.trouble = trouble

    # -- a batch -------------------------------------------------------------------------------------------

    def batch(self, link: Link, messages: list[Incoming]) -> None:
        """Take in what has arrived, answer, and acknowledge. Raise OSError, which leaves all unacknowledged."""
        hellos = [hello for message in messages if (hello := self._take(message)) is not None]
        self.records.sync()
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
        """Take one message in; a hello is given back, to be answered when the batch is on the disk. Raise OSError."""
        try:
            return self._understood(message)
        except PayloadError as trouble:
            why = str(trouble)
        except OSError:
            raise  # the disk's trouble is none of the message's: it comes again
        except Exception as error:  # noqa: BLE001  # no message may end the receiver, by any error
            why = f"{type(error).__name__}: {error}"
        self._set_aside(message.topic, message.payload, why)
        return None

    def _understood(self, message: Incoming) -> Hello | None:
        channel, payload = intake.channel(message.topic), message.payload
        hello = None
        if channel in (Topic.LIVE, Topic.BACKFILL):
            self._records(message.topic, intake.batch(message.topic, payload))
        elif channel is Topic.PICTURE:
            header, data = intake.chunk(message.topic, payload)
            if self._album is not None and not self._album.put(header, data):
                raise PayloadError(f"chunk: not a piece of a picture of {header.station}")
        elif channel is Topic.STATUS:
            self._status(intake.status(message.topic, payload))
        elif channel is Topic.HELLO:
            hello = intake.hello(message.topic, payload)
            self.records.ledger.announce(hello.station, hello.epochs)
        else:
            raise PayloadError("no topic of a station")
        self._more(channel, message)
        return hello

    def _more(self, channel: Topic, message: Incoming) -> None:
        """Keep what a message says in words of a later version, once as long as it says the same."""
        more = {key: bytes(value) for key, value in intake.more(channel, message.payload).items()}
        if more and more != self._said.get(message.topic):
            self._said[message.topic] = more
            line = {"station": intake.station(message.topic), "kind": "message", "time": jsonl.rfc3339(self._utc())}
            self.records.note(line | {"topic": channel, "unknown": {key: Raw(value) for key, value in more.items()}})

    def _records(self, where: str, batch: RawBatch) -> None:
        """Take in each record by itself; what cannot be kept is set aside, and not receipted. Raise OSError."""
        bad: dict[int, str] = {}
        for number, raw in enumerate(batch.records):
            try:
                self._record(batch.station, raw)
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001  # a record may hold anything, and costs no other
                bad[number] = str(error) if isinstance(error, PayloadError) else f"{type(error).__name__}: {error}"
        if bad:
            kept = encode(RawBatch(batch.v, batch.station, [batch.records[number] for number in bad]))
            more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
            self._set_aside(where, kept, f"a record of {batch.station}: {next(iter(bad.values()))}{more}")

    def _record(self, station: str, raw: Raw) -> None:
        """Keep one record. Raise PayloadError where that cannot be, OSError."""
        found, arrived = intake.record(raw), self._utc()
        if isinstance(found, Strange):
            taken = self.records.take_strange(station, found, arrived, raw)
        else:
            taken = self.records.take(station, found, arrived, raw if intake.says_more(raw) else None)
        if taken is Taken.OTHER:
            self.tally.others += 1
            self.records.keep_other(station, found, arrived, raw)
        elif taken is Taken.DOUBLE:
            self.tally.doubles += 1
        else:
            self.tally.take(station, found, arrived)
            if isinstance(found, Record):
                self._seen(station, found)
        self._fresh.setdefault(station, []).append(Span(found.epoch, found.seq, found.seq))

    def _status(self, status: Status) -> None:
        self.tally.states[status.station] = status.state
        if self._statuses.get(status.station) == status:
            return
        self._statuses[status.station] = status
        line = {"station": status.station, "kind": "status", "time": jsonl.rfc3339(self._utc())}
        self.records.note(line | {"state": status.state, "running": status.epoch})

    def _set_aside(self, where: str, payload: bytes, why: str) -> None:
        """Count what cannot be handled, and keep it for a while: nothing of it is receipted."""
        self.tally.aside += 1
        where, why = intake.printable(where), intake.printable(why, 500)
        if self.aside is not None:
            self.aside.put(where, payload, why)
        else:
            log.warning("a message on %s is not understood and left out: %s", where, why)

    # -- answers -------------------------------------------------------------------------------------------

    def _album_stations(self) -> set[str]:
        if self._album is None:
            return set()
        return {station for station, _ in self._album.whole} | {station for station, _, _ in self._album.wanted}

    def _receipt(self, link: Link, station: str) -> None:
        """Send what is kept since the last receipt (where receipts are given), and the pieces that are wanted again."""
        whole: list[Piece] = []
        wanted: list[Piece] = []
        if self._album is not None:
            whole = [piece for name, piece in self._album.whole if name == station and self.receipts]
            wanted = [piece for (name, *_), piece in self._album.wanted.items() if name == station]
            self._album.whole = [pair for pair in self._album.whole if pair[0] != station]
            self._album.wanted = {k: piece for k, piece in self._album.wanted.items() if k[0] != station}
            self.tally.pictures += len(self._album.finished)
            self._album.finished.clear()
        has = merged(self._fresh.get(station, [])) if self.receipts else []
        for receipt in answers.receipts(self.records, station, has, whole, wanted):
            self._tell(link, topic(station, Topic.RECEIPT), receipt)

    def _answer(self, link: Link, hello: Hello) -> None:
        for answer in answers.answers(self.records, hello, self._utc(), self.receipts):
            if self._tell(link, topic(hello.station, Topic.ANSWER), answer):
                return

    def _tell(self, link: Link, where: str, message: HelloAnswer | Receipt) -> bool:
        """Send a message; False where it is larger than the other side takes in. Raise LinkError."""
        payload = answers.payload(message, link.granted.packet_bytes)
        if payload is None:
            log.warning("what is to be said on %s is too large", where)
            return False
        link.publish(where, payload)
        return True
