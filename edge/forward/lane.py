"""One destination's lane: sends what waits, newest first, forever. No destination can delay another.

A batch whose fault is said (400, 413, 422) is halved down to the record, which is set aside. One that fails without a
word of its own fault may be a poison too (a server that falls over it), or the destination may be away: after some
tries another is sent in its place. Where that gets through and the first fails again, it is halved likewise, and a
single record is set aside once twenty others have outdone it so: a server that fails every second time does that to one
record in a million. While the destination is away nothing is, however long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from drivers.clock import Clock
from drivers.reason import Reason
from edge.errors import StorageError
from edge.forward.batch import ForwardBatch
from edge.northbound.verdict import DeliveryFate, DeliveryVerdict
from edge.records.record import Record
from edge.wire.retry import Retry

log = logging.getLogger("minshan.forward")
POLL_S = 2.0  # between two looks where nothing waits
TRIES = 4  # of one batch before another is sent in its place
MOST_WAITING = 32  # batches on their way at once: where all of them fail no more are made
OUTDONE = 20  # others that got through, each followed by one more failure, after which a single record is the fault
HASTY = 3  # records set aside in a row, with none taken between, after which each is paused for
UNADMITTED_S = 60.0  # until it is asked again whether the month has bytes left
ASIDE = Reason("forward_aside", "{destination}: set aside: {why}", destination="", why="")
TROUBLE = Reason("forward_trouble", "{destination}: {why}", destination="", why="")


class ForwardQueue(Protocol):
    """What one destination is to be sent, kept over any kill. All methods raise StorageError."""

    destination: str

    def batches(self) -> list[ForwardBatch]:
        """Return what is on its way, what goes first first."""

    def fill(self, most: int, encode: Callable[[str, Record], bytes]) -> ForwardBatch | None:
        """Fix the next batch, of `most` records, newest first. Return it; None where nothing waits."""

    def proven(self, batch: ForwardBatch) -> None:
        """Note that the destination has a batch: each record of it that has not been revised meanwhile."""

    def halve(self, batch: ForwardBatch) -> None:
        """Put the two halves of a batch in its place."""

    def set_aside(self, batch: ForwardBatch, why: Reason) -> None:
        """Note that the destination does not take a batch of one record, so that it holds up no other."""

    def failed(self, why: Reason) -> None:
        """Note why nothing gets through."""

    def close(self) -> None:
        """Let what it stands on go."""


class ForwardSender(Protocol):
    """How one destination is reached. Both waits go through the clock and raise Stopped."""

    most: int  # records in a batch
    timeout_s: float
    link_bytes: int  # that went over the link so far, both ways, as a network counts them

    def encode(self, station: str, record: Record) -> bytes:
        """Return a record's line. Raise EncodeError."""

    def send(self, batch: ForwardBatch) -> DeliveryVerdict:
        """Send a batch and wait for what becomes of it."""

    def idle(self, until: float) -> None:
        """Wait until the instant `until`."""

    def close(self) -> None:
        """Let the connection go."""


class Pace(msgspec.Struct, frozen=True):
    """How soon and how much is sent.

    `every_s`: seconds between two batches that are not full; `admits`: whether one of so many bytes may go now;
    `is_ours`: whether this is the one that sends, where several could.
    """

    every_s: Callable[[], float] = lambda: 0.0
    admits: Callable[[int], bool] = lambda _size: True
    is_ours: Callable[[], bool] = lambda: True


class Failing(msgspec.Struct):
    """A batch that fails: how often in a row, how many others got through between two failures, any since the last."""

    fails: int = 0
    outdone: int = 0
    waits_for_other: bool = False

    @property
    def rests(self) -> bool:
        """Return whether another one is to be tried first."""
        return self.fails >= TRIES and self.waits_for_other


