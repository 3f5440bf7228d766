"""The camera process as a process: killed, hung, restarted, and against real servers of pictures."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import pytest
from PIL import Image

from drivers.cameras.camera import (
    CameraSettings,
    LoginRefusedError,
    NoPictureError,
    NotAnImageError,
    UnreachableError,
    open_camera,
)
from drivers.twins.cameras import CameraFault, SnapshotCamera
from drivers.twins.scene import Moment, Scene
from edge.clock.clock import SystemClock
from edge.pictures.judge import Opened
from edge.pictures.reasons import ENDED
from edge.pictures.spool import Answer, Spool, Target, Wish, new_id
from edge.records.record import ClockMark, Stamp
from tests.kits.real_parts import missing

T = TypeVar("T")
NOON = 1_784_347_200_000_000
DEBIAN_PYTHON = "/usr/bin/python3"
RTSP_SERVER = Path(__file__).parent.parent / "kits" / "rtsp_server.py"


class Process:
    """A camera process on a spool, restarted by hand."""

    def __init__(self, spool: Path) -> None:
        self.spool = Spool(spool)
        self.start()

    def start(self) -> None:
        """Start it (again)."""
        command = [sys.executable, "-m", "edge.pictures.worker", "--spool", str(self.spool.folder)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)

    def end(self, number: int) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Return its exit code, once it has ended."""
        code = self.process.wait(20)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def ask(self, target: Target, deadline: float = 25.0, previous: str = "") -> Wish:
        """Lay a wish down."""
        wish = Wish(
            new_id(),
            "min-1",
            target,
            Stamp("b", 1.0),
            NOON,
            ClockMark("ntp", 0.5),
            deadline,
            previous=previous,
            laid=SystemClock().now(),
        )
        self.spool.put(wish)
        return wish

    def answer(self, wish: Wish, seconds: float = 40.0) -> Answer:
        """Await the wish's answer."""
        answer = until(lambda: self.spool.answer(wish.id), seconds)
        assert answer is not None, "no answer"
        return answer

    def taken(self, wish: Wish) -> bool:
        """Return whether the process has begun on the wish."""
        return until((self.spool.folder / f"taken-{wish.id}.json").exists, 20.0)


def until(call: Callable[[], T], seconds: float) -> T:
    """Return what the call gives, once it gives something."""
    ends = time.monotonic() + seconds
    while not (found := call()) and time.monotonic() < ends:
        time.sleep(0.02)
    return found


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


def target(camera: SnapshotCamera, password: str = "geheim") -> Target:
    """Return how to ask it."""
    return Target("orchard", "http", camera.url, "admin", password)


def test_a_picture_arrives_whole_with_every_pixel_as_the_camera_gave_it(
    process: Process, camera: SnapshotCamera
) -> None:
    """Both files have the hash that the answer names, and the full one the camera's own pixels."""
    camera.misbehave(None)
    wish = process.ask(target(camera))
    answer = process.answer(wish)
    assert answer.ok
    full, thumb = (file.read_bytes() for file in process.spool.files(wish.id))
    assert answer.full is not None
    assert answer.thumbnail is not None
    assert (sha256(full).hexdigest(), len(full)) == (answer.full.sha256, answer.full.bytes)
    assert (sha256(thumb).hexdigest(), len(thumb)) == (answer.thumbnail.sha256, answer.thumbnail.bytes)
    given = Opened.of(Scene(1).jpeg(Moment(NOON))).image
    assert Opened.of(full).image.tobytes() == given.tobytes()
    assert (answer.width, answer.height, answer.faults) == (2688, 1520, [])
    assert len(thumb) < 22_000
    assert Image.open(io.BytesIO(full)).getexif()[0x010E] == "min-1, orchard, time +-5.5 s by ntp"


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
    process: Process, camera: SnapshotCamera, fault: CameraFault, reason: str
) -> None:
    """What goes wrong with one wish is its answer, and the next wish gets its picture."""
    camera.misbehave(fault)
    answer = process.answer(process.ask(target(camera)))
    assert answer.reason is not None
    assert (answer.ok, str(answer.reason)) == (False, reason)
    assert answer.reason.inner("detail")
    assert "geheim" not in str(answer.reason.builtins())
    camera.misbehave(None)
    assert process.answer(process.ask(target(camera))).ok


