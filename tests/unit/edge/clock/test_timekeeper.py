"""The lane that asks the sources: an answer that took long states as much, and one that comes and goes is heard."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from edge.clock.anchors import Anchor, Slewed
from edge.clock.clock import SystemClock, crystal, system_utc
from edge.clock.timekeeper import KernelTime, NotAllowedError, Timekeeper, TimeSource
from edge.clock.watch import ClockSet, ClockWatch, SystemTime
from edge.sim.clock import SimClock
from edge.sim.faults import Schedule
from edge.sim.times import Boot, BootTeller, Teller
from tests.kits.clock_days import ClockDay, judged, worst
from tests.kits.stations import BEGIN, HOUR
from tests.kits.store_kit import memory_folder

BOOT = Boot("b", BEGIN)


class Kernel:
    """The kernel's end of adjtimex(2): its verdict, its bound (microseconds), and what it still corrects."""

    def __init__(self, state: int, error_us: int, status: int = 0, offset: int = 0) -> None:
        self._state, self._error_us = state, error_us
        self._status, self._offset = status, offset

    def adjtimex(self, timex: Any) -> int:
        """Answer as the C library does."""
        ctypes.set_errno(1)  # EPERM; also what a call that succeeded leaves there from an earlier one
        timex._obj.maxerror = self._error_us
        timex._obj.status, timex._obj.offset = self._status, self._offset
        return self._state


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize(
    ("state", "error_us", "told"),
    [
        (0, 250_000, ("ntp", 0.25)),
        (0, 0, ("ntp", 1e-6)),
        (1, 20_000, ("ntp", 0.02)),  # a leap second is announced
        (4, 20_000, ("ntp", 0.02)),
        (5, 20_000, None),  # not synchronised, whatever bound is left of what once was
        (-1, 0, None),
    ],
)
def test_the_kernels_clock_is_the_time_where_somebody_keeps_it_right(
    trusted: bool, state: int, error_us: int, told: tuple[str, float] | None
) -> None:
    """Its error is the kernel's own; where nobody does, it is no time, or one of an error of a second where trusted."""
    source = KernelTime(trusted)
    source._libc = Kernel(state, error_us)  # type: ignore[assignment]  # another kernel
    if state < 0 and not trusted:
        with pytest.raises(NotAllowedError):
            source.probe("b", 1.0)
        return
    anchor = source.probe("b", 1.0)
    told = ("system", 1.0) if told is None and trusted else told
    assert (anchor and (anchor.source, anchor.error)) == told
    assert anchor is None or (anchor.boottime == 1.0 and abs(anchor.utc - system_utc()) < 60_000_000)


@pytest.mark.parametrize(
    ("status", "offset", "error_us", "wrong"),
    [
        # Linux 6.1, told as systemd-timesyncd tells it that its clock is 0.38 s behind
        (0x2001, 380_000_000, 0, 0.3799),
        (0x2001, 313_110_351, 1_500, 0.3281),
        (0x2001, 144_328_714, 7_500, 0.1527),
        (0x2001, 30_666_440, 19_500, 0.0329),
        (0x2001, -380_000_000, 0, 0.3799),
        (0x0001, 120_000, 0, 0.12),  # in microseconds
    ],
)
def test_what_is_still_to_be_corrected_is_a_part_of_the_error(
    status: int, offset: int, error_us: int, wrong: float
) -> None:
    """systemd-timesyncd tells an error of zero while the kernel has yet to correct what it found: the time is as wrong
    as that, and states as much, and little more."""
    source = KernelTime()
    source._libc = Kernel(0, error_us, status, offset)  # type: ignore[assignment]  # another kernel
    anchor = source.probe("b", 1.0)
    assert anchor is not None and wrong <= anchor.error < 1.4 * wrong + error_us / 1e6


