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
INTERIM = range(102, 200)  # not 101: after it the connection continues in another protocol
OLD_CIPHERS = "DEFAULT:!kDHE:@SECLEVEL=0"  # allows SHA-1 and 1024-bit keys, but no weak Diffie-Hellman groups
# ssl.OP_LEGACY_SERVER_CONNECT of Python 3.12: TLS from before RFC 5746 (2010), which OpenSSL 3 refuses.
OLD_HANDSHAKE = 0x4


class Deadline:
    """The instant at which an exchange must have ended."""

    def __init__(self, until: float, clock: Clock) -> None:
        self._until, self._clock = until, clock
        self._soon = until

    def left(self) -> float:
        """Return the seconds left. Raise TimeoutError if there are none."""
        seconds = min(self._until, self._soon) - self._clock.now()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def within(self, seconds: float) -> None:
        """Move the deadline to in so many seconds, if that is earlier, until the next call."""
        self._soon = self._clock.now() + seconds


class CameraWire:
    """A connected socket for `http.client`; each receive has only the time left to the deadline.

    `left()` returns the seconds to the deadline and raises TimeoutError if there are none.
    """

    def __init__(self, wire: socket.socket, left: Left) -> None:
        self._wire = wire
        self._left = left

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a file of the received bytes."""
        return io.BufferedReader(_Received(self._wire, self._left))

    def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        self._wire.settimeout(self._left())
        self._wire.sendall(data)

    def close(self) -> None:
        """Close the socket, once its file is closed too."""
        self._wire.close()


class _Received(io.RawIOBase):
    """The socket's own unbuffered file; each read has only the time left to the deadline."""

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
    """A final response; interim ones are skipped, of which `http.client` skips only 100 (RFC 9110, 15.2; RFC 8297)."""

    def begin(self) -> None:
        """Read the response's head, after those of interim ones."""
        super().begin()
        while self.status in INTERIM:
            self.headers = None  # type: ignore[assignment]  # `begin` returns at once if it is set
            super().begin()


def link_to(parts: SplitResult, trusted: ssl.SSLContext | None, fingerprint: str, left: Left) -> HTTPConnection:
    """Return a connection to the host of a web address, with the deadline for everything on it.

    `trusted`: the TLS context, None without TLS. Raise UnreachableError if the certificate has another fingerprint,
    OSError.
    """
    link = HTTPConnection(parts.hostname or "", parts.port or PORTS[parts.scheme])
    link.default_port = PORTS[parts.scheme]
    link.response_class = FinalAnswer
    wire = reached(link.host, link.port, left)
    link.host = without_zone(link.host)
    if trusted is not None:
        wire = secured(wire, link.host, trusted, fingerprint, left)
    link.sock = CameraWire(wire, left)  # the part of a socket that http.client uses
    return link


def reached(host: str, port: int, left: Left) -> socket.socket:
    """Connect to a host, trying each of its addresses with an equal share of the time left.

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
    """Return an encrypted connection whose certificate has been checked; close it if the check fails.

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
    """Return a host without the zone of a link-local address, which is local to this machine (RFC 6874)."""
    return host.partition("%")[0]


def check(certificate: bytes, fingerprint: str) -> None:
    """Raise UnreachableError if a certificate (DER) does not have that fingerprint."""
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
    """Normalize a fingerprint for comparison: `openssl x509 -fingerprint` writes colons and capitals."""
    return fingerprint.rpartition("=")[2].replace(":", "").replace(" ", "").lower()


def context(fingerprint: str) -> ssl.SSLContext:
    """Return a TLS context that checks certificates by CA, or not at all with a fingerprint, which `secured` checks."""
    found = ssl.create_default_context()
    if fingerprint:  # a ten-year-old camera may support only TLS 1.0, and the fingerprint still identifies it
        found.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        found.set_ciphers(OLD_CIPHERS)
        found.options |= OLD_HANDSHAKE
        found.check_hostname = False
        found.verify_mode = ssl.CERT_NONE
    return found
