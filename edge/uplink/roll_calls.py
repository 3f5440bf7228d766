"""How often a platform's roll calls are answered: each costs the SIM a hello that speaks of all epochs.

A platform that falls and starts again calls it every few seconds: the first calls are answered at once, the others
together, one a minute.
"""

from __future__ import annotations

AT_ONCE, EVERY = 5, 60.0  # calls, and s from one answer to the next where they go on


class RollCalls:
    """Of one platform. `due`: when the last call is answered, s of the boot."""

    def __init__(self) -> None:
        self.due = float("-inf")
        self._until = float("-inf")  # as far as the calls that were heard reach, one each EVERY seconds

    def hear(self, now: float) -> bool:
        """Take in a call; False where the one before is still to be answered, and this one with it."""
        if now < self.due:
            return False
        self._until = max(now, self._until) + EVERY
        self.due = max(now, self._until - AT_ONCE * EVERY)
        return True
