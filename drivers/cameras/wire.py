"""A connection with one deadline for everything, including headers, that can pin a camera's self-signed certificate."""

from __future__ import annotations

import hashlib
import http.client
import io
import socket
import ssl
from collections.abc import Callable
from typing import Any

from drivers.cameras.camera import UnreachableError
from drivers.clock import Clock
from drivers.reason import Reason


class Deadline:
    """The instant at which an exchange must have ended."""

    def __init__(self, until: float, clock: Clock) -> None:
        self._until, self._clock = until, clock

    def left(self) -> float:
        """Return the seconds to it. Raise TimeoutError where there are none."""
        seconds = self._until - self._clock.now()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def within(self, seconds: float) -> None:
        """Let it be in so many seconds, where that is earlier."""
        self._until = min(self._until, self._clock.now() + seconds)


class CameraWire:
    """A connected socket, as `http.client` uses one; each receive has only the time that is left.

    `left()` returns the seconds to the deadline and raises TimeoutError where there are none.
    """

    def __init__(self, wire: socket.socket, left: Callable[[], float]) -> None:
        self._wire = wire
        self._left = left

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what is received as a file."""
        return io.BufferedReader(_Received(self._wire, self._left))

    def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        self._wire.settimeout(self._left())
        self._wire.sendall(data)

    def close(self) -> None:
        """Close the socket, once its file is closed too."""
        self._wire.close()


class _Received(io.RawIOBase):
    """The socket's own unbuffered file, each read of it with the time that is left."""

    def __init__(self, wire: socket.socket, left: Callable[[], float]) -> None:
        self._wire = wire
        self._left = left
        self._file = wire.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Receive into `buffer`. Return the number of bytes; raise TimeoutError at the deadline."""
        self._wire.settimeout(self._left())
        return self._file.readinto(buffer)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def connect(link: http.client.HTTPConnection, fingerprint: str, left: Callable[[], float]) -> None:
    """Connect, check the certificate where one is expected, and put the deadline on all that follows.

    Raise UnreachableError where the certificate is another one, OSError.
    """
    link.timeout = left()
    link.connect()
    wire = link.sock
    if fingerprint and isinstance(wire, ssl.SSLSocket):
        check(wire.getpeercert(binary_form=True) or b"", fingerprint)
    link.sock = CameraWire(wire, left)  # the part of a socket that it uses


def check(certificate: bytes, fingerprint: str) -> None:
    """Raise UnreachableError where a certificate (DER) has not that fingerprint."""
    found = hashlib.sha256(certificate).hexdigest()
    if found != plain(fingerprint):
        raise UnreachableError(
            Reason(
                "camera_fingerprint",
                "the camera's certificate has changed: its fingerprint is {found}, not {expected}",
                found=found,
                expected=plain(fingerprint),
            )
        )


def plain(fingerprint: str) -> str:
    """Return a fingerprint as it is compared: `openssl x509 -fingerprint` writes colons and capitals."""
    return fingerprint.rpartition("=")[2].replace(":", "").replace(" ", "").lower()


def context(fingerprint: str) -> ssl.SSLContext:
    """Return how certificates are judged: by the authorities, or by the fingerprint alone, which `connect` checks."""
    found = ssl.create_default_context()
    if fingerprint:
        found.check_hostname = False
        found.verify_mode = ssl.CERT_NONE
    return found
