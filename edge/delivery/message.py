"""A message to people, and the result of sending it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from drivers.reason import Reason

WORD = "Minshan"  # begins each message in both languages: the keyword for robots that require one


class Recipient(msgspec.Struct, frozen=True):
    """A person who is notified; "" if there is no such address."""

    name: str
    phone: str = ""
    mail: str = ""


class Short(msgspec.Struct, frozen=True):
    """The words for an SMS template: only Chinese characters and digits, few enough for every operator.

    `value`: "零下2点3度"; `time`: "3点12分"; each "" if it is unknown.
    """

    name: str
    what: str
    value: str
    time: str


class Message(msgspec.Struct, frozen=True):
    """A message: `lines`, the worst first, then `tail`, which is never cut off (a link, who is to do what).

    `more`: the line that replaces `{n}` lines without room. `wakes`: it may wake people. `id` stays the same when a
    message is repeated because its outcome is unknown.
    """

    id: str
    lines: tuple[str, ...]
    tail: str
    more: str
    to: tuple[Recipient, ...]
    kind: str
    wakes: bool
    short: Short

    def fitted(self, most: int) -> str:
        """Return the text, of at most `most` bytes of UTF-8: whole lines, a first one alone also in part."""
        for count in range(len(self.lines), 0, -1):
            left = len(self.lines) - count
            parts = [*self.lines[:count], *([self.more.format(n=left)] if left else ()), *([self.tail or ()])]
            text = "\n".join(part for part in parts if part)
            if len(text.encode()) <= most:
                return text
        rest = "".join(f"\n{part}" for part in (self.more.format(n=len(self.lines) - 1), self.tail) if part)
        if len(self.lines) == 1:
            rest = f"\n{self.tail}" if self.tail else ""
        room = max(0, most - len(rest.encode()) - len("…".encode()))
        return self.lines[0].encode()[:room].decode(errors="ignore") + "…" + rest


class MessageFate(StrEnum):
    """The outcome of a message."""

    DELIVERED = "delivered"  # the service confirms it with its own success code
    REFUSED = "refused"  # the service will never accept it like this: a person must fix something
    BUSY = "busy"  # the service accepts no more for now
    FAILED = "failed"  # the service certainly does not have it: it may be sent again
    UNKNOWN = "unknown"  # the service may have it


class SendResult(msgspec.Struct, frozen=True):
    """The result of a message; `answer`: the service's own words; `reason`: why it is not delivered."""

    fate: MessageFate
    answer: str
    reason: Reason | None = None


class Sender(Protocol):
    """One channel. `most_a_minute`: messages that it accepts; None: unlimited."""

    name: str
    wakes: bool
    one_by_one: bool  # a message to each person; otherwise one to all, who see each other
    most_a_minute: int | None

    def send(self, message: Message) -> SendResult:
        """Send a message within the channel's timeout. Raise nothing."""


def phones(to: Sequence[Recipient]) -> list[str]:
    """Return the phone numbers to be called or mentioned."""
    return [one.phone for one in to if one.phone]
