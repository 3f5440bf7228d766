"""Rain from a running total: rises, wraps, restarts, noise, and what no sky can give."""

from __future__ import annotations

from itertools import pairwise

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


def test_a_gauge_that_starts_anew_in_rain_soon_tells_its_old_total() -> None:
    """A total that fell and climbs by the steps of rain has begun anew, though it was as low some minutes ago."""
    told = [0.0, 0.2, 0.4, 0.6, 0.6, 0.6, 0.2, 0.4, 0.6, 0.8]
    amounts, doubts = rises([(10 * n, total) for n, total in enumerate(told)])
    assert sum(amounts) == pytest.approx(1.4)
    assert doubts == ["counter_restarted"]


def test_a_total_that_leapt_and_is_back_has_not_begun_anew() -> None:
    """Where a wrong total was counted, the return to the one before takes it back, in whatever small totals."""
    told = [0.2, 0.4, 0.6, 7.6, 7.6, 0.6, 0.6, 0.8]
    amounts, doubts = rises([(60 * n, total) for n, total in enumerate(told)])
    assert amounts == [0, 0.2, 0.2, 7.0, 0, 0, 0, 0]  # what was counted too much is owed
    assert doubts == ["counter_came_back", "counter_came_back"]


def test_a_rise_that_no_sky_gives_is_no_rain() -> None:
    """More than 40 mm in a minute is an error of the gauge, named and not counted."""
    amounts, doubts = rises([(0, 0.0), (3, 90.0), (6, 90.2), (9, 90.4)])
    assert sum(amounts) == pytest.approx(0.2)
    assert doubts == ["more_than_any_rain"]


@pytest.mark.parametrize(("fell", "counted"), [(500.0, 500.0), (600.0, 0.0)])
def test_a_gap_holds_what_any_sky_has_given_in_its_time(fell: float, counted: float) -> None:
    """The records of the world are 538 mm in a hundred minutes: less is rain of the gap, more is none."""
    amounts, doubts = rises([(0, 0.0), *((6000 + 10 * n, fell) for n in range(3))])
    assert sum(amounts) == counted
    assert doubts == ["fell_before" if counted else "more_than_any_rain"]


def test_rain_over_a_gap_is_counted_and_doubted() -> None:
    """What fell while nobody read the gauge is not lost, and is not passed off as the minute's own."""
    amounts, doubts = rises([(0, 1.0), (600, 3.0)])
    assert amounts == [0, 2.0]
    assert doubts == ["fell_before"]


@pytest.mark.parametrize("fell", [0.2, 0.6])
def test_a_single_tip_over_a_gap_is_doubted_too(fell: float) -> None:
    """Nobody knows when it fell, however little it was; nothing that fell is no doubt."""
    assert rises([(0, 1.0), (600, 1.0 + fell)]) == ([0, fell], ["fell_before"])
    assert rises([(0, 1.0), (600, 1.0)]) == ([0, 0], [])


@pytest.mark.parametrize("told", [60.0, 40.0, -1.0, 9000.0])
def test_a_total_that_is_not_believed_yet_says_so(told: float) -> None:
    """A minute that ends on it does not know its rain: it is suspect, and good again when the old total is back."""
    counter = Counter()
    counter.take(50.0, 0.0, 3300.0, None)
    assert counter.take(told, 10.0, 3300.0, None).unsettled
    assert not counter.take(50.0, 20.0, 3300.0, None).unsettled


def test_a_total_that_erred_by_less_than_a_shower_adds_nothing_as_it_comes_back() -> None:
    """Half a millimetre less for some readings, believed, and back: no rain fell."""
    told = [50.0, 50.0, 49.4, 49.4, 49.4, 49.4, 50.0, 50.0, 50.0, 50.2]
    assert sum(rises([(10 * n, total) for n, total in enumerate(told)])[0]) == pytest.approx(0.2)


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


UNKNOWN = "fell at some time since the last reading before a restart, nobody knows how long ago"


