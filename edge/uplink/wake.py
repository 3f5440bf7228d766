"""How other lanes notify and wake the uplink's lane."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from drivers.clock import Clock


class Wake:
    """An eventfd and the reasons for which it was set. `notify`, `retry_now` and `up` may be called from any lane."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.retry_wanted = False
        self._notified = False

    def notify(self) -> None:
        """Wake the lane: the store has a new record."""
        self._notified = True
        self.up()

    def retry_now(self) -> None:
        """Wake the lane to retry now."""
        self.retry_wanted = True
        self.up()

    def up(self) -> None:
        """Wake the lane to look at what has changed."""
        os.eventfd_write(self.fd, 1)

    def take_notified(self) -> bool:
        """Return whether there is a new record since the last call, and reset that."""
        notified, self._notified = self._notified, False
        return notified

    def take_retry(self) -> bool:
        """Return whether a retry was requested since the last call, and reset that."""
        retry_wanted, self.retry_wanted = self.retry_wanted, False
        return retry_wanted

    def drain(self) -> None:
        """Reset the eventfd until the next call of `up`."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.fd)

    def pause(self, clock: Clock, seconds: float, woken: Callable[[], object]) -> None:
        """Wait so many seconds, or until a retry is requested; call `woken` at every other wake-up."""
        until = clock.now() + seconds
        while not self.retry_wanted and clock.wait_readable(self.fd, until):
            self.drain()
            woken()
        self.take_retry()
