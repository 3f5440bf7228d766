"""A link in memory: what client and broker send travels in simulated time and may be lost in transit."""

from __future__ import annotations

import contextlib
import os
import random
import select
import weakref
from collections.abc import Callable
from typing import Protocol

from drivers.clock import Clock
from edge.sim.memory_broker import MemoryBroker
from edge.wire.errors import LinkError, broken
from edge.wire.packets import MQTT5, overhead
from edge.wire.session import Granted, Incoming, Session

BROKE = broken("mqtt://simulated")


class Carrier(Protocol):
    """The part of the network that a link uses."""

    broker: MemoryBroker

    def at(self, instant: float, call: Callable[[], None]) -> None:
        """Let something happen at an instant."""

    def utc(self) -> int:
        """Return the true UTC, microseconds."""

    def is_twice(self) -> bool:
        """Draw whether a message is delivered twice."""

    def lateness(self) -> float | None:
        """Draw by how much something comes late; None: it is lost."""


class MemoryLink:
    """Both ends of one connection: a `Link` for its client, a `Peer` for the broker."""

    def __init__(
        self, network: Carrier, session: Session, clock: Clock, rng: random.Random, latency: tuple[float, float]
    ) -> None:
        self.version = MQTT5
        self.granted = Granted(network.broker.receive_maximum, network.broker.packet_bytes)
        self.acks: dict[int, int] = {}
        self.incoming: list[Incoming] = []
        self.bytes_sent = self.pings = 0
        self._network, self._session, self._clock, self._random = network, session, clock, rng
        self._latency = latency
        self._up = self._down = clock.now()  # when the last packet that was sent arrives
        self._passes_up = self._passes_down = True
        self._broken = self._closed = False
        self._mid = 0
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._fd)

    # -- the client's end ----------------------------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Send a message. Return its mid. Raise LinkError."""
        self._check()
        self._mid = mid = self._mid % 65535 + 1
        self.bytes_sent += overhead(topic, MQTT5) + len(payload)

        def arrive() -> None:
            code = self._network.broker.publish(topic, payload, retain, expiry, self._network.utc())
            self._downwards(lambda: self.acks.__setitem__(mid, code))

        self._upwards(arrive)
        if self._network.is_twice():
            self._upwards(arrive)
        return mid

    def ack(self, message: Incoming) -> None:
        """Tell the broker that a message has been dealt with. Raise LinkError."""
        self._check()
        name, mid = self._session.client_id, message.mid
        self._upwards(lambda: self._network.broker.acked(name, mid, self._network.utc()))

    def wait(self, until: float, wake: int | None = None) -> bool:
        """Wait until something came, `wake` is readable or the instant `until`. Raise LinkError, Stopped."""
        self._check()
        if not (self.acks or self.incoming):
            with select.epoll(2) as both:
                both.register(self._fd, select.EPOLLIN)
                if wake is not None:
                    both.register(wake, select.EPOLLIN)
                self._clock.wait_readable(both.fileno(), until)
        self._check()
        came = bool(self.acks or self.incoming)
        if came:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._fd)
        return came

    def close(self) -> None:
        """Say good-bye; it arrives after all that was sent."""
        if not self._broken:
            name = self._session.client_id
            self._upwards(lambda: self._network.broker.disconnect(name, self, True, self._network.utc()))
            self._closed = True

    def drop(self) -> None:
        """End it without a word; the broker finds out when its client comes again."""
        self._broken = not self._closed

    # -- the broker's end ----------------------------------------------------------------------------------------

    def deliver(self, message: Incoming) -> None:
        """Send a message to the client."""
        self._downwards(lambda: self.incoming.append(message))
        if self._network.is_twice():
            self._downwards(lambda: self.incoming.append(message))

    def end(self) -> None:
        """Reset the connection; the client finds out at its next call."""
        if not self._broken:
            self._broken = True
            os.eventfd_write(self._fd, 1)
            self._network.broker.disconnect(self._session.client_id, self, False, self._network.utc())

    # -- the way -------------------------------------------------------------------------------------------------

    def silence(self) -> None:
        """Let nothing pass from now on."""
        self._passes_up = self._passes_down = False

    def deafen(self) -> None:
        """Let nothing pass towards the client from now on."""
        self._passes_down = False

    def _upwards(self, arrive: Callable[[], None]) -> None:
        self._up = max(self._up, self._clock.now() + self._random.uniform(*self._latency))

        def there() -> None:
            if self._passes_up and not self._broken:
                arrive()
            elif (late := self._network.lateness()) is not None:
                self._network.at(self._clock.now() + late, arrive)

        self._network.at(self._up, there)

    def _downwards(self, arrive: Callable[[], None]) -> None:
        self._down = max(self._down, self._clock.now() + self._random.uniform(*self._latency))

        def here() -> None:
            if self._passes_down and not (self._broken or self._closed):
                arrive()
                os.eventfd_write(self._fd, 1)

        self._network.at(self._down, here)

    def _check(self) -> None:
        if self._broken or self._closed:
            raise LinkError(BROKE)
