"""The network between a simulated station and a broker in memory: latency, and what goes wrong by seed.

The model, of each connection of a client that goes through `rough`:

- it lives for a while (half an hour on the average) and then is reset; or nothing passes any more, in both directions
  or towards the client alone, so that acknowledgements and receipts are lost, and the reset comes minutes later;
- of what was under way at that instant some comes late, after what the next connection has sent already;
- a message is delivered twice now and then, in either direction (QoS 1 allows it);
- while the broker is away, or now and then, a connection is refused or its attempt runs into the deadline.

Order within a connection is kept, as TCP keeps it. All of it is simulated time: one seed, the same events.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable

from drivers.clock import Clock, Inbox
from edge.config.address import Address
from edge.config.sections import BrokerSection
from edge.sim.lane import SimLane
from edge.sim.memory_broker import MemoryBroker
from edge.sim.memory_link import MemoryLink
from edge.sim.rig import Rig
from edge.wire.errors import of_connecting
from edge.wire.link import Link
from edge.wire.session import Session

LATENCY = (0.03, 0.6)  # s one way: 4G in a valley
SERVER_LATENCY = (0.001, 0.01)  # s between broker and platform
LIFETIME = 1800.0  # s of a connection on the average
STILL = (5.0, 400.0)  # s from the last packet that passes to the reset
LATE = (0.5, 30.0)  # s by which something that was under way comes late
COMES_LATE, TWICE, REFUSED = 0.5, 0.02, 0.1  # shares
SIMULATED = Address("simulated", 1883, tls=False)
DEADLINE = 10.0  # s that an attempt without an answer takes
ROOM = 1_000_000  # events under way


class Network:
    """`away`: the broker cannot be reached; `calm`: nothing goes wrong, whatever the seed says.

    `link`: what a connection is.
    """

    link: type[MemoryLink] = MemoryLink

    def __init__(self, seed: int, broker: MemoryBroker) -> None:
        self.broker = broker
        self.away = False
        self.calm = False
        self.connections: list[MemoryLink] = []  # of stations
        self._random = random.Random(seed)
        self._numbers = itertools.count()
        self._inbox: Inbox | None = None
        self._utc: Callable[[], int] = lambda: 0

    def serve(self, rig: Rig) -> None:
        """Carry what is sent in this boot's time from now on; what was under way in the one before is gone."""
        clock = rig.clock
        self.broker.hang_up()
        self._utc = lambda: rig.boot.utc_at(clock.now())
        self._inbox = inbox = clock.inbox(ROOM)

        def run() -> None:
            coming: list[tuple[float, int, Callable[[], None]]] = []
            while True:
                event = inbox.get(coming[0][0] if coming else float("inf"))
                while event is not None:
                    heapq.heappush(coming, event)
                    event = inbox.get(clock.now()) if len(inbox) else None
                while coming and coming[0][0] <= clock.now():
                    heapq.heappop(coming)[2]()

        lane: SimLane = clock.lane("network", run)
        rig.beside.append(lane)

    def at(self, instant: float, call: Callable[[], None]) -> None:
        """Let something happen at an instant."""
        assert self._inbox is not None
        self._inbox.offer((instant, next(self._numbers), call))

    def utc(self) -> int:
        """Return the true UTC, microseconds."""
        return self._utc()

    def cut(self, away: bool) -> None:
        """Let the broker go or come back."""
        self.away = away
        if away:
            self.broker.hang_up()

    # -- connections ---------------------------------------------------------------------------------------------

    def connect(self, broker: BrokerSection, session: Session, clock: Clock, known: int | None = None) -> Link:
        """Return a link as a platform has it: nothing goes wrong but the broker's absence. Raise LinkError."""
        return self._connected(session, clock, SERVER_LATENCY)

    def rough(self, broker: BrokerSection, session: Session, clock: Clock, known: int | None = None) -> Link:
        """Return a link as a station has it. Raise LinkError."""
        link = self._connected(session, clock, LATENCY, 0.0 if self.calm else REFUSED)
        self.connections.append(link)
        if not self.calm:
            self._doom(link, clock.now() + self._random.expovariate(1 / LIFETIME))
        return link

    def _connected(
        self, session: Session, clock: Clock, latency: tuple[float, float], refused: float = 0.0
    ) -> MemoryLink:
        if self.away or self._random.random() < refused:
            silent = self._random.random() < 0.5
            clock.sleep_until(clock.now() + (DEADLINE if silent else self._random.uniform(*latency)))
            raise of_connecting(SIMULATED, TimeoutError() if silent else ConnectionRefusedError())
        clock.sleep_until(clock.now() + 2 * self._random.uniform(*latency))
        link = self.link(self, session, clock, self._random, latency)
        link.granted.session_present = self.broker.connect(session, link, self.utc())
        return link

    def _doom(self, link: MemoryLink, at: float) -> None:
        """Draw how and when a connection ends."""
        how = self._random.choice(("reset", "silence", "deaf"))
        if how == "reset":
            self.at(at, link.end)
            return
        self.at(at, link.deafen if how == "deaf" else link.silence)
        self.at(at + self._random.uniform(*STILL), link.end)

    def is_twice(self) -> bool:
        """Draw whether a message is delivered twice."""
        return not self.calm and self._random.random() < TWICE

    def lateness(self) -> float | None:
        """Draw by how much something comes late that was under way when its connection ended; None: it is lost."""
        return self._random.uniform(*LATE) if self._random.random() < COMES_LATE else None
