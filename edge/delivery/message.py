"""A message to people, and what came of sending it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from drivers.reason import Reason

WORD = "Minshan"  # begins each message in each language: a robot that admits a keyword is given this one


class Recipient(msgspec.Struct, frozen=True):
    """Somebody who is told; "" where there is no such address."""

    name: str
    phone: str = ""
    mail: str = ""


class Short(msgspec.Struct, frozen=True):
    """Ready words for the template of an SMS: Chinese characters and digits alone, few enough for any operator.

    `value`: "零下2点3度"; `time`: "3点12分"; each "" where it is not known.
    """

    name: str
    what: str
    value: str
    time: str


class Message(msgspec.Struct, frozen=True):
    """What is said: `lines`, the worst first, then `tail`, which is never cut off (a link, who is to do what).

    `more` is the line that stands for `{n}` lines that found no room. `wakes`: it may wake people. `id` is the same
    where a message is sent again because nobody knows whether it arrived.
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
    """What became of a message."""

    DELIVERED = "delivered"  # the service says so by its own success code
    REFUSED = "refused"  # it never will take it so: a person must mend something
    BUSY = "busy"  # it takes no more for now
    FAILED = "failed"  # it surely does not have it: it may be sent again
    UNKNOWN = "unknown"  # it may have it


class SendResult(msgspec.Struct, frozen=True):
    """What became of a message; `answer` what the service itself said, `reason` why it is not delivered."""

    fate: MessageFate
    answer: str
    reason: Reason | None = None


class Sender(Protocol):
    """One channel. `most_a_minute`: messages that it takes; None: as many as there are."""

    name: str
    wakes: bool
    one_by_one: bool  # a message to each person; otherwise one to all, who see each other
    most_a_minute: int | None

    def send(self, message: Message) -> SendResult:
        """Send a message, within the channel's time. Raise nothing."""


def phones(to: Sequence[Recipient]) -> list[str]:
    """Return the numbers that are to be called or mentioned."""
    return [one.phone for one in to if one.phone]
