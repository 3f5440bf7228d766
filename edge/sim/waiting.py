"""The waiting lanes of a simulation, and the file descriptors that some of them wait for.

Who is next is found without looking at all lanes: a heap of deadlines, and a heap of lanes of which somebody said that
something came for them. An entry is good while its lane still waits under that ticket; what is not is dropped when it
comes to the top.
"""

from __future__ import annotations

import heapq
import itertools
import os
import select
import weakref
from collections import deque

from edge.sim.lane import FOREVER, SimLane


class WaitingLanes:
    """The lanes without the baton. All is called by the thread that hands it on, `wake` and `tell` by any thread."""

    def __init__(self) -> None:
        self._tickets = itertools.count()
        self._deadlines: list[tuple[float, int, SimLane]] = []  # with tickets
        self._perhaps: list[tuple[int, SimLane]] = []  # those that can go on, if nobody took away what came for them
        self._told: deque[SimLane] = deque()  # for whom something came, by other threads
        self._polled: dict[int, SimLane] = {}
        self._poll = select.poll()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll.register(self._wake_fd, select.POLLIN)
        weakref.finalize(self, os.close, self._wake_fd)

    def enter(self, lane: SimLane) -> None:
        """Add a lane that begins to wait, behind those that wait already."""
        lane.ticket = ticket = next(self._tickets)
        if lane.deadline < FOREVER:
            heapq.heappush(self._deadlines, (lane.deadline, ticket, lane))
        if lane.inbox is not None:
            lane.inbox.waiting.append(lane)
        if lane.fd >= 0:
            self._poll.register(lane.fd, lane.events)
            self._polled[lane.fd] = lane
        if (lane.stopping or lane.inbox is not None) and lane.due():
            heapq.heappush(self._perhaps, (ticket, lane))

    def leave(self, lane: SimLane) -> None:
        """Remove a lane that goes on."""
        lane.ticket = -1
        if lane.inbox is not None:
            lane.inbox.waiting.remove(lane)
        if lane.fd >= 0:
            self._poll.unregister(lane.fd)
            del self._polled[lane.fd]
            lane.fd = -1

    def look_at(self, lane: SimLane) -> None:
        """Take in that something came for a lane, where it waits."""
        if lane.ticket >= 0:
            heapq.heappush(self._perhaps, (lane.ticket, lane))

    def tell(self, lane: SimLane) -> None:
        """Say that something came for a lane, and wake who waits for that."""
        self._told.append(lane)
        self.wake()

    def next(self, now: float) -> SimLane | None:
        """Return the lane that has waited longest of those that can go on at the instant `now`; it must then go on.

        Those whose deadline has come or whose inbox has something go before those whose descriptor is readable.
        """
        while self._told:
            self.look_at(self._told.popleft())
        deadlines, perhaps = self._deadlines, self._perhaps
        while not perhaps and deadlines and deadlines[0][0] == now:  # as mostly: by their deadlines alone
            _, ticket, lane = heapq.heappop(deadlines)
            if lane.ticket == ticket:
                return lane
        while deadlines and deadlines[0][0] <= now:
            heapq.heappush(perhaps, heapq.heappop(deadlines)[1:])
        while perhaps:
            ticket, lane = heapq.heappop(perhaps)
            if lane.ticket == ticket and (lane.deadline <= now or lane.due()):
                return lane
        if not self._polled:
            return None
        return min(self._readable(0), key=lambda lane: lane.ticket, default=None)

    def is_nobody_before(self, t: float) -> bool:
        """Return whether no lane that waits can go on before the instant `t` or at it; False where that may be."""
        if self._told:
            return False
        deadlines, perhaps = self._deadlines, self._perhaps
        while perhaps:
            ticket, lane = perhaps[0]
            if lane.ticket == ticket:
                return False
            heapq.heappop(perhaps)
        while deadlines and deadlines[0][0] <= t:
            _, ticket, lane = deadlines[0]
            if lane.ticket == ticket:
                return False
            heapq.heappop(deadlines)
        return not (self._polled and self._events(0))

    @property
    def earliest(self) -> float:
        """The earliest deadline; FOREVER where there is none."""
        while self._deadlines:
            deadline, ticket, lane = self._deadlines[0]
            if lane.ticket == ticket:
                return deadline
            heapq.heappop(self._deadlines)
        return FOREVER

    def await_descriptor(self) -> bool:
        """Wait for a descriptor or `wake`, however long. Return False at once where no lane waits for a descriptor."""
        if self._polled:
            self._readable(None)
        return bool(self._polled)

    def woken(self, seconds: float) -> bool:
        """Wait real seconds. Return True at once where a descriptor or another thread wants something."""
        return bool(self._events(seconds))

    def wake(self) -> None:
        """End a wait of `woken` or `await_descriptor`."""
        os.eventfd_write(self._wake_fd, 1)

    def _readable(self, timeout: float | None) -> list[SimLane]:
        events = self._events(timeout)
        return [self._polled[fd] for fd, _ in events if fd in self._polled] if events else []

    def _events(self, timeout: float | None) -> list[tuple[int, int]]:
        events = self._poll.poll(None if timeout is None else timeout * 1000)
        if events and any(fd == self._wake_fd for fd, _ in events):
            os.eventfd_read(self._wake_fd)
        return events
