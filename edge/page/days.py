"""Days by a station's clock, as given in addresses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple


class Days(NamedTuple):
    """The day to show, and its neighbours; `after` None: it has not begun."""

    chosen: date
    before: date
    after: date | None


def days_around(chosen: date, today: date) -> Days:
    """Return the day to show with its neighbours; today instead of a future day."""
    shown = min(known_day(chosen, today), today)
    return Days(shown, shown - timedelta(days=1), None if shown >= today else shown + timedelta(days=1))


def day_of(text: str | None, otherwise: date) -> date:
    """Return the day in a text; `otherwise` if it is invalid."""
    try:
        return known_day(date.fromisoformat(text or ""), otherwise)
    except ValueError:
        return otherwise


def known_day(day: date, otherwise: date) -> date:
    """Return the day if a station may have measured on it, else `otherwise`."""
    return day if 2000 <= day.year < 2100 else otherwise


def local_day(us: int, offset_s: int) -> date:
    """Return the day of an instant by the station's clock."""
    return datetime.fromtimestamp(us // 1_000_000 + offset_s, UTC).date()


def day_us(chosen: date, offset_s: int) -> int:
    """Return the instant at which a day begins by the station's clock."""
    begin = datetime(chosen.year, chosen.month, chosen.day, tzinfo=UTC)
    return round(begin.timestamp() - offset_s) * 1_000_000
