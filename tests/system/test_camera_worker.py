"""The camera process as a process: killed, hung, restarted, and against real servers of pictures."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from drivers.twins.cameras import CameraFault, SnapshotCamera
from drivers.twins.scene import Moment, Scene
from edge.pictures.judge import Opened
from edge.pictures.reasons import ENDED, HUNG
from edge.pictures.spool import CaptureTarget
from edge.pictures.worker import AT_ONCE
from tests.kits.camera_process import NOON, Process, until


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    """Give a running camera process."""
    one = Process(tmp_path / "spool")
    yield one
    if one.process.poll() is None:
        one.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def camera() -> Iterator[SnapshotCamera]:
    """Give a network camera of 4 megapixels with a digest login."""
    with SnapshotCamera(Scene(1), lambda: Moment(NOON), ("admin", "geheim")) as one:
        yield one


@pytest.fixture(scope="module")
def small() -> Iterator[SnapshotCamera]:
    """Give one of a quarter of a megapixel, which paints in a third of the time."""
    with SnapshotCamera(Scene(1, 640, 362), lambda: Moment(NOON), ("admin", "geheim")) as one:
        yield one


def target(camera: SnapshotCamera, password: str = "geheim") -> CaptureTarget:
    """Return how to ask it."""
    return CaptureTarget("orchard", "http", camera.url, "admin", password)


def test_a_picture_arrives_whole_with_every_pixel_as_the_camera_gave_it(
    process: Process, camera: SnapshotCamera
) -> None:
    """Both files have the hash that the answer names, and the full one the camera's own pixels."""
    camera.misbehave(None)
    request = process.ask(target(camera))
    answer = process.answer(request)
    assert answer.ok
    full, thumb = (file.read_bytes() for file in process.spool.files(request.id))
    assert answer.full is not None
    assert answer.thumbnail is not None
    assert (sha256(full).hexdigest(), len(full)) == (answer.full.sha256, answer.full.bytes)
    assert (sha256(thumb).hexdigest(), len(thumb)) == (answer.thumbnail.sha256, answer.thumbnail.bytes)
    given = Opened.of(Scene(1).jpeg(Moment(NOON))).image
    assert Opened.of(full).image.tobytes() == given.tobytes()
    assert (answer.width, answer.height, answer.faults) == (2688, 1520, [])
    assert len(thumb) < 22_000
    for data in (full, thumb):
        told = Image.open(io.BytesIO(data)).getexif()[0x010E]
        assert told == f"min-1, orchard, time +-{0.5 + answer.late_s:g} s by ntp"


def test_a_picture_that_anybody_gets_proves_no_login(process: Process, small: SnapshotCamera) -> None:
    """A wrong password would pass for a good one until the camera's account is locked by it."""
    small.misbehave(None)
    with SnapshotCamera(Scene(1, 640, 362), lambda: Moment(NOON)) as anybody_s:
        given = [process.answer(process.ask(target(camera))) for camera in (small, anybody_s)]
    assert [(answer.ok, answer.logged_in) for answer in given] == [(True, True), (True, False)]


@pytest.mark.parametrize(
    ("fault", "faults"),
    [(CameraFault.BLACK, ["dark"]), (CameraFault.BLURRED, ["blurred"]), (CameraFault.REPEATED, ["repeated"])],
)
def test_a_bad_picture_is_marked(
    process: Process, camera: SnapshotCamera, fault: CameraFault, faults: list[str]
) -> None:
    """A covered, unfocused or frozen camera gives a picture that says so."""
    camera.misbehave(None)
    first = process.answer(process.ask(target(camera)))
    camera.misbehave(fault)
    assert process.answer(process.ask(target(camera), previous=first.pixels)).faults == faults


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (CameraFault.HTML, "not an image"),
        (CameraFault.REFUSE, "login refused"),
        (CameraFault.TRUNCATED, "no picture"),
        (CameraFault.CUT, "no picture"),
    ],
)
def test_no_picture_is_a_sentence_and_the_process_lives_on(
    process: Process, small: SnapshotCamera, fault: CameraFault, reason: str
) -> None:
    """What goes wrong with one request is its answer, and the next request gets its picture."""
    small.misbehave(fault)
    answer = process.answer(process.ask(target(small)))
    assert answer.reason is not None
    assert (answer.ok, str(answer.reason)) == (False, reason)
    assert answer.reason.inner("detail")
    assert "geheim" not in str(answer.reason.builtins())
    small.misbehave(None)
    assert process.answer(process.ask(target(small))).ok


def test_a_killed_process_answers_by_its_next(process: Process, small: SnapshotCamera) -> None:
    """SIGKILL in the middle of a picture: the next process answers that request, untried, and takes the next one."""
    small.misbehave(CameraFault.HANG)
    before = small.asked
    request = process.ask(target(small))
    assert until(lambda: small.asked > before, 20.0)
    children = Path(f"/proc/{process.process.pid}/task/{process.process.pid}/children").read_text().split()
    process.end(signal.SIGKILL)
    assert children
    assert until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), 20.0)
    asked = small.asked
    small.misbehave(None)
    process.start()
    answer = process.answer(request)
    assert (answer.ok, answer.reason) == (False, ENDED)
    assert small.asked == asked
    assert process.answer(process.ask(target(small))).ok


