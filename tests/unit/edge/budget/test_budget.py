"""A month of the bill: what is on it, how it outlives a restart, when more or less is thinned."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.budget.budget import Budget, Terms, terms_of
from edge.budget.meter import Use
from edge.budget.thinning import Rates, ThinningStep
from edge.sim.clock import SimClock
from tests.kits.stations import configured

JANUARY = 1_767_225_600_000_000  # 2026-01-01 UTC
HOUR = 3_600_000_000
RATES = Rates({1: 1e6, 5: 500_000.0, 10: 200_000.0, 60: 50_000.0})


class Month:
    """A budget of so many bytes, and the time as the station knows it."""

    def __init__(self, most: float | None, rates: Rates = RATES, kept: Any = None) -> None:
        self.clock, self.utc = SimClock(), JANUARY
        self.budget = Budget(Terms(most, rates=rates), self.clock, lambda: self.utc, kept)

    def at(self, hour: float) -> ThinningStep:
        """Return the step of a look at that hour of the month, which is a minute after the last look at least."""
        self.clock.run_until(self.clock.now() + 60.0)
        self.utc = JANUARY + round(hour * HOUR)
        self.budget.look()
        return self.budget.step


def test_all_that_goes_is_on_the_bill_once_and_outlives_a_restart_before_its_first_look() -> None:
    """Connections, signs of life, and what each of two other destinations has taken so far."""
    month, taken = Month(None), {"county": 1000, "province": 50}
    for name in taken:
        month.budget.forwarded.add(partial(taken.__getitem__, name))
    month.budget.connected()
    month.budget.pinged(3)
    for more in (0, 0, 500):
        taken["county"] += more
        month.budget.look()
    assert month.budget.forwarded.pending() == 0
    used = {use: size for use, size in month.budget.snapshot.used.items() if size}
    assert used == {"link": 6000 + 3 * 204, "forward": 1550}
    again = Month(None, kept=month.budget.keep()).budget
    assert again.keep() == month.budget.keep()
    assert again.snapshot.used == month.budget.snapshot.used


def test_more_is_thinned_at_once_and_less_on_a_new_day() -> None:
    """Nobody's page changes with each message: what would fit again in the evening waits for midnight."""
    month = Month(30.5e6)
    assert [month.at(hour) for hour in (0, 23, 23.9)] == [ThinningStep.LIVE_5] * 3
    assert month.at(24) is ThinningStep.NOTHING
    month.budget.count(Use.ASKED, 20_000_000)
    assert month.at(25) is ThinningStep.LIVE_10


def test_how_it_stands_is_reckoned_once_a_minute() -> None:
    """A station that sends much does not reckon its month with each message."""
    month = Month(30.5e6)
    assert month.at(0) is ThinningStep.LIVE_5
    month.utc += 24 * HOUR
    month.clock.run_until(month.clock.now() + 59.0)
    month.budget.look()
    assert month.budget.snapshot.step == ThinningStep.LIVE_5
    month.clock.run_until(month.clock.now() + 1.0)
    month.budget.look()
    assert month.budget.snapshot.step == ThinningStep.NOTHING


def test_what_matters_goes_each_minute_until_it_is_over() -> None:
    """However little is left of the month."""
    month = Month(1e6)
    month.at(0)
    assert month.budget.live_every_min() == 60
    month.budget.urgency.matters_until(month.clock.now() + 60.0)
    assert month.budget.live_every_min() == 1
    month.clock.run_until(month.clock.now() + 60.0)
    assert month.budget.live_every_min() == 60


def test_other_destinations_have_what_is_left_and_no_more() -> None:
    """What is on its way to them counts already; a station without a budget sends them all."""
    nothing = Rates(dict.fromkeys((1, 5, 10, 60), 0.0))
    month = Month(20_000, nothing)
    month.at(0)
    assert (month.budget.admits_forward(13_000), month.budget.admits_forward(13_500)) == (True, False)
    month.budget.forwarded.add(lambda: 1000)
    assert not month.budget.admits_forward(13_000)
    assert Month(None).budget.admits_forward(10**9)


def test_what_goes_to_other_destinations_is_in_the_month_s_cost_and_waits_longer_where_that_is_short() -> None:
    """Gathered for no time, for ten minutes, for an hour: a request costs its headers each time."""
    rates = msgspec.structs.replace(RATES, forward={0: 2e6, 10: 500_000.0, 60: 100_000.0})
    costs = {}
    for most in (None, 50e6, 35e6):
        month = Month(most, rates)
        month.at(0)
        costs[month.budget.forward_every_min()] = month.budget.snapshot.a_month
    assert costs == {0: 90e6, 10: 45e6, 60: 33e6}


def test_pictures_by_schedule_wait_for_the_next_month_where_this_one_is_used_up() -> None:
    """And without a budget for nothing."""
    month = Month(1e6)
    month.at(0)
    assert not month.budget.admits_picture(1000)
    assert Month(None).budget.admits_picture(10**9)


def test_what_the_station_needs_is_shown_before_its_lanes_begin() -> None:
    """`status` tells the month's cost at once."""
    month = Month(None, Rates(dict.fromkeys((1, 5, 10, 60), 0.0)))
    assert month.budget.snapshot.a_month == 0.0
    month.budget.begin(RATES)
    assert month.budget.snapshot.a_month == 30e6


@pytest.mark.parametrize(("scheme", "tls"), [("mqtts", True), ("mqtt", False)])
def test_the_terms_are_the_file_s(tmp_path: Path, scheme: str, tls: bool) -> None:
    """Megabytes of a million bytes, the billing day, the station's own hours, and whether TLS comes on top."""
    broker = f'[broker]\nurl = "{scheme}://127.0.0.1:1883"\n'
    found = terms_of(configured(tmp_path, broker=broker + "[budget]\nmb_per_month = 42\nbilling_day = 15\n"))
    assert (found.most, found.billing_day, found.utc_offset_h, found.tls) == (42e6, 15, 8.0, tls)
    free = terms_of(configured(tmp_path, broker=broker))
    assert (free.most, free.billing_day, free.utc_offset_h, free.tls) == (None, 1, 8.0, tls)
