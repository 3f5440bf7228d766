"""A month of the bill begins on its day by the station's local date, in short months on the last one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.budget import billing


def utc(*when: int) -> int:
    """Return microseconds of an instant in UTC."""
    return round(datetime(*when, tzinfo=UTC).timestamp() * 1e6)  # type: ignore[arg-type, misc]  # year to minute


@pytest.mark.parametrize(
    ("when", "day", "first", "end"),
    [
        ((2026, 3, 15, 4), 1, date(2026, 3, 1), date(2026, 4, 1)),
        ((2026, 2, 27, 15, 59), 31, date(2026, 1, 31), date(2026, 2, 28)),  # a minute to midnight in Maoxian
        ((2026, 2, 28, 16, 0), 1, date(2026, 3, 1), date(2026, 4, 1)),  # and midnight
        ((2026, 2, 28, 4), 31, date(2026, 2, 28), date(2026, 3, 31)),
        ((2028, 2, 29, 4), 30, date(2028, 2, 29), date(2028, 3, 30)),
        ((2026, 12, 31, 17), 20, date(2026, 12, 20), date(2027, 1, 20)),
    ],
)
def test_the_bill_begins_at_the_stations_midnight(when: tuple[int, ...], day: int, first: date, end: date) -> None:
    """The operator's month is local, whatever UTC says, and February has no 31st."""
    found = billing.period(utc(*when), 8.0, day)
    assert (found.first, found.end) == (first, end)


@given(st.integers(0, 80 * 366 * 86_400), st.integers(1, 31), st.integers(-12, 12))
def test_every_instant_lies_in_one_month_of_the_bill(seconds: int, day: int, offset: int) -> None:
    """Months follow each other without gap or overlap, and each has its days left counted to its end."""
    when = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    instant = round((when - timedelta(hours=offset)).timestamp() * 1e6)
    found = billing.period(instant, offset, day)
    assert found.first <= when.date() < found.end
    assert 0 < found.days_left <= found.days <= 31
    end = datetime.combine(found.end, datetime.min.time(), UTC) - timedelta(hours=offset)
    assert billing.period(round(end.timestamp() * 1e6), offset, day).first == found.end