def test_a_killed_process_answers_by_its_next(process: Process, camera: SnapshotCamera) -> None:
    """SIGKILL in the middle of a picture: the next process answers that wish, untried, and takes the next one."""
    camera.misbehave(CameraFault.HANG)
    wish = process.ask(target(camera))
    assert process.taken(wish)
    process.end(signal.SIGKILL)
    asked = camera.asked
    camera.misbehave(None)
    process.start()
    answer = process.answer(wish)
    assert (answer.ok, answer.reason) == (False, ENDED)
    assert camera.asked == asked
    assert process.answer(process.ask(target(camera))).ok


def test_a_hung_process_ends_itself_after_the_deadline(process: Process, camera: SnapshotCamera) -> None:
    """A call that does not return costs the process its life, by the kernel's alarm, and nobody more than that."""
    camera.misbehave(CameraFault.HANG)
    wish = process.ask(target(camera), deadline=0.5)  # shorter than a driver's own shortest time
    assert process.ended() == -signal.SIGALRM
    process.start()
    assert process.answer(wish).reason == ENDED


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


# -- RTSP ------------------------------------------------------------------------------------------------------


@contextmanager
def rtsp(codec: str, *login: str) -> Iterator[str]:
    """Give the address, without login, of a running GStreamer RTSP server."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if (
        not Path(DEBIAN_PYTHON).exists()
        or subprocess.run([DEBIAN_PYTHON, "-c", check], capture_output=True, check=False).returncode
    ):
        missing("an RTSP server: apt install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-ugly")
    command = [DEBIAN_PYTHON, str(RTSP_SERVER), codec, *login]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        if not port and server.wait(10) == 3:
            missing(f"GStreamer's encoder for {codec}")
        try:
            yield f"rtsp://127.0.0.1:{int(port)}/cam"
        finally:
            server.kill()


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_key_frame_of_an_rtsp_camera_is_a_picture(tmp_path: Path, codec: str) -> None:
    """The camera process gives the stream's own colour bars as a whole JPEG, with the login in the address."""
    with rtsp(codec, "admin", "ge:heim") as url:
        process = Process(tmp_path / "spool")
        wish = process.ask(Target("gate", "rtsp", url.replace("//", "//admin:ge%3Aheim@")))
        answer = process.answer(wish)
        full = process.spool.files(wish.id)[0]
        process.end(signal.SIGTERM)
        assert (answer.reason, answer.width, answer.height) == (None, 640, 360)
        image = Image.open(full).convert("RGB")
        yellow, blue = (image.crop((x, 50, x + 9, 59)).resize((1, 1)).tobytes() for x in (140, 600))
        assert yellow[0] > 150
        assert yellow[1] > 150 > yellow[2]
        assert blue[2] > 150 > blue[0]


def test_an_rtsp_camera_refuses_a_wrong_login() -> None:
    """A wrong password is a refused login, so that it is not tried again and again."""
    with rtsp("h264", "admin", "right") as url:
        settings = CameraSettings("rtsp", url, "admin", "wrong", timeout=15.0)
        with pytest.raises(LoginRefusedError, match="'admin'") as refused:
            open_camera(settings, SystemClock()).still()
        assert "wrong" not in str(refused.value)
        with pytest.raises((NotAnImageError, UnreachableError)):
            open_camera(CameraSettings("rtsp", url + "-not", "admin", "right", timeout=15.0), SystemClock()).still()


def test_an_rtsp_address_without_a_camera_is_named_in_time() -> None:
    """Nobody there, or somebody who says nothing: an error in the driver's own time."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        for port, error in ((9, UnreachableError), (silent.getsockname()[1], NoPictureError)):
            began = time.monotonic()
            with pytest.raises(error):
                open_camera(CameraSettings("rtsp", f"rtsp://127.0.0.1:{port}/x", timeout=2.0), SystemClock()).still()
            assert time.monotonic() - began < 6.0
