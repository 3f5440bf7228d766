"""The camera process: `python -m edge.pictures.worker --spool DIR` answers requests, each in a child of its own.

It has no schedule and does not know the date. Camera libraries hang and crash, so a child's end is normal: the kernel's
alarm ends it when its request's deadline has passed (a Python handler would never run while a library hangs in C), the
process answers for it, and the others go on. The process itself calls no camera and opens no picture.
It sleeps until the kernel reports a file in the spool or a child's end.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import multiprocessing
import select
import signal
import sys
from hashlib import sha256
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec

from drivers.cameras.camera import CameraError
from drivers.cameras.opening import open_camera
from drivers.clock import Clock
from edge.clock.clock import SystemClock
from edge.pictures.exif import with_exif
from edge.pictures.folder_watch import FolderWatch
from edge.pictures.judge import Opened
from edge.pictures.reasons import ENDED, GROWN, HUNG
from edge.pictures.spool import CaptureRequest, CaptureResult, CaptureTarget, FilePart, Spool, late, widened
from edge.systemd import Signals, beat, memory, notify

LOCK_TRIES, LOCK_PAUSE = 30, 0.2  # s; the daemon may hold the lock for a moment, to check whether a process runs
BEAT = 10.0  # s; its unit's WatchdogSec must be longer
MOST_MEMORY = 300_000_000  # bytes; the unit's MemoryMax, for the process itself and for each child
LOOK = 1.0  # s between two checks of the children's memory
GRACE = 5.0  # s between the driver's own deadline and the alarm
AT_ONCE = 4  # children; the daemon asks for no more at once
DIE_WITH_PARENT = 1  # linux/prctl.h: PR_SET_PDEATHSIG
# Loaded before the first fork, so that the children share them: a child that loads them itself takes a third longer for
# its picture. They take 1.3 s; a station with cameras loads them in advance, so that no request waits for them. Pillow
# loads all five plugins before it opens anything, a socket the codec of host names.
PRELOADED = (
    *("av", "drivers.cameras.jpeg", "drivers.cameras.http_still", "drivers.cameras.rtsp", "encodings.idna"),
    *(f"PIL.{kind}ImagePlugin" for kind in ("Bmp", "Gif", "Jpeg", "Png", "Ppm")),
)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, notifying systemd that the process is ready and alive."""
    parser = argparse.ArgumentParser(prog="minshan-camera", description=__doc__.partition("\n")[0])
    parser.add_argument("--spool", type=Path, required=True, help="the spool folder below the station's state")
    folder: Path = parser.parse_args(arguments).spool
    clock = SystemClock()
    try:
        spool = Spool(folder)
        if not _attend(spool, clock):
            print(f"another camera process serves {folder}", file=sys.stderr)  # noqa: T201 - it has no log
            return 1
        with Signals() as signals:
            notify("READY=1")
            serve(spool, clock, signals)
    except OSError as error:
        print(f"the spool {folder} does not work: {error}", file=sys.stderr)  # noqa: T201 - it has no log
        return 1
    return 0


def serve(spool: Spool, clock: Clock, signals: Signals) -> None:
    """Answer requests until a signal comes. Raise OSError if the spool is gone."""
    with FolderWatch(spool.folder) as watch, select.epoll() as ready, Children(spool, ready) as children:
        ready.register(watch.fd, select.EPOLLIN)
        ready.register(signals.fd, select.EPOLLIN)
        for request_id in spool.abandoned():
            spool.finish(CaptureResult(request_id, False, ENDED))
        beat_at = clock.now()
        while not clock.wait_readable(signals.fd, clock.now()):
            if clock.now() >= beat_at:
                beat(MOST_MEMORY)
                beat_at = clock.now() + BEAT
            watch.clear()
            children.reap()
            children.start()
            if spool.has_cameras():
                load()
            children.bound()
            clock.wait_readable(ready.fileno(), min(beat_at, clock.now() + LOOK) if children.busy else beat_at)


def load() -> None:
    """Load the modules that the children share; once, as Python caches them."""
    for name in PRELOADED:
        importlib.import_module(name)


