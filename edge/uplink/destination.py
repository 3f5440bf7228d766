"""Where a station's records go: its name in the store, the connection to it, and its protocol."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from drivers.clock import Clock
from edge.budget.budget import Budget
from edge.config.forward import Forward
from edge.config.sections import BrokerSection
from edge.forward.lane import ForwardSender
from edge.forward.senders import sender
from edge.northbound.minshan import Minshan
from edge.wire.link import Connect, Link
from edge.wire.session import Session


class Way(msgspec.Struct, frozen=True):
    """How brokers and other platforms are reached. `seed` fixes the pauses and nonces of a simulation; None: chance."""

    connect: Connect
    seed: int | None = None

    def sender(self, section: Forward, station: str, clock: Clock, utc: Callable[[], int | None]) -> ForwardSender:
        """Return how another platform of a station is reached."""
        return sender(section, station, clock, utc, self.connect)


def over_a_network(broker: BrokerSection, session: Session, clock: Clock, known: int | None) -> Link:
    """Return a link of paho's, which takes long to load: in the lane that wants one, while others measure already."""
    from edge.wire import mqtt_link

    return mqtt_link.connect(broker, session, clock, known)


REAL_WAY = Way(over_a_network)


class Destination(msgspec.Struct, frozen=True):
    """One destination: its name, its broker and the way there, the adapter that knows what it is told, its bytes."""

    name: str
    broker: BrokerSection
    adapter: Minshan
    way: Way
    budget: Budget
