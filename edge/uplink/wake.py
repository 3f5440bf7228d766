"""What other lanes tell the uplink's, and how they wake it."""

from __future__ import annotations

import contextlib
import os


class Wake:
    """A readable descriptor and what it was set for. All but `take` and `drain` may be called from any lane."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.hurried = False
        self._poked = False

    def poke(self) -> None:
        """The store has a new record."""
        self._poked = True
        self.up()

    def hurry(self) -> None:
        """Try again now."""
        self.hurried = True
        self.up()

    def up(self) -> None:
        """Look at what has come about."""
        os.eventfd_write(self.fd, 1)

    def take_poke(self) -> bool:
        """Whether there is a new record since the last call."""
        poked, self._poked = self._poked, False
        return poked

    def take_hurry(self) -> bool:
        """Whether to hurry, asked once."""
        hurried, self.hurried = self.hurried, False
        return hurried

    def drain(self) -> None:
        """The descriptor is not readable until the next call."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.fd)
