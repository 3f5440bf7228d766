"""The pause before the next attempt: it doubles with each consecutive failure up to a maximum, and resets on success.

Lanes, devices, cameras and the uplink's connections all wait by it; what an uplink draws from it is `edge/wire/retry`.
Tenacity gives the curve; the waiting is the Clock's, so that it is simulated too.
"""

from __future__ import annotations

import tenacity


class Backoff:
    """Seconds between tries: `first_s`, twice that, and so on up to `longest_s`."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._curve = tenacity.wait_exponential(multiplier=first_s, max=longest_s)
        self._state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        self.reset()

    def pause(self) -> float:
        """Return the seconds to wait after one more failure."""
        self._state.attempt_number += 1
        return self._curve(self._state)

    def reset(self) -> None:
        """Begin anew: it works again."""
        self._state.attempt_number = 0
