"""How many bytes were sent in which billing month, by purpose.

A clock may step over a billing day and back. So bytes stay with the month in which they were counted, and a month has
used its own and those of every later one: what was counted under a date that lay ahead was used by now. A month that
begins lets go of what is ahead of it, because that was reckoned to the one before.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

KEPT = 4  # months, the latest


class Use(StrEnum):
    """What bytes are for, in the order in which it goes."""

    URGENT = "urgent"  # alerts, and every minute while it matters
    LIVE = "live"
    ASKED = "asked"  # pictures that somebody asked for
    BACKFILL = "backfill"
    FORWARD = "forward"  # to other platforms
    SCHEDULED = "scheduled"  # other pictures
    LINK = "link"  # connecting, hellos, receipts, commands, signs of life


class MeterState(msgspec.Struct, frozen=True):
    """What outlives a restart: the present month, the bytes of each, by what they were for."""

    now: date | None
    months: dict[date, dict[Use, int]]


class Meter:
    """Counts; `kept` is what `keep` returned before. While nobody knows the time the last known month goes on."""

    def __init__(self, kept: Any = None) -> None:
        found = _read(kept)
        self._months, self._now = dict(found.months), found.now

    def begin(self, month: date) -> None:
        """Take in which month it is, by its first day."""
        before, self._now = self._now, month
        if before is not None and month > before and month not in self._months:
            self._months = {one: used for one, used in self._months.items() if one <= month}
        unknown = self._months.pop(date.min, {})
        self._months.setdefault(month, {})
        for use, size in unknown.items():  # counted before anybody knew the time
            self.count(use, size)
        self._months = {one: self._months[one] for one in sorted({*sorted(self._months)[-KEPT:], month})}

    def count(self, use: Use, size: int) -> None:
        """Count bytes in the present month."""
        used = self._months.setdefault(self._now or date.min, {})
        used[use] = used.get(use, 0) + size

    def used(self) -> dict[Use, int]:
        """Return the bytes of the present month, by what they were for."""
        now = self._now or date.min
        return {use: sum(used.get(use, 0) for one, used in self._months.items() if one >= now) for use in Use}

    def keep(self) -> dict[str, Any]:
        """Return what has to outlive a restart, as plain JSON values."""
        found: dict[str, Any] = msgspec.to_builtins(MeterState(self._now, self._months))
        return found


def _read(kept: Any) -> MeterState:
    """Return what was kept; nothing where it is not what `keep` returned."""
    try:
        return msgspec.convert(kept, MeterState, strict=False)
    except msgspec.ValidationError:
        return MeterState(None, {})
