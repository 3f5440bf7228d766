"""How many bytes were sent in which billing month, by purpose.

A clock may step over a billing day and back. So bytes stay with the month in which they were counted, and a month's use
is its own bytes plus those of every later month: what was counted under a wrong future date has been used by now. When
a month begins, later months are dropped, because their bytes were charged to the month before.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

KEPT = 4  # months, the latest


class Use(StrEnum):
    """What bytes are used for, by decreasing priority."""

    URGENT = "urgent"  # alerts, and minutes while they are urgent
    LIVE = "live"
    ASKED = "asked"  # requested pictures
    BACKFILL = "backfill"
    FORWARD = "forward"  # to other platforms
    SCHEDULED = "scheduled"  # other pictures
    LINK = "link"  # connecting, hellos, receipts, commands, keep-alive


class MeterState(msgspec.Struct, frozen=True):
    """The state that survives a restart: the current month, and each month's bytes by use."""

    now: date | None
    months: dict[date, dict[Use, int]]


class Meter:
    """Counts bytes; `kept`: what `keep` returned before. While the time is unknown the last known month goes on."""

    def __init__(self, kept: Any = None) -> None:
        found = _read(kept)
        self._months, self._now = dict(found.months), found.now

    def begin(self, month: date) -> None:
        """Set the current month, by its first day."""
        before, self._now = self._now, month
        if before is not None and month > before and month not in self._months:
            self._months = {one: used for one, used in self._months.items() if one <= month}
        unknown = self._months.pop(date.min, {})
        self._months.setdefault(month, {})
        for use, size in unknown.items():  # counted before the time was known
            self.count(use, size)
        self._months = {one: self._months[one] for one in sorted({*sorted(self._months)[-KEPT:], month})}

    def count(self, use: Use, size: int) -> None:
        """Count bytes in the current month."""
        used = self._months.setdefault(self._now or date.min, {})
        used[use] = used.get(use, 0) + size

    def used(self) -> dict[Use, int]:
        """Return the bytes of the current month by use."""
        now = self._now or date.min
        return {use: sum(used.get(use, 0) for one, used in self._months.items() if one >= now) for use in Use}

    def keep(self) -> dict[str, Any]:
        """Return the state that has to survive a restart, as plain JSON values."""
        found: dict[str, Any] = msgspec.to_builtins(MeterState(self._now, self._months))
        return found


def _read(kept: Any) -> MeterState:
    """Return the kept state; an empty one if it is not what `keep` returns."""
    try:
        return msgspec.convert(kept, MeterState, strict=False)
    except msgspec.ValidationError:
        return MeterState(None, {})
