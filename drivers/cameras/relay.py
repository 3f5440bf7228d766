"""A local port that connects to a camera until a deadline, for libraries without deadlines or fingerprints.

FFmpeg limits each of its steps, by the wall clock, but not their total, and accepts certificates only by name and CA.
So it connects to 127.0.0.1 and its traffic is relayed here: the certificate has been checked before, and at the
deadline both sides are closed, which ends whatever FFmpeg is doing.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from drivers.cameras import wire
from drivers.cameras.wire import Left

PIECE = 65536  # bytes


class Answers(Protocol):
    """Observes both directions, and decides which of the camera's bytes the library gets."""

    def asked(self, request: bytes, /) -> None:
        """Handle bytes from the library."""

    def passed(self, data: bytes, /) -> bytes:
        """Return what the library may get after these bytes from the camera. Raise ConnectionError to disconnect."""

    def ended(self) -> None:
        """Note that the camera has closed the connection."""


@contextmanager
def relayed(host: str, port: int, tls: bool, fingerprint: str, left: Left, answers: Answers) -> Iterator[int]:
    """Connect to the camera and yield the local port that leads to it, for one connection.

    The traffic passes through `answers`. `left()` returns the seconds to the deadline and raises TimeoutError if there
    are none. Raise OSError if there is no connection (ssl.SSLCertVerificationError if its certificate is not trusted),
    UnreachableError if the certificate has another fingerprint.
    """
    with (
        _connected(host, port, tls, fingerprint, left) as camera,
        socket.create_server(("127.0.0.1", 0), backlog=1) as listening,
    ):
        over = threading.Event()
        given = listening, camera, left, answers, over
        pump = threading.Thread(target=_pump, args=given, name="camera relay", daemon=True)
        pump.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            for end in (listening, camera):
                with suppress(OSError):  # already closed
                    socket.socket.shutdown(end, socket.SHUT_RDWR)
            pump.join()


def _connected(host: str, port: int, tls: bool, fingerprint: str, left: Left) -> socket.socket:
    camera = wire.reached(host, port, left)
    return wire.secured(camera, host, wire.context(fingerprint), fingerprint, left) if tls else camera


def _pump(listening: socket.socket, camera: socket.socket, left: Left, answers: Answers, over: threading.Event) -> None:
    """Relay bytes in both directions until either end closes, `over` is set or the deadline passes."""
    try:
        listening.settimeout(left())
        near, _ = listening.accept()
        with near:
            while _relayed(near, camera, left, answers, over):
                pass
            camera.close()
    except (OSError, ValueError):  # the deadline, a closed end, or a socket closed by another thread
        return


def _relayed(near: socket.socket, camera: socket.socket, left: Left, answers: Answers, over: threading.Event) -> bool:
    """Wait for bytes and relay them. Return False if an end has closed."""
    waiting = isinstance(camera, ssl.SSLSocket) and camera.pending()
    ready = [near, camera] if waiting else select.select([near, camera], [], [], left())[0]
    if camera in ready and (said := _received(camera)) is not None:
        if not said:
            if not over.is_set():  # the camera has closed it, not we
                answers.ended()
            return False
        _send(near, answers.passed(said), left)
    if near in ready and (asked := _received(near)) is not None:
        if not asked:
            return False
        answers.asked(asked)
        _send(camera, asked, left)
    return True


def _received(source: socket.socket) -> bytes | None:
    """Return the received bytes, b"" if the end has closed, None if there are none yet."""
    source.settimeout(0.0)  # a TLS record may be incomplete
    try:
        return source.recv(PIECE)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    except ConnectionError:
        return b""


def _send(target: socket.socket, data: bytes, left: Left) -> None:
    target.settimeout(left())
    target.sendall(data)