class Slow:
    """A source that is kept from its answer before it has read the time, or after, as by a card or a suspend."""

    def __init__(self, clock: SimClock, before: float, after: float) -> None:
        self._clock, self._before, self._after = clock, before, after

    def probe(self, boot: str, boottime: float) -> Anchor:
        """Return the true time as it was in between."""
        self._clock.sleep_until(self._clock.now() + self._before)
        utc = BOOT.utc_at(self._clock.now())
        self._clock.sleep_until(self._clock.now() + self._after)
        return Anchor(boot, boottime, utc, "ntp", 0.02)


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (7.0, 0.0), (0.0, 7.0), (3.0, 4.0)])
def test_an_answer_that_was_kept_up_states_so_much_more(before: float, after: float) -> None:
    """Whenever in the call the time was read, the anchor is true within the error that it states, and the next one's
    is not the worse for it."""
    clock = SimClock(100.0)
    sources: list[TimeSource] = [Slow(clock, before, after), BootTeller(Teller("platform", 0.05), BOOT, BEGIN, 1)]
    found: list[Anchor] = []
    keeper = Timekeeper(sources, BOOT.id, clock, clock.inbox(1), settled=lambda: False)
    clock.lane("time", lambda: found.extend(keeper.look()))
    clock.run_until(200.0)
    slow, prompt = found
    assert abs(slow.utc - BOOT.utc_at(slow.boottime)) / 1e6 <= slow.error <= 0.02 + (before + after) / 2 + 1e-6
    assert prompt.boottime == 100.0 + before + after
    assert prompt.error == 0.05


def test_a_source_that_comes_and_goes_is_heard() -> None:
    """It tells the time for a minute of each five, never when a look is due: the next look comes soon, and the error
    stays small for hours."""
    heard = tuple((n * 300.0, n * 300.0 + 60.0, 0.0) for n in range(100))
    with memory_folder() as folder:
        day = ClockDay(folder, Schedule(tellers=(Teller("ntp", 0.02, heard),), ppm=80.0))
        records = day.live(8 * HOUR)
    assert judged(day, records) == []
    assert worst(records) < 0.2


def test_the_machines_own_clocks_run_alike() -> None:
    """Nothing is told of clocks that nobody touches; one that is read anew is compared with itself."""
    clock = SystemClock()
    watch = ClockWatch(clock, SystemTime(system_utc, crystal), "b")
    for _look in range(5):
        clock.sleep_until(clock.now() + 0.1)
        assert watch.look() is None


def test_a_set_and_a_slewed_clock_are_told_apart() -> None:
    """The step is told with its seconds, the slew with what the crystal counted meanwhile, and nothing after it."""
    clock, boot = SimClock(0.0), Boot("b", BEGIN, 30.0, ((100.0, 110.0, -0.1),))
    system = SystemTime(lambda: boot.slewed_utc(clock.now()), lambda: boot.crystal(clock.now()))
    watch = ClockWatch(clock, system, boot.id)
    found = []
    for second in range(1, 130):
        clock.run_until(float(second))
        found.append(watch.look())
    assert found[99] == ClockSet(1.0)
    slews = [one for one in found if isinstance(one, Slewed)]
    assert [one.until for one in slews] == [101.0 + n for n in range(10)]
    assert sum(one.elapsed - (one.until - one.since) for one in slews) == pytest.approx(1.0)
    assert len([one for one in found if one is not None]) == 11


def test_a_slew_is_not_lost_where_the_recorder_takes_nothing_for_a_while() -> None:
    """A disk that hangs fills its inbox: what was slewed meanwhile is handed over once there is room, all of it."""
    clock = SimClock(100.0)
    inbox = clock.inbox(1)
    inbox.offer("readings")
    system = SystemTime(lambda: BOOT.utc_at(clock.now()), lambda: clock.now() - max(0.0, min(clock.now() - 150.0, 5.0)))
    keeper = Timekeeper([], BOOT.id, clock, inbox, settled=lambda: False, watch=ClockWatch(clock, system, BOOT.id))
    clock.lane("time", keeper.run)
    clock.run_until(300.0)
    found: list[Any] = []

    def take() -> None:
        while True:
            found.append(inbox.get(float("inf")))

    clock.lane("recorder", take)
    clock.run_until(400.0)
    slewed = [one for one in found if isinstance(one, Slewed)]
    assert sum(one.until - one.since - one.elapsed for one in slewed) == pytest.approx(5.0, abs=0.1)
