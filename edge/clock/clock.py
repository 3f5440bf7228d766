"""The station's clock: CLOCK_BOOTTIME, and waits that end when a lane is told to stop.

This is the only module that asks the operating system for the time or waits for it. Every wait is one
`select` over what is waited for and the lane's own stop descriptor, so a stopping daemon never lingers.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from drivers.clock import Stopped
from edge.struct_types import prepare_structs

T = TypeVar("T")
LONGEST_POLL = 3600.0  # s; poll(2) takes an int of milliseconds, and a deadline may be infinite


def boot_id() -> str:
    """Return the kernel's random id of this boot; without /proc a new one, as if each start were a boot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return str(uuid.uuid4())


def system_utc() -> int:
    """Return the system clock's UTC, microseconds since 1970: for people and for anchors, never for stamps."""
    return time.time_ns() // 1000


def crystal() -> float:
    """Return seconds that are never slewed, suspended time included: `CLOCK_BOOTTIME` without corrections."""
    suspended = time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.clock_gettime(time.CLOCK_MONOTONIC_RAW) + suspended


class SystemLane:
    """A thread of the station, with the descriptor that ends its waits."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stop_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.thread: threading.Thread | None = None
        weakref.finalize(self, os.close, self.stop_fd)

    def stop(self) -> None:
        """Make the lane's present and coming waits raise `Stopped`."""
        os.eventfd_write(self.stop_fd, 1)

    def join(self, timeout: float | None = None) -> bool:
        """Wait real seconds for the lane's end. Return whether it has ended."""
        if self.thread is None:
            return True
        self.thread.join(timeout)
        return not self.thread.is_alive()


class SystemClock:
    """CLOCK_BOOTTIME and `poll`. A thread that is no lane may wait too, but never gets `Stopped`."""

    def __init__(self) -> None:
        self._local = threading.local()

    def now(self) -> float:
        """Return the seconds since the boot, suspended time included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def sleep_until(self, t: float) -> None:
        """Wait until the instant `t`."""
        self._wait(None, 0, t)

    def wait_readable(self, fd: int, until: float) -> bool:
        """Wait until the descriptor is readable (True) or `until` is reached (False)."""
        return self._wait(fd, select.POLLIN, until)

    def wait_writable(self, fd: int, until: float) -> bool:
        """Wait until the descriptor is writable (True) or `until` is reached (False)."""
        return self._wait(fd, select.POLLOUT, until)

    def inbox(self, size: int) -> SystemInbox:
        """Return a new bounded inbox."""
        return SystemInbox(self, size)

    def outside(self, call: Callable[[], T]) -> T:
        """Just call: real time is the only time here."""
        return call()

    def lane(self, name: str, run: Callable[[], None]) -> SystemLane:
        """Start a daemon thread that runs `run` until it returns or is stopped."""
        lane = SystemLane(name)

        def body() -> None:
            self._local.stop_fd = lane.stop_fd
            with contextlib.suppress(Stopped):
                run()

        prepare_structs()
        lane.thread = threading.Thread(target=body, name=name, daemon=True)
        lane.thread.start()
        return lane

    def _wait(self, fd: int | None, events: int, until: float) -> bool:
        poll = select.poll()
        stop_fd: int | None = getattr(self._local, "stop_fd", None)
        if stop_fd is not None:
            poll.register(stop_fd, select.POLLIN)
        if fd is not None:
            poll.register(fd, events)
        while True:
            left = min(max(until - self.now(), 0.0), LONGEST_POLL)
            ready = dict(poll.poll(left * 1000))
            if stop_fd is not None and stop_fd in ready:
                raise Stopped
            if fd is not None and fd in ready:
                return True
            if self.now() >= until:
                return False


class SystemInbox:
    """A bounded deque with an event descriptor each for new items and for free space, for `poll`."""

    def __init__(self, clock: SystemClock, size: int) -> None:
        self.lost = 0
        self._clock = clock
        self._size = size
        self._items: deque[Any] = deque()
        self._news = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE | os.EFD_CLOEXEC)
        self._room = os.eventfd(size, os.EFD_NONBLOCK | os.EFD_SEMAPHORE | os.EFD_CLOEXEC)
        for fd in (self._news, self._room):
            weakref.finalize(self, os.close, fd)

    def offer(self, item: Any, wake: bool = True) -> bool:
        """Put without waiting; False, counted in `lost`, if the inbox is full.

        Without `wake` the waiting lane sleeps on until the inbox is half full.
        """
        if not self._take(self._room):
            self.lost += 1
            return False
        self._append(item, wake)
        return True

    def put(self, item: Any) -> None:
        """Put, waiting for space. Raise Stopped."""
        while not self._take(self._room):
            self._clock.wait_readable(self._room, float("inf"))
        self._append(item)

    def get(self, until: float) -> Any | None:
        """Return the oldest item, waiting until `until`; None if none arrived. Raise Stopped."""
        in_time = True
        while True:
            self._take(self._news)
            with contextlib.suppress(IndexError):
                item = self._items.popleft()
                os.eventfd_write(self._room, 1)
                return item
            if not in_time:
                return None
            in_time = self._clock.wait_readable(self._news, until)

    def __len__(self) -> int:
        return len(self._items)

    def _append(self, item: Any, wake: bool = True) -> None:
        """Add an item, then signal it: no waking item is without a signal, though a signal may find its item taken."""
        self._items.append(item)
        if wake or 2 * len(self._items) > self._size:
            os.eventfd_write(self._news, 1)

    @staticmethod
    def _take(fd: int) -> bool:
        """Take one unit of a semaphore descriptor; False if it has none."""
        try:
            os.eventfd_read(fd)
        except BlockingIOError:
            return False
        return True
