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
    """How brokers and other platforms are reached. `seed` fixes a simulation's pauses and nonces; None: random."""

    connect: Connect
    seed: int | None = None

    def sender(self, section: Forward, station: str, clock: Clock, utc: Callable[[], int | None]) -> ForwardSender:
        """Return the sender for another platform of a station."""
        return sender(section, station, clock, utc, self.connect)


def over_a_network(broker: BrokerSection, session: Session, clock: Clock, known: int | None) -> Link:
    """Connect through paho. It is slow to import, so that is done in the lane that connects, while others measure."""
    from edge.wire import mqtt_link

    return mqtt_link.connect(broker, session, clock, known)


REAL_WAY = Way(over_a_network)


class Destination(msgspec.Struct, frozen=True):
    """One destination: its name, its broker and how to reach it, the adapter for its protocol, its data budget."""

    name: str
    broker: BrokerSection
    adapter: Minshan
    way: Way
    budget: Budget
