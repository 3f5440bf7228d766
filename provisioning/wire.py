"""A person's own connection to a broker: to try a login, to send a command, to wait for its result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge.clock import SystemClock
from edge.uplink.link import Incoming, Link, Session
from edge.uplink.trouble import LinkTrouble, WrongProtocol

if TYPE_CHECKING:
    from edge.config.sections import BrokerSection

MQTT5, MQTT311 = 5, 4  # paho's numbers of the two versions
SLICE = 0.2  # s
ACK_PATIENCE = 10.0  # s


def connected(broker: BrokerSection, client_id: str, topics: tuple[str, ...]) -> Link:
    """A link in the newest version that both sides speak; LinkTrouble in one sentence where there is none."""
    versions = {"5": (MQTT5,), "3.1.1": (MQTT311,)}.get(broker.protocol, (MQTT5, MQTT311))
    for version in versions:
        try:
            return Link(broker, Session(client_id, topics), version)
        except WrongProtocol as wrong:
            trouble = wrong
    raise trouble


def sent(link: Link, topic: str, payload: bytes, expiry: int) -> int:
    """Publish at QoS 1 and wait for the broker's acknowledgement: its reason code (0x10: nobody listens)."""
    clock = SystemClock()
    mid = link.publish(topic, payload, expiry=expiry)
    until = clock.now() + ACK_PATIENCE
    while clock.now() < until:
        if mid in link.acks:
            return link.acks.pop(mid)
        link.pump(SLICE)
    raise LinkTrouble("the broker does not acknowledge what is sent to it")


def arriving(link: Link, seconds: float) -> Iterator[Incoming | None]:
    """What comes in during the next seconds, each acknowledged; None at least once a slice."""
    clock = SystemClock()
    until = clock.now() + seconds
    while clock.now() < until:
        link.pump(SLICE)
        while link.incoming:
            message = link.incoming.pop(0)
            link.ack(message)
            yield message
        yield None
