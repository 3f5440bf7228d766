"""When pictures are taken, and how long a camera that fails is left alone. The camera process is a thread here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import ephem
import pytest

from drivers.cameras.camera import LoginRefusedError, UnreachableError
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.config.sections import CameraSection, SiteSection
from edge.pictures.schedule import PictureLane
from edge.pictures.spool import CaptureRequest, CaptureResult, FilePart, Spool
from edge.records.record import ClockMark, Draft, Kind
from edge.sim.clock import SimClock
from edge.store.picture_files import Shelf

BOOT_UTC = 1_784_304_000_000_000 + 1_234_567  # 2026-07-17 16:00:01.234567, midnight in the orchard
HOUR = 3600_000_000
SITE = SiteSection(latitude=31.68, longitude=103.85, altitude_m=1590.0)
GOOD = CaptureResult(
    "", True, full=FilePart(sha256(b"f").hexdigest(), 1), thumbnail=FilePart(sha256(b"t").hexdigest(), 1)
)


class Attendant:
    """The camera process's end of a real spool, answering at once with what `answers` says."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder)
        self.answers: Callable[[CaptureRequest], CaptureResult | None] = lambda request: GOOD
        self.requests: list[CaptureRequest] = []
        self._end = threading.Event()
        assert self.spool.attend() is not None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(0.002):
            request = self.spool.take()
            if request is not None:
                self.requests.append(request)
                answer = self.answers(request)
                if answer is not None:
                    fields = {f: getattr(answer, f) for f in answer.__struct_fields__}
                    self.spool.finish(CaptureResult(**fields | {"id": request.id}), b"f", b"t")


