"""A station's destinations other than its platform: a lane each, over the one store, within the month's data."""

from __future__ import annotations

from collections.abc import Callable

from drivers.clock import Clock
from edge.budget.budget import Budget
from edge.config.forward import Forward
from edge.config.sections import Config
from edge.forward.lane import ForwardLane, Pace
from edge.forward.store_queue import StoreQueue
from edge.lanes import Lanes
from edge.store.store import Store
from edge.uplink.destination import Way
from edge.wire.retry import Retry


class Forwarding:
    """The destinations of one station. `utc` tells the time (microseconds), None while nobody knows it."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        budget: Budget,
        utc: Callable[[], int | None],
        way: Way,
    ) -> None:
        self._config, self._store, self._clock, self._budget = config, store, clock, budget
        self._utc, self._way = utc, way
        self.queues = [StoreQueue(store, config.station.id, section) for section in config.forward]

    def start(self, lanes: Lanes) -> None:
        """Let go of what destinations had that the file does not name any more, and start a lane for each that it does.

        Raise StoreError.
        """
        self._store.batches.retain([queue.dest for queue in self.queues])
        for place, (section, queue) in enumerate(zip(self._config.forward, self.queues, strict=True)):
            run = self._lane(section, queue, looks=place == 0 and self._config.broker is None).run
            lanes.start(f"forward {section.name}", run)

    def _lane(self, section: Forward, queue: StoreQueue, looks: bool) -> ForwardLane:
        """Return a destination's lane; `looks`: it sees how the month stands, where there is no uplink that does."""
        budget = self._budget
        found = self._way.sender(section, self._config.station.id, self._clock, self._utc)
        budget.forwarded.add(lambda: found.link_bytes)

        def every_s() -> float:
            if looks:
                budget.look()
            return max(section.every_min, budget.forward_every_min()) * 60.0

        pace = Pace(every_s, budget.admits_forward)
        return ForwardLane(queue, found, self._clock, Retry(section.retry_max_s, self._way.seed), pace)
