"""The station's own inbox: what wakes whoever waits for it, and what lies there until its deadline."""

from __future__ import annotations

import threading

from edge.clock.clock import SystemClock

SOON, NEVER = 0.2, 600.0  # s


def test_what_wakes_nobody_is_there_at_the_deadline() -> None:
    """A reading that wakes nobody is taken when the wait ends, not lost and not None."""
    clock = SystemClock()
    inbox = clock.inbox(10)
    until = clock.now() + SOON
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(inbox.get(until)))
    waiter.start()
    inbox.offer("reading", wake=False)
    waiter.join()
    assert got == ["reading"]
    assert inbox.get(clock.now()) is None


def test_what_wakes_brings_all_that_lay_there_in_order() -> None:
    """An order or a known time is not kept waiting by the readings before it, and comes after them."""
    clock = SystemClock()
    inbox = clock.inbox(100)
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.extend(inbox.get(clock.now() + NEVER) for _ in range(4)))
    waiter.start()
    for item in ("one", "two", "three"):
        inbox.offer(item, wake=False)
    inbox.offer("order")
    waiter.join()
    assert got == ["one", "two", "three", "order"]
    assert len(inbox) == 0


def test_a_half_full_inbox_wakes_and_nothing_is_lost() -> None:
    """Readings alone cannot fill an inbox while the lane that takes them sleeps for ten minutes."""
    clock = SystemClock()
    inbox = clock.inbox(8)
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.extend(inbox.get(clock.now() + NEVER) for _ in range(5)))
    waiter.start()
    for number in range(5):
        inbox.offer(number, wake=False)
    waiter.join()
    assert got == [0, 1, 2, 3, 4]
    assert inbox.lost == 0


def test_several_lanes_share_an_inbox() -> None:
    """Each item goes to one of the lanes that wait for it, and none is left lying while a lane waits."""
    clock = SystemClock()
    inbox, ended = clock.inbox(10), clock.inbox(1000)

    def work() -> None:
        while (item := inbox.get(clock.now() + NEVER)) is not None:
            ended.put(item)

    lanes = [clock.lane(f"worker {number}", work) for number in range(3)]
    for number in range(500):
        inbox.put(number)
    got = [ended.get(clock.now() + NEVER) for _ in range(500)]
    for lane in lanes:
        lane.stop()
    assert sorted(map(str, got)) == sorted(map(str, range(500)))
    assert all(lane.join(NEVER) for lane in lanes)
