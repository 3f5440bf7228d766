"""Which of several hubs on one database sends to a destination: the holder of a lease that has not expired."""

from __future__ import annotations

from collections.abc import Callable

from drivers.clock import Clock
from hub.forward.queue import DatabaseQueue

LEASE_S = 60.0  # beyond the longest request, for which a silent hub still holds the lease


class ForwardTurn:
    """One hub's, named `holder`; `utc` tells the time, microseconds since 1970."""

    def __init__(
        self, queue: DatabaseQueue, holder: str, timeout_s: float, clock: Clock, utc: Callable[[], int]
    ) -> None:
        self._queue, self._holder, self._clock, self._utc = queue, holder, clock, utc
        self._lease_s = timeout_s + LEASE_S
        self._until = 0.0

    def is_ours(self) -> bool:
        """Return whether this hub sends now. Raise SinkError."""
        now = self._clock.now()
        if now < self._until - self._lease_s / 2:
            return True
        if not self._queue.claim(self._holder, self._utc() + round(self._lease_s * 1e6)):
            return False
        self._until = now + self._lease_s
        return True
