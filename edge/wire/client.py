"""A user's own connection to a broker: publish and wait for the acknowledgement, receive until a deadline."""

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
    """Publish at QoS 1, wait for the acknowledgement and return its reason code (0x10: no subscriber).

    Raise LinkError.
    """
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
    """Yield the messages of the next seconds, each acknowledged, and None at least every `SLICE`. Raise LinkError."""
    clock = SystemClock()
    until = clock.now() + seconds
    while clock.now() < until:
        link.wait(clock.now() + SLICE)
        while link.incoming:
            message = link.incoming.pop(0)
            link.ack(message)
            yield message
        yield None
