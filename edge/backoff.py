"""The pause before the next attempt: it doubles with each consecutive failure up to a maximum, and resets on success.

Lanes, devices, cameras and the uplink's connections all wait by it; what an uplink draws from it is `edge/wire/retry`.
The waiting is the Clock's, so that it is simulated too.
"""

from __future__ import annotations

MOST_DOUBLINGS = 60  # far beyond any longest pause; after 1,024 no float would hold it


class Backoff:
    """Seconds between tries: `first_s`, twice that, and so on up to `longest_s`."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._failures = 0

    def pause(self) -> float:
        """Return the seconds to wait after one more failure."""
        doubled = self._first_s * 2.0 ** min(self._failures, MOST_DOUBLINGS)
        self._failures += 1
        return min(doubled, self._longest_s)

    def reset(self) -> None:
        """Begin anew: it works again."""
        self._failures = 0
