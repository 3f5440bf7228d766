"""The lanes of a simulation that wait, and the descriptors that some of them wait for."""

from __future__ import annotations

import os
import select
import weakref

from edge.sim.lane import FOREVER, SimLane


class WaitingLanes:
    """The lanes without the baton. All is called by the thread that hands it on, `wake` by any thread."""

    def __init__(self) -> None:
        self._lanes: list[SimLane] = []
        self._tickets = 0
        self._polled: dict[int, SimLane] = {}
        self._poll = select.poll()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll.register(self._wake_fd, select.POLLIN)
        weakref.finalize(self, os.close, self._wake_fd)

    def enter(self, lane: SimLane) -> None:
        """Add a lane that begins to wait, behind those that wait already."""
        lane.ticket = self._tickets
        self._tickets += 1
        if lane.fd >= 0:
            self._poll.register(lane.fd, lane.events)
            self._polled[lane.fd] = lane
        self._lanes.append(lane)

    def leave(self, lane: SimLane) -> None:
        """Remove a lane that goes on."""
        self._lanes.remove(lane)
        if lane.fd >= 0:
            self._poll.unregister(lane.fd)
            del self._polled[lane.fd]
            lane.fd = -1

    def ready(self, now: float) -> list[SimLane]:
        """Return the lanes that can go on at the instant `now`, by their deadline, inbox or descriptor."""
        ready = [lane for lane in self._lanes if lane.deadline <= now or lane.due()]
        return ready + self._readable(0) if self._polled else ready

    @property
    def earliest(self) -> float:
        """The earliest deadline; FOREVER where there is none."""
        return min((lane.deadline for lane in self._lanes), default=FOREVER)

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
        return [self._polled[fd] for fd, _ in self._events(timeout) if fd in self._polled]

    def _events(self, timeout: float | None) -> list[tuple[int, int]]:
        events = self._poll.poll(None if timeout is None else timeout * 1000)
        if any(fd == self._wake_fd for fd, _ in events):
            os.eventfd_read(self._wake_fd)
        return events
