"""The camera process: `python -m edge.pictures.worker --spool DIR` answers one wish at a time, for ever.

It has no schedule and no idea of the date. Camera libraries hang and crash, so its end is a normal thing: the
kernel's alarm ends it when a wish's deadline has passed (a handler in Python would never run while a library
hangs in C), whoever supervises it starts it again, and the next process answers the wish that killed this one.
"""

from __future__ import annotations

import argparse
import signal
import sys
from hashlib import sha256
from pathlib import Path
from types import FrameType

import msgspec

from drivers.cameras.camera import CameraError, CameraSettings, NoPictureError, open_camera
from drivers.clock import Clock
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.notify import notify
from edge.pictures.exif import with_exif
from edge.pictures.judge import NotWholeError, Opened
from edge.pictures.reasons import ENDED
from edge.pictures.spool import POLL, Answer, Part, Spool, Target, Wish, late, widened

LOCK_TRIES = 30
BEAT = 10.0  # s; its unit's WatchdogSec must be longer than this and the longest deadline together
GRACE = 5.0  # s between the driver's own deadline and the alarm


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM, telling systemd that it is ready and alive where that listens."""
    parser = argparse.ArgumentParser(prog="minshan-camera", description=__doc__.partition("\n")[0])
    parser.add_argument("--spool", type=Path, required=True, help="the spool folder below the station's state")
    folder: Path = parser.parse_args(arguments).spool
    signal.signal(signal.SIGTERM, _end)
    clock = SystemClock()
    try:
        spool = Spool(folder)
        if not _attend(spool, clock):
            print(f"another camera process serves {folder}", file=sys.stderr)  # noqa: T201 - its only words
            return 1
        notify("READY=1")
        serve(spool, clock)
    except OSError as error:
        print(f"the spool {folder} does not work: {error}", file=sys.stderr)  # noqa: T201 - its last words
        return 1
    return 0


def serve(spool: Spool, clock: Clock) -> None:
    """Answer wishes for ever."""
    for wish_id in spool.abandoned():
        spool.finish(Answer(wish_id, False, ENDED))
    beat_at = clock.now()
    while True:
        if clock.now() >= beat_at:
            notify("WATCHDOG=1")
            beat_at = clock.now() + BEAT
        wish = spool.take()
        if wish is None:
            clock.sleep_until(clock.now() + POLL)
            continue
        signal.setitimer(signal.ITIMER_REAL, wish.deadline)
        spool.finish(*answer(wish, clock, spool))
        signal.setitimer(signal.ITIMER_REAL, 0)


def answer(wish: Wish, clock: Clock, spool: Spool) -> tuple[Answer, bytes, bytes]:
    """Take the wished picture: the answer, the full picture, the thumbnail."""
    try:
        jpeg = take_still(wish.camera, max(1.0, wish.deadline - GRACE), clock)
        taken_late = late(wish, clock.now())
        opened = Opened.of(jpeg)
    except CameraError as error:
        return Answer(wish.id, False, error.reason), b"", b""
    except NotWholeError as error:
        return Answer(wish.id, False, NoPictureError(error.detail).reason), b"", b""
    look = opened.look(wish.previous)
    dated = msgspec.structs.replace(wish, clock=widened(wish.clock, taken_late))
    full, thumbnail = with_exif(jpeg, dated), with_exif(opened.thumbnail(), dated)
    return (
        Answer(
            wish.id,
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
        ),
        full,
        thumbnail,
    )


def take_still(target: Target, timeout: float, clock: Clock) -> bytes:
    """One JPEG of the camera as it gives it. CameraError."""
    settings = CameraSettings(
        target.driver, target.url, target.username, target.password, target.width, target.height, timeout
    )
    camera = open_camera(settings, clock)
    try:
        jpeg = camera.still()
    finally:
        camera.close()
    if not jpeg:
        raise NoPictureError(Reason("empty_picture", "the camera gave an empty picture"))
    return jpeg


def _attend(spool: Spool, clock: Clock) -> bool:
    for _ in range(LOCK_TRIES):
        if spool.attend() is not None:
            return True
        clock.sleep_until(clock.now() + POLL)
    return False


def _part(data: bytes) -> Part:
    return Part(sha256(data).hexdigest(), len(data))


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