def rebooted(first: list[float], second: list[float], at: float, utc: float | None = None) -> tuple[float, list[str]]:
    """Return the mm counted over two boots, readings each 10 s, and the doubts; the second begins at its `at` s."""
    one = Counter(boot="b1")
    for n, value in enumerate(first):
        one.take(value, 5000.0 + 10 * n, None, 1_700_005_000.0 + 10 * n)
    two = Counter(msgspec.convert(msgspec.to_builtins(one.state), CounterState), "b2")
    found = [two.take(v, at + 10 * n, None, None if utc is None else utc + 10 * n) for n, v in enumerate(second)]
    return round(two.state.total, 6), [str(rise.doubt) for rise in found if rise.doubt]


@pytest.mark.parametrize("at", [30.0, 9000.0])
def test_a_reboot_in_rain_without_a_clock_loses_none(at: float) -> None:
    """What fell while the box was off is counted and marked; how long that was is not made of two boots' seconds."""
    total, doubts = rebooted([0.2 * n for n in range(20)], [9.0, 9.2, 9.4], at)
    assert total == pytest.approx(9.4)
    assert doubts == [UNKNOWN]


def test_a_reboot_in_rain_with_a_clock_tells_the_gap() -> None:
    """Where both boots know the time, the gap is told in seconds."""
    total, doubts = rebooted([0.0, 0.2], [5.0, 5.2], 30.0, utc=1_700_005_910.0)
    assert total == pytest.approx(5.2)
    assert doubts == ["fell at some time in the 900 s before, without readings"]


def test_a_reboot_in_the_dry_doubts_nothing() -> None:
    """Where nothing fell meanwhile there is nothing to mark."""
    total, doubts = rebooted([1.0, 1.2], [1.2, 1.4], 30.0)
    assert total == pytest.approx(0.4)
    assert doubts == []


def test_one_stray_reading_after_a_reboot_is_no_rain() -> None:
    """However long the box was off: a total that only one reading tells is not counted; one that stays is."""
    assert rebooted([1.0, 1.2], [6553.5, 1.4, 1.6], 30.0)[0] == pytest.approx(0.6)
    total, doubts = rebooted([1.0, 1.2], [301.2, 301.4, 301.6], 30.0)
    assert total == pytest.approx(300.6)
    assert doubts == [UNKNOWN]


def test_a_restart_of_the_daemon_measures_the_gap_by_its_boot() -> None:
    """On the same boot the gap is known, with the time or without."""
    one = Counter(boot="b")
    one.take(1.0, 100.0, None, None)
    two = Counter(msgspec.convert(msgspec.to_builtins(one.state), CounterState), "b")
    assert str(two.take(3.0, 700.0, None, None).doubt) == "fell at some time in the 600 s before, without readings"


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.floats(0, 1e7)), max_size=60), st.sampled_from(["x", None])
)
def test_no_reboot_loses_rain(life: list[tuple[int, bool, float]], boot: str | None) -> None:
    """However often a box reboots, with or without a time and whatever its clock says: all tips are counted."""
    counter, tips = Counter(boot=boot), 0
    counter.take(0.0, 0.0, None, None)
    for n, (fell, reboots, at) in enumerate(life):
        tips += fell
        if reboots:
            name = None if boot is None else f"{boot}{n}"
            counter = Counter(msgspec.convert(msgspec.to_builtins(counter.state), CounterState), name)
        counter.take(round(tips * 0.2, 1), at, None, None)
    assert counter.state.total == pytest.approx(tips * 0.2, abs=1e-6)


def counted(totals: list[float], step: float = 10.0, wraps_at: float | None = None) -> tuple[float, list[str]]:
    """Return what the sum is less what is owed, and the doubts."""
    counter = Counter()
    found = [counter.take(value, step * n, wraps_at, None) for n, value in enumerate(totals)]
    return round(counter.state.total - counter.state.owed, 6), [r.doubt.code for r in found if r.doubt]


