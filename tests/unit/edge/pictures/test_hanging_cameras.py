"""Cameras that hang, and what those that are well notice of it."""

from __future__ import annotations

from collections.abc import Callable

from edge.pictures.spool import CaptureRequest, CaptureResult
from tests.unit.edge.pictures.test_schedule import GOOD, Bench, bench

__all__ = ["bench"]


def test_cameras_that_hang_again_leave_a_place_to_one_that_is_well(bench: Callable[..., Bench]) -> None:
    """Three that hung are all tried again at one time, for half a minute each: a fourth one does not wait for them."""
    hanging = ("orchard", "gate", "barn")

    def answer(request: CaptureRequest) -> CaptureResult | None:
        return None if request.camera.name in hanging else GOOD

    one = bench(more=("gate", "barn", "well"), every_min=1, by_night=True)
    one.attendant.answers = answer
    one.clock.run_until(150)
    asked = [request.camera.name for request in one.attendant.requests]
    again = [place for place, name in enumerate(asked) if name == hanging[0]][1]
    assert "well" in asked[again : again + 3], asked
    assert asked.count("barn") > 1, "it is tried again too"
