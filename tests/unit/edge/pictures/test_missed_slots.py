"""Pictures that a station was off for, or ended over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.pictures.spool import LastPicture, Spool
from tests.unit.edge.pictures.test_schedule import BOOT_UTC, HOUR, Bench, bench

__all__ = ["bench"]


@pytest.mark.parametrize(
    ("last", "known_from", "pictures"),
    [
        (BOOT_UTC - 20 * HOUR, 0.0, 1),  # the day's slot began meanwhile
        (BOOT_UTC - 10 * HOUR, 0.0, 0),  # it has its picture
        (BOOT_UTC + 90 * HOUR, 0.0, 0),  # of a clock that was ahead
        (None, 0.0, 0),
        (BOOT_UTC - 20 * HOUR, 90.0, 1),
        (BOOT_UTC - 20 * HOUR, 999.0, 0),  # nobody knows whether it is still that day
    ],
)
def test_the_picture_of_a_slot_that_a_station_ended_over_is_taken_after_its_start(
    bench: Callable[..., Bench], tmp_path: Path, last: int | None, known_from: float, pictures: int
) -> None:
    """One picture a day would else be lost by a power cut over it; a slot that has its picture gets no other."""
    Spool(tmp_path / "0" / "spool").remember({"orchard": LastPicture("", last)})
    one = bench(known=lambda now: now >= known_from, every_min=1440, by_night=True)
    one.clock.run_until(200)
    assert len(one.pictures()) == pictures


def test_when_a_camera_gave_its_last_picture_is_kept(bench: Callable[..., Bench]) -> None:
    """By that a later start knows which slots have theirs, and whether a camera is frozen."""
    one = bench(every_min=60, by_night=True)
    one.clock.run_until(2 * 3600.0)
    kept = one.attendant.spool.remembered()["orchard"].utc
    assert kept == one.pictures()[-1].start is not None
