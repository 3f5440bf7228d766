"""The lanes that send through a station's channels, one for each, so that a hanging one delays no other."""

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
    """A message for a channel's lane; `trial`: the test to which it belongs."""

    reach: Reach
    message: Message
    trial: ChannelTrial | None = None


class JobResult(msgspec.Struct, frozen=True):
    """The result of a job."""

    job: MessageJob
    result: SendResult


class ChannelTrial(msgspec.Struct):
    """A test message through each channel; `tell` is called with all results, or with why nothing was sent."""

    tell: Callable[[list[JobResult] | Reason], object]
    left: int = 0
    sent: list[JobResult] = msgspec.field(default_factory=list)

    def add(self, sent: JobResult) -> None:
        """Add the result of one message; report all with the last."""
        self.sent.append(sent)
        self.left -= 1
        if not self.left:
            self.tell(self.sent)


class ChannelSenders:
    """The channels, each with at most one message in progress; its `JobResult` is put into `ended`."""

    def __init__(self, clock: Clock, senders: Mapping[str, Sender], ended: Inbox) -> None:
        self._clock, self._senders, self._ended = clock, senders, ended
        self._inboxes: dict[str, Inbox] = {}
        self._busy: set[str] = set()

    def lanes(self) -> list[Lane]:
        """Start the lanes, all channels free. Return them; they end when they are stopped."""
        self._busy.clear()
        self._inboxes = {name: self._clock.inbox(1) for name in self._senders}
        return [self._clock.lane(f"notify {name}", partial(self._serve, name)) for name in self._senders]

    def is_free(self, channel: str) -> bool:
        """Return whether a channel has no message in progress."""
        return channel not in self._busy

    def ask(self, job: MessageJob) -> None:
        """Pass a message to a free channel."""
        self._busy.add(job.reach.channel)
        self._inboxes[job.reach.channel].put(job)

    def free(self, sent: JobResult) -> None:
        """Mark a channel as free again."""
        self._busy.discard(sent.job.reach.channel)

    def _serve(self, name: str) -> None:
        sender, inbox = self._senders[name], self._inboxes[name]
        while True:
            job: MessageJob | None = inbox.get(float("inf"))
            if job is not None:
                result = self._clock.outside(partial(asked, sender, job.message))
                self._ended.put(JobResult(job, result))


def asked(sender: Sender, message: Message) -> SendResult:
    """Send a message and return the result."""
    try:
        return sender.send(message)
    except Stopped:
        raise
    except Exception:  # no error of a channel may end its lane
        log.exception("the channel %s caused an unexpected error", sender.name)
        return SendResult(MessageFate.UNKNOWN, "", UNFORESEEN)
