"""Limit the answers to a platform's roll calls: each costs the SIM a hello about all epochs.

A platform that keeps restarting calls the roll every few seconds: the first calls are answered at once, later ones
together, once a minute.
"""

from __future__ import annotations

AT_ONCE, EVERY = 5, 60.0  # calls answered at once, and the least s between two answers beyond them


class RollCalls:
    """The roll calls of one platform. `due`: when the last one is to be answered, s of the boot."""

    def __init__(self) -> None:
        self.due = float("-inf")
        self._until = float("-inf")  # the end of the time that the calls so far take up, EVERY seconds each

    def hear(self, now: float) -> bool:
        """Note a call. Return False if an earlier one is still to be answered, and this one with it."""
        if now < self.due:
            return False
        self._until = max(now, self._until) + EVERY
        self.due = max(now, self._until - AT_ONCE * EVERY)
        return True
