"""A real broker with a station in simulated time: what is in flight is waited for in real time.

Simulated time stands still while a connection is made and while acknowledgements are under way, so that a day at any
speed sends what it would send in life. While nothing is in flight the link's descriptor is waited for like any other.
"""

from __future__ import annotations

from drivers.clock import Clock
from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.uplink.destination import Way
from edge.wire import mqtt_link
from edge.wire.link import Link
from edge.wire.mqtt_link import CONNECT_DEADLINE, MqttLink
from edge.wire.session import Incoming, Session

PATIENCE = 2.0  # real s for which one wait for acknowledgements holds simulated time
PATIENT = 3  # such waits in a row without any; after them simulated time goes on by as much as each took


class LockstepLink:
    """A link over `MqttLink` for lanes of a simulation."""

    def __init__(self, link: MqttLink, clock: Clock) -> None:
        self.version, self.granted, self.acks, self.incoming = link.version, link.granted, link.acks, link.incoming
        self._link, self._clock, self._real = link, clock, SystemClock()
        self._flying: set[int] = set()
        self._silent = 0

    @property
    def bytes_sent(self) -> int:
        """MQTT's own bytes of what was published."""
        return self._link.bytes_sent

    @bytes_sent.setter
    def bytes_sent(self, value: int) -> None:
        self._link.bytes_sent = value

    @property
    def pings(self) -> int:
        """How many signs of life were sent."""
        return self._link.pings

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Hand a message over. Return its mid."""
        mid = self._link.publish(topic, payload, retain, expiry)
        self._flying.add(mid)
        return mid

    def ack(self, message: Incoming) -> None:
        """Tell the broker that a message has been dealt with."""
        self._link.ack(message)

    def wait(self, until: float, wake: int | None = None) -> bool:
        """Wait in real time while something is in flight, else in simulated time. Return whether something came."""
        if not self._flying:
            return self._link.wait_by(self._clock, until, wake)
        came = self._answered()
        self._flying -= self.acks.keys()
        self._silent = 0 if came else self._silent + 1
        now = self._clock.now()
        self._clock.wait_readable(self._link.fileno(), now if self._silent < PATIENT else now + PATIENCE)
        return came

    def _answered(self) -> bool:
        """Wait real seconds for an acknowledgement or a message."""
        until = self._real.now() + PATIENCE
        while not (self.acks or self.incoming) and self._real.now() < until:
            self._link.wait_by(self._real, until)
        return bool(self.acks or self.incoming)

    def close(self) -> None:
        """Say good-bye."""
        self._link.close()

    def drop(self) -> None:
        """End it without a word."""
        self._link.drop()


def connect(
    broker: BrokerSection,
    session: Session,
    clock: Clock,
    known: int | None = None,
    deadline: float = CONNECT_DEADLINE,
) -> Link:
    """Return a link to a real broker for a lane of a simulation; simulated time stands still meanwhile."""
    return LockstepLink(mqtt_link.connect(broker, session, SystemClock(), known, deadline), clock)


LOCKSTEP = Way(connect)
