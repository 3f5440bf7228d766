"""How long to wait before the next try: exponential back-off with full jitter, and when to begin anew."""

from __future__ import annotations

import random

import tenacity

STABLE = 180.0  # s that a link must stand before a break counts as the first one again
LOGIN = 300.0  # s between two tries of a login that was refused: brokers lock, and a person has to act


class Retry:
    """The pauses of one uplink. Tenacity gives the curve; the jitter is drawn here, so that a seed fixes it."""

    def __init__(self, longest: float, seed: int | None = None) -> None:
        self._curve = tenacity.wait_exponential(multiplier=1, max=longest)
        self._state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        self._state.attempt_number = 0
        self._random = random.Random(seed)

    def pause(self, login: bool = False) -> float:
        """Seconds until the next try: anything up to a bound that doubles with each try in a row."""
        self._state.attempt_number += 1
        longest = self._curve(self._state)
        if login:
            return LOGIN * self._random.uniform(0.8, 1.2)
        return self._random.uniform(0, longest)

    def reset(self) -> None:
        """Begin anew: the link has been stable, or somebody listens again."""
        self._state.attempt_number = 0
