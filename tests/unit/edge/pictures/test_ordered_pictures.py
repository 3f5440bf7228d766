"""What somebody who asked for a picture is told, and when."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.edge.pictures.test_schedule import Bench, bench

__all__ = ["bench"]


def test_an_order_is_done_once_the_picture_s_record_is_on_the_disk(bench: Callable[..., Bench]) -> None:
    """While the disk takes none, a power cut would leave a picture that is told as taken and is nowhere."""
    one = bench()
    one.disk_takes = False
    one.order(None, "c-1")
    one.clock.run_until(10)
    assert (len(one.pictures()), one.done) == (1, [])
    one.lane.recorded(one.pictures()[0].body["picture"])
    one.clock.run_until(20)
    assert [(command, done) for command, done, *_ in one.done] == [("c-1", True)]


def test_whoever_asked_hears_in_time_that_a_picture_has_no_record(bench: Callable[..., Bench]) -> None:
    """A record that no disk takes, or that was lost on its way, keeps nobody waiting for ever."""
    one = bench()
    one.disk_takes = False
    one.order(None, "c-1")
    one.clock.run_until(170)
    assert one.done == []
    one.clock.run_until(190)
    assert [(command, done, why.code) for command, done, why, _ in one.done] == [("c-1", False, "picture_not_recorded")]
    one.lane.recorded(one.pictures()[0].body["picture"])
    one.clock.run_until(200)
    assert len(one.done) == 1
