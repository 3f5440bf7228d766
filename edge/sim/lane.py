"""A simulation's lanes, and the inboxes between them; `edge.sim.clock` decides which one runs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from greenlet import greenlet

FOREVER = float("inf")


class Killed(BaseException):
    """Raised out of a wait of a lane that is killed: it ends as by SIGKILL, closing no minute."""


@dataclass(eq=False, slots=True)
class SimLane:
    """One lane of a simulation."""

    name: str
    order: int
    begin: Callable[[], greenlet] | None = None  # makes what runs it, in the thread that it then runs in
    ended: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    killed: bool = False
    ticket: int = -1  # when it began to wait: the longest waiting goes first
    deadline: float = FOREVER
    fd: int = -1
    events: int = 0
    inbox: SimInbox | None = None
    for_room: bool = False
    tell: Callable[[SimLane], None] | None = None  # says that it was stopped, from any thread
    failure: BaseException | None = None
    _greenlet: greenlet | None = None

    def switch(self) -> None:
        """Let it run; return when it is the caller's turn again."""
        if self._greenlet is None:
            assert self.begin is not None
            self._greenlet = self.begin()
        self._greenlet.switch()

    def stop(self) -> None:
        """Make the lane's present and coming waits raise `Stopped`. Callable from any thread."""
        self.stopping = True
        if self.tell is not None:
            self.tell(self)

    def kill(self) -> None:
        """Make the lane's present and coming waits raise `Killed`: for simulated power cuts and SIGKILLs."""
        self.killed = True
        self.stop()

    def join(self, timeout: float | None = None) -> bool:
        """Wait real seconds for its end; the simulation must be running for that."""
        return self.ended.wait(timeout)

    def due(self) -> bool:
        """Return whether it can go on without time passing or a descriptor."""
        if self.stopping:
            return True
        if self.inbox is None:
            return False
        return self.inbox.has_room() if self.for_room else len(self.inbox) > 0


class Turns(Protocol):
    """The part of the clock that an inbox uses."""

    def came(self, lane: SimLane) -> None:
        """Take in that something came for a lane that waits for an inbox."""

    def await_inbox(self, inbox: SimInbox, until: float, for_room: bool = False) -> None:
        """Wait until the inbox has something (or room), or the instant `until`."""


class SimInbox:
    """A bounded queue between lanes of a simulation."""

    def __init__(self, clock: Turns, size: int) -> None:
        self.lost = 0
        self._clock = clock
        self._size = size
        self._items: deque[Any] = deque()
        self.waiting: list[SimLane] = []  # for something in it, or for room

    def has_room(self) -> bool:
        """Return whether one more item fits."""
        return len(self._items) < self._size

    def offer(self, item: Any, wake: bool = True) -> bool:
        """Put `item` in without waiting. Return False, and count it in `lost`, where the inbox is full.

        Without `wake` whoever waits sleeps on, until the inbox is half full.
        """
        items = self._items
        if len(items) >= self._size:
            self.lost += 1
            return False
        items.append(item)
        if self.waiting and (wake or 2 * len(items) > self._size):
            self._tell()
        return True

    def put(self, item: Any) -> None:
        """Put `item` in, waiting for room."""
        while not self.has_room():
            self._clock.await_inbox(self, FOREVER, for_room=True)
        self._items.append(item)
        if self.waiting:
            self._tell()

    def get(self, until: float) -> Any | None:
        """Return the oldest item, waiting until `until`; None where none arrived."""
        if not self._items:
            self._clock.await_inbox(self, until)
        if not self._items:
            return None
        item = self._items.popleft()
        if self.waiting:
            self._tell()
        return item

    def __len__(self) -> int:
        return len(self._items)

    def _tell(self) -> None:
        for lane in tuple(self.waiting):  # of which another thread may take one away
            self._clock.came(lane)