class Bench:
    """A picture lane in simulated time and what comes out of it."""

    def __init__(
        self, state: Path, names: tuple[str, ...] = ("orchard",), place: str = "http://127.0.0.{}/", **camera: Any
    ) -> None:
        self.clock = SimClock(0.0)
        self.known: Callable[[float], bool] = camera.pop("known", lambda now: True)
        self.attendant = Attendant(state / "spool")
        self.drafts: list[Draft] = []
        self.disk_takes = True
        self.done: list[tuple[str, bool, Reason, dict[str, Any]]] = []
        self.lane = PictureLane(
            tuple(CameraSection(name=n, driver="http", url=place.format(k), **camera) for k, n in enumerate(names, 1)),
            SITE,
            "min-1",
            self.clock,
            Spool(state / "spool"),
            Shelf(state),
            utc=self._utc,
            boot="boot",
            post=self.post,
            patience=0.6,
        )
        self.clock.lane("pictures", self.lane.run)

    def _utc(self) -> tuple[int | None, ClockMark]:
        now = self.clock.now()
        if not self.known(now):
            return None, ClockMark("arrival")
        return BOOT_UTC + round(now * 1e6), ClockMark("sim", 0.0)

    def post(self, draft: Draft) -> None:
        """Record a draft, where the disk takes any."""
        self.drafts.append(draft)
        if draft.kind == Kind.PICTURE and self.disk_takes:
            self.lane.recorded(draft.body["picture"])

    def order(self, camera: str | None, command: str) -> None:
        """Ask for a picture now, as a command does."""

        def hear(done: bool, why: Reason, data: dict[str, Any]) -> None:
            self.done.append((command, done, why, data))

        self.lane.request(camera, command, "mqtt platform", lambda: None, hear)

    def pictures(self) -> list[Draft]:
        """Return the picture drafts."""
        return [draft for draft in self.drafts if draft.kind == Kind.PICTURE]

    def events(self) -> list[dict[str, Any]]:
        """Return the bodies of the other drafts."""
        return [draft.body for draft in self.drafts if draft.kind != Kind.PICTURE]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Give a function that makes benches, and end them."""
    made: list[Bench] = []

    def make(**how: Any) -> Bench:
        made.append(Bench(tmp_path / str(len(made)), **how))
        return made[-1]

    yield make
    for one in made:
        one.attendant.close()


def slow(request: CaptureRequest) -> CaptureResult:
    """Play a camera process that takes its time."""
    threading.Event().wait(0.05)
    return GOOD


def failing(reason: Reason, error: str = "a sentence") -> Callable[[CaptureRequest], CaptureResult]:
    """Return a camera that fails in one way."""
    return lambda request: CaptureResult(request.id, False, reason.having(detail=Reason("said", "{text}", text=error)))


def test_pictures_are_taken_on_the_full_interval_while_the_sun_is_up(bench: Callable[..., Bench]) -> None:
    """A day gives a picture at each full hour from sunrise to sunset (as pyephem has them), none at night."""
    one = bench()
    one.clock.run_until(86_400)
    starts = [draft.start for draft in one.pictures()]
    assert all(start is not None and abs(start - round(start / HOUR) * HOUR) <= 2 for start in starts)
    here = ephem.Observer()
    here.lat, here.lon, here.pressure, here.horizon = "31.68", "103.85", 0, "-0:50"
    here.date = ephem.Date("2026/7/17 16:00")
    rise = here.next_rising(ephem.Sun()).datetime().replace(tzinfo=UTC).timestamp() * 1e6
    down = here.next_setting(ephem.Sun()).datetime().replace(tzinfo=UTC).timestamp() * 1e6
    wanted = [h * HOUR for h in range(BOOT_UTC // HOUR + 1, BOOT_UTC // HOUR + 25) if rise <= h * HOUR <= down]
    assert [round((start or 0) / HOUR) * HOUR for start in starts] == wanted


def test_by_night_too_means_each_interval(bench: Callable[..., Bench]) -> None:
    """A camera that is to see by night gives 24 hourly pictures a day."""
    one = bench(by_night=True)
    one.clock.run_until(86_400)
    assert len(one.pictures()) == 24


def test_while_the_time_is_unknown_pictures_follow_the_boot(bench: Callable[..., Bench]) -> None:
    """Nobody knows whether it is night: each interval of the boot gives one, without a time; then UTC rules."""
    one = bench(every_min=30, known=lambda now: now > 4000)
    one.clock.run_until(10_000)
    stamps = [(draft.stamp.boottime, draft.start) for draft in one.pictures()]
    assert stamps == [(1800.0, None), (3600.0, None)]  # then it turns out to be night


def test_a_password_file_is_read_at_each_picture(bench: Callable[..., Bench], tmp_path: Path) -> None:
    """A file that is not there is named and the camera not asked; as soon as it is there its password is used."""
    file = tmp_path / "password"
    one = bench(by_night=True, username="admin", password_file=str(file))
    one.clock.run_until(3605)
    assert one.attendant.requests == []
    assert one.events()[0]["text"]["text"] == f"password_file {file} cannot be read: No such file or directory"
    file.write_text("geheim\n")
    one.clock.run_until(2 * 3605)
    assert one.attendant.requests[0].camera.password == "geheim"
    assert len(one.pictures()) >= 1


def test_the_same_pictures_at_every_speed(bench: Callable[..., Bench]) -> None:
    """What is recorded does not depend on how fast simulated time runs or how slow the camera process is."""
    one, other = bench(by_night=True, every_min=20), bench(by_night=True, every_min=20)
    other.attendant.answers = slow
    other.clock.pace(36_000)
    for each in (one, other):
        each.clock.run_until(14_400)
    assert one.drafts == other.drafts
    assert len(one.drafts) == 12


def test_a_picture_on_command_is_answered(bench: Callable[..., Bench]) -> None:
    """A request by command is taken at once, by night too, and its outcome told with the picture's hash."""
    one = bench()
    one.order(None, "c-1")
    one.order("gate", "c-2")
    one.clock.run_until(10)
    assert (*one.done[0][:2], str(one.done[0][2])) == ("c-2", False, "no camera 'gate'; this station has: orchard")
    assert one.done[0][2].code == "no_such_camera"
    command, taken, _, data = one.done[1]
    assert (command, taken, data["picture"]) == ("c-1", True, sha256(b"f").hexdigest())
    assert (one.pictures()[0].body["command"], one.pictures()[0].body["issued_by"]) == ("c-1", "mqtt platform")


