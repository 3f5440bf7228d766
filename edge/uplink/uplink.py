"""The uplink's lane: connect, send a hello, send what is due in order, handle the platform's messages; forever.

No fault of a broker stops measuring and storing: it is a sentence in the status, one line in the log when it changes,
and a retry later. The destination, how to reach it and its protocol are passed in (`edge.uplink.destination`); the link
does all waiting, through the Clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from drivers.clock import Clock, Stopped
from drivers.reason import Reason
from edge.clock.anchors import Anchor
from edge.config import address
from edge.northbound.minshan import OutgoingBatch
from edge.snapshots import UplinkSnapshot
from edge.store.errors import StoreError
from edge.store.store import Store
from edge.uplink.account import MessageCounts
from edge.uplink.chunks import Chunks
from edge.uplink.destination import Destination
from edge.uplink.inbound import InboundHandler
from edge.uplink.intake import Intake
from edge.uplink.packet_limit import PacketLimit
from edge.uplink.receipts import Receipts
from edge.uplink.record_encoder import RecordEncoder
from edge.uplink.send_queue import SendQueue
from edge.uplink.too_large import TooLarge
from edge.uplink.wake import Wake
from edge.uplink.window import Window
from edge.wire.contract import OWN_PACKET, Command, Result, Topic
from edge.wire.errors import LinkError, LoggedTrouble
from edge.wire.link import NOBODY_LISTENS, REFUSED, TOO_LARGE, Link
from edge.wire.mqtt_codes import unheard
from edge.wire.packets import payload_room
from edge.wire.retry import STABLE, Retry

log = logging.getLogger("minshan.uplink")
PROTOCOLS = {5: "5", 4: "3.1.1"}  # by the number in CONNECT
SILENCE = 120.0  # s without any acknowledgement of what is in flight, after which the link counts as dead
GARBLED = 5  # connections in a row that end with an unreadable packet, after which the broker is to drop the session


class Uplink:
    """Sends one station's store to one destination. All but `run` may be called from any lane."""

    def __init__(
        self,
        destination: Destination,
        store: Store,
        clock: Clock,
        epoch: str,
        *,
        boot: str,
        on_command: Callable[[Command], object],
        on_anchor: Callable[[Anchor], object],
        on_loss: Callable[[dict[str, Any]], object] = log.warning,
    ) -> None:
        self._destination, self._store, self._clock, self._epoch = destination, store, clock, epoch
        self._adapter, self._broker = destination.adapter, (broker := destination.broker)
        self._receipts = Receipts(destination, boot, epoch, store, clock)
        self._chunks = Chunks(destination, store, clock)
        self._encoder = RecordEncoder(destination, store.notes, clock, self._receipts.lacking)
        self._inbound = InboundHandler(
            destination, store, clock, self._receipts, self._chunks, self._encoder, on_command, on_anchor
        )
        self._intake = Intake(self._inbound, store.folder)
        self._too_large = TooLarge(store.notes, on_loss)
        self._limit = PacketLimit(clock)
        about = self._too_large, self._limit, self._encoder
        self._new_queue = partial(SendQueue, destination, epoch, store, clock, self._chunks, *about)
        self._queue = self._new_queue()
        self._retry = Retry(broker.retry_max_s, destination.way.seed)
        self._unheard = Retry(broker.retry_max_s, destination.way.seed)
        self._link: Link | None = None
        self._window = Window(1, None)
        self._version: int | None = None  # what the last connection spoke, forgotten when one fails
        self._heard_at = 0.0  # when the broker last sent something, or had nothing to acknowledge
        self._garbled = 0
        self._wake = Wake()
        self._trouble = LoggedTrouble()
        self._where = address.parse(broker.url).url
        self._last_ack: float | None = None
        self._bytes_before = 0
        self._bytes = MessageCounts(destination)
        self._publish()

    def notify(self) -> None:
        """Wake the lane: the store has a new record."""
        self._wake.notify()

    def retry_now(self) -> None:
        """Retry now, ending any pause."""
        self._wake.retry_now()

    def result(self, result: Result) -> None:
        """Send a command's result to the platform; it is kept until the broker has it."""
        self._inbound.results.post(result)
        self._wake.up()

    def greet(self) -> None:
        """Send a hello about all epochs as soon as there is a connection."""
        self._receipts.greet()
        self._wake.up()

    def wait_no_longer(self) -> None:
        """Ask for receipts at once from now on, ungathered."""
        self._receipts.wait_no_longer()
        self._wake.up()

    def accept_ledger(self) -> str | None:
        """Trust the other ledger that was heard. Return its id; None if none was heard."""
        accepted = self._receipts.accept_ledger()
        self._wake.up()
        return accepted

    def _publish(self) -> None:
        link = self._link
        self._bytes.update(link)
        self.snapshot = UplinkSnapshot(
            destination=self._destination.name,
            connected=link is not None,
            broker=self._where,
            protocol=None if link is None else PROTOCOLS[link.version],
            proof=self._adapter.proof,
            last_ack=self._last_ack,
            sending=len(self._window),
            answered=self._inbound.answered,
            trouble=self._trouble.now,
            ledger=self._receipts.pin.snapshot,
            set_aside=self._intake.snapshot,
            too_large=self._too_large.snapshot,
            never_arrives=tuple(self._too_large.lost.values()),
            bytes_sent=self._bytes_before + (0 if link is None else link.bytes_sent),
        )

    def run(self) -> None:
        """Connect and send until `Stopped`, which is raised after an orderly disconnect."""
        try:
            while True:
                self._connection()
        except Stopped:
            self._farewell()
            raise
        finally:
            self._forget()
            self._publish()

    def _connection(self) -> None:
        """Run one connection from its beginning to its end, and the pause after it."""
        since, login = self._clock.now(), False
        try:
            link = self._connect()
            since = self._clock.now()
            self._greet()
            while True:
                self._turn(link, since)
        except LinkError as trouble:
            self._limit.ended(self._window.messages())
            self._encoder.ended(self._window.messages())
            self._garbled = self._garbled + 1 if trouble.garbled else 0
            self._trouble.set(self._retry.explained(trouble.reason, stood=self._link is not None))
            login = trouble.login
        except StoreError as trouble:  # what cannot be read cannot be sent; the recorder goes on without the store
            self._trouble.set(trouble.reason)
        self._forget()
        self._publish()
        self._wake.pause(self._clock, self._retry.pause(login), self._publish)

    def _turn(self, link: Link, since: float) -> None:
        """Send what is due, then wait: for acknowledgements, for a message, for the next thing to be due."""
        self._update(since)
        while (message := self._queue.next(self._window)) is not None:
            if not len(self._window):
                self._heard_at = self._clock.now()
            self._send(link, message)
        self._publish()
        link.wait(self._next_instant(), self._wake.fd)
        self._wake.drain()
        self._settle(link)
        now = self._clock.now()
        silent = len(self._window) and now >= self._heard_at + SILENCE  # the same sum as in the wait
        if silent or self._window.has_passed_over(now - SILENCE):
            raise LinkError(
                Reason("broker_acknowledges_nothing", "{where} does not acknowledge what it is sent", where=self._where)
            )

    def _next_instant(self) -> float:
        """Return when to act (boottime, s) if nothing arrives and no other lane wakes this one."""
        until = min(self._clock.now() + self._broker.keepalive_s / 4, self._receipts.due())
        if len(self._window):
            until = min(until, self._heard_at + SILENCE)
        return min(until, self._queue.due(self._window)) if self._window.admits() else until

    def _update(self, since: float) -> None:
        """Update the queue with what other lanes or the passing of time made due since the last turn."""
        if self._wake.take_notified():
            self._queue.appended()
        if self._wake.take_retry():
            self._queue.retry_now()
        if self._clock.now() - since >= STABLE:
            self._retry.reset()
        for message in self._inbound.due(self._window.payload_bytes):
            self._queue.put(message)

    def _send(self, link: Link, message: OutgoingBatch) -> None:
        most = self._window.packet_room
        if most is not None and len(message.payload) > most:  # not to be split further: it can never go here
            log.warning("%s accepts %d bytes: a message on %s is skipped", self._where, most, message.channel.value)
            self._inbound.delivered(message)
            return
        where = self._adapter.topic(message.channel, message.version)
        before = link.bytes_sent
        mid = link.publish(where, message.payload, message.retain, message.expiry)
        self._bytes.sent(message, link.bytes_sent - before)
        self._window.add(mid, message, self._clock.now())

    def _settle(self, link: Link) -> None:
        """Handle acknowledgements and messages."""
        acks, messages = dict(link.acks), list(link.incoming)
        link.acks.clear()
        link.incoming.clear()
        if acks or messages:
            self._heard_at = self._clock.now()
        settled = self._window.settled(acks, self._heard_at)
        if settled:
            self._acknowledged(settled)
        for message in messages:
            self._bytes.received(message)
            if self._intake.handle(message):
                self._queue.reopened()
            link.ack(message)

    def _acknowledged(self, settled: list[tuple[OutgoingBatch, int]]) -> None:
        kept = [message for message, code in settled if code < REFUSED and code != NOBODY_LISTENS]
        self._last_ack = self._clock.now()
        self._receipts.sent(kept)
        self._encoder.acknowledged(settled)
        if self._limit.acknowledged(settled):
            self._queue.rebuild()
        self._window.narrow(self._limit.most, self._limit.careful)
        for message in kept:
            self._inbound.delivered(message)
            if message.chunk is not None:
                self._chunks.sent(message.chunk, message.chunk_end)
                self._queue.look_again()
        of_store = [code for message, code in settled if message.records or message.chunk]
        bad = [code for code in of_store if code == NOBODY_LISTENS or (code >= REFUSED and code != TOO_LARGE)]
        if bad:  # it was refused, or nobody is subscribed: it stays unsent and is retried, with growing pauses
            self._trouble.set(unheard(self._where, bad[0]))
            self._queue.pause(self._unheard.pause())
        elif of_store:
            self._unheard.reset()
            self._queue.resume()
            self._trouble.set(None)

    # -- the connection's beginning and end ----------------------------------------------------------------

    def _connect(self) -> Link:
        """Return a link with the newest protocol that both sides support. Raise LinkError, Stopped."""
        session = self._adapter.session(self._epoch, fresh=self._garbled >= GARBLED)
        known, self._version = self._version, None
        link = self._destination.way.connect(self._broker, session, self._clock, known)
        self._link, self._version = link, link.version
        self._bytes.connected()
        self._receipts.connected(session, link.granted)
        packet = min(OWN_PACKET, link.granted.packet_bytes or OWN_PACKET)
        room = payload_room(packet, self._adapter.topic(Topic.BACKFILL), link.version)
        self._window = Window(link.granted.receive_maximum, room)
        self._window.narrow(self._limit.most, self._limit.careful)
        self._too_large.begin()
        return link

    def _greet(self) -> None:
        log.info("connected to %s", self._where)
        self._trouble.now = None
        self._inbound.begin()
        self._queue = self._new_queue()
        self._queue.put(self._adapter.status("online", self._epoch))

    def _forget(self) -> None:
        if self._link is not None:
            self._bytes_before += self._link.bytes_sent
            self._link.drop()
        self._link = None
        self._window = Window(1, None)

    def _farewell(self) -> None:
        """Publish the status "offline" and disconnect in order."""
        if (link := self._link) is None:
            return
        try:
            self._send(link, self._adapter.status("offline", self._epoch))
            link.close()
        except LinkError:
            log.debug("no good-bye: the link was gone")
