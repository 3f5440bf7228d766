"""One camera's state in the picture lane: when it is due, and its failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.clock import Clock
from drivers.reason import Reason
from edge.backoff import Backoff
from edge.config.sections import CameraSection

FIRST_PAUSE, LONGEST_PAUSE = 60.0, 1800.0  # s
LOOK_AGAIN = 60.0  # s; the time may become known while the lane waits for a slot
FOREVER = float("inf")


@dataclass(eq=False)
class WatchedCamera:
    """One camera's state. `utc` returns the time in microseconds, None if it is unknown.

    `slot`: whether the time was known, and the number of its interval; `open`: due, or its picture is being taken.
    """

    section: CameraSection
    clock: Clock
    utc: Callable[[], int | None]
    slot: tuple[bool, int] = (False, -1)
    open: bool = False
    failures: int = 0
    backoff: Backoff = field(default_factory=lambda: Backoff(FIRST_PAUSE, LONGEST_PAUSE))
    retry_at: float | None = None
    trouble: Reason | None = None  # the kind of error with its detail, while there is one
    last: int | None = None  # UTC of its last picture

    @property
    def interval(self) -> float:
        """Seconds between two slots."""
        return self.section.every_min * 60.0

    def present_slot(self) -> tuple[bool, int]:
        """Return the current slot."""
        utc = self.utc()
        micros = round(self.clock.now() * 1e6) if utc is None else utc
        return utc is not None, micros // round(self.interval * 1e6)

    def begin(self, last: int | None) -> None:
        """Begin at a station's start; `last`: UTC of its last picture, microseconds, None if unknown.

        A slot that began after it, and is the present one, is due: the station was off, or ended over its picture.
        """
        self.last, self.open = last, False
        known, number = self.present_slot()
        self.slot = known, number - (known and self._lacks(number))

    def _lacks(self, number: int) -> bool:
        """Return whether a slot began after the last picture."""
        return self.last is not None and self.last // round(self.interval * 1e6) < number

    def next_look(self) -> float:
        """Return the instant at which to check the camera again; infinite while it is open."""
        if self.open:
            return FOREVER
        now, utc = self.clock.now(), self.utc()
        if self.retry_at is not None:
            return min(self.retry_at, now + LOOK_AGAIN)
        micros = round(now * 1e6) if utc is None else utc
        left = -micros % round(self.interval * 1e6) or self.interval * 1e6
        return now + min(left / 1e6, LOOK_AGAIN)

    def due(self) -> bool:
        """Return whether a slot has begun since the last call, or a retry is due.

        Once the time is known, the present slot is due if it has no picture.
        """
        slot, before = self.present_slot(), self.slot
        self.slot = slot
        if self.retry_at is not None:
            return self.clock.now() >= self.retry_at
        if slot[0] and not before[0]:
            return self._lacks(slot[1])
        return slot[0] == before[0] and slot[1] > before[1]

    def note_picture(self, last: int | None) -> int:
        """Note a picture. Return how many attempts had failed before it."""
        failures = self.failures
        self.backoff.reset()
        self.failures, self.retry_at, self.trouble, self.last = 0, None, None, last
        return failures

    def missed(self, trouble: Reason, wait: float | None) -> bool:
        """Note a failure: the next attempt is after `wait` s, or (None) after a growing pause.

        Return whether it is the first failure in a row, or of another kind than the last.
        """
        news = self.trouble is None or trouble.code != self.trouble.code
        pause = self.backoff.pause()
        self.failures += 1
        self.retry_at = self.clock.now() + (pause if wait is None else wait)
        self.trouble = trouble
        return news