def test_a_camera_that_hangs_for_nobody_keeps_no_other_waiting(process: Process, small: SnapshotCamera) -> None:
    """A station that is started anew has withdrawn what it had asked for: its first picture does not wait for that."""
    with SnapshotCamera(Scene(1, 640, 362), lambda: Moment(NOON)) as stuck:
        stuck.misbehave(CameraFault.HANG)
        hanging = [process.ask(target(stuck), deadline=100.0) for _ in range(AT_ONCE)]
        assert all(map(process.taken, hanging))
        assert until(lambda: stuck.asked == AT_ONCE, 20.0)
        process.spool.sweep()
        half = process.spool.folder / f".{hanging[0].id}.full.jpg.part"
        half.touch()  # what one of them was writing
        small.misbehave(None)
        assert process.answer(process.ask(target(small))).ok
        assert not half.exists()


@pytest.mark.slow
def test_the_process_ends_at_once_in_whatever_moment_it_is_told_to(process: Process, small: SnapshotCamera) -> None:
    """SIGTERM while it starts to take pictures is as good as at rest, though those cameras hang."""
    small.misbehave(CameraFault.HANG)
    for pause in (0.0, 0.004, 0.008, 0.012, 0.016, 0.02):
        assert process.taken(process.ask(target(small)))
        until(lambda: None, 0.5)  # it has loaded what it needs; from now on it only forks
        for _ in range(3):
            process.ask(target(small))
        time.sleep(pause)
        assert process.end(signal.SIGTERM) == 0
        process.start()
    small.misbehave(None)


def test_a_call_that_hangs_ends_at_the_deadline_and_harms_no_other(process: Process, small: SnapshotCamera) -> None:
    """A call that does not return is ended by the kernel's alarm and named; beside it another picture is taken."""
    with SnapshotCamera(Scene(1, 640, 362), lambda: Moment(NOON)) as stuck:
        stuck.misbehave(CameraFault.HANG)
        hanging = process.ask(target(stuck), deadline=0.9)  # shorter than a driver's own shortest time
        assert process.taken(hanging)
        assert process.answer(process.ask(target(small))).ok
        answer = process.answer(hanging)
        assert (answer.ok, answer.reason) == (False, HUNG)
    assert process.process.poll() is None


def test_a_camera_that_does_not_answer_is_named_as_that_before_its_time_is_up(
    process: Process, small: SnapshotCamera
) -> None:
    """The driver gives up before the kernel's alarm does: its sentence says what the camera did, the alarm's cannot."""
    small.misbehave(CameraFault.HANG)
    reason = process.answer(process.ask(target(small), deadline=6.5)).reason
    small.misbehave(None)
    assert reason is not None
    assert reason.code != HUNG.code
    assert reason.inner("detail")


def test_it_does_not_outlive_its_folder(process: Process) -> None:
    """Where the station's state is moved aside, it ends with a line, so that systemd starts it on the new folder."""
    assert until(process.spool.attended, 20.0)
    process.spool.folder.rename(process.spool.folder.with_name("former"))
    process.process.wait(20)
    assert process.process.stderr is not None
    said = process.process.stderr.read().decode()
    assert process.ended() == 1
    assert said.startswith(f"the spool {process.spool.folder} does not work: ")
    assert len(said.splitlines()) == 1


def test_term_ends_it_cleanly_and_a_second_one_is_refused(process: Process) -> None:
    """SIGTERM is code 0; a second process on the same spool says so in one line and ends with 1."""
    assert until(process.spool.attended, 20.0)
    second = subprocess.run(process.process.args, capture_output=True, timeout=60, check=False)
    assert second.returncode == 1
    assert second.stderr.decode().strip() == f"another camera process serves {process.spool.folder}"
    assert process.end(signal.SIGTERM) == 0
    assert not process.spool.attended()


def test_it_reaches_neither_the_store_nor_what_it_does_not_need() -> None:
    """Loaded, the process holds no store, no broker's client and no camera library."""
    code = "import sys, edge.pictures.worker as w; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode().split()
    assert not {"apsw", "paho", "av", "numpy", "picamera2", "edge.store", "pydantic"} & set(loaded)


def ticks(process: Process) -> int:
    """Return how long it has computed, in hundredths of a second."""
    fields = Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def is_asleep(process: Process) -> bool:
    """Return whether it computes for less than a tenth of half a second."""
    before = ticks(process)
    time.sleep(0.5)
    return ticks(process) - before < 5


def test_a_station_with_cameras_has_its_process_loaded_before_the_first_picture(process: Process) -> None:
    """Whoever asks first waits for no libraries; a station without cameras keeps their memory."""
    maps = Path(f"/proc/{process.process.pid}/maps")
    assert until(process.spool.attended, 20.0)
    (process.spool.folder / "word.part").touch()  # wakes it as the daemon would
    assert not until(lambda: "libavcodec" in maps.read_text(), 1.0)
    process.spool.remember({})
    assert until(lambda: "libavcodec" in maps.read_text(), 20.0)
    assert until(lambda: is_asleep(process), 20.0), "it wakes for nothing: its pole lives on a battery"


LOADING = """
import importlib, sys
from edge.clock.clock import SystemClock
from edge.pictures.judge import Opened
from edge.pictures.spool import CaptureTarget
from edge.pictures.worker import PRELOADED, take_still
for name in PRELOADED:
    importlib.import_module(name)
there = set(sys.modules)
asked = CaptureTarget("orchard", "http", sys.argv[1], "admin", "geheim")
Opened.of(take_still(asked, 20.0, SystemClock())[0]).thumbnail()
print(sorted(set(sys.modules) - there))
"""


def test_a_picture_loads_nothing_that_its_process_could_share(small: SnapshotCamera) -> None:
    """A child that loads libraries anew takes a third longer, and each picture has a child of its own."""
    small.misbehave(None)
    loaded = subprocess.run([sys.executable, "-c", LOADING, small.url], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
