"""Gauges whose total begins anew again and again, as that of a contact at each start of the station: no tip is lost."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from edge.measure.counter import Counter, CounterState

TIP = 0.2794


def counted(tips: list[int | None], every: float = 30.0) -> tuple[float, list[str]]:
    """Return the tips that are counted of these totals, read so often, s, and the doubts; None: nobody read."""
    counter, doubts = Counter(boot="b"), []
    for n, total in enumerate(tips):
        if total is not None:
            found = counter.take(total * TIP, every * n, None, None)
            doubts += [found.doubt.code] if found.doubt else []
    return round((counter.state.total - counter.state.owed) / TIP, 3), doubts


@pytest.mark.parametrize(
    ("tips", "fell"),
    [
        # one tip, a start, one tip: the old total is told again, and yet it is rain
        ([0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 2], 3),
        # few tips, a start, and the first reading after it is one of them
        ([500, 501, 502, 0, 0, 1, 1, 2, 2, 3, 3, 4, 1, 1, 2, 2, 3, 3, 4, 4, 5], 11),
        # one tip before the first start, much rain after it, and one tip is what the second start tells first
        ([0, 1, 1, 0, 0, *range(1, 40, 2), 1, 1, 2, 3, 4, 5], 45),
    ],
)
def test_a_total_that_was_told_before_is_no_return(tips: list[int | None], fell: int) -> None:
    """What any gauge comes by that begins anew is no level that it had left."""
    total, doubts = counted(tips)
    assert total == fell
    assert set(doubts) == {"counter_restarted"}


def test_rain_of_a_gap_may_pass_the_total_before_the_start() -> None:
    """A gauge that climbed by tips, and was not read for 13 minutes of that rain, has not leapt back."""
    total, doubts = counted([9, 10, 11, 0, 0, 1, 2, 3, 4, 5, 6, 7, *[None] * 26, 13, 13, 14])
    assert total == 16
    assert doubts == ["counter_restarted", "fell_before"]


def test_a_start_in_a_cloudburst_read_each_minute_loses_none() -> None:
    """Each total after a start of the daemon is a minute younger than the one before, and goes on from it."""
    counter = Counter(boot="b")
    for n in range(6):
        counter.take(10 + 1.6 * n, 60.0 * n, None, None)
    counter = Counter(msgspec.convert(msgspec.to_builtins(counter.state), CounterState), "b")
    for n in range(6):
        counter.take(1.6 * (n + 1), 360.0 + 60.0 * n, None, None)
    assert counter.state.total - counter.state.owed == pytest.approx(8.0 + 9.6)


def life(rng: Random) -> tuple[float, float, bool]:
    """Return what fell and what was counted, tips, of two hours of rain with starts of the gauge and gaps.

    And whether it was said that the gauge's total came back. A start is seen in two readings of 0."""
    every = rng.choice((3.0, 10.0, 30.0))
    counter, at, fell, total, quiet = Counter(boot="b"), 0.0, 0, rng.choice((0, 0, 40)), 0
    counter.take(total * TIP, at, None, None)
    said = False
    while at < 7200.0:
        accident, step, quiet = rng.random() * 60.0 / every, every, quiet - 1
        tip = quiet < 2 and rng.random() < 0.6 * every / 60.0
        if accident < 0.05 and quiet < 0:
            total, tip, quiet = 0, False, 3
        elif accident < 0.1 and quiet < 0 and at < 6000.0:
            step, quiet = rng.uniform(100.0, 1200.0), 1
            fell, total = (n + int(0.6 * step / 60.0) for n in (fell, total))
        fell, total, at = fell + tip, total + tip, at + step
        doubt = counter.take(total * TIP, at, None, None).doubt
        said |= doubt is not None and doubt.code == "counter_came_back"
    return fell, (counter.state.total - counter.state.owed) / TIP, said


@pytest.mark.slow
def test_500_lives_add_up() -> None:
    """However often a gauge begins anew, in whatever gaps nobody reads it, all tips are counted.

    But where a gap follows a start at once, nobody can tell its rain from a return to the old total: it is said."""
    lives = [life(Random(seed)) for seed in range(500)]
    off = [one for one in lives if one[0] != pytest.approx(one[1], abs=0.01)]
    assert len(off) <= 20
    assert all(said for _, _, said in off)
