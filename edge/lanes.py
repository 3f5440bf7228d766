"""The supervisor of lanes: starts them, restarts and reports those that crash, stops them.

This is the only place that catches every exception of a lane: a crash of one must not end the others; it becomes a line
in the log and a count in the status.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from drivers.clock import Clock, Lane, Stopped
from edge.backoff import Backoff

log = logging.getLogger("minshan.lanes")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0  # between two restarts of one lane
STABLE_S = 3600.0  # after which a crash counts as the first one again


class Lanes:
    """All lanes of a station."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, Lane] = {}
        self.falls: dict[str, int] = {}

    def start(self, name: str, run: Callable[[], None]) -> None:
        """Start a lane that runs `run`, and restarts it after a growing pause if it crashes."""
        self._lanes[name] = self._clock.lane(name, lambda: self._guard(name, run))

    def stop(self, *names: str) -> None:
        """Tell these lanes (without names: all) to stop."""
        for name in names or tuple(self._lanes):
            self._lanes[name].stop()

    def join(self, timeout: float, *names: str) -> list[str]:
        """Wait real seconds for each of these lanes (without names: all). Return those that have not ended."""
        return [name for name in names or tuple(self._lanes) if not self._lanes[name].join(timeout)]

    def all(self) -> list[Lane]:
        """Return the lanes themselves."""
        return list(self._lanes.values())

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of the lanes that begin with `prefix`."""
        return [name for name in self._lanes if name.startswith(prefix)]

    def _guard(self, name: str, run: Callable[[], None]) -> None:
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            since = self._clock.now()
            try:
                return run()
            except Stopped:
                raise
            except Exception as error:  # noqa: BLE001  # the supervisor: a crashed lane is restarted and named
                self._fell(name, error)
            if self._clock.now() - since >= STABLE_S:
                backoff.reset()
            self._clock.sleep_until(self._clock.now() + backoff.pause())

    def _fell(self, name: str, error: Exception) -> None:
        """Count and log a crash; only the crashed lane itself writes its count."""
        self.falls = {**self.falls, name: self.falls.get(name, 0) + 1}
        trace = log.isEnabledFor(logging.DEBUG)
        log.error("%s crashed and is restarted: %s: %s", name, type(error).__name__, error, exc_info=trace)
