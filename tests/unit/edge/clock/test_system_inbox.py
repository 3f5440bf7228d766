"""The station's own inbox: what wakes whoever waits for it, and what lies there until its deadline."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from edge.clock.clock import SystemClock

SOON, LATE, NEVER = 0.05, 20.0, 600.0  # s


class MeanwhileClock(SystemClock):
    """The system's clock; something happens as soon as somebody waits, and what each wait came to is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []
        self.woken: list[bool] = []

    def wait_readable(self, fd: int, until: float) -> bool:
        """Let it happen, then wait."""
        while self.meanwhile:
            self.meanwhile.pop(0)()
        self.woken.append(super().wait_readable(fd, until))
        return self.woken[-1]


def test_what_wakes_nobody_is_there_at_the_deadline() -> None:
    """A reading that comes while the recorder sleeps is taken when its minute ends, neither lost nor overlooked."""
    clock = MeanwhileClock()
    inbox = clock.inbox(10)
    clock.meanwhile = [partial(inbox.offer, "reading", wake=False)]
    assert inbox.get(clock.now() + SOON) == "reading"
    assert clock.woken == [False]
    assert inbox.get(clock.now()) is None


def test_what_wakes_brings_all_that_lay_there_in_order() -> None:
    """An order or a known time is not kept waiting by the readings before it, and comes after them."""
    clock = MeanwhileClock()
    inbox = clock.inbox(100)
    readings = [partial(inbox.offer, reading, wake=False) for reading in ("one", "two")]
    clock.meanwhile = [*readings, partial(inbox.offer, "order")]
    assert [inbox.get(clock.now() + LATE) for _ in range(3)] == ["one", "two", "order"]
    assert clock.woken == [True]
    assert len(inbox) == 0


def test_a_half_full_inbox_wakes_and_nothing_is_lost() -> None:
    """Readings alone cannot fill an inbox while the lane that takes them sleeps."""
    clock = MeanwhileClock()
    inbox = clock.inbox(8)
    clock.meanwhile = [partial(inbox.offer, number, wake=False) for number in range(5)]
    assert [inbox.get(clock.now() + LATE) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert clock.woken == [True]
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
