"""The camera: what gives one still picture, and what can go wrong with it.

    CameraError                 no picture; the text is one sentence without name or password of the camera
    ├── UnreachableError        no connection, no such host, no camera on the ribbon cable
    ├── LoginRefusedError       the camera requires another user or password (cameras lock: ask seldom)
    ├── NotAnImageError         something answered, but not with a picture (a web page, another service)
    └── NoPictureError          the camera is reachable and gave no complete picture within its time

A camera library may also hang or crash for good: a camera is opened in a process of its own.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from drivers.clock import Clock

CAMERAS = {
    "picamera": "drivers.cameras.picamera:PiCamera",
    "http": "drivers.cameras.http_still:HttpStill",
    "rtsp": "drivers.cameras.rtsp:RtspCamera",
}
JPEG_START = b"\xff\xd8\xff"
MOST_BYTES = 30_000_000  # a 4-megapixel JPEG has 1 to 4 MB; more than this is no snapshot


class CameraError(Exception):
    """A camera gave no picture; the text is one sentence in English."""

    @property
    def reason(self) -> str:
        """The class as a short phrase ("unreachable", "login refused", ...)."""
        return _PHRASES.get(type(self).__name__, "camera error")


class UnreachableError(CameraError):
    """Nothing answers at the camera's address."""


class LoginRefusedError(CameraError):
    """The camera requires another user or password."""


class NotAnImageError(CameraError):
    """Something answered, but not with a picture."""


class NoPictureError(CameraError):
    """The camera is reachable and gave no complete picture within its time."""


_PHRASES = {
    "UnreachableError": "unreachable",
    "LoginRefusedError": "login refused",
    "NotAnImageError": "not an image",
    "NoPictureError": "no picture",
}


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Settings of one camera.

    `width`, `height`: pixels, for the Pi's own camera only (others give what they have); `timeout`: seconds for one
    still in all.
    """

    driver: str
    url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    width: int = 2688
    height: int = 1520
    timeout: float = 30.0


class Camera(Protocol):
    """An opened camera."""

    def still(self) -> bytes:
        """Take one picture. Return a complete JPEG within the settings' `timeout`, where the library keeps it.

        Raise CameraError.
        """

    def close(self) -> None:
        """Release the camera."""


def open_camera(settings: CameraSettings, clock: Clock) -> Camera:
    """Open the camera of the settings' driver; its libraries are loaded only now. Raise CameraError."""
    place = CAMERAS.get(settings.driver)
    if place is None:
        raise UnreachableError(f"no camera driver is called {settings.driver!r}; there are {', '.join(CAMERAS)}")
    module, _, name = place.partition(":")
    camera: Camera = getattr(importlib.import_module(module), name)(settings, clock)
    return camera


def split_login(settings: CameraSettings) -> tuple[SplitResult, str, str]:
    """Return the address without its login, the user and the password.

    The settings' own login takes precedence over the address's. Raise UnreachableError where it is no valid address.
    """
    try:
        parts = urlsplit(settings.url)
    except ValueError as error:
        raise UnreachableError(f"the address is none: {error}") from None
    place = parts.netloc.rpartition("@")[2]
    user = settings.username or unquote(parts.username or "")
    password = settings.password or unquote(parts.password or "")
    return parts._replace(netloc=place), user, password


def shown(url: str) -> str:
    """Return an address as people may see it: without login and query (some cameras carry the password there)."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
