"""A receiver's two connections to one broker, used as one: live data never wait behind the backlog.

A broker hands a session its messages in their order. In one session a minute of now would come after all that every
station has kept over an outage, which for a large fleet is half an hour of work. So what is live has a session of its
own, and of the other one no more is handed on at once than is dealt with in a second or so, by what the last took:
little at first, for nobody knows yet how fast that goes here and now.
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

MOST_NAME = 72  # characters of a client's id, to which a few are added
RECEIVE = 200  # messages that the broker may send before the first is acknowledged
LIVE = (Topic.LIVE, Topic.STATUS)
MOST = 14 * MOST_RECORDS  # records of a backlog that are handed on at once
LIGHT = MOST_RECORDS // 10  # what a small message, or another one (a chunk, a hello), counts as
RECORD_BYTES = 10  # of a record in columns: the shortest there are
LONG = 1.0  # s that dealing with them should take


def sessions(ledger: str, name: str) -> tuple[Session, Session]:
    """Return the sessions of what is live and of all else, which the broker keeps where there is a ledger.

    The ledger's name, which `name` has a gap for, finds what the broker kept for it.
    """
    expiry = KEPT_SESSION if ledger else 0
    told = name.format(ledger) if ledger else f"watch-{secrets.token_hex(8)}"
    client = f"minshan-{intake.plain_name(told)}"
    if len(client) > MOST_NAME:  # cut off, hosts with long names would be one
        client = f"{client[: MOST_NAME - 17]}-{sha256(told.encode()).hexdigest()[:16]}"
    live = tuple(where for where in intake.subscribed_topics() if intake.channel(where) in LIVE)
    rest = tuple(where for where in intake.subscribed_topics() if where not in live)
    return (
        Session(f"{client}-live", live, expiry=expiry, receive=RECEIVE),
        Session(client, rest, expiry=expiry, receive=RECEIVE),
    )


def connect_both(broker: BrokerSection, ledger: str, name: str) -> LiveFirst:
    """Return both links. Raise LinkError."""
    live, rest = sessions(ledger, name)
    first = connect(broker, live)
    try:
        return LiveFirst(first, connect(broker, rest, known=first.version))
    except LinkError:
        first.close()
        raise


class LiveFirst:
    """A `Link` over two: `incoming` has messages of one of them at a time, those of `live` in every other wait.

    Its owner empties `incoming` and acknowledges all of it before it waits again.
    """

    def __init__(self, live: MqttLink, rest: MqttLink) -> None:
        self._live, self._rest = live, rest
        self._from: MqttLink = rest  # the connection whose messages are in `incoming`
        self._clock = SystemClock()
        self._handed: tuple[float, int] | None = None  # when some of `rest` were handed on (s), how many records' worth
        self._room = float(MOST_RECORDS)  # records of `rest` that are handed on at once
        self.version, self.bytes_sent = rest.version, 0
        self.acks = live.acks
        self.incoming: list[Incoming] = []
        both = live.granted, rest.granted
        sizes = [one.packet_bytes for one in both if one.packet_bytes is not None]
        self.granted = Granted(packet_bytes=min(sizes, default=None), refused=[n for one in both for n in one.refused])

    @property
    def pings(self) -> int:
        """How many signs of life were sent."""
        return self._live.pings + self._rest.pings

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Hand a message over at QoS 1."""
        mid = self._live.publish(topic, payload, retain, expiry)
        self.bytes_sent = self._live.bytes_sent
        return mid

    def ack(self, message: Incoming) -> None:
        """Tell the broker that a message of `incoming` has been dealt with."""
        self._from.ack(message)

    def wait(self, until: float, wake: int | None = None) -> bool:
        """Wait until something came or the instant `until`. Return whether something came.

        `wake` takes the place of the second link's descriptor: that link is looked at afterwards alone.
        """
        self._measure()
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

    def _measure(self) -> None:
        """Hand on less next time where what was handed on took long, and more, up to twice that, where it did not."""
        if self._handed is not None:
            (at, records), self._handed = self._handed, None
            took = self._clock.now() - at
            self._room = min(MOST, max(MOST_RECORDS, records * min(2.0, LONG / max(took, 0.001))))

    def close(self) -> None:
        """Say good-bye on both."""
        self._live.close()
        self._rest.close()

    def drop(self) -> None:
        """End both without a word."""
        self._live.drop()
        self._rest.drop()


def at_once(messages: list[Incoming], room: float) -> int:
    """Return how many of these messages, the first ones, are handed on together; at least one where there is one.

    `room`: the records that they may be.
    """
    for count, message in enumerate(messages):
        if room <= 0:
            return count
        room -= worth(message)
    return len(messages)


def worth(message: Incoming) -> int:
    """Return what a message counts as, in records: of a backlog, what may be in it by its length."""
    if intake.channel(message.topic) is not Topic.BACKFILL:
        return LIGHT
    return max(LIGHT, min(MOST_RECORDS, len(message.payload) // RECORD_BYTES))
