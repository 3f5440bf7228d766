"""Simulated time: lanes are greenlets, of which one runs at a time, and time jumps to the next deadline.

All lanes share the thread that calls `run_until`: a switch between two of them costs a microsecond, where threads that
hand over a lock cost ten and more, and a simulated day makes five million. (gevent, which would also patch I/O, is
not wanted: what a lane does between two waits takes no simulated time.)

A lane that waits gives its turn to the lane that is due: those told to stop, those whose inbox has something and
those whose instant has come, the longest waiting first; then those whose descriptor is readable. When none is, time
jumps to the earliest deadline (paced by `speed`, or at once). What lanes do therefore depends on simulated time
alone, and a day gives the same records at every speed. Descriptors of the outside world (a broker's socket) are the
one exception: who waits for one takes its timing as it comes.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from greenlet import getcurrent, greenlet

from drivers.clock import Stopped
from edge.sim.lane import FOREVER, Killed, SimInbox, SimLane
from edge.sim.waiting import WaitingLanes

T = TypeVar("T")
MOST_LOOKS = 200_000  # now() without a wait: a lane that spins under a frozen clock
MOST_WAITS = 500_000  # waits at one instant: a lane whose deadline has come by one reckoning and not by another


class Spinning(BaseException):
    """A lane asked for the time over and over without waiting: under simulated time that never ends."""


class SimClock:
    """A clock for complete stations in simulated time. `speed`: simulated seconds a real one; None: no limit."""

    def __init__(self, start: float = 0.0, speed: float | None = None) -> None:
        self._now = start
        self._waiting = WaitingLanes()
        self._alive = 0
        self._orders = 0
        self._looks = self._waits = 0
        self._horizon = start
        self._home: greenlet | None = None  # who called run_until
        self._thread = 0  # its thread, in which all lanes run
        self._running: SimLane | None = None
        self._failure: BaseException | None = None
        self.pace(speed)

    # -- what lanes call ---------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the simulated seconds since the boot."""
        self._looks += 1
        if self._looks > MOST_LOOKS:
            raise Spinning(f"{MOST_LOOKS} looks at the clock without a wait at {self._now:.3f} s")
        return self._now

    def sleep_until(self, t: float) -> None:
        """Wait until the instant `t`."""
        self._wait(t)

    def wait_readable(self, fd: int, until: float) -> bool:
        """Wait until the descriptor is readable (True) or `until` is reached (False)."""
        return self._wait(until, fd, select.POLLIN)

    def wait_writable(self, fd: int, until: float) -> bool:
        """Wait until the descriptor is writable (True) or `until` is reached (False)."""
        return self._wait(until, fd, select.POLLOUT)

    def inbox(self, size: int) -> SimInbox:
        """Return a new bounded inbox."""
        return SimInbox(self, size)

    def outside(self, call: Callable[[], T]) -> T:
        """Run real I/O while simulated time stands still."""
        return call()

    def lane(self, name: str, run: Callable[[], None]) -> SimLane:
        """Start a lane; it first runs when it is its turn."""
        lane = SimLane(name, self._orders, tell=self._waiting.tell)
        self._orders += 1
        self._alive += 1
        lane.begin = lambda: greenlet(lambda: self._body(lane, run), self._home)
        lane.deadline = self._now
        self._waiting.enter(lane)
        return lane

    # -- what the simulation's owner calls, from a thread that is no lane ---------------------------------

    def pace(self, speed: float | None) -> None:
        """Let `speed` simulated seconds pass in a real one from now on (None: no limit)."""
        self._speed = speed
        self._sim0, self._real0 = self._now, time.monotonic()

    def run_until(self, t: float) -> None:
        """Let the lanes run until simulated time reaches `t` (or all have ended). Raise a lane's failure."""
        self._horizon, self._home, self._thread = t, getcurrent(), threading.get_ident()
        while (lane := self._choose()) is not None:
            self._go_on(lane)
        self._running = None
        if self._failure is not None:
            raise self._failure

    def halt(self) -> None:
        """Make `run_until` return as soon as the lane that runs waits. Callable from any thread."""
        self._horizon = -FOREVER
        self._waiting.wake()

    def seen(self) -> float:
        """Return the simulated time as another thread sees it."""
        return self._now

    def came(self, lane: SimLane) -> None:
        """Take in that something came for a lane that waits for an inbox; for inboxes. Callable from any thread."""
        if threading.get_ident() == self._thread:
            self._waiting.look_at(lane)
        else:
            self._waiting.tell(lane)

    @property
    def alive(self) -> int:
        """How many lanes have not ended."""
        return self._alive

    def await_inbox(self, inbox: SimInbox, until: float, for_room: bool = False) -> None:
        """Wait until the inbox has something (or room), or the instant `until`; for inboxes."""
        self._wait(until, inbox=inbox, for_room=for_room)

    # -- the turns -----------------------------------------------------------------------------------------

    def _body(self, lane: SimLane, run: Callable[[], None]) -> None:
        try:
            run()
        except (Stopped, Killed):
            pass
        except BaseException as error:  # noqa: BLE001 # whatever ends a lane must end the run, seen
            self._failure = self._failure or error
            lane.failure = error
            self._horizon = -FOREVER
        lane.ended.set()
        self._alive -= 1

    def _wait(
        self, until: float, fd: int = -1, events: int = 0, inbox: SimInbox | None = None, for_room: bool = False
    ) -> bool:
        lane = self._running
        assert lane is not None, "only a lane waits"
        self._looks = 0
        self._waits += 1
        if self._waits > MOST_WAITS:
            raise Spinning(f"{MOST_WAITS} waits at {self._now!r} s, the last by {lane.name} until {until!r}")
        if fd < 0 and not lane.stopping and self._speed is None:
            end = max(until, self._now)  # of a wait in which mostly no other lane's turn comes
            if end <= self._horizon and self._waiting.is_nobody_before(end):
                return not self._arrive(end)
        lane.deadline, lane.fd, lane.events, lane.inbox, lane.for_room = until, fd, events, inbox, for_room
        self._waiting.enter(lane)
        chosen = self._choose()
        if chosen is None:
            assert self._home is not None
            self._home.switch()
        elif chosen is lane:
            self._waiting.leave(lane)
        else:
            self._go_on(chosen)
        if lane.stopping:
            raise Killed if lane.killed else Stopped
        if fd >= 0:
            look = select.poll()
            look.register(fd, events)
            return bool(look.poll(0))  # a closed descriptor counts as ready: the read then says what is wrong
        return lane.inbox is not None and lane.due()

    def _go_on(self, lane: SimLane) -> None:
        """Let a lane run; return when it is this greenlet's turn again."""
        self._waiting.leave(lane)
        self._running = lane
        lane.switch()

    def _choose(self) -> SimLane | None:
        """Return the lane that runs next, time moved on to its instant; None where the horizon comes first."""
        while True:
            if self._horizon == -FOREVER:
                return None
            lane = self._waiting.next(self._now)
            if lane is not None:
                return lane
            earliest = self._waiting.earliest
            target = min(earliest, self._horizon)
            if target == FOREVER:
                if not self._waiting.await_descriptor():
                    return None
            elif self._arrive(target) and earliest > self._horizon:
                return None

    def _arrive(self, target: float) -> bool:
        """Move time on to `target`, in real time where there is a pace. Return False where something came first."""
        if self._speed is not None:
            left = self._real0 + (target - self._sim0) / self._speed - time.monotonic()
            if left > 0.0005 and self._waiting.woken(left):
                passed = self._sim0 + (time.monotonic() - self._real0) * self._speed
                self._now, self._waits = max(self._now, min(passed, target)), 0
                return False
        if target > self._now:
            self._now, self._waits = target, 0
        return True
