"""Wait at a hub's start while the database is unavailable or cannot be written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from drivers.clock import Clock
from drivers.reason import Reason
from hub.database.errors import DatabaseRefusedError
from hub.receiver import SINK_PAUSE, SLICE
from hub.sink import SinkError

log = logging.getLogger("minshan.hub")
T = TypeVar("T")


class Waiting:
    """Retries until `ended`. `trouble`: why the database is unavailable; None: it is available, or nothing is retried.

    `fails` is called with the reason after each failed attempt.
    """

    def __init__(self, ended: Callable[[], bool], clock: Clock, fails: Callable[[Reason], object]) -> None:
        self.trouble: Reason | None = None
        self._ended, self._clock, self._fails = ended, clock, fails

    def until(self, attempt: Callable[[], T | None]) -> T | None:
        """Return the attempt's first true result; retry after a false one or a SinkError. None where it ended before.

        Raise DatabaseRefusedError, and whatever else the attempt raises.
        """
        while not self._ended():
            try:
                found = attempt()
                self.trouble = None
                if found:
                    return found
            except DatabaseRefusedError:
                raise
            except SinkError as error:
                if error.reason != self.trouble:
                    log.warning("%s", error.reason)
                self.trouble = error.reason
                self._fails(error.reason)
            self._pause()
        return None

    def _pause(self) -> None:
        until = self._clock.now() + SINK_PAUSE
        while self._clock.now() < until and not self._ended():
            self._clock.sleep_until(min(until, self._clock.now() + SLICE))