class Children:
    """The child processes that take pictures, one for each request; killed at the end of the `with`."""

    def __init__(self, spool: Spool, ready: select.epoll) -> None:
        self._spool, self._ready = spool, ready
        self._fork = multiprocessing.get_context("fork")
        self._running: dict[int, tuple[CaptureRequest, BaseProcess]] = {}  # by the sentinel descriptor
        self._grown: set[int] = set()  # those killed for taking too much memory

    def start(self) -> None:
        """Start children for pending requests, up to `AT_ONCE` in all. Raise OSError if the spool is gone."""
        if not self._spool.folder.is_dir():
            raise FileNotFoundError(f"the folder {self._spool.folder} is gone")
        while len(self._running) < AT_ONCE and (request := self._spool.take()) is not None:
            load()
            child = self._fork.Process(target=capture, args=(request, self._spool), daemon=True)
            child.start()
            self._running[child.sentinel] = request, child
            self._ready.register(child.sentinel, select.EPOLLIN)

    def reap(self) -> None:
        """Collect ended children, and answer for those that ended without an answer."""
        for number, (request, child) in list(self._running.items()):
            if withdrawn := self._spool.withdrawn(request.id):
                child.kill()  # the requesting daemon has ended; the next one must not wait for a camera that hangs
            if child.is_alive():
                continue
            self._ready.unregister(number)
            del self._running[number]
            why = HUNG if child.exitcode == -signal.SIGALRM else ENDED
            self._spool.finish(CaptureResult(request.id, False, GROWN if number in self._grown else why))
            self._grown.discard(number)
            child.close()
            if withdrawn:
                self._spool.drop(request.id)  # delete what it was writing

    @property
    def busy(self) -> bool:
        """Whether any child is running."""
        return bool(self._running)

    def bound(self) -> None:
        """Kill children that take more memory than a picture needs, as a decoder may for a broken one."""
        for number, (_request, child) in self._running.items():
            if memory(child.pid or 0) > MOST_MEMORY:
                self._grown.add(number)
                child.kill()

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        for _request, child in self._running.values():
            child.kill()  # a child that has just been forked may still ignore SIGTERM


def capture(request: CaptureRequest, spool: Spool) -> None:
    """Answer one request, in a process that ends at its deadline or with its parent, even if a library hangs."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, request.deadline)
    spool.finish(*answer(request, SystemClock()))


def answer(request: CaptureRequest, clock: Clock) -> tuple[CaptureResult, bytes, bytes]:
    """Take the picture. Return the answer, the full picture and the thumbnail."""
    try:
        jpeg, logged_in = take_still(request.camera, max(1.0, request.deadline - GRACE), clock)
        taken_late = late(request, clock.now())
        opened = Opened.of(jpeg)
    except CameraError as error:
        return CaptureResult(request.id, False, error.reason), b"", b""
    look = opened.look(request.previous)
    dated = msgspec.structs.replace(request, clock=widened(request.clock, taken_late))
    full, thumbnail = with_exif(jpeg, dated), with_exif(opened.thumbnail(), dated)
    return (
        CaptureResult(
            request.id,
            True,
            None,
            _part(full),
            _part(thumbnail),
            look.width,
            look.height,
            look.faults,
            look.figures,
            look.pixels,
            taken_late,
            logged_in,
        ),
        full,
        thumbnail,
    )


def take_still(target: CaptureTarget, timeout: float, clock: Clock) -> tuple[bytes, bool]:
    """Return one JPEG as the camera sent it, and whether it required the login. Raise CameraError."""
    camera = open_camera(target.settings(timeout), clock)
    try:
        return camera.still(), camera.logged_in
    finally:
        camera.close()


def _attend(spool: Spool, clock: Clock) -> bool:
    for _ in range(LOCK_TRIES):
        if spool.attend() is not None:
            return True
        clock.sleep_until(clock.now() + LOCK_PAUSE)
    return False


def _part(data: bytes) -> FilePart:
    return FilePart(sha256(data).hexdigest(), len(data))


if __name__ == "__main__":
    sys.exit(main())
