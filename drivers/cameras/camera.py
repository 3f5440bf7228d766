"""The interface of cameras that give single still pictures, and the errors that can occur.

    CameraError                 no picture; the text is one sentence without name or password of the camera
    ├── UnreachableError        no connection, no such host, no camera on the ribbon cable
    ├── LoginRefusedError       the camera requires another user or password (cameras lock: retry rarely)
    ├── NotAnImageError         something answered, but not with a picture (a web page, another service)
    └── NoPictureError          the camera is reachable but gave no complete picture within the timeout

All exceptions of libraries are converted to these, and pictures are checked to the last line, in one place for all
cameras. A library may also hang or crash: a camera is opened in a process of its own.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import ClassVar, Protocol
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from drivers.reason import Reason, system_reason
from drivers.tls import distrust

JPEG_START = b"\xff\xd8\xff"
IN_PATHS = "/%:@!$&'()*+,;=~[]?"  # sent unchanged in an address; everything else is percent-encoded as UTF-8
FORBIDDEN = Reason(
    "camera_forbids",
    "the camera does not permit this picture (403 Forbidden): is the channel right, and may the user see it?",
)
MOST_BYTES = 30_000_000  # a 4-megapixel JPEG has 1 to 4 MB; more than this is no snapshot


class CameraError(Exception):
    """No picture; `detail` is what happened."""

    kind: ClassVar[Reason] = Reason("camera_error", "camera error")

    def __init__(self, detail: Reason) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def reason(self) -> Reason:
        """The kind of error ("unreachable", "login refused", ...), its parameter `detail` being what happened."""
        return self.kind.having(detail=self.detail)


class UnreachableError(CameraError):
    """Nothing answers at the camera's address."""

    kind = Reason("unreachable", "unreachable")


class LoginRefusedError(CameraError):
    """The camera requires another user or password."""

    kind = Reason("login_refused", "login refused")


class NotAnImageError(CameraError):
    """Something answered, but not with a picture."""

    kind = Reason("not_an_image", "not an image")


class NoPictureError(CameraError):
    """The camera is reachable but gave no complete picture within the timeout."""

    kind = Reason("no_picture", "no picture")


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Settings of one camera.

    `width`, `height`: pixels, for the Pi's own camera only (others give what they have); `timeout`: seconds for one
    still in all; `fingerprint`: SHA-256 of the camera's certificate, hex, if no trusted CA has signed it.
    """

    driver: str
    url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    width: int = 2688
    height: int = 1520
    timeout: float = 30.0
    fingerprint: str = ""


class Camera(Protocol):
    """An opened camera."""

    @property
    def logged_in(self) -> bool:
        """Whether its last still required the login."""

    def still(self) -> bytes:
        """Take one picture. Return a complete JPEG within the settings' `timeout`, if the library respects it.

        Raise CameraError.
        """

    def close(self) -> None:
        """Release the camera."""


def split_login(settings: CameraSettings) -> tuple[SplitResult, str, str]:
    """Return the address without its login, the user and the password.

    The settings' own login takes precedence over the address's. Raise UnreachableError if the address is invalid.
    """
    try:
        parts = urlsplit(settings.url)
        _ = parts.port  # raises ValueError if it is invalid
    except ValueError as error:
        raise UnreachableError(Reason("no_address", "the address is not valid: {why}", why=str(error))) from None
    place = parts.netloc.rpartition("@")[2]
    user = settings.username or unquote(parts.username or "")
    password = settings.password or unquote(parts.password or "")
    return parts._replace(netloc=place), user, password


def no_connection(place: str, error: Exception) -> Reason:
    """Return the reason that there is no connection to a host, with the system's error."""
    return Reason("no_connection", "no connection to {place}: {why}", place=place, why=system_reason(error))


def hangs_up(place: str) -> Reason:
    """Return the reason that a host closes the connection without an answer."""
    return Reason("camera_hangs_up", "{place} closes the connection without an answer", place=place)


def certificate_untrusted(error: ssl.SSLCertVerificationError) -> Reason:
    """Return the reason that the camera's certificate is not trusted."""
    why = distrust(error.verify_code)
    return Reason("camera_certificate", "the camera's certificate is not trusted: {why}", why=why)


def public_address(url: str) -> str:
    """Return an address as people may see it: without login and query (some cameras have the password there)."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
