"""The lanes that call a station's channels, one each, so that one that hangs delays no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from drivers.clock import Clock, Inbox, Lane, Stopped
from drivers.reason import UNFORESEEN, Reason
from edge.delivery.message import Message, MessageFate, Sender, SendResult
from edge.notify.reach import Reach

log = logging.getLogger("minshan.notify")


class MessageJob(msgspec.Struct, frozen=True):
    """A message for a channel's lane; `trial`: the test that it is of."""

    reach: Reach
    message: Message
    trial: ChannelTrial | None = None


class JobResult(msgspec.Struct, frozen=True):
    """What came of a job."""

    job: MessageJob
    result: SendResult


class ChannelTrial(msgspec.Struct):
    """Send a test message by each channel; `tell` hears what came of all of them, or why nothing was sent."""

    tell: Callable[[list[JobResult] | Reason], object]
    left: int = 0
    sent: list[JobResult] = msgspec.field(default_factory=list)

    def hear(self, sent: JobResult) -> None:
        """Take in what came of one message; tell of all with the last."""
        self.sent.append(sent)
        self.left -= 1
        if not self.left:
            self.tell(self.sent)


class ChannelSenders:
    """The channels, each with at most one message under way; what comes of it is put into `ended`, as `JobResult`."""

    def __init__(self, clock: Clock, senders: Mapping[str, Sender], ended: Inbox) -> None:
        self._clock, self._senders, self._ended = clock, senders, ended
        self._doors: dict[str, Inbox] = {}
        self._busy: set[str] = set()

    def lanes(self) -> list[Lane]:
        """Start the lanes, all channels free. Return them; they end when they are stopped."""
        self._busy.clear()
        self._doors = {name: self._clock.inbox(1) for name in self._senders}
        return [self._clock.lane(f"notify {name}", partial(self._serve, name)) for name in self._senders]

    def is_free(self, channel: str) -> bool:
        """Return whether a channel may be asked."""
        return channel not in self._busy

    def ask(self, job: MessageJob) -> None:
        """Hand a message to a channel that is free."""
        self._busy.add(job.reach.channel)
        self._doors[job.reach.channel].put(job)

    def free(self, sent: JobResult) -> None:
        """Take in that a channel has ended."""
        self._busy.discard(sent.job.reach.channel)

    def _serve(self, name: str) -> None:
        sender, door = self._senders[name], self._doors[name]
        while True:
            job: MessageJob | None = door.get(float("inf"))
            if job is not None:
                result = self._clock.outside(partial(asked, sender, job.message))
                self._ended.put(JobResult(job, result))


def asked(sender: Sender, message: Message) -> SendResult:
    """Return what came of a message."""
    try:
        return sender.send(message)
    except Stopped:
        raise
    except Exception:  # whatever one channel brings about, its lane goes on
        log.exception("the channel %s caused an unexpected error", sender.name)
        return SendResult(MessageFate.UNKNOWN, "", UNFORESEEN)
