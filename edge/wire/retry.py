"""How long to wait before the next attempt: exponential back-off with full jitter, and when to start again."""

from __future__ import annotations

import random

from edge.backoff import Backoff

STABLE = 180.0  # s that a link must stand before a break counts as the first one again
LOGIN = 300.0  # s between two tries of a login that was refused: brokers lock, and a person has to act


class Retry:
    """The pauses of one uplink; the jitter is drawn here, so that a seed fixes it."""

    def __init__(self, longest: float, seed: int | None = None) -> None:
        self._backoff = Backoff(1.0, longest)
        self._random = random.Random(seed)

    def pause(self, login: bool = False) -> float:
        """Seconds until the next try: anything up to a bound that doubles with each try in a row."""
        longest = self._backoff.pause()
        if login:
            return LOGIN * self._random.uniform(0.8, 1.2)
        return self._random.uniform(0, longest)

    def reset(self) -> None:
        """Begin anew with short pauses: the link has been stable, or somebody listens again."""
        self._backoff.reset()
