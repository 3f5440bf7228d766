"""The supervisor of lanes: starts them, restarts one that fails and says so, ends them all.

This is the one place that catches whatever a lane let through: a lane that falls must not take the others
with it, and what it fell over is a sentence in the log and a count in the status.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from drivers.clock import Clock, Lane, Stopped

log = logging.getLogger("minshan.lanes")
LONGEST_PAUSE = 60.0  # s between two restarts of one lane


class Lanes:
    """All lanes of a station."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, Lane] = {}
        self.falls: dict[str, int] = {}

    def start(self, name: str, run: Callable[[], None]) -> None:
        """Start a lane that runs `run`, again after a growing pause where it falls."""
        self._lanes[name] = self._clock.lane(name, lambda: self._guard(name, run))

    def stop(self, *names: str) -> None:
        """Tell these lanes (all without a name) to end."""
        for name in names or tuple(self._lanes):
            self._lanes[name].stop()

    def join(self, timeout: float, *names: str) -> list[str]:
        """Wait real seconds for these lanes (all without a name); the ones that have not ended."""
        return [name for name in names or tuple(self._lanes) if not self._lanes[name].join(timeout)]

    def all(self) -> list[Lane]:
        """The lanes themselves."""
        return list(self._lanes.values())

    def names(self, prefix: str = "") -> list[str]:
        """The lanes whose name begins so."""
        return [name for name in self._lanes if name.startswith(prefix)]

    def _guard(self, name: str, run: Callable[[], None]) -> None:
        pause = 1.0
        while True:
            try:
                return run()
            except Stopped:
                raise
            except Exception as error:  # the supervisor: a fallen lane is restarted and named, whatever it was
                self.falls[name] = self.falls.get(name, 0) + 1
                log.error("%s fell and is restarted: %s: %s", name, type(error).__name__, error,
                          exc_info=log.isEnabledFor(logging.DEBUG))  # fmt: skip
            self._clock.sleep_until(self._clock.now() + pause)
            pause = min(2 * pause, LONGEST_PAUSE)
