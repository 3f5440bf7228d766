"""Rate limit of wrong passwords, by name and by address, so that passwords cannot be guessed.

By name, because an attacker can change addresses (and a proxy's header can be forged); by address, because he can
change names. Existing sessions are not affected.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

WINDOW_US = 15 * 60_000_000
MOST_BY_NAME, MOST_BY_ADDRESS = 10, 50  # wrong ones in the window
REMEMBERED = 10_000  # names and addresses; the least recently used is evicted


class Logins:
    """Counts wrong passwords of one process; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()

    def wait(self, name: str, address: str, now: int) -> int:
        """Return how many seconds this name, from this address, must wait; 0: none. `now`: microseconds UTC."""
        with self._lock:
            return max(
                self._left(("name", name), MOST_BY_NAME, now), self._left(("address", address), MOST_BY_ADDRESS, now)
            )

    def wrong(self, name: str, address: str, now: int) -> None:
        """Count a wrong password."""
        with self._lock:
            for key in (("name", name), ("address", address)):
                self._wrong.setdefault(key, deque(maxlen=MOST_BY_ADDRESS)).append(now)
                self._wrong.move_to_end(key)
            while len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)

    def right(self, name: str) -> None:
        """Reset the count of a name after a correct password."""
        with self._lock:
            self._wrong.pop(("name", name), None)

    def _left(self, key: tuple[str, str], most: int, now: int) -> int:
        times = [time for time in self._wrong.get(key, ()) if now - WINDOW_US < time <= now]
        return 0 if len(times) < most else -((now - WINDOW_US - times[-most]) // 1_000_000)
