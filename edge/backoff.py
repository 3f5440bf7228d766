"""The pause before the next attempt: it doubles with each consecutive failure up to a maximum, and resets on success.

Lanes, devices, cameras and the uplink's connections all wait by it; what an uplink draws from it is `edge/wire/retry`.
Tenacity gives the curve; the waiting is the Clock's, so that it is simulated too.
"""

from __future__ import annotations


class Backoff:
    """Seconds between tries: `first_s`, twice that, and so on up to `longest_s`."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._failures = 0

    def pause(self) -> float:
        """Return the seconds to wait after one more failure."""
        import tenacity  # here: eleven modules, which no start needs at which everything works

        self._failures += 1
        state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        state.attempt_number = self._failures
        return tenacity.wait_exponential(multiplier=self._first_s, max=self._longest_s)(state)

    def reset(self) -> None:
        """Begin anew: it works again."""
        self._failures = 0
