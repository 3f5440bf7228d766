"""Rain from a running total: rises, wraps, restarts, noise, and what no sky can give."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.measure.counter import Counter, CounterState


def rises(readings: list[tuple[float, float]], wraps_at: float | None = None) -> tuple[list[float], list[str]]:
    counter = Counter()
    found = [counter.take(value, at, wraps_at, None) for at, value in readings]
    return [round(r.amount, 6) for r in found], [r.doubt.code for r in found if r.doubt]


def test_the_first_reading_is_the_base() -> None:
    """What a gauge counted before the station knew it is no rain of now."""
    assert rises([(0, 107.58), (3, 107.58), (6, 107.91)]) == ([0, 0, 0.33], [])


def test_a_wrap_loses_no_rain() -> None:
    """A counter that begins again at zero from its top goes on counting the same rain."""
    amounts, doubts = rises([(0, 3299.67), (3, 0.33), (6, 0.66)], wraps_at=3300.0)
    assert amounts == [0, 0.66, 0.33]
    assert doubts == []


def test_a_restarted_gauge_is_told_from_noise() -> None:
    """A total that falls and stays low is a restart; one that is back in the next line is noise."""
    amounts, doubts = rises([(0, 50.0), (3, 0.2), (6, 0.4)])
    assert amounts == [0, 0, 0.4]
    assert doubts == ["counter_restarted"]
    assert rises([(0, 50.0), (3, 5.0), (6, 50.2)]) == ([0, 0, 0.2], [])
    assert rises([(0, 50.0), (3, 500.0), (6, 50.2)]) == ([0, 0, 0.2], [])


def test_a_rise_that_no_sky_gives_is_no_rain() -> None:
    """More than 40 mm in a minute is an error of the gauge, named and not counted."""
    amounts, doubts = rises([(0, 0.0), (3, 90.0), (6, 90.2), (9, 90.4)])
    assert sum(amounts) == pytest.approx(0.2)
    assert doubts == ["more_than_any_rain"]


def test_rain_over_a_gap_is_counted_and_doubted() -> None:
    """What fell while nobody read the gauge is not lost, and is not passed off as the minute's own."""
    amounts, doubts = rises([(0, 1.0), (600, 3.0)])
    assert amounts == [0, 2.0]
    assert doubts == ["fell_before"]


@given(st.lists(st.integers(0, 20), max_size=200), st.integers(0, 9999), st.integers(0, 200))
def test_tips_add_up_over_wraps_and_restarts_of_the_daemon(tips: list[int], first: int, restart: int) -> None:
    """All rises together are all tips, wherever the counter wraps and wherever the daemon is restarted."""
    counter = Counter()
    total, amount = first, 0.0
    counter.take(total % 10_000 * 0.33, 0.0, 3300.0, 0.0)
    for n, tip in enumerate(tips, 1):
        if n == restart:
            counter = Counter(msgspec.convert(msgspec.to_builtins(counter.state), CounterState))
        total += tip
        amount += counter.take(total % 10_000 * 0.33, 60.0 * n, 3300.0, 60.0 * n).amount
    assert amount == pytest.approx(sum(tips) * 0.33, abs=1e-6)
