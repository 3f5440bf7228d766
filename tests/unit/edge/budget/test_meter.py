"""Bytes stay counted, whatever the clock does and however often the station starts."""

from __future__ import annotations

import json
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge.budget.meter import Meter, Use

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
STEPS = st.lists(st.tuples(st.integers(-3, 40), st.integers(0, 1000), st.booleans()), max_size=30)


def used(meter: Meter) -> int:
    """Return the bytes of the present month."""
    return sum(meter.used().values())


def restarted(meter: Meter) -> Meter:
    """Return a meter of the next start."""
    return Meter(json.loads(json.dumps(meter.keep())))


def test_a_new_month_begins_at_nothing() -> None:
    """On the billing day the whole budget is there again."""
    meter = Meter()
    meter.begin(MARCH)
    meter.count(Use.LIVE, 700)
    meter.begin(APRIL)
    assert used(meter) == 0


def test_a_clock_that_steps_over_the_billing_day_and_back_gives_nothing_away() -> None:
    """Bytes that were sent under next month's date are this month's when the clock is put right, and the other way."""
    meter = Meter()
    meter.begin(APRIL)
    meter.count(Use.LIVE, 700)
    meter.begin(date(2038, 1, 1))
    meter.count(Use.LIVE, 50)
    meter.begin(APRIL)
    assert used(meter) == 750
    meter.begin(MARCH)
    meter.begin(APRIL)
    assert used(meter) == 750
    meter.begin(MAY)
    assert used(meter) == 0


def test_what_went_before_the_time_was_known_is_in_the_month() -> None:
    """A first start without a clock sends, and so does one that goes on from a month that is known."""
    meter = Meter()
    meter.count(Use.LINK, 300)
    meter = restarted(meter)
    meter.begin(MARCH)
    assert used(meter) == 300
    meter = restarted(meter)
    meter.count(Use.LIVE, 5)
    meter.begin(MARCH)
    assert meter.used()[Use.LIVE] == 5
    assert used(meter) == 305


@given(STEPS)
def test_no_step_of_the_clock_counts_a_byte_twice_or_forgets_the_newest(steps: list[tuple[int, int, bool]]) -> None:
    """With steps of up to three months back and forty ahead, and restarts."""
    meter = Meter()
    for months, size, again in steps:
        at = MARCH + timedelta(days=31 * months)
        month = at.replace(day=1)
        meter.begin(month)
        meter.count(Use.LIVE, size)
        meter = restarted(meter) if again else meter
        assert used(meter) >= size
        assert used(meter) <= sum(size for _, size, _ in steps)


def test_what_cannot_be_read_counts_as_nothing() -> None:
    """A state of another release stops no station."""
    assert used(Meter({"March": "much"})) == used(Meter([1])) == 0


def test_what_was_sent_is_shown_before_anybody_knows_the_time_and_years_fill_no_memory() -> None:
    """`status` asks at once; and of all months that a station lives the last four are kept."""
    meter = Meter()
    meter.count(Use.LINK, 300)
    assert used(meter) == 300
    for year in range(2026, 2031):
        for month in range(1, 13):
            meter.begin(date(year, month, 1))
            meter.count(Use.LIVE, 1)
    assert sorted(meter.keep()["months"]) == ["2030-09-01", "2030-10-01", "2030-11-01", "2030-12-01"]
