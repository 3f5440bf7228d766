"""No camera and no recorder is ever locked by being asked too often, over restarts of the station."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from drivers.cameras.camera import LoginRefusedError
from drivers.reason import Reason
from edge.config.sections import CameraSection
from edge.pictures.reasons import ENDED
from edge.pictures.schedule import PictureLane
from edge.pictures.spool import CaptureRequest, CaptureResult, Spool
from edge.records.record import ClockMark, Draft, Kind
from edge.sim.clock import SimClock
from edge.store.picture_files import Shelf
from tests.unit.edge.pictures.test_schedule import BOOT_UTC, GOOD, SITE, Attendant

LOCKS_AFTER = 5
HOUR = 3600.0


class Recorder:
    """A recorder of 16 channels that locks for good at the fifth bad login, and a station's pictures of it."""

    def __init__(self, state: Path, password: str = "right") -> None:
        self.state, self.password = state, password
        self.clock = SimClock(0.0)
        self.attendant = Attendant(state / "spool")
        self.attendant.answers = self._answer
        self.bad, self.drafts = 0, list[Draft]()
        self.boot = "boot"

    def _answer(self, request: CaptureRequest) -> CaptureResult:
        if request.camera.password == self.password:
            return GOOD
        self.bad += 1
        why = Reason("http_login_refused", "the camera refuses the login")
        return CaptureResult(request.id, False, LoginRefusedError.kind.having(detail=why))

    def station(
        self, hours: float, password: str, word: Callable[[], object] | None = None, slips: int = 0, users: int = 1
    ) -> None:
        """Run a station that is started now for some hours, for a minute more after a word to it, and end it.

        `slips`: channels with a slip in their password; there are only two then. `users`: of all channels.
        """
        cameras = tuple(
            CameraSection(
                name=f"channel-{number}",
                driver="http",
                url=f"http://192.0.2.9/ISAPI/Streaming/channels/{number}01/picture",
                username=f"admin{number % users or ''}",
                password=password + "r" * (number <= slips),
                every_min=30,
                by_night=True,
            )
            for number in range(1, 3 if slips else 17)
        )
        self.lane = PictureLane(
            cameras,
            SITE,
            "min-1",
            self.clock,
            Spool(self.state / "spool"),
            Shelf(self.state),
            utc=lambda: (BOOT_UTC + round(self.clock.now() * 1e6), ClockMark("sim", 0.0)),
            boot=self.boot,
            post=self.drafts.append,
            patience=5.0,
        )
        running = self.clock.lane("pictures", self.lane.run)
        self.clock.run_until(self.clock.now() + hours * HOUR)
        if word is not None:
            word()
            self.clock.run_until(self.clock.now() + 60.0)
        running.stop()
        self.clock.run_until(self.clock.now() + 1.0)

    def pictures(self) -> int:
        """Return how many pictures there are."""
        return sum(draft.kind is Kind.PICTURE for draft in self.drafts)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """Give a recorder and a station's folder."""
    made = Recorder(tmp_path)
    yield made
    made.attendant.close()


@pytest.mark.parametrize("reboots", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_recorder_is_never_locked_by_a_wrong_password(recorder: Recorder, reboots: bool) -> None:
    """24 hours, 16 channels, a start of the daemon or of the box each 3 hours: fewer bad logins than lock it."""
    for start in range(8):
        recorder.boot = f"boot {start}" if reboots else "boot"
        recorder.station(3.0, "wrong")
    assert 1 <= recorder.bad < LOCKS_AFTER
    recorder.station(0.6, "right")  # other settings are tried at once, and all channels come back
    assert recorder.bad < LOCKS_AFTER
    assert recorder.pictures() >= 16


@pytest.mark.parametrize("crashes", [1, *(pytest.param(crashes, marks=pytest.mark.slow) for crashes in (2, 3))])
def test_a_recorder_is_not_locked_by_tries_that_nobody_saw_the_end_of(recorder: Recorder, crashes: int) -> None:
    """A camera process that ends over a refused login tells nobody of it; the recorder has counted it all the same."""

    def crash(request: CaptureRequest) -> CaptureResult:
        found = recorder._answer(request)
        return found if found.ok or recorder.bad > crashes else CaptureResult(request.id, False, ENDED)

    recorder.attendant.answers = crash
    for start in range(8):
        recorder.boot = f"boot {start}"
        recorder.station(3.0, "wrong")
    assert crashes < recorder.bad < LOCKS_AFTER


def test_a_recorder_is_not_locked_beside_pictures_that_need_no_login(recorder: Recorder) -> None:
    """A snapshot that anybody may have says nothing of the password, which another channel is refused by."""

    def open_to_all(request: CaptureRequest) -> CaptureResult:
        if request.camera.name == "channel-1":
            return msgspec.structs.replace(GOOD, logged_in=False)
        return recorder._answer(request)

    recorder.attendant.answers = open_to_all
    for start in range(6):
        recorder.boot = f"boot {start}"
        recorder.station(1.1, "wrong")
    assert 1 <= recorder.bad < LOCKS_AFTER


def test_a_person_s_word_lets_a_login_be_tried_again(recorder: Recorder) -> None:
    """After the password was mended at the recorder itself, a command ends the wait for all channels."""

    def word() -> None:
        recorder.password = "set-later"
        recorder.lane.forgive_logins()

    recorder.station(0.6, "set-later", word)
    assert recorder.bad == 1
    assert {draft.body["camera"] for draft in recorder.drafts if draft.kind is Kind.PICTURE} == {
        f"channel-{number}" for number in range(1, 17)
    }


def test_a_recorder_is_not_locked_by_one_channel_s_slip_beside_a_good_one(recorder: Recorder) -> None:
    """The pictures of another channel, by the same user, do not let the wrong password be tried again."""
    recorder.station(6.0, "right", slips=1)
    assert 1 <= recorder.bad < LOCKS_AFTER
    assert recorder.pictures() >= 11


@pytest.mark.parametrize("users", [2, 16])
def test_a_recorder_with_several_users_is_not_locked(recorder: Recorder, users: int) -> None:
    """It may count whoever asks and not the user: all wrong logins of one box together are fewer than lock it."""
    for start in range(8):
        recorder.boot = f"boot {start}"
        recorder.station(3.0, "wrong", users=users)
    assert 2 <= recorder.bad < LOCKS_AFTER
