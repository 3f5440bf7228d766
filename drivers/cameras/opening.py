"""Open a camera by its driver's name, convert its library's errors, and check that its pictures are complete."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TypeVar

from drivers.cameras.camera import Camera, CameraError, CameraSettings, NoPictureError, UnreachableError
from drivers.cameras.jpeg import extract_jpeg
from drivers.clock import Clock, Stopped
from drivers.reason import Reason

T = TypeVar("T")

CAMERAS = {
    "picamera": "drivers.cameras.picamera:PiCamera",
    "http": "drivers.cameras.http_still:HttpStill",
    "rtsp": "drivers.cameras.rtsp:RtspCamera",
}


def open_camera(settings: CameraSettings, clock: Clock) -> Camera:
    """Open the camera with the settings' driver, whose libraries are imported here. Raise CameraError."""
    place = CAMERAS.get(settings.driver)
    if place is None:
        raise UnreachableError(
            Reason(
                "no_camera_driver",
                "no camera driver is called {driver!r}; there are {known}",
                driver=settings.driver,
                known=", ".join(CAMERAS),
            )
        )
    module, _, name = place.partition(":")
    return Contained(lambda: getattr(importlib.import_module(module), name)(settings, clock))


class Contained:
    """A camera that raises only CameraErrors and returns only complete pictures."""

    def __init__(self, opened: Callable[[], Camera]) -> None:
        self._camera = _contained(opened, UnreachableError)

    @property
    def logged_in(self) -> bool:
        """Whether the last still required the login."""
        return self._camera.logged_in

    def still(self) -> bytes:
        """Take one picture. Return a whole JPEG. Raise CameraError."""
        return _contained(lambda: extract_jpeg(self._camera.still()), NoPictureError)

    def close(self) -> None:
        """Release the camera. Raise CameraError."""
        _contained(self._camera.close, NoPictureError)


def _contained(call: Callable[[], T], otherwise: type[CameraError]) -> T:
    try:
        return call()
    except (CameraError, Stopped):
        raise
    except Exception as error:  # a camera's library may raise anything; only this picture is lost
        raise otherwise(
            Reason(
                "camera_library_failed",
                "the camera's library failed: {why}",
                why=f"{type(error).__name__}: {error}".rstrip(": "),
            )
        ) from error
