"""How long to wait before the next attempt: exponential back-off with full jitter, and when to start again."""

from __future__ import annotations

import random

from drivers.reason import Reason
from edge.backoff import Backoff

BREAKS = 3  # links in a row that stood and broke, none of them stable: a broker gives a name to one client at a time
STABLE = 180.0  # s that a link must stand before a break counts as the first one again
LOGIN = 300.0  # s between two tries of a login that was refused: brokers lock, and a person has to act
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

    `soon`: what may be behind one that breaks again and again.
    """

    def __init__(self, longest: float, seed: int | None = None, soon: Reason = ENDS_SOON) -> None:
        self._backoff = Backoff(1.0, longest)
        self._random = random.Random(seed)
        self._broke = 0
        self._soon = soon

    def explained(self, why: Reason, stood: bool) -> Reason:
        """Return why a link ended, which stood or never did; what may be behind it, where that happens again and again.

        Mosquitto 2.0.11 ends the older one of two clients of one name without a word, which looks like a bad link.
        """
        if not stood or why.code != "connection_broke":
            return why
        self._broke += 1
        return why if self._broke < BREAKS else self._soon.having(**why.params)

    def pause(self, login: bool = False) -> float:
        """Seconds until the next try: anything up to a bound that doubles with each try in a row."""
        longest = self._backoff.pause()
        if login:
            return LOGIN * self._random.uniform(0.8, 1.2)
        return self._random.uniform(0, longest)

    def reset(self) -> None:
        """Begin anew with short pauses: the link has been stable, or somebody listens again."""
        self._backoff.reset()
        self._broke = 0
