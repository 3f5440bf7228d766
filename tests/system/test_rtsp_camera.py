"""RTSP cameras, real ones of GStreamer: key frames, logins, certificates, torn pictures, deadlines."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from drivers.cameras.camera import (
    CameraError,
    CameraSettings,
    LoginRefusedError,
    NoPictureError,
    NotAnImageError,
    UnreachableError,
)
from drivers.cameras.opening import open_camera
from edge.clock.clock import SystemClock
from edge.pictures.reasons import ENDED
from edge.pictures.spool import CaptureTarget
from tests.kits.camera_process import Process
from tests.kits.certificate import self_signed
from tests.kits.real_parts import missing

DEBIAN_PYTHON = "/usr/bin/python3"
RTSP_SERVER = Path(__file__).parent.parent / "kits" / "rtsp_server.py"


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
        request = process.ask(CaptureTarget("gate", "rtsp", url.replace("//", "//admin:ge%3Aheim@")))
        answer = process.answer(request)
        full = process.spool.files(request.id)[0]
        process.end(signal.SIGTERM)
        assert (answer.reason, answer.width, answer.height) == (None, 640, 360)
        assert answer.logged_in
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


DIGEST = 'Digest realm="Cam 3, Digest zone", nonce="{nonce}"'
FIRST_NONCE_IS_OLD = [DIGEST.format(nonce=1), DIGEST.format(nonce=2) + ', stale="TRUE"', DIGEST.format(nonce=3)]


@pytest.mark.parametrize(
    ("challenges", "user", "asked", "code"),
    [
        (FIRST_NONCE_IS_OLD, "admin", 4, "no_video"),
        ([DIGEST.format(nonce=1), DIGEST.format(nonce=2) + ", stale=false"], "admin", 2, "camera_refuses_login"),
        (['Digest algorithm=SHA-256, realm="x", nonce="1"'] * 2, "admin", 1, "login_kind_unknown"),
        ([""] * 2, "admin", 1, "login_without_challenge"),
        ([DIGEST.format(nonce=1)] * 2, "", 2, "login_needed"),
        ([DIGEST.format(nonce=1)], "admin", 2, "camera_forbids"),
    ],
)
def test_an_rtsp_login_fails_for_its_own_cause(challenges: list[str], user: str, asked: int, code: str) -> None:
    """An old nonce is no wrong password, which cameras lock at; a login that is not known here is named."""
    listening = socket.create_server(("127.0.0.1", 0))
    described: list[str] = []
    last = "403 Forbidden" if code == "camera_forbids" else "404 Not Found"

    def answer() -> None:
        with suppress(OSError):
            while True:
                link, _ = listening.accept()
                with link, link.makefile("rb") as said:
                    while request := said.readline():
                        lines = [request, *iter(said.readline, b"\r\n")]
                        number = next(line.split()[1].decode() for line in lines if line.lower().startswith(b"cseq"))
                        status, more = "200 OK", ""
                        if request.startswith(b"DESCRIBE"):
                            status = "401 Unauthorized" if len(described) < len(challenges) else last
                            if status.startswith("401") and (challenge := challenges[len(described)]):
                                more = f"WWW-Authenticate: {challenge}\r\n"
                            described.append(status)
                        link.sendall(f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{more}\r\n".encode())

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    address = f"rtsp://127.0.0.1:{listening.getsockname()[1]}/x"
    with pytest.raises(CameraError) as failed:
        open_camera(CameraSettings("rtsp", address, user, "geheim", timeout=15.0), SystemClock()).still()
    listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    assert (failed.value.detail.code, len(described)) == (code, asked)
    assert isinstance(failed.value, LoginRefusedError) is (code not in ("no_video", "camera_forbids"))


def test_an_rtsp_path_and_user_may_be_in_any_script() -> None:
    """A path with hanzi and a blank reaches the camera as UTF-8, written so or in percent signs, a user's name too."""
    with rtsp("h264", "管理员", "密码") as url:
        for path in ("图 1", "%E5%9B%BE%201"):
            settings = CameraSettings("rtsp", url.replace("cam", path), "管理员", "密码", timeout=15.0)
            assert open_camera(settings, SystemClock()).still()


def test_an_rtsp_camera_with_its_own_certificate_is_known_by_its_fingerprint(tmp_path: Path) -> None:
    """By the camera process: refused without a fingerprint and with another one, which is told, taken with its own."""
    certificate, key, fingerprint = self_signed(tmp_path)
    with rtsp("h264", "admin", "ge:heim", str(certificate), str(key)) as url:
        process = Process(tmp_path / "spool")
        camera = CaptureTarget("gate", "rtsp", url.replace("rtsp:", "rtsps:"), "admin", "ge:heim")
        said = []
        for wanted in ("", "00" * 32, fingerprint):
            answer = process.answer(process.ask(msgspec.structs.replace(camera, fingerprint=wanted)))
            said.append("taken" if answer.ok else str((answer.reason or ENDED).inner("detail")))
        process.end(signal.SIGTERM)
    assert said[0] == "the camera's certificate is not trusted: it is signed by itself"
    assert fingerprint in said[1] and "00" * 32 in said[1]
    assert said[2] == "taken"


def test_key_frames_in_slices_of_which_each_has_its_sets_are_pictures() -> None:
    """A stream that FFmpeg by itself would part within its key frames gives its picture."""
    with rtsp("h264-slices") as url:
        assert open_camera(CameraSettings("rtsp", url, timeout=10.0), SystemClock()).still()


def test_an_rtsp_camera_that_drips_ends_at_the_deadline() -> None:
    """A server that says a little now and then for ever has one time for all it says."""
    halt = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        link, _ = listening.accept()
        with link, suppress(OSError):
            link.recv(4096)
            link.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n")
            while not halt.wait(0.2):
                link.sendall(b"X-Slow: 1\r\n")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    with pytest.raises(NoPictureError, match="no key frame within 2 s"):
        address = f"rtsp://127.0.0.1:{listening.getsockname()[1]}/x"
        open_camera(CameraSettings("rtsp", address, timeout=2.0), SystemClock()).still()
    halt.set()
    thread.join(5)
    listening.close()


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
