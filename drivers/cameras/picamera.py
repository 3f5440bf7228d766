"""The Pi's own camera on its ribbon cable, through Picamera2 (on a Pi, Debian's: it matches its numpy and libcamera).

The sensor runs only for the seconds of a still: between pictures it and its 30 MB of buffers are released.
"""

from __future__ import annotations

import io
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Any

from drivers.cameras.camera import CameraError, CameraSettings, NoPictureError, UnreachableError
from drivers.clock import Clock, Stopped
from drivers.reason import Reason

SETTLE = 2.0  # s until exposure and white balance have settled (the Picamera2 manual's own examples wait 1 to 2)
QUALITY = 90  # of the JPEG; 1 to 2 MB for 4 megapixels


class PiCamera:
    """Camera 0 of the Pi."""

    logged_in = False

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise UnreachableError(
                Reason(
                    "no_picamera2",
                    "Picamera2 is not installed ({why})",
                    why=error.name or str(error),
                )
            ) from None
        self._clock = clock
        self._timeout = settings.timeout
        if not Picamera2.global_camera_info():
            raise UnreachableError(
                Reason("no_ribbon_camera", "the Pi finds no camera: is the ribbon cable seated at both ends?")
            )
        self._camera: Any = _tried(Picamera2)
        _tried(lambda: self._set_up((settings.width, settings.height)))

    def still(self) -> bytes:
        """Take one picture. Return a JPEG of the configured size. Raise NoPictureError."""
        out = io.BytesIO()
        _tried(self._camera.start)
        try:
            self._clock.sleep_until(self._clock.now() + SETTLE)
            _tried(lambda: self._camera.capture_file(out, format="jpeg", wait=self._timeout))
        except (NotInTime, TimeoutError):
            raise NoPictureError(
                Reason(
                    "no_picture_in_time", "the camera gave no whole picture within {seconds:g} s", seconds=self._timeout
                )
            ) from None
        finally:
            with suppress(CameraError):  # the picture has been taken, or its own error is raised
                _tried(self._camera.stop)
        return out.getvalue()

    def close(self) -> None:
        """Release the sensor and its buffers."""
        _tried(self._camera.close)

    def _set_up(self, size: tuple[int, int]) -> None:
        self._camera.options["quality"] = QUALITY
        still = self._camera.create_still_configuration(main={"size": size}, raw=None, buffer_count=1)
        self._camera.configure(still)


def _tried(call: Any) -> Any:
    """Call into Picamera2 and return the result. Raise NoPictureError for its errors, let TimeoutError pass.

    Picamera2 raises RuntimeError, libcamera's binding OSError and RuntimeError, and both also what Python raises when
    their assumptions fail (IndexError, KeyError, AttributeError).
    """
    try:
        return call()
    except Stopped:
        raise
    except Exception as error:  # a camera's library may raise anything; only this picture is lost
        if isinstance(error, TimeoutError):
            raise
        raise NoPictureError(
            Reason(
                "pi_camera_failed",
                "the Pi's camera failed: {why}",
                why=str(error.__cause__ or error) or type(error).__name__,
            )
        ) from None