class ForwardLane:
    """Sends one queue's batches by one sender, at its pace."""

    def __init__(self, queue: ForwardQueue, sender: ForwardSender, clock: Clock, retry: Retry, pace: Pace) -> None:
        self._queue, self._sender = queue, sender
        self._clock, self._retry, self._pace = clock, retry, pace
        self._gathered_at = float("-inf")  # when the last batch that was not full was made
        self._failing: dict[int, Failing] = {}  # by a batch's number
        self._refused = 0  # records in a row
        self._trouble: Reason | None = None

    def run(self) -> None:
        """Send until stopped."""
        try:
            while True:
                pause = self.step()
                if pause:
                    self._sender.idle(self._clock.now() + pause)
        finally:
            self.close()

    def close(self) -> None:
        """Let the connection go, and what the queue stands on."""
        self._sender.close()
        self._queue.close()

    def step(self) -> float:
        """Do one thing. Return the seconds to wait before the next."""
        try:
            batch = self._next() if self._pace.is_ours() else None
            if batch is None:
                return POLL_S
            if not self._pace.admits(len(batch.raw)):
                return UNADMITTED_S
            return self._settled(batch, self._sender.send(batch))
        except StorageError as trouble:
            self._set_trouble(trouble.reason)
            return self._retry.pause()

    def _next(self) -> ForwardBatch | None:
        """Return what goes next: what is on its way already, or another batch where all of that has failed enough."""
        there = self._queue.batches()
        failing = {batch.number: self._failing.get(batch.number, Failing()) for batch in there}
        ready = [batch for batch in there if not failing[batch.number].rests]
        if not ready and len(there) < MOST_WAITING:
            fresh = self._filled()
            if fresh is not None:
                return fresh
        return min(ready or there, key=lambda batch: failing[batch.number].fails, default=None)

    def _filled(self) -> ForwardBatch | None:
        """Return a new batch where one is due: the rest of a backlog at once, what comes in as often as is wanted."""
        now = self._clock.now()
        if now < self._gathered_at + self._pace.every_s():
            return None
        batch = self._queue.fill(self._sender.most, self._sender.encode)
        if batch is not None and len(batch.items) < self._sender.most:
            self._gathered_at = now
        return batch

    def _settled(self, batch: ForwardBatch, verdict: DeliveryVerdict) -> float:
        if verdict.fate is DeliveryFate.PROVEN:
            self._queue.proven(batch)
            self._set_trouble(None)
            self._retry.reset()
            self._refused = 0
            self._failing.pop(batch.number, None)
            self._outdo()
            return 0.0
        reason = verdict.reason or Reason("forward_no_reason", "no reason was given")
        failing = self._failing.setdefault(batch.number, Failing())
        if verdict.fate is DeliveryFate.REFUSED or failing.outdone >= (OUTDONE if len(batch.items) == 1 else 1):
            del self._failing[batch.number]
            return self._narrow(batch, reason)
        failing.fails += 1
        failing.waits_for_other = True
        self._queue.failed(reason)
        self._set_trouble(reason)
        pause = self._retry.pause()
        return pause if verdict.wait_s is None else max(pause, verdict.wait_s)

    def _narrow(self, batch: ForwardBatch, why: Reason) -> float:
        """Halve what is refused, or set the one record aside."""
        if len(batch.items) > 1:
            self._queue.halve(batch)
            return 0.0
        self._queue.set_aside(batch, why)
        log.warning("%s", ASIDE.having(destination=batch.destination, why=why))
        self._refused += 1
        return 0.0 if self._refused < HASTY else self._retry.pause()

    def _outdo(self) -> None:
        """Note that a batch got through where others have failed."""
        for failing in self._failing.values():
            if failing.waits_for_other:
                failing.outdone += 1
                failing.waits_for_other = False

    def _set_trouble(self, why: Reason | None) -> None:
        if why is not None and why != self._trouble:
            log.warning("%s", TROUBLE.having(destination=self._queue.destination, why=why))
        elif why is None and self._trouble is not None:
            log.info("%s accepts data again", self._queue.destination)
        self._trouble = why
