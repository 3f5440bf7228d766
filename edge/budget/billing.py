"""The billing month: from one billing day to the next, by the station's local date."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

import msgspec

DAY_S = 86_400.0


class Period(msgspec.Struct, frozen=True):
    """A billing month: its first day, the first day of the next one, and the days that are left of it."""

    first: date
    end: date
    days_left: float

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days


def local(utc: int, utc_offset_h: float) -> datetime:
    """Return the station's local time of an instant (microseconds since 1970 UTC), without a zone."""
    return (datetime.fromtimestamp(utc / 1e6, UTC) + timedelta(hours=utc_offset_h)).replace(tzinfo=None)


def period(utc: int, utc_offset_h: float, billing_day: int) -> Period:
    """Return the billing month of an instant; in a month without the billing day it begins on the last day."""
    now = local(utc, utc_offset_h)
    first = _billed(now.year, now.month, billing_day)
    if now.date() < first:
        first = _billed(*_before(now.year, now.month), billing_day)
    end = _billed(*_after(first.year, first.month), billing_day)
    left = datetime.combine(end, time()) - now
    return Period(first, end, left.total_seconds() / DAY_S)


def _billed(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _before(year: int, month: int) -> tuple[int, int]:
    return (year - 1, 12) if month == 1 else (year, month - 1)


def _after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)
