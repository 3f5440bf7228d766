"""The pause before the next try: it doubles with each failure in a row up to a longest one, and begins anew.

Lanes, devices, cameras and the uplink's connections all wait by it; what an uplink draws from it is `edge/wire/retry`.
"""

from __future__ import annotations


class Backoff:
    """Seconds between tries: `first_s`, twice that, and so on up to `longest_s`."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def pause(self) -> float:
        """Return the seconds to wait after one more failure."""
        pause, self._next_s = min(self._next_s, self._longest_s), min(2 * self._next_s, self._longest_s)
        return pause

    def reset(self) -> None:
        """Begin anew: it works again."""
        self._next_s = self._first_s
