"""The supervisor: a lane that falls is started again, ever later, and soon again once it has stood for long."""

from __future__ import annotations

import pytest

from edge.backoff import Backoff
from edge.lanes import LONGEST_PAUSE_S, STABLE_S, Lanes
from edge.sim.clock import SimClock


class Faller:
    """A lane that falls after each of some times, s."""

    def __init__(self, clock: SimClock, stands: list[float]) -> None:
        self._clock, self._stands = clock, stands
        self.started: list[float] = []

    def run(self) -> None:
        """Stand for a while, then fall."""
        self.started.append(self._clock.now())
        if not self._stands:
            return
        self._clock.sleep_until(self._clock.now() + self._stands.pop(0))
        raise RuntimeError("fell")


def test_a_lane_that_stood_for_an_hour_is_restarted_at_once_again() -> None:
    """After some falls in a row the pause is a minute; one fall a day later costs a second, not a minute."""
    clock = SimClock()
    lanes = Lanes(clock)
    faller = Faller(clock, [0.0] * 9 + [STABLE_S, 0.0])
    lanes.start("one", faller.run)
    clock.run_until(STABLE_S + 1000)
    pauses = [b - a for a, b in zip(faller.started, faller.started[1:])]
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S, STABLE_S + 1, 2]
    assert lanes.falls == {"one": 11}


def test_what_is_published_of_falls_never_changes() -> None:
    """Whoever reads the counts has a snapshot: later falls make a new one."""
    clock = SimClock()
    lanes = Lanes(clock)
    lanes.start("one", Faller(clock, [1.0, 1.0]).run)
    clock.run_until(1.5)
    before = lanes.falls
    clock.run_until(100)
    assert (before, lanes.falls) == ({"one": 1}, {"one": 2})


@pytest.mark.parametrize("longest", [1.0, 60.0, 1800.0])
def test_pauses_double_and_never_overflow(longest: float) -> None:
    """However long something fails, the pause is the longest one at most."""
    backoff = Backoff(1.0, longest)
    pauses = [backoff.pause() for _ in range(5000)]
    assert pauses[:4] == [min(longest, 2.0**n) for n in range(4)]
    assert pauses[-1] == longest
    backoff.reset()
    assert backoff.pause() == 1.0


def test_a_fall_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """It names the lane and what it fell over, once for each fall."""
    clock = SimClock()
    lanes = Lanes(clock)
    lanes.start("uplink", Faller(clock, [1.0]).run)
    clock.run_until(100)
    assert [one.getMessage() for one in caplog.records] == ["uplink crashed and is restarted: RuntimeError: fell"]
