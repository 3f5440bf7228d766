"""Simulated time: the order of lanes follows from time alone, at every speed."""

from __future__ import annotations

import os
import random
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.clock import Stopped
from edge.sim.clock import SimClock, Spinning
from edge.sim.lane import Killed

FOREVER = float("inf")


def trace(speed: float | None, plans: list[list[float]]) -> list[tuple[float, int]]:
    clock = SimClock(speed=speed)
    seen: list[tuple[float, int]] = []

    def walker(number: int, plan: list[float]) -> None:
        for step in plan:
            clock.sleep_until(clock.now() + step)
            seen.append((clock.now(), number))

    for number, plan in enumerate(plans):
        clock.lane(f"walker {number}", partial(walker, number, plan))
    clock.run_until(FOREVER)
    return seen


@given(st.lists(st.lists(st.floats(0, 5), max_size=5), max_size=4))
@settings(max_examples=50, deadline=None)
def test_lanes_take_the_same_turns_every_time(plans: list[list[float]]) -> None:
    """The same plans give the same order of turns, and time never falls back."""
    first = trace(None, plans)
    assert first == trace(None, plans)
    assert [t for t, _ in first] == sorted(t for t, _ in first)
    assert len(first) == sum(map(len, plans))


def test_the_speed_changes_nothing() -> None:
    """A run at a thousandfold pace gives the turns of one that goes as fast as it can."""
    rng = random.Random(7)
    plans = [[rng.uniform(0, 20) for _ in range(20)] for _ in range(3)]
    assert trace(1000.0, plans) == trace(None, plans)


def test_an_inbox_hands_items_on_in_order_and_counts_what_it_cannot_hold() -> None:
    """Items arrive in the order they were put; a full inbox refuses an offer and counts it."""
    clock = SimClock()
    inbox = clock.inbox(2)
    got: list[object] = []
    offers: list[bool] = []

    def giver() -> None:
        offers.extend(inbox.offer(n) for n in range(3))
        clock.sleep_until(5)
        inbox.put("late")

    def taker() -> None:
        clock.sleep_until(1)
        got.extend(inbox.get(clock.now()) for _ in range(2))
        got.append(inbox.get(2.0))
        got.append((inbox.get(FOREVER), clock.now()))

    clock.lane("giver", giver)
    clock.lane("taker", taker)
    clock.run_until(FOREVER)
    assert offers == [True, True, False]
    assert inbox.lost == 1
    assert got == [0, 1, None, ("late", 5)]


def test_what_is_offered_without_waking_is_taken_with_what_wakes_or_at_the_deadline() -> None:
    """A lane that waits sleeps over readings until its minute ends, or until something that cannot wait comes."""
    clock = SimClock()
    inbox = clock.inbox(100)
    got: list[tuple[object, float]] = []

    def giver() -> None:
        for n in range(8):
            clock.sleep_until(n)
            inbox.offer(n, wake=n == 2)

    def taker() -> None:
        got.extend((inbox.get(6.5), clock.now()) for _ in range(8))

    clock.lane("giver", giver)
    clock.lane("taker", taker)
    clock.run_until(FOREVER)
    assert got == [(0, 2), (1, 2), (2, 2), (3, 6.5), (4, 6.5), (5, 6.5), (6, 6.5), (None, 6.5)]


def test_an_inbox_that_is_half_full_wakes_whoever_waits() -> None:
    """Readings that wake nobody cannot fill an inbox while the lane that takes them sleeps."""
    clock = SimClock()
    inbox = clock.inbox(4)
    got: list[tuple[object, float]] = []

    def giver() -> None:
        for n in range(10):
            clock.sleep_until(n)
            assert inbox.offer(n, wake=False)

    def taker() -> None:
        got.extend((inbox.get(100.0), clock.now()) for _ in range(10))

    clock.lane("giver", giver)
    clock.lane("taker", taker)
    clock.run_until(FOREVER)
    assert got == [(n, n // 3 * 3 + 2) for n in range(9)] + [(9, 100.0)]


def test_a_readable_descriptor_is_due_at_once() -> None:
    """A lane that waits for bytes goes on at the instant at which they were written."""
    clock = SimClock()
    near, far = os.pipe()
    seen: list[tuple[bool, float]] = []

    def reader() -> None:
        seen.append((clock.wait_readable(near, 3.0), clock.now()))
        seen.append((clock.wait_readable(near, 100.0), clock.now()))

    def writer() -> None:
        clock.sleep_until(10.0)
        os.write(far, b"x")
        clock.sleep_until(20.0)

    clock.lane("reader", reader)
    clock.lane("writer", writer)
    clock.run_until(FOREVER)
    assert seen == [(False, 3.0), (True, 10.0)]
    os.close(near)
    os.close(far)


def test_a_lane_that_spins_fails_the_run() -> None:
    """A loop that only asks for the time would never end under simulated time: the run says so."""
    clock = SimClock()

    def spin() -> None:
        while clock.now() < 1:
            pass

    clock.lane("spinner", spin)
    with pytest.raises(Spinning):
        clock.run_until(10)


def test_a_lane_that_waits_for_an_instant_that_has_come_fails_the_run() -> None:
    """A deadline that is over by one reckoning and not by another would wait at one instant for ever."""
    clock = SimClock(32_771.832_639_453_03)
    heard = 32_651.832_639_453_034

    def wait() -> None:
        while clock.now() - heard < 120.0:
            clock.sleep_until(heard + 120.0)

    clock.lane("waiter", wait)
    with pytest.raises(Spinning, match="waiter"):
        clock.run_until(40_000.0)


def test_stopped_and_killed_lanes_end_differently() -> None:
    """A stopped lane may put things in order; a killed one is gone as after a SIGKILL."""
    clock = SimClock()
    ends: list[str] = []

    def lane(name: str) -> None:
        try:
            clock.sleep_until(FOREVER)
        except Stopped:
            ends.append(f"{name} stopped")
            raise
        except Killed:
            ends.append(f"{name} killed")
            raise

    one = clock.lane("one", lambda: lane("one"))
    two = clock.lane("two", lambda: lane("two"))
    clock.run_until(1)
    one.stop()
    two.kill()
    clock.run_until(clock.now())
    assert sorted(ends) == ["one stopped", "two killed"]
    assert clock.alive == 0
