"""A connection with one deadline for everything, including headers, that can pin a camera's self-signed certificate."""

from __future__ import annotations

import hashlib
import io
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import SplitResult

from drivers.cameras.camera import UnreachableError
from drivers.clock import Clock
from drivers.reason import Reason

Left = Callable[[], float]
PORTS = {"http": 80, "https": 443}
INTERIM = range(102, 200)  # 101 is the last one of a connection: it goes on in another protocol
OLD_CIPHERS = "DEFAULT:!kDHE:@SECLEVEL=0"  # SHA-1 and keys of 1024 bits; no groups that can be broken on the way
# ssl.OP_LEGACY_SERVER_CONNECT of Python 3.12: TLS as it was before RFC 5746 (2010), which OpenSSL 3 refuses.
OLD_HANDSHAKE = 0x4


class Deadline:
    """The instant at which an exchange must have ended."""

    def __init__(self, until: float, clock: Clock) -> None:
        self._until, self._clock = until, clock
        self._soon = until

    def left(self) -> float:
        """Return the seconds to it. Raise TimeoutError if there are none."""
        seconds = min(self._until, self._soon) - self._clock.now()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def within(self, seconds: float) -> None:
        """Let it be in so many seconds, until another word, where that is earlier."""
        self._soon = self._clock.now() + seconds


class CameraWire:
    """A connected socket, as `http.client` uses one; each receive has only the time that is left.

    `left()` returns the seconds to the deadline and raises TimeoutError if there are none.
    """

    def __init__(self, wire: socket.socket, left: Left) -> None:
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

    def __init__(self, wire: socket.socket, left: Left) -> None:
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


class FinalAnswer(HTTPResponse):
    """An answer behind all that come before it: `http.client` passes over 100 alone (RFC 9110, 15.2; 103: RFC 8297)."""

    def begin(self) -> None:
        """Read the answer's headers, of those before it too."""
        super().begin()
        while self.status in INTERIM:
            self.headers = None  # type: ignore[assignment]  # as before the first answer: `begin` does nothing else
            super().begin()


def link_to(parts: SplitResult, trusted: ssl.SSLContext | None, fingerprint: str, left: Left) -> HTTPConnection:
    """Return a connection to the host of a web address, the deadline put on all that follows.

    `trusted`: how certificates are judged, None if it is in clear. Raise UnreachableError where the certificate has
    another fingerprint, OSError.
    """
    link = HTTPConnection(parts.hostname or "", parts.port or PORTS[parts.scheme])
    link.default_port = PORTS[parts.scheme]
    link.response_class = FinalAnswer
    wire = reached(link.host, link.port, left)
    link.host = without_zone(link.host)
    if trusted is not None:
        wire = secured(wire, link.host, trusted, fingerprint, left)
    link.sock = CameraWire(wire, left)  # the part of a socket that it uses
    return link


def reached(host: str, port: int, left: Left) -> socket.socket:
    """Connect to a host, at each of its addresses in turn: one that hangs leaves the others their share of the time.

    Raise OSError.
    """
    trouble: OSError = TimeoutError()
    found = socket.getaddrinfo(host.replace("%25", "%"), port, type=socket.SOCK_STREAM)
    for others, (family, kind, protocol, _, address) in zip(range(len(found), 0, -1), found):
        wire = socket.socket(family, kind, protocol)
        try:
            wire.settimeout(left() / others)
            wire.connect(address)
            return wire
        except OSError as error:
            wire.close()
            trouble = error
    raise trouble


def secured(wire: socket.socket, host: str, trusted: ssl.SSLContext, fingerprint: str, left: Left) -> ssl.SSLSocket:
    """Return a connection encrypted, once its certificate is found to be right; it is closed otherwise.

    Raise UnreachableError if it has another fingerprint, OSError (ssl.SSLCertVerificationError).
    """
    with ExitStack() as stack:
        stack.callback(wire.close)
        wire.settimeout(left())
        secure = trusted.wrap_socket(wire, server_hostname=without_zone(host))
        stack.callback(secure.close)
        if fingerprint:
            check(secure.getpeercert(binary_form=True) or b"", fingerprint)
        stack.pop_all()
    return secure


def without_zone(host: str) -> str:
    """Return a host as others know it: the zone of a link-local address is this machine's own (RFC 6874)."""
    return host.partition("%")[0]


def check(certificate: bytes, fingerprint: str) -> None:
    """Raise UnreachableError if a certificate (DER) has not that fingerprint."""
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
    if fingerprint:  # a camera of ten years ago knows no better than TLS 1.0, and is still the one that it was
        found.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        found.set_ciphers(OLD_CIPHERS)
        found.options |= OLD_HANDSHAKE
        found.check_hostname = False
        found.verify_mode = ssl.CERT_NONE
    return found
