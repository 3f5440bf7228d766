"""Cameras that hang, and what those that are well notice of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.pictures.schedule import REQUESTS
from edge.pictures.spool import CaptureRequest, CaptureResult
from tests.unit.edge.pictures.test_schedule import GOOD, Bench, bench

__all__ = ["bench"]


def test_cameras_that_hang_again_leave_a_place_to_one_that_is_well(bench: Callable[..., Bench]) -> None:
    """Three that hung are all tried again at one time, for half a minute each: a fourth one does not wait for them."""
    hanging = ("orchard", "gate", "barn")

    def answer(request: CaptureRequest) -> CaptureResult | None:
        return None if request.camera.name in hanging else GOOD

    one = bench(names=(*hanging, "well"), every_min=1, by_night=True)
    one.attendant.answers = answer
    one.clock.run_until(150)
    asked = [request.camera.name for request in one.attendant.requests]
    again = [place for place, name in enumerate(asked) if name == hanging[0]][1]
    assert "well" in asked[again : again + 3], asked
    assert asked.count("barn") > 1, "it is tried again too"


@pytest.mark.parametrize(("place", "most"), [("http://127.0.0.1/{}", 1), ("http://127.0.0.{}/", 3)])
def test_a_device_is_asked_for_one_picture_at_a_time(bench: Callable[..., Bench], place: str, most: int) -> None:
    """A recorder gives its channels one by one; cameras of their own are asked beside each other, but for one place."""
    one = bench(names=tuple("abcde"), place=place, every_min=1, by_night=True)
    at_once: list[int] = []

    def answer(request: CaptureRequest) -> CaptureResult | None:
        at_once.append(len(list(one.attendant.spool.folder.glob("taken-*"))))
        return None

    one.attendant.answers = answer
    one.clock.run_until(100)
    assert max(at_once) == most


def test_whoever_asks_for_too_many_pictures_is_told(bench: Callable[..., Bench]) -> None:
    """What waits has a bound."""
    one = bench()
    for number in range(4 * REQUESTS):
        one.order(None, f"c-{number}")
    refused = [done for _, done, why, _ in one.done if why.code == "too_many_pictures"]
    assert refused
    assert not any(refused)
