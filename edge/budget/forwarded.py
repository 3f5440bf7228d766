"""The bytes used by other destinations: each lane counts its own, and one place collects them."""

from __future__ import annotations

from collections.abc import Callable


class Forwarded:
    """The sum over the other destinations. `take` may be called from one lane only, `pending` from any."""

    def __init__(self) -> None:
        self._sources: tuple[Callable[[], int], ...] = ()
        self._taken = 0

    def add(self, source: Callable[[], int]) -> None:
        """Add a destination, by a function that returns its bytes so far."""
        self._sources = (*self._sources, source)

    def pending(self) -> int:
        """Return the bytes that `take` has not returned yet."""
        return sum(source() for source in self._sources) - self._taken

    def take(self) -> int:
        """Return the bytes since this was called last."""
        found = self.pending()
        self._taken += found
        return found
