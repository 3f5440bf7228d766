"""The Clock: everything that waits takes it as an argument, and waits only through it.

On a station it is CLOCK_BOOTTIME, a wait, `select` and a queue (`edge/clock/clock.py`); in a simulation it is
`edge/sim/clock.py`, where time jumps from deadline to deadline and one lane runs at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """Raised by a wait when the waiting lane has been stopped: clean up and return."""


class Inbox(Protocol):
    """A bounded queue between lanes. `lost` counts the offers that found it full."""

    lost: int

    def offer(self, item: Any, wake: bool = True) -> bool:
        """Put `item` in without waiting. Return False (and count it in `lost`) if the inbox is full.

        Without `wake` the receiving lane sleeps on: it finds the item at its deadline or with the next one that wakes
        it. A half-full inbox wakes it anyway.
        """

    def put(self, item: Any) -> None:
        """Put `item` in, waiting for room. Raise Stopped."""

    def get(self, until: float) -> Any | None:
        """Return the oldest item, waiting until the instant `until` (seconds); None if none arrived.

        Raise Stopped.
        """

    def __len__(self) -> int: ...


class Lane(Protocol):
    """A running thread with a single task."""

    name: str

    def stop(self) -> None:
        """Make the lane's current and future waits raise `Stopped`. Callable from any thread."""

    def join(self, timeout: float | None = None) -> bool:
        """Wait (real seconds) for its end, from a thread that is not a lane. Return whether it has ended."""


class Clock(Protocol):
    """Time, and every way of waiting for it. All instants are seconds since the boot, as float.

    The waits raise `Stopped`.
    """

    def now(self) -> float:
        """Return the seconds since the boot, suspended time included."""

    def sleep_until(self, t: float) -> None:
        """Wait until the instant `t`; return at once if it is past."""

    def wait_readable(self, fd: int, until: float) -> bool:
        """Wait until the descriptor is readable (True) or the instant `until` is reached (False)."""

    def wait_writable(self, fd: int, until: float) -> bool:
        """Wait until the descriptor is writable (True) or the instant `until` is reached (False)."""

    def inbox(self, size: int) -> Inbox:
        """Return a new inbox that holds at most `size` items."""

    def outside(self, call: Callable[[], T]) -> T:
        """Run real I/O whose result does not depend on simulated time (a disk, a broker). Return its result."""

    def lane(self, name: str, run: Callable[[], None]) -> Lane:
        """Start a thread that runs `run`; it may use this clock, and only such threads may wait on it."""
