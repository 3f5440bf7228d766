"""The interface of a connection to a broker, as an uplink, a receiver and a user's client need it.

`edge.wire.mqtt_link` is the real one; a simulation has one in memory (`edge.sim.memory_link`). A link waits only
through the Clock, so that silence can be simulated too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drivers.clock import Clock
from edge.config.sections import BrokerSection
from edge.wire.session import Granted, Incoming, Session

NOBODY_LISTENS = 0x10  # PUBACK "no matching subscribers" (MQTT 5, 3.4.2.1); 3.1.1 has nothing like it
TOO_LARGE = 0x95  # PUBACK or DISCONNECT "packet too large" (MQTT 5, 3.4.2.1)
REFUSED = 0x80  # codes from here on are failures


class Link(Protocol):
    """One connection. Its owner empties `acks` (mid -> reason code) and `incoming`.

    All but `close` and `drop` raise LinkError when the link is gone.
    """

    version: int  # as in CONNECT: 5, or 4 for MQTT 3.1.1
    granted: Granted
    acks: dict[int, int]
    incoming: list[Incoming]
    bytes_sent: int

    @property
    def pings(self) -> int:
        """How many PINGREQs were sent."""

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Hand a message over at QoS 1. Return its mid, which comes back in `acks`. `expiry` in s, MQTT 5 alone."""

    def ack(self, message: Incoming) -> None:
        """Acknowledge a message that has been handled: until then the broker keeps it."""

    def wait(self, until: float, wake: int | None = None) -> bool:
        """Wait until something arrives, the descriptor `wake` is readable or the instant `until`.

        Return whether something arrived. Raise Stopped.
        """

    def close(self) -> None:
        """Disconnect in order, so that the broker does not publish the will."""

    def drop(self) -> None:
        """Close the connection without a DISCONNECT."""


# Broker, session, the clock that the link waits through, the protocol version that worked last. Raise LinkError.
Connect = Callable[[BrokerSection, Session, Clock, int | None], Link]
