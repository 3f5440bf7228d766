"""What is thinned, in which order, and that a month never costs more than its budget but for what cannot wait."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.budget import thinning
from edge.budget.thinning import Rates, Rest, ThinningStep

LIVE = {1: 500_000.0, 5: 120_000.0, 10: 70_000.0, 60: 16_000.0}
USUAL = Rates(LIVE, 1, 50_000.0, 500_000.0, 260_000.0, 13_000_000.0, 1_000_000.0)
MB = 1e6
MB_AND_ONE = 1_000_001
amounts = st.floats(0, 40 * MB)


@st.composite
def stations(draw: st.DrawFn) -> Rates:
    """Draw what a station needs a day; more is never needed where more is thinned."""
    live = sorted(draw(st.lists(st.floats(0, 1 * MB), min_size=4, max_size=4)), reverse=True)
    full, thumbnails = draw(st.floats(0, 20 * MB)), draw(st.floats(0, 2 * MB))
    every, link = draw(st.sampled_from([1, 5, 10])), draw(st.floats(0, 0.2 * MB))
    hourly, daily = draw(st.floats(0, thumbnails)), draw(st.floats(0, full))
    return Rates(dict(zip((1, 5, 10, 60), live, strict=True)), every, link, thumbnails, hourly, full, daily)


rests = st.builds(Rest, st.floats(1 * MB, 1000 * MB), amounts, st.just(0.0), st.just(30.0), st.floats(0, 30))


@pytest.mark.parametrize(
    ("mb", "expected"),
    [
        (500, ThinningStep.NOTHING),
        (62, ThinningStep.FULL_DAILY),
        (55, ThinningStep.THUMBNAILS_HOURLY),
        (43, ThinningStep.LIVE_5),
        (42, ThinningStep.LIVE_10),
        (20, ThinningStep.LIVE_10),  # with some pictures of the month
        (3, ThinningStep.LIVE_60),
    ],
)
def test_the_order_is_the_one_that_is_stated(mb: float, expected: ThinningStep) -> None:
    """First fewer full pictures, then fewer thumbnails, then minutes that wait for each other."""
    assert thinning.step(Rest(mb * MB, 0.0, 0.0, 30.0, 30.0), USUAL) is expected


@given(rests, stations(), amounts)
def test_more_used_never_thins_less(rest: Rest, rates: Rates, more: float) -> None:
    """The more has gone and the less there is, the more is thinned."""
    used = msgspec.structs.replace(rest, used=rest.used + more)
    larger = msgspec.structs.replace(rest, budget=rest.budget + more)
    assert thinning.step(larger, rates) <= thinning.step(rest, rates) <= thinning.step(used, rates)


@given(rests, stations(), st.floats(0, 5 * MB))
def test_what_is_not_admitted_is_not_admitted_later_at_a_worse_time(rest: Rest, rates: Rates, more: float) -> None:
    """Backfill waits for the hourly message's share, and more so the more is used."""
    worse = msgspec.structs.replace(rest, used=rest.used + more)
    if thinning.admits_backfill(worse, rates, 1000):
        assert thinning.admits_backfill(rest, rates, 1000)


