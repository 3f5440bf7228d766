"""No camera and no recorder is ever locked by being asked too often, over restarts of the station."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from drivers.cameras.camera import LoginRefusedError
from drivers.reason import Reason
from edge.config.sections import CameraSection
from edge.pictures.logins import RefusedLogins, login_of, pause
from edge.pictures.reasons import ENDED
from edge.pictures.schedule import PictureLane
from edge.pictures.spool import CaptureRequest, CaptureResult, CaptureTarget, Spool
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

    def station(self, hours: float, password: str, word: Callable[[], object] | None = None, slips: int = 0) -> None:
        """Run a station that is started now for some hours, for a minute more after a word to it, and end it.

        `slips`: channels with a slip in their password; there are only two then.
        """
        cameras = tuple(
            CameraSection(
                name=f"channel-{number}",
                driver="http",
                url=f"http://192.0.2.9/ISAPI/Streaming/channels/{number}01/picture",
                username="admin",
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


def logins(file: Path, now: float = 0.0, utc: int | None = None, boot: str = "a") -> RefusedLogins:
    """Return what a station that is started now knows of refused logins."""
    made = RefusedLogins(file, boot, lambda: now, lambda: utc)
    made.load()
    return made


def of(url: str, user: str = "admin", password: str = "x") -> CaptureTarget:
    """Return a camera."""
    return CaptureTarget("c", "http", url, user, password)


def test_the_box_and_the_user_are_what_is_blocked(tmp_path: Path) -> None:
    """Other channels and ports of one box wait, another box, a forwarded port, user or password do not."""
    file = tmp_path / "logins.json"
    known = logins(file)
    known.refused(login_of(of("http://nvr/1")))
    for url, driver in (
        ("https://NVR/2", "http"),
        ("https://nvr:443/2", "http"),
        ("rtsp://nvr:554/3", "rtsp"),
        ("rtsps://nvr:322/3", "rtsp"),
        ("http://admin:x@nvr:80/4", "http"),
    ):
        assert known.seconds_left(login_of(CaptureTarget("d", driver, url, "admin", "x"))) == 1800.0
    others = (
        of("http://nvr2/1"),
        of("http://nvr:8081/1"),
        of("http://nvr/1", "guest"),
        of("http://nvr/1", password="y"),
    )
    assert [known.seconds_left(login_of(other)) for other in others] == [0.0] * 4
    known.refused(login_of(of("http://nvr/1", password="geheim")))
    assert "geheim" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_passwords_that_are_guessed_wait_too(tmp_path: Path) -> None:
    """After three different passwords a fourth waits as well, and not the one that is known to be good."""
    known = logins(tmp_path / "logins.json")
    for password in "abc":
        known.refused(login_of(of("http://nvr/1", password=password)))
    assert known.seconds_left(login_of(of("http://nvr/1", password="d"))) > 0
    known.accepted(login_of(of("http://nvr/1")))
    known.unreached(login_of(of("https://nvr/1")))  # another port of the box, which is closed, ends no wait
    again = logins(tmp_path / "logins.json")
    assert [again.seconds_left(login_of(of("http://nvr/1", password=one))) > 0 for one in "adx"] == [True, True, False]
    again.refused(login_of(of("http://nvr/1")))
    assert again.seconds_left(login_of(of("http://nvr/1"))) == 1800.0  # what was good is counted anew
    again.accepted(login_of(of("http://nvr/1", password="a")))
    assert again.seconds_left(login_of(of("http://nvr/1", password="d"))) == 0.0


def test_a_recorder_is_not_locked_by_one_channel_s_slip_beside_a_good_one(recorder: Recorder) -> None:
    """The pictures of another channel, by the same user, do not let the wrong password be tried again."""
    recorder.station(6.0, "right", slips=1)
    assert 1 <= recorder.bad < LOCKS_AFTER
    assert recorder.pictures() >= 11


def test_a_wait_goes_on_over_a_boot(tmp_path: Path) -> None:
    """By UTC where it is known at both ends, otherwise anew; a file that is torn is none."""
    file, login = tmp_path / "logins.json", login_of(of("http://nvr/1"))
    logins(file, 100.0, 0).refused(login)
    assert logins(file, 5.0, 1_000_000_000, "b").seconds_left(login) == 800.0
    assert logins(file, 5.0, None, "b").seconds_left(login) == 1800.0
    assert logins(file, 5.0, -(10**15), "b").seconds_left(login) == 1800.0
    file.write_bytes(b'{"salt"')
    assert logins(file).seconds_left(login) == 0.0


def test_what_comes_of_each_try_is_known_after_a_restart(tmp_path: Path) -> None:
    """A try that is under way, one that nothing answered, a picture, a person's word: by whoever asks then."""
    file, login = tmp_path / "logins.json", login_of(of("http://nvr/1"))
    other = login_of(of("http://nvr/2", password="y"))
    known = logins(file)
    known.refused(login)
    late = 1801.0

    def waits() -> tuple[float, float]:
        live, again = known.seconds_left(login), logins(file, late).seconds_left(login)
        assert live == again
        return live, logins(file, late).seconds_left(other)

    known = logins(file, late)
    assert waits() == (0.0, 0.0)
    known.claim(other)
    assert waits() == (0.0, 0.0), "another password is no try of the one that was refused"
    known.claim(login)
    assert waits() == (1800.0, 0.0), "nobody else tries it meanwhile"
    known.unreached(login)
    assert waits() == (0.0, 0.0)
    known.claim(login)
    known.accepted(login)
    assert waits() == (0.0, 0.0)
    known.refused(login)
    assert waits()[0] == 1800.0, "what was refused before the picture is forgotten"
    known.forgive()
    assert waits() == (0.0, 0.0)
    known.unknown(login)
    assert waits() == (0.0, 0.0), "nobody knows that it was refused"
    known.refused(login)
    assert waits()[0] == 7200.0, "but it may have been"


@pytest.mark.parametrize(("times", "hours"), [(0, 0.5), (1, 0.5), (2, 2), (3, 8), (4, 24), (99, 24)])
def test_waits_grow_so_that_a_recorder_sees_four_refusals_a_day(times: int, hours: float) -> None:
    """Half an hour, two, eight, a day and so on: the fifth in 24 hours would lock it."""
    assert pause(times) == hours * HOUR
