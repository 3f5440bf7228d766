"""The pause before the next attempt: it doubles with each consecutive failure up to a maximum, and resets on success.

Lanes, devices, cameras and the uplink's connections all use it; the uplink's random variant is in `edge/wire/retry`.
Tenacity computes the pause; the waiting is done by the Clock, so that it can be simulated.
"""

from __future__ import annotations


class Backoff:
    """Seconds between tries: `first_s`, twice that, and so on up to `longest_s`."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._failures = 0

    def pause(self) -> float:
        """Return the seconds to wait after one more failure."""
        import tenacity  # here: eleven modules that are needed only after a failure

        self._failures += 1
        state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        state.attempt_number = self._failures
        return tenacity.wait_exponential(multiplier=self._first_s, max=self._longest_s)(state)

    def reset(self) -> None:
        """Reset after a success."""
        self._failures = 0
