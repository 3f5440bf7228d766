"""What comes of one picture: what is tried again, and what is told. The camera process is a thread here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.cameras.camera import UnreachableError
from drivers.reason import Reason
from edge.pictures.reasons import ENDED
from edge.pictures.spool import CaptureRequest, CaptureResult, CaptureTarget
from edge.records.bodies import encode
from tests.unit.edge.pictures import test_schedule
from tests.unit.edge.pictures.test_schedule import GOOD, Bench, failing

bench = test_schedule.bench


@pytest.mark.parametrize(("why", "tries"), [(ENDED, 2), (UnreachableError.kind, 1)])
def test_only_a_crash_is_tried_again_at_once_and_only_for_somebody_who_waits(
    bench: Callable[..., Bench], why: Reason, tries: int
) -> None:
    """A camera that refuses is not asked twice for one look, and one whose library crashes not twice by schedule."""
    one = bench(by_night=True)
    one.attendant.answers = failing(why)
    one.order(None, "c-1")
    one.clock.run_until(10)
    assert len(one.attendant.requests) == tries
    assert [done for _, done, *_ in one.done] == [False]
    by_schedule = bench(by_night=True)
    by_schedule.attendant.answers = failing(why)
    by_schedule.clock.run_until(3610)
    assert len(by_schedule.attendant.requests) == 1


def test_a_disk_that_takes_no_picture_is_named_to_whoever_waits(bench: Callable[..., Bench]) -> None:
    """The sentence says what the disk says; the next picture is there when the disk takes it."""
    one = bench(by_night=True)
    place = one.attendant.spool.folder.parent / "pictures"
    place.write_text("in the way")
    one.order(None, "c-1")
    one.clock.run_until(10)
    ((_, done, why, _),) = one.done
    assert (done, why.code) == (False, "picture_not_kept")
    place.unlink()
    one.order(None, "c-2")
    one.clock.run_until(20)
    assert one.done[1][:2] == ("c-2", True)


def test_an_answer_that_nobody_can_understand_is_no_picture_and_ends_nothing(bench: Callable[..., Bench]) -> None:
    """Whoever waits hears that there is none, and the next picture is taken."""
    one = bench(by_night=True)

    def nonsense(request: CaptureRequest) -> None:
        answer = CaptureResult("\0", True, full=GOOD.full, thumbnail=GOOD.thumbnail)
        (one.attendant.spool.folder / f"answer-{request.id}.json").write_bytes(encode(answer))

    one.attendant.answers = nonsense
    for number in range(6):  # more than there are lanes
        one.order(None, f"c-{number}")
        one.clock.run_until(10 * (number + 1))
    assert [(done, why.code) for _, done, why, _ in one.done] == [(False, "no_picture")] * 6
    one.attendant.answers = lambda request: GOOD
    one.order(None, "c-6")
    one.clock.run_until(100)
    assert one.done[6][:2] == ("c-6", True)


def test_the_camera_process_is_told_what_the_file_says_of_the_camera(bench: Callable[..., Bench]) -> None:
    """Its address, login and size: it sees nothing else of the station."""
    one = bench(
        by_night=True, username="admin", password="geheim", width=640, height=360, fingerprint="ab:" * 31 + "ab"
    )
    one.order(None, "c-1")
    one.clock.run_until(10)
    assert one.attendant.requests[0].camera == CaptureTarget(
        "orchard", "http", "http://127.0.0.1/", "admin", "geheim", 640, 360, "ab:" * 31 + "ab"
    )
