"""The uplink's lane: connect, greet, send what is due in its order, take in what the platform says; for ever.

Nothing that is wrong with a broker stops measuring and keeping: it is a sentence in the status, one line in the
log when it changes, and another try later. Under simulated time a send is in lock-step: the connection and the
acknowledgements of what is in flight are waited for in real time while simulated time stands still.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt

from drivers.clock import Clock
from edge.clock.anchors import Anchor
from edge.config import address
from edge.config.sections import BrokerSection
from edge.northbound.minshan import Outgoing
from edge.store.store import Store
from edge.uplink.chunks import Pieces
from edge.uplink.inbound import Desk
from edge.uplink.intake import Intake
from edge.uplink.receipts import Receipts
from edge.uplink.send_queue import Order
from edge.uplink.too_large import TooLarge
from edge.uplink.wake import Wake
from edge.uplink.window import Window
from edge.wire import contract
from edge.wire.contract import OWN_PACKET, VERSION, Channel, Command, Result, Status, topic
from edge.wire.errors import LinkTrouble, Said
from edge.wire.link import CONNECT_DEADLINE, NOBODY_LISTENS, REFUSED, Link, connect
from edge.wire.packets import payload_room
from edge.wire.retry import STABLE, Retry
from edge.wire.session import KEPT_SESSION, Session

log = logging.getLogger("minshan.uplink")
PATIENCE = 2.0  # real seconds that one wait for acknowledgements may take; the lane is deaf to `Stopped` for them
SILENCE = 60  # such waits in a row without any acknowledgement, after which the link counts as dead
GARBLED = 5  # connections in a row that end by what cannot be read, after which the broker is to forget it
LISTENED = (Channel.ANSWER, Channel.RECEIPT, Channel.COMMAND)


class Uplink:
    """Sends one station's store to one broker. All but `run` may be called from any lane."""

    def __init__(  # noqa: PLR0913  # one call wires it, all but the first five by name
        self,
        broker: BrokerSection,
        station: str,
        store: Store,
        clock: Clock,
        epoch: str,
        *,
        boot: str,
        on_command: Callable[[Command], object],
        on_anchor: Callable[[Anchor], object],
        on_loss: Callable[[dict[str, Any]], object] = log.warning,
        retry_seed: int | None = None,
        connect_deadline: float = CONNECT_DEADLINE,
    ) -> None:
        self._broker, self._station, self._store, self._clock = broker, station, store, clock
        self._epoch = epoch
        self._deadline = connect_deadline
        committed = broker.proof == "committed"
        self._receipts = Receipts(station, boot, epoch, store, clock, committed, retry_seed)
        self._pieces = Pieces(station, store, clock, committed)
        self._desk = Desk(station, store, clock, self._receipts, self._pieces, on_command, on_anchor)
        self._intake = Intake(self._desk, store.folder)
        self._too_large = TooLarge(store.notes, on_loss)
        self._order = Order(station, epoch, store, clock, self._pieces, self._too_large)
        self._retry = Retry(broker.retry_max_s, retry_seed)
        self._unheard = Retry(broker.retry_max_s, retry_seed)
        self._link: Link | None = None
        self._window = Window(1, None)
        self._version: int | None = None  # what the last connection spoke, forgotten when one fails
        self._silent = 0
        self._garbled = 0
        self._wake = Wake()
        self._said = Said()
        self._where = address.parse(broker.url).shown
        self._last_ack: float | None = None
        self._bytes_before = 0

    def poke(self) -> None:
        """The store has a new record."""
        self._wake.poke()

    def hurry(self) -> None:
        """Try again now, whatever pause was on."""
        self._wake.hurry()

    def result(self, result: Result) -> None:
        """Tell the platform what came of a command; kept until the broker has it."""
        self._desk.results.post(result)
        self._wake.up()

    def greet(self) -> None:
        """Say a hello that speaks of everything as soon as there is a connection."""
        self._receipts.greet()
        self._wake.up()

    def accept_ledger(self) -> str | None:
        """Believe the other ledger that was heard; its id, None where none was."""
        accepted = self._receipts.accept_ledger()
        self._wake.up()
        return accepted

    def status(self) -> dict[str, Any]:
        """Plain facts: `last_ack` is a boottime (s) or None, `trouble` a sentence or None, `bytes_sent` MQTT's own."""
        link = self._link
        return {
            "connected": link is not None,
            "broker": self._where,
            "protocol": None if link is None else "5" if link.version == mqtt.MQTTv5 else "3.1.1",
            "proof": self._broker.proof,
            "last_ack": self._last_ack,
            "unsent": self._store.count_unsent(),
            "unproven": sum(span.last - span.first + 1 for span in self._store.unproven()),
            "sending": len(self._window),
            "answered": self._desk.answered,
            "pictures_left": self._store.pictures.count().bytes_left,
            "trouble": self._said.now,
            "ledger": self._receipts.pin.status(),
            "set_aside": self._intake.status(),
            "too_large": {"count": len(self._too_large.seqs), "last": self._too_large.last},
            "bytes_sent": self._bytes_before + (0 if link is None else link.bytes_sent),
        }

    def run(self) -> None:
        """Connect and send for ever; ends by `Stopped`, after a short good-bye."""
        try:
            while True:
                self._connection()
        finally:
            self._clock.outside(self._farewell)

    def _connection(self) -> None:
        """One connection, from its beginning to its end, and the pause after it."""
        since = self._clock.now()
        try:
            link = self._clock.outside(self._connect)
            since = self._clock.now()
            self._greet()
            while True:
                self._turn(link, since)
        except LinkTrouble as trouble:
            self._garbled = self._garbled + 1 if trouble.garbled else 0
            self._forget()
            self._said.say(str(trouble))
            self._pause(self._retry.pause(trouble.login))

    def _turn(self, link: Link, since: float) -> None:
        """Send what is due, then wait: for acknowledgements, for a message, for the next thing to be due."""
        self._noticed(since)
        while self._window.room() and (message := self._order.next(self._window)) is not None:
            self._send(link, message)
        if len(self._window):
            self._clock.outside(lambda: self._await_acks(link))
            now = self._clock.now()
            self._clock.wait_readable(link.fileno(), now if self._silent < 3 else now + 1)
        else:
            self._idle(link)
        self._settle(link)

    def _noticed(self, since: float) -> None:
        """What came about by itself or by other lanes since the last turn."""
        if self._wake.take_poke():
            self._order.appended()
        if self._wake.take_hurry():
            self._order.hurry()
        if self._clock.now() - since >= STABLE:
            self._retry.reset()
        for message in self._desk.due(self._window.payload_bytes):
            self._order.put(message)

    def _send(self, link: Link, message: Outgoing) -> None:
        most = self._window.payload_bytes
        if most is not None and len(message.payload) > most:  # what can be made to fit was; this can never go here
            log.warning("%s takes %d bytes: a message on %s is left out", self._where, most, message.channel.value)
            self._desk.told(message)
            return
        mid = link.publish(topic(self._station, message.channel), message.payload, message.retain, message.expiry)
        self._window.add(mid, message)

    def _await_acks(self, link: Link) -> None:
        """Wait until some acknowledgement, or another message, has come; real time."""
        for _ in range(round(PATIENCE / 0.1)):
            link.pump(0.1)
            if link.acks or link.incoming:
                self._silent = 0
                return
        self._silent += 1
        if self._silent > SILENCE:
            raise LinkTrouble(f"{self._where} does not acknowledge what it is sent")

    def _idle(self, link: Link) -> None:
        """Wait for a message, a poke or the next due instant; nothing is in flight."""
        keepalive = self._clock.now() + self._broker.keepalive_s / 4
        until = min(keepalive, self._order.due(), self._receipts.hello_due)
        with select.epoll(2) as both:
            both.register(link.fileno(), select.EPOLLIN)
            both.register(self._wake.fd, select.EPOLLIN)
            self._clock.wait_readable(both.fileno(), self._clock.now() if link.waiting else until)
        self._wake.drain()
        self._clock.outside(lambda: link.pump(0))

    def _settle(self, link: Link) -> None:
        """Take in acknowledgements and messages."""
        acks, link.acks = link.acks, {}
        messages, link.incoming = link.incoming, []
        settled = [(m, code) for mid, code in acks.items() if (m := self._window.take(mid)) is not None]
        if settled:
            self._acknowledged(settled)
        for message in messages:
            if self._intake.take(message):
                self._order.look_again()
            link.ack(message)

    def _acknowledged(self, settled: list[tuple[Outgoing, int]]) -> None:
        kept = [message for message, code in settled if code < REFUSED and code != NOBODY_LISTENS]
        self._last_ack = self._clock.now()
        records = [record for message in kept for record in message.records]
        if records:
            self._receipts.sent(records)
        for message in kept:
            self._desk.told(message)
            if message.chunk is not None:
                self._pieces.sent(message.chunk, message.chunk_end)
                self._order.look_again()
        of_store = [code for message, code in settled if message.records or message.chunk]
        bad = [code for code in of_store if code >= REFUSED or code == NOBODY_LISTENS]
        if bad:
            self._unheard_by(bad[0])
        elif of_store:
            self._unheard.reset()
            self._order.resume()
            self._said.say(None)

    def _unheard_by(self, code: int) -> None:
        """The broker took it and nobody listens, or refused it: it stays unsent and is tried again later."""
        if code == NOBODY_LISTENS:
            self._said.say(f"nobody at {self._where} listens to this station: everything is kept and sent again")
        else:
            self._said.say(f"{self._where} refuses what this station sends (code {code:#04x}): may it publish there?")
        self._order.pause(self._unheard.pause())

    # -- the connection's beginning and end ----------------------------------------------------------------

    def _connect(self) -> Link:
        """A link by the newest protocol that both sides speak; LinkTrouble."""
        topics = (*(topic(self._station, channel) for channel in LISTENED), contract.ROLLCALL)
        will = topic(self._station, Channel.STATUS), self._status("offline")
        fresh = self._garbled >= GARBLED
        session = Session(f"minshan-{self._station}", topics, will, KEPT_SESSION, fresh=fresh)
        known, self._version = self._version, None
        link = connect(self._broker, session, self._deadline, known)
        self._link, self._silent, self._version = link, 0, link.version
        packet = min(OWN_PACKET, link.granted.packet_bytes or OWN_PACKET)
        room = payload_room(packet, topic(self._station, Channel.BACKFILL), link.version)
        self._window = Window(link.granted.receive_maximum, room)
        self._too_large.begin()
        return link

    def _greet(self) -> None:
        log.info("connected to %s", self._where)
        self._said.now = None
        self._desk.begin()
        self._order = Order(self._station, self._epoch, self._store, self._clock, self._pieces, self._too_large)
        self._order.put(Outgoing(Channel.STATUS, self._status("online"), retain=True))
        self._receipts.greet(whole=False)

    def _forget(self) -> None:
        if self._link is not None:
            self._bytes_before += self._link.bytes_sent
            self._link.drop()
        self._link = None
        self._window = Window(1, None)

    def _pause(self, seconds: float) -> None:
        until = self._clock.now() + seconds
        while not self._wake.hurried and self._clock.wait_readable(self._wake.fd, until):
            self._wake.drain()
        self._wake.take_hurry()

    def _farewell(self) -> None:
        link = self._link
        if link is None:
            return
        try:
            link.publish(topic(self._station, Channel.STATUS), self._status("offline"), retain=True)
            link.close()
        except LinkTrouble:
            log.debug("no good-bye: the link was gone")
        self._forget()

    def _status(self, state: str) -> bytes:
        return contract.encode(Status(VERSION, self._station, state, self._epoch))
