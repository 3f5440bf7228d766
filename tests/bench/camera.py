"""The camera process: memory at rest and over pictures, time and CPU of a picture, beside a bare interpreter.

Each picture is taken by a child, so what is most is that of the greatest of its processes. A still of an RTSP camera is
beside the one of ffmpeg's command with the same short probing.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

from PIL import Image

from drivers.twins.cameras import SnapshotCamera
from drivers.twins.scene import Moment, Scene
from edge.pictures.spool import CaptureRequest, CaptureTarget, Spool, new_id
from edge.records.record import ClockMark, Stamp
from tests.bench.figures import Row, repeated, row
from tests.kits.key_frames import encoded, written

NOON = 1_784_347_200_000_000
PICTURES = 8
REST = 5.0  # s
BARE = "import paho.mqtt.client, time; print(flush=True); time.sleep(60)"
TICK = os.sysconf("SC_CLK_TCK")
DEBIAN_PYTHON = "/usr/bin/python3"
RTSP_SERVER = Path(__file__).parent.parent / "kits" / "rtsp_server.py"
STILL = "-v error -y -rtsp_transport tcp -probesize 100000 -analyzeduration 100000 -i {url} -frames:v 1 -f mjpeg {file}"


def rows() -> Iterator[Row]:
    """Yield the bench's rows: `what`, `ours`, `peer`, `ratio`."""
    bare = bare_interpreter()
    with SnapshotCamera(Still(2688, 1520), lambda: Moment(NOON)) as camera:
        yield from four_megapixels(camera, bare)
    with SnapshotCamera(Still(4000, 3000), lambda: Moment(NOON)) as camera, CameraProcess() as process:
        process.picture(CaptureTarget("orchard", "http", camera.url))
    most = process.most
    yield row("camera process, most while it judges 12 megapixels (MB; a bare interpreter with paho)", most, bare)
    for codec in ("h264", "h265"):
        yield large_key_frames(codec, bare)
    for codec in ("h264", "h265", "mjpeg"):
        yield rtsp_still(codec)


def four_megapixels(camera: SnapshotCamera, bare: float) -> Iterator[Row]:
    """Yield the rows of a camera process that has taken pictures of 4 megapixels."""
    with CameraProcess() as process:
        target = CaptureTarget("orchard", "http", camera.url)
        process.picture(target)  # the first one loads what is loaded late
        cpu = cpu_seconds(process.pid)
        seconds = [process.picture(target) for _ in range(PICTURES)]
        time.sleep(0.5)  # the last child is taken in
        each = (cpu_seconds(process.pid) - cpu) / PICTURES
        cpu = cpu_seconds(process.pid)
        time.sleep(REST)
        idle = (cpu_seconds(process.pid) - cpu) / REST
        rss = memory(process.pid, "VmRSS")
    most = process.most
    yield row("camera process, resident after pictures (MB; a bare interpreter with paho)", rss, bare)
    yield row("camera process, most while it judges 4 megapixels (MB; a bare interpreter with paho)", most, bare)
    yield row("camera process, a 4-megapixel picture from request to answer (s)", median(seconds), None)
    yield row("camera process, CPU of a 4-megapixel picture (s)", each, None)
    yield row("camera process, CPU at rest (ms in a second)", idle * 1000, None)


def rtsp_still(codec: str) -> Row:
    """Return the row of an RTSP still, where the tests' server runs here; ffmpeg is its peer where it is installed."""
    what = f"an RTSP still of 640 x 360, {codec}, key frames each second (s; ffmpeg)"
    with served(codec) as url, CameraProcess() as process, tempfile.TemporaryDirectory() as folder:
        if not url:
            return {"what": f"{what}: not measured, the tests' RTSP server does not run here"}
        target = CaptureTarget("gate", "rtsp", url)
        process.picture(target)
        ours = [process.picture(target) for _ in range(PICTURES)]
        command = ["ffmpeg", *STILL.format(url=url, file=Path(folder) / "still.jpg").split()]
        peer = [timed(command) for _ in range(PICTURES)] if shutil.which("ffmpeg") else []
        return repeated(what, ours, peer, aim="1")


def large_key_frames(codec: str, bare: float) -> Row:
    """Return the row of the memory that a picture of 12 megapixels takes which comes as a key frame."""
    what = f"camera process, most over 12 megapixels of {codec} (MB; a bare interpreter with paho)"
    with tempfile.TemporaryDirectory() as folder:
        with Image.open(io.BytesIO(Scene(1).jpeg(Moment(NOON)))) as image:
            frames = encoded(codec, 1, [image.convert("RGB")], size=(4000, 3000))
        with served(f"{codec}:{written(Path(folder) / 'frames', frames)}") as url, CameraProcess() as process:
            if not url:
                return {"what": f"{what}: not measured, the tests' RTSP server does not run here"}
            process.picture(CaptureTarget("gate", "rtsp", url))
    return row(what, process.most, bare, aim="100")


@contextmanager
def served(codec: str) -> Iterator[str]:
    """Give the address of the tests' RTSP server, "" where it does not run here."""
    command = [DEBIAN_PYTHON, str(RTSP_SERVER), codec]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            yield f"rtsp://127.0.0.1:{int(port)}/cam" if port else ""
        finally:
            server.kill()


def timed(command: list[str]) -> float:
    """Return the seconds that a command takes."""
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - began


class Still(Scene):
    """A scene that is painted once, and made as large as is wanted."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(1)
        with Image.open(io.BytesIO(super().jpeg(Moment(NOON)))) as image:
            out = io.BytesIO()
            image.resize((width, height)).save(out, "JPEG", quality=92)
        self._jpeg = out.getvalue()

    def jpeg(self, moment: Moment, quality: int = 0) -> bytes:
        """Return the picture."""
        return self._jpeg


class CameraProcess:
    """A camera process on a spool of its own."""

    def __enter__(self) -> CameraProcess:
        self._folder = tempfile.TemporaryDirectory()
        self._spool = Spool(Path(self._folder.name) / "spool")
        command = [sys.executable, "-m", "edge.pictures.worker", "--spool", str(self._spool.folder)]
        self._process = subprocess.Popen(command)
        self.pid = self._process.pid
        self.most = 0.0  # MB
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def picture(self, target: CaptureTarget) -> float:
        """Have it take one picture. Return the seconds from the request to the answer."""
        request = CaptureRequest(new_id(), "bench", target, Stamp("b", 1.0), NOON, ClockMark("ntp", 0.5), 30.0)
        began = time.monotonic()
        self._spool.put(request)
        while (answer := self._spool.answer(request.id)) is None:
            if time.monotonic() > began + 60:
                raise TimeoutError("the camera process gives no picture")
            self._look()
            time.sleep(0.002)
        seconds = time.monotonic() - began
        if not answer.ok:
            raise RuntimeError(str(answer.reason))
        self._spool.drop(request.id)
        return seconds

    def _look(self) -> None:
        for pid in (str(self.pid), *Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()):
            with suppress(FileNotFoundError, ProcessLookupError, KeyError):  # it has ended
                self.most = max(self.most, memory(int(pid), "VmHWM"))


def bare_interpreter() -> float:
    """Return the resident MB of Python with paho and nothing else."""
    with subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return memory(process.pid, "VmRSS")
        finally:
            process.kill()


def memory(pid: int, field: str) -> float:
    """Return a field of /proc/PID/status in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


def cpu_seconds(pid: int) -> float:
    """Return the user and system time that a process and its ended children have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICK
