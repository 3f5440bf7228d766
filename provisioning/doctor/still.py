"""A process that takes one photo: settings as JSON on standard input, the result as JSON on standard output."""

from __future__ import annotations

import io
import json
import sys
from typing import Any


def main() -> None:
    """Take one photo, for the doctor."""
    asked = {key: value for key, value in json.load(sys.stdin).items() if value is not None}
    print(json.dumps(describe_photo(asked)))


def describe_photo(asked: dict[str, Any]) -> dict[str, Any]:
    """Return width, height and bytes of the photo, or the coded `trouble`."""
    from PIL import Image, UnidentifiedImageError

    from drivers.cameras.camera import CameraError, CameraSettings, NotAnImageError
    from drivers.cameras.opening import open_camera
    from drivers.reason import Reason
    from edge.clock.clock import SystemClock

    try:
        camera = open_camera(CameraSettings(**asked), SystemClock())
        try:
            data = camera.still()
        finally:
            camera.close()
        with Image.open(io.BytesIO(data)) as image:
            return {"bytes": len(data), "width": image.width, "height": image.height}
    except CameraError as error:
        return {"trouble": error.reason.builtins()}
    except UnidentifiedImageError:
        why = NotAnImageError(Reason("not_a_whole_picture", "what it gives is not a whole picture"))
        return {"trouble": why.reason.builtins()}


if __name__ == "__main__":
    main()
