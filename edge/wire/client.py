"""A user's own connection to a broker: what is sent and acknowledged, and what comes back in time."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.wire.errors import LinkError
from edge.wire.link import Link
from edge.wire.session import Incoming

SLICE = 0.2  # s
ACK_PATIENCE = 10.0  # s


def sent(link: Link, topic: str, payload: bytes, expiry: int) -> int:
    """Publish at QoS 1 and wait for the broker's acknowledgement: its reason code (0x10: nobody listens)."""
    clock = SystemClock()
    mid = link.publish(topic, payload, expiry=expiry)
    until = clock.now() + ACK_PATIENCE
    while clock.now() < until:
        try:
            link.wait(clock.now() + SLICE)
        except LinkError:  # Mosquitto 2.0 may end a connection with the refusal itself
            if mid not in link.acks:
                raise
        if mid in link.acks:
            return link.acks.pop(mid)
    raise LinkError(Reason("not_acknowledged_at_all", "the broker does not acknowledge what is sent to it"))


def arriving(link: Link, seconds: float) -> Iterator[Incoming | None]:
    """Yield what comes in during the next seconds, each acknowledged; None at least once a slice."""
    clock = SystemClock()
    until = clock.now() + seconds
    while clock.now() < until:
        link.wait(clock.now() + SLICE)
        while link.incoming:
            message = link.incoming.pop(0)
            link.ack(message)
            yield message
        yield None
