"""A broker in memory: sessions, QoS 1, Receive Maximum, retained messages, expiry, wills, and a queue with an end.

It does what MQTT 5 lets a broker do: it hands over what is retained at every connection, whose client subscribes anew;
it acknowledges what it has queued, hands over again what was not acknowledged, forgets the newest where a queue is full
(as Mosquitto does by default), and all of it where it has lost its disk.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import paho.mqtt.client as mqtt

from edge.wire.link import NOBODY_LISTENS
from edge.wire.session import Incoming, Session

QUEUED = 1000  # messages that wait for one client: Mosquitto's max_queued_messages


class Peer(Protocol):
    """The broker's end of a connection."""

    def deliver(self, message: Incoming) -> None:
        """Take a message towards the client."""

    def end(self) -> None:
        """End the connection from the broker's side."""


@dataclass(frozen=True)
class WaitingMessage:
    """A message that waits. `expires`: microseconds UTC; None: never."""

    topic: str
    payload: bytes
    retained: bool
    expires: int | None


@dataclass
class Mailbox:
    """What the broker keeps for one client."""

    session: Session
    peer: Peer | None = None
    queue: deque[WaitingMessage] = field(default_factory=deque)
    handed: OrderedDict[int, WaitingMessage] = field(default_factory=OrderedDict)  # not acknowledged yet
    mid: int = 0

    def listens(self, topic: str) -> bool:
        """Return whether the client has subscribed to the topic."""
        return any(mqtt.topic_matches_sub(wanted, topic) for wanted in self.session.topics)

    def pump(self, now: int) -> None:
        """Hand over what the client's Receive Maximum lets pass; `now` is microseconds UTC."""
        while self.peer is not None and self.queue and len(self.handed) < self.session.receive:
            message = self.queue.popleft()
            if message.expires is not None and message.expires < now:
                continue
            self.mid = self.mid % 65535 + 1
            self.handed[self.mid] = message
            self.peer.deliver(Incoming(message.topic, message.payload, self.mid, 1, message.retained))


class MemoryBroker:
    """`refuses`: the reason code that it gives to every message instead of taking it; 0: it takes them."""

    def __init__(self, queued: int = QUEUED, receive_maximum: int = 20, packet_bytes: int | None = None) -> None:
        self.receive_maximum, self.packet_bytes = receive_maximum, packet_bytes
        self.refuses = 0
        self._queued = queued
        self._boxes: dict[str, Mailbox] = {}
        self._retained: dict[str, bytes] = {}

    def connect(self, session: Session, peer: Peer, now: int) -> bool:
        """Begin a connection; one of the same name ends. Return whether a session was kept."""
        known = self._boxes.get(session.client_id)
        if known is not None and known.peer is not None:
            known.peer.end()
        if known is None or session.clean:
            box = self._boxes[session.client_id] = Mailbox(session)
        else:
            box = known
            box.session = session
            box.queue.extendleft(reversed(box.handed.values()))
            box.handed.clear()
        kept = [(topic, payload) for topic, payload in self._retained.items() if box.listens(topic)]
        box.queue.extend(
            WaitingMessage(topic, payload, True, None) for topic, payload in kept
        )  # each time it subscribes
        box.peer = peer
        box.pump(now)
        return known is box

    def disconnect(self, client_id: str, peer: Peer, orderly: bool, now: int) -> None:
        """End a connection; one that breaks leaves its will."""
        box = self._boxes.get(client_id)
        if box is None or box.peer is not peer:
            return
        box.peer = None
        if box.session.will is not None and not orderly:
            self.publish(*box.session.will, True, None, now)

    def publish(self, topic: str, payload: bytes, retain: bool, expiry: int | None, now: int) -> int:
        """Take a message. Return the reason code of its acknowledgement."""
        if self.refuses:
            return self.refuses
        if retain:
            self._retained[topic] = payload
        listening = [box for box in self._boxes.values() if box.listens(topic)]
        expires = None if expiry is None else now + expiry * 1_000_000
        for box in listening:
            if len(box.queue) < self._queued:
                box.queue.append(WaitingMessage(topic, payload, False, expires))
                box.pump(now)
        return 0 if listening else NOBODY_LISTENS

    def acked(self, client_id: str, mid: int, now: int) -> None:
        """Forget a message that its client has dealt with."""
        box = self._boxes.get(client_id)
        if box is not None and box.handed.pop(mid, None) is not None:
            box.pump(now)

    def forget(self) -> None:
        """Lose every session and all that waits, as a broker that was started anew without its disk."""
        for peer in self._peers():
            peer.end()
        self._boxes.clear()
        self._retained.clear()

    def leave(self, client_id: str) -> None:
        """End the connection of one client; its session stays."""
        box = self._boxes.get(client_id)
        if box is not None and box.peer is not None:
            box.peer.end()

    def hang_up(self) -> None:
        """End every connection; the sessions stay."""
        for peer in self._peers():
            peer.end()
        for box in self._boxes.values():
            box.peer = None

    def _peers(self) -> Iterator[Peer]:
        return iter([box.peer for box in self._boxes.values() if box.peer is not None])