@pytest.mark.parametrize("stray", [600.0, 0.0, 3.3, 9.5])
@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_a_counter_that_comes_back_counts_nothing_twice(stray: float, times: int) -> None:
    """However long a wrong total lasts, the sum is what the gauge counted once the true one is back."""
    true = [50.0 + 0.2 * n for n in range(30)]
    told = [*true[:10], *[stray] * times, *true[10 + times :]]
    assert counted(told)[0] == pytest.approx(true[-1] - 50.0)


def test_a_leap_that_is_taken_back_is_owed() -> None:
    """A total 3 mm too high is rain for all one can know; when it is taken back the sum gives it back, and says so."""
    total, doubts = counted([50.0, 50.2, 53.2, 50.4, 50.6, 50.8])
    assert total == pytest.approx(0.8)
    assert "counter_came_back" in doubts


@pytest.mark.parametrize("readings", [1, 2, 40])
def test_a_leap_that_is_taken_back_in_the_dry_is_told_when_it_is(readings: int) -> None:
    """Nobody waits for the next rain to learn that 3 mm of the last one did not fall."""
    total, doubts = counted([50.0, 50.0, *[53.0] * readings, *[50.0] * 9])
    assert total == pytest.approx(0.0)
    assert doubts == ["counter_came_back"]


@pytest.mark.parametrize(("every", "tip"), [(3600, 1200), (3600, 400), (600, 100), (600, 250)])
def test_a_gauge_that_begins_anew_each_hour_loses_no_rain(every: int, tip: int) -> None:
    """It climbs past its last total tip by tip, hour after hour: one that had erred would leap there."""
    told = [0.2 * (at % every // tip) for at in range(0, 6 * 3600, 10)]
    total, doubts = counted(told)
    assert total == pytest.approx(sum(max(0.0, after - before) for before, after in pairwise(told)), abs=0.01)
    assert set(doubts) == {"counter_restarted"}


def test_a_wrap_in_a_gap_is_counted_and_both_readings_of_it_are_told() -> None:
    """From 85 of 100 mm over ten minutes unread: a wrap brings 15.4 mm; that it may be a restart is said."""
    counter = Counter()
    counter.take(85.0, 0.0, 100.0, None)
    rise = counter.take(0.4, 600.0, 100.0, None)
    assert rise.amount == pytest.approx(15.4)
    assert rise.doubt is not None
    assert rise.doubt.code == "wrapped_unread"


def test_a_fall_that_is_no_restart_brings_no_rain() -> None:
    """A counter that falls from 900 to 700 mm and stays there has not rained 700 mm."""
    total, doubts = counted([900.0, 900.0, 700.0, 700.0, 700.0, 700.2])
    assert total == pytest.approx(0.2)
    assert doubts == ["counter_fell"]


def test_a_register_that_stays_full_is_no_rain() -> None:
    """6553.5 mm after a reboot without the time are no rain, however long they stay."""
    assert rebooted([1.0, 1.2], [6553.5] * 20, 30.0)[0] == pytest.approx(0.2)


def test_a_wrap_that_was_a_slip_of_the_gauge_is_taken_back() -> None:
    """It told a little over its end once and is back near its top: what was counted too much is owed by later rain."""
    told = [3299.0, 0.5, 3299.0, 3299.2, 3299.4, 3299.8, 0.2, 0.6]
    amounts, doubts = rises([(3.0 * number, total) for number, total in enumerate(told)], wraps_at=3300.0)
    assert amounts[:4] == [0, 1.5, 0, 0]
    assert sum(amounts) == pytest.approx(1.6)
    assert set(doubts) == {"counter_came_back"}


def test_a_wrap_while_the_box_was_off_without_a_clock_is_counted_and_told() -> None:
    """Nobody knows how long: it began again from its top, or from nothing."""
    before = Counter(boot="a")
    before.take(3299.6, 50.0, 3300.0, None)
    after = Counter(msgspec.convert(msgspec.to_builtins(before.state), CounterState), "b")
    rise = after.take(0.2, 30.0, 3300.0, None)
    assert rise.amount == pytest.approx(0.6)
    assert rise.doubt is not None and rise.doubt.code == "wrapped_unread"