def test_a_failing_camera_is_tried_ever_more_seldom_and_never_given_up(bench: Callable[..., Bench]) -> None:
    """Tries come after 1, 2, 4 ... 30 min; the loss is told once, and the return once."""
    one = bench(by_night=True)
    one.attendant.answers = failing(UnreachableError.kind)
    one.clock.run_until(6 * 3600)
    at = [request.stamp.boottime for request in one.attendant.requests]
    gaps = [round((b - a) / 60) for a, b in pairwise(at)]
    assert gaps[:5] == [1, 2, 4, 8, 16]
    assert set(gaps[5:]) == {30}
    one.attendant.answers = lambda request: GOOD
    one.clock.run_until(8 * 3600)
    assert [event["event"] for event in one.events()] == ["picture missed", "pictures again"]
    assert one.events()[1]["failures"] == len(at)
    assert len(one.pictures()) >= 2


def test_a_refused_login_is_left_alone(bench: Callable[..., Bench]) -> None:
    """Cameras lock: a refused login is tried again after half an hour, 2 h, 8 h and a day, on command no sooner."""
    one = bench(by_night=True, every_min=1)
    one.attendant.answers = failing(LoginRefusedError.kind, "the camera refuses the login of user 'admin' (HTTP 401)")
    one.clock.run_until(600)
    one.order("orchard", "c-1")
    one.clock.run_until(40 * 3600)
    at = [request.stamp.boottime for request in one.attendant.requests]
    assert [round(b - a) for a, b in pairwise(at)] == [1800, 7200, 28_800, 86_400]
    assert not one.done[0][1]
    assert one.done[0][2].code == "camera_locked"


def test_a_failing_camera_is_left_alone_at_night(bench: Callable[..., Bench]) -> None:
    """Tries of a camera that sees by day alone end at dusk and begin again in the morning."""
    one = bench()
    one.attendant.answers = failing(UnreachableError.kind)
    one.clock.run_until(36 * 3600)
    hours = {int((request.stamp.boottime + 1.2) // 3600) for request in one.attendant.requests}
    assert not hours & {*range(6), *range(21, 30)}
    assert {8, 19, 31, 35} <= hours


def test_a_hung_camera_process_costs_its_picture_alone(bench: Callable[..., Bench]) -> None:
    """No answer within the patience: the picture is missed and named, and the next request goes on."""
    one = bench(by_night=True)
    one.attendant.answers = lambda request: None
    one.order(None, "c-1")
    one.clock.run_until(10)
    assert one.events()[0]["reason"]["code"] == "no_answer"
    assert one.done[0][:2] == ("c-1", False)
    assert not list(one.attendant.spool.folder.glob("*-*.json"))
    one.attendant.answers = lambda request: GOOD
    one.clock.run_until(120)
    assert len(one.pictures()) == 1


def test_a_torn_picture_is_missed_not_recorded(bench: Callable[..., Bench]) -> None:
    """Files that are not what the answer says give no picture record."""
    one = bench(by_night=True)
    one.attendant.answers = lambda request: CaptureResult("", True, full=FilePart("00", 1), thumbnail=FilePart("00", 1))
    one.clock.run_until(3700)
    assert one.pictures() == []
    assert one.events()[0]["reason"]["code"] == "no_picture"


def test_a_stop_does_not_wait_for_a_camera(tmp_path: Path) -> None:
    """On the station's own clock a lane that waits for a hung camera ends within a second of being told to."""
    clock, drafts = SystemClock(), list[Draft]()
    spool = Spool(tmp_path / "spool")
    attending = Spool(spool.folder).attend()
    section = CameraSection(name="orchard", driver="http", url="http://127.0.0.1/")
    lane = PictureLane(
        (section,),
        SITE,
        "min-1",
        clock,
        spool,
        Shelf(tmp_path),
        utc=lambda: (None, ClockMark("arrival")),
        boot="b",
        post=drafts.append,
    )
    lane.request(None, "c-1", "mqtt platform", lambda: None, lambda *said: None)
    running = clock.lane("pictures", lane.run)
    assert not running.join(0.5)
    assert list(spool.folder.glob("request-*"))
    running.stop()
    assert running.join(1.5)
    assert attending is not None
    until = clock.now() + 5.0
    while list(spool.folder.glob("request-*")) and clock.now() < until:
        clock.sleep_until(clock.now() + 0.01)
    assert not list(spool.folder.glob("request-*"))
