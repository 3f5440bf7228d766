"""Where a station's records go: its name in the store, the connection to it, and its protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.clock import Clock
from edge.budget.budget import Budget
from edge.config.forward import Forward
from edge.config.sections import BrokerSection
from edge.forward.lane import ForwardSender
from edge.forward.senders import sender
from edge.northbound.minshan import Minshan
from edge.wire import mqtt_link
from edge.wire.link import Connect


@dataclass(frozen=True)
class Way:
    """How brokers and other platforms are reached. `seed` fixes the pauses and nonces of a simulation; None: chance."""

    connect: Connect
    seed: int | None = None

    def sender(self, section: Forward, station: str, clock: Clock, utc: Callable[[], int | None]) -> ForwardSender:
        """Return how another platform of a station is reached."""
        return sender(section, station, clock, utc, self.connect)


REAL_WAY = Way(mqtt_link.connect)


@dataclass(frozen=True)
class Destination:
    """One destination: its name, its broker and the way there, the adapter that knows what it is told, its bytes."""

    name: str
    broker: BrokerSection
    adapter: Minshan
    way: Way
    budget: Budget
