"""A receiver's two connections to one broker, used as one: live data never wait behind the backlog.

A broker delivers a session's messages in order. In one session, a live minute would be delivered after the backlog of
all stations, which after an outage of a large fleet is half an hour of work. So live topics have a session of their
own, and of the other session only as much is passed on at once as is processed in about a second, judged by how long
the last part took: little at first, as the speed is not known yet.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.wire.contract import MOST_RECORDS, Topic
from edge.wire.errors import LinkError
from edge.wire.mqtt_link import MqttLink, connect
from edge.wire.session import KEPT_SESSION, Granted, Incoming, Session
from hub import intake

MOST_NAME = 72  # characters of a client id, before its suffix
RECEIVE = 200  # messages that the broker may send before the first is acknowledged
LIVE = (Topic.LIVE, Topic.STATUS)
MOST = 14 * MOST_RECORDS  # records of the backlog that are passed on at once
LIGHT = MOST_RECORDS // 10  # records that a small message, or one of another kind (a chunk, a hello), counts as
RECORD_BYTES = 10  # of the shortest record in columns
LONG = 1.0  # s that processing them should take


def sessions(ledger: str, name: str) -> tuple[Session, Session]:
    """Return the sessions of live topics and of all others, persistent at the broker where there is a ledger.

    `name` has a placeholder for the ledger's id, by which a later connection resumes the session.
    """
    expiry = KEPT_SESSION if ledger else 0
    told = name.format(ledger) if ledger else f"watch-{secrets.token_hex(8)}"
    client = f"minshan-{intake.plain_name(told)}"
    if len(client) > MOST_NAME:  # merely cut off, long host names could collide
        client = f"{client[: MOST_NAME - 17]}-{sha256(told.encode()).hexdigest()[:16]}"
    live = tuple(where for where in intake.subscribed_topics() if intake.channel(where) in LIVE)
    rest = tuple(where for where in intake.subscribed_topics() if where not in live)
    return (
        Session(f"{client}-live", live, expiry=expiry, receive=RECEIVE),
        Session(client, rest, expiry=expiry, receive=RECEIVE),
    )


def connect_both(broker: BrokerSection, ledger: str, name: str) -> LiveFirst:
    """Connect both. Raise LinkError."""
    live, rest = sessions(ledger, name)
    first = connect(broker, live)
    try:
        return LiveFirst(first, connect(broker, rest, known=first.version))
    except LinkError:
        first.close()
        raise


class LiveFirst:
    """A `Link` over two: `incoming` has messages of one of them at a time, those of `live` after every second wait.

    The caller must empty `incoming` and acknowledge all of it before it waits again.
    """

    def __init__(self, live: MqttLink, rest: MqttLink) -> None:
        self._live, self._rest = live, rest
        self._from: MqttLink = rest  # the connection whose messages are in `incoming`
        self._clock = SystemClock()
        self._handed: tuple[float, int] | None = None  # when messages of `rest` were passed on (s), as how many records
        self._room = float(MOST_RECORDS)  # records of `rest` that are passed on at once
        self.version, self.bytes_sent = rest.version, 0
        self.acks = live.acks
        self.incoming: list[Incoming] = []
        both = live.granted, rest.granted
        sizes = [one.packet_bytes for one in both if one.packet_bytes is not None]
        self.granted = Granted(packet_bytes=min(sizes, default=None), refused=[n for one in both for n in one.refused])

    @property
    def pings(self) -> int:
        """How many PINGREQs were sent."""
        return self._live.pings + self._rest.pings

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Publish a message at QoS 1. Return its packet id."""
        mid = self._live.publish(topic, payload, retain, expiry)
        self.bytes_sent = self._live.bytes_sent
        return mid

    def ack(self, message: Incoming) -> None:
        """Acknowledge a message of `incoming` to the broker."""
        self._from.ack(message)

    def wait(self, until: float, wake: int | None = None) -> bool:
        """Wait until a message arrives or the instant `until`. Return whether one arrived.

        `wake`: a descriptor to wait for instead of the second link's, which is then polled only afterwards.
        """
        self._adapt_room()
        waits = 0.0 if self._live.incoming or self._rest.incoming else until
        self._live.wait(waits, self._rest.fileno() if wake is None else wake)
        self._rest.wait(0.0)
        live_is_next = self._live.incoming and (self._from is not self._live or not self._rest.incoming)
        self._from = self._live if live_is_next else self._rest
        found = self._from.incoming
        count = len(found) if live_is_next else at_once(found, self._room)
        if count and not live_is_next:
            self._handed = self._clock.now(), sum(map(worth, found[:count]))
        self.incoming += found[:count]
        del found[:count]
        return count > 0

    def _adapt_room(self) -> None:
        """Adapt the room by how long the last part took: less where it took long, else up to twice as much."""
        if self._handed is not None:
            (at, records), self._handed = self._handed, None
            took = self._clock.now() - at
            self._room = min(MOST, max(MOST_RECORDS, records * min(2.0, LONG / max(took, 0.001))))

    def close(self) -> None:
        """Disconnect both."""
        self._live.close()
        self._rest.close()

    def drop(self) -> None:
        """Close both without a DISCONNECT."""
        self._live.drop()
        self._rest.drop()


def at_once(messages: list[Incoming], room: float) -> int:
    """Return how many of the first messages are passed on together, at least one where there is one.

    `room`: how many records they may count as.
    """
    for count, message in enumerate(messages):
        if room <= 0:
            return count
        room -= worth(message)
    return len(messages)


def worth(message: Incoming) -> int:
    """Return how many records a message counts as; one of the backlog by its length."""
    if intake.channel(message.topic) is not Topic.BACKFILL:
        return LIGHT
    return max(LIGHT, min(MOST_RECORDS, len(message.payload) // RECORD_BYTES))
