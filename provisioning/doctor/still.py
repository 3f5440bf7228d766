"""A process that takes one photo: the camera as JSON on standard input, the result as JSON on standard output."""

from __future__ import annotations

import json
import sys
from typing import Any

TIMEOUT = 30.0  # s for the photo; the doctor waits longer, for libraries to be loaded


def main() -> None:
    """Take one photo, for the doctor."""
    json.dump(describe_photo(sys.stdin.buffer.read()), sys.stdout)


def describe_photo(asked: bytes) -> dict[str, Any]:
    """Take a photo. Return its width, height and bytes, checked as the station does, or the coded `trouble`."""
    import msgspec

    from drivers.cameras.camera import CameraError
    from edge.clock.clock import SystemClock
    from edge.pictures.judge import Opened
    from edge.pictures.spool import CaptureTarget
    from edge.pictures.worker import take_still

    try:
        camera = msgspec.json.decode(asked, type=CaptureTarget)
        data, _ = take_still(camera, TIMEOUT, SystemClock())
        seen = Opened.of(data)
        return {"bytes": len(data), "width": seen.width, "height": seen.height}
    except CameraError as error:
        return {"trouble": error.reason.builtins()}


if __name__ == "__main__":
    main()
