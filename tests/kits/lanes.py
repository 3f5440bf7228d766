"""Running a test's body as a lane of simulated time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from edge.sim.clock import SimClock

T = TypeVar("T")


def on_lane(body: Callable[[SimClock], T], clock: SimClock | None = None) -> T:
    """Run `body` on a lane. Return what it returns, raise what it raises."""
    clock = clock or SimClock()
    results: list[T] = []

    def run() -> None:
        results.append(body(clock))
        clock.halt()

    clock.lane("test", run)
    clock.run_until(1e8)
    return results[0]