@settings(max_examples=40)
@given(st.floats(1 * MB, 200 * MB), stations(), st.integers(0, 2**32))
def test_a_month_never_costs_more_than_its_budget_but_for_what_cannot_wait(
    budget: float, rates: Rates, seed: int
) -> None:
    """Half-days of a month with pictures of any size, backlogs and urgent hours: over it goes what cannot wait alone.

    That is what is urgent, the link itself, and the message of minutes an hour.
    """
    chance = random.Random(seed)
    used = scheduled = cannot_wait = 0.0
    for half in range(60):
        rest = Rest(budget, used, scheduled, 30.0, 30.0 - half / 2)
        at = thinning.step(rest, rates)
        live, hourly = rates.live[rates.minutes(at)] / 2, rates.live[60] / 2
        assert used + live + rates.link / 2 <= budget + 1 or at is ThinningStep.LIVE_60
        urgent = chance.choice((0.0, 0.0, 0.0, rates.live[1] / 2))
        used += live + rates.link / 2 + urgent
        cannot_wait += urgent + hourly + rates.link / 2
        for size in chance.choices(range(1000, 2_000_000), k=chance.randrange(4)):
            rest = msgspec.structs.replace(rest, used=used, scheduled=scheduled)
            if thinning.admits_picture(rest, rates, at, size):
                used, scheduled = used + size, scheduled + size
            rest = msgspec.structs.replace(rest, used=used, scheduled=scheduled)
            if thinning.admits_backfill(rest, rates, size // 10):
                used += size // 10
    assert used - cannot_wait <= budget + 1


def test_a_month_that_is_too_small_for_its_pictures_has_some_in_its_last_week() -> None:
    """Paced by the days that have gone, one full picture every few days goes, to the end."""
    used = scheduled = 0.0
    days = []
    for day in range(30):
        rest = Rest(20 * MB, used, scheduled, 30.0, 30.0 - day)
        at = thinning.step(rest, USUAL)
        used += USUAL.without_pictures(at)
        if thinning.admits_picture(msgspec.structs.replace(rest, used=used), USUAL, at, 1_000_000):
            used, scheduled = used + MB, scheduled + MB
            days.append(day)
    assert len(days) >= 10
    assert days[0] == 0 or days[0] < 4
    assert days[-1] > 24
    assert used <= 20 * MB


OTHERS = msgspec.structs.replace(USUAL, forward={0: 3 * MB, 10: 1 * MB, 60: 0.2 * MB})


@pytest.mark.parametrize(
    ("mb", "expected", "minutes"),
    [
        (512, ThinningStep.NOTHING, 0),
        (511, ThinningStep.FULL_DAILY, 10),
        (92, ThinningStep.FULL_DAILY, 10),
        (91, ThinningStep.THUMBNAILS_HOURLY, 60),
        (43, ThinningStep.LIVE_5, 60),
        (3, ThinningStep.LIVE_60, 60),
    ],
)
def test_other_platforms_wait_and_pictures_with_them_but_no_minute_of_the_station(
    mb: float, expected: ThinningStep, minutes: int
) -> None:
    """14.05 MB a day and 3 for others: what does not fit is gathered for 10 minutes, then for 60."""
    rest = Rest(mb * MB, 0.0, 0.0, 30.0, 30.0)
    assert thinning.step(rest, OTHERS) is expected
    assert thinning.forward_every(expected) == minutes
    assert OTHERS.forwarded(expected) == OTHERS.forward[minutes]
    assert USUAL.forwarded(expected) == 0.0
    used = msgspec.structs.replace(rest, budget=rest.budget + 7 * MB, used=7 * MB)
    assert thinning.step(used, OTHERS) is expected, "what has gone is gone"


def test_other_platforms_have_what_the_station_s_own_data_leave() -> None:
    """Of 500 MB 100 have gone, and ten days want 14.05 each."""
    rest = Rest(500 * MB, 100 * MB, 0.0, 30.0, 10.0)
    assert thinning.spare(rest, OTHERS, ThinningStep.NOTHING) == pytest.approx(259.5 * MB)


@pytest.mark.parametrize(("size", "goes"), [(MB, True), (MB + 1, False)])
def test_a_backlog_leaves_the_hourly_message_of_all_days_to_come(size: float, goes: bool) -> None:
    """66 kB a day for ten days, to the byte."""
    rest = Rest(100 * MB, 99 * MB - 660_000.0, 0.0, 30.0, 10.0)
    assert thinning.admits_backfill(rest, USUAL, int(size)) is goes


@pytest.mark.parametrize(
    ("days_left", "scheduled", "size", "goes"),
    [
        (30.0, 0.0, 546_666, True),
        (30.0, 0.0, 546_667, False),
        (21.0, 5 * MB, 466_666, True),
        (21.0, 5 * MB, 466_667, False),
    ],
)
def test_pictures_of_a_month_that_is_too_small_have_their_day_s_share(
    days_left: float, scheduled: float, size: int, goes: bool
) -> None:
    """16.4 MB of 20 are left for pictures by minutes in tens: a thirtieth of them a day, from the first one on."""
    rest = Rest(20 * MB, scheduled, scheduled, 30.0, days_left)
    assert thinning.admits_picture(rest, USUAL, ThinningStep.LIVE_10, size) is goes


def test_a_picture_takes_nothing_from_live_minutes() -> None:
    """At any step: the minutes in tens of all days to come have their share first, and a month that fits paces none."""
    left = 10 * 120_000.0
    for at in (ThinningStep.NOTHING, ThinningStep.LIVE_10):
        rest = Rest(100 * MB, 99 * MB - left, 0.0, 30.0, 10.0)
        assert not thinning.admits_picture(rest, USUAL, at, MB_AND_ONE)
    assert thinning.admits_picture(Rest(100 * MB, 99 * MB - left, 0.0, 30.0, 10.0), USUAL, ThinningStep.NOTHING, 10**6)
    assert thinning.admits_picture(Rest(500 * MB, 0.0, 400 * MB, 30.0, 30.0), USUAL, ThinningStep.FULL_DAILY, 10**6)
