"""How long to wait before the next attempt: exponential back-off with full jitter, and when to reset it."""

from __future__ import annotations

import random

from drivers.reason import Reason
from edge.backoff import Backoff

BREAKS = 3  # unstable links in a row after which a second client of the same name is suspected
STABLE = 180.0  # s that a link must last before a break counts as the first one again
LOGIN = 300.0  # s between two attempts after a refused login: brokers lock accounts, and a person has to act
ENDS_SOON = Reason(
    "ends_soon",
    "the connection to {where} breaks soon after it was made, each time: does another box have this station's name "
    "(was a card copied?), or is the link bad?",
    where="",
)
SAME_RECEIVER = Reason(
    "receiver_ends_soon",
    "the connection to {where} breaks soon after it was made, each time: does another hub have this one's name "
    "([hub] name, or else the host's), was this receiver copied, or is the link bad?",
    where="",
)


class Retry:
    """The pauses of one connection; the jitter is drawn here, so that a seed fixes it.

    `soon`: the probable cause if the connection breaks again and again.
    """

    def __init__(self, longest: float, seed: int | None = None, soon: Reason = ENDS_SOON) -> None:
        self._backoff = Backoff(1.0, longest)
        self._random = random.Random(seed)
        self._broke = 0
        self._soon = soon

    def explained(self, why: Reason, stood: bool) -> Reason:
        """Return why a link ended (`stood`: it had been up), or the probable cause if it breaks again and again.

        Mosquitto 2.0.11 drops the older of two clients of one name without a DISCONNECT, which looks like a bad link.
        """
        if not stood or why.code != "connection_broke":
            return why
        self._broke += 1
        return why if self._broke < BREAKS else self._soon.having(**why.params)

    def pause(self, login: bool = False) -> float:
        """Return the seconds until the next attempt: random up to a bound that doubles with each attempt in a row."""
        longest = self._backoff.pause()
        if login:
            return LOGIN * self._random.uniform(0.8, 1.2)
        return self._random.uniform(0, longest)

    def reset(self) -> None:
        """Go back to short pauses: the link has been stable, or there is a subscriber again."""
        self._backoff.reset()
        self._broke = 0
