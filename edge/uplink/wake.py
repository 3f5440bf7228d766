"""What other lanes tell the uplink's lane, and how they wake it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from drivers.clock import Clock


class Wake:
    """A readable descriptor and what it was set for. All but `take` and `drain` may be called from any lane."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.retry_wanted = False
        self._notified = False

    def notify(self) -> None:
        """Take in that the store has a new record."""
        self._notified = True
        self.up()

    def retry_now(self) -> None:
        """Try again now."""
        self.retry_wanted = True
        self.up()

    def up(self) -> None:
        """Make the uplink's lane look at what has changed."""
        os.eventfd_write(self.fd, 1)

    def take_notified(self) -> bool:
        """Whether there is a new record since the last call."""
        notified, self._notified = self._notified, False
        return notified

    def take_retry(self) -> bool:
        """Whether to hurry, asked once."""
        retry_wanted, self.retry_wanted = self.retry_wanted, False
        return retry_wanted

    def drain(self) -> None:
        """Make the descriptor unreadable until the next call."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.fd)

    def pause(self, clock: Clock, seconds: float, woken: Callable[[], object]) -> None:
        """Wait so many seconds, or until somebody wants it tried again now; `woken` is called for all else."""
        until = clock.now() + seconds
        while not self.retry_wanted and clock.wait_readable(self.fd, until):
            self.drain()
            woken()
        self.take_retry()
