"""A local port that connects to a camera until a deadline, for libraries without deadlines or fingerprints.

FFmpeg limits each of its steps and none of them all together, by the wall clock, and knows no certificate but by its
name and an authority. So it is given 127.0.0.1, and what it says and hears goes through here: the certificate has been
checked by then, and at the deadline both sides are closed, which ends whatever it is doing.
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
    """Hears both sides, and decides what of the camera's bytes the library may have."""

    def asked(self, request: bytes, /) -> None:
        """Take in what the library says."""

    def passed(self, data: bytes, /) -> bytes:
        """Return what the library may hear now of what the camera says. Raise ConnectionError if that must end."""

    def ended(self) -> None:
        """Take in that the camera has closed the connection."""


@contextmanager
def relayed(host: str, port: int, tls: bool, fingerprint: str, left: Left, answers: Answers) -> Iterator[int]:
    """Connect to the camera and yield the local port that leads to it, for one connection.

    What both say goes through `answers`. `left()` returns the seconds to the deadline and raises TimeoutError
    where there are none. Raise OSError if there is no connection (ssl.SSLCertVerificationError where its certificate
    is not trusted), UnreachableError if the certificate has another fingerprint.
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
                with suppress(OSError):  # it is closed already
                    socket.socket.shutdown(end, socket.SHUT_RDWR)
            pump.join()


def _connected(host: str, port: int, tls: bool, fingerprint: str, left: Left) -> socket.socket:
    camera = wire.reached(host, port, left)
    return wire.secured(camera, host, wire.context(fingerprint), fingerprint, left) if tls else camera


def _pump(listening: socket.socket, camera: socket.socket, left: Left, answers: Answers, over: threading.Event) -> None:
    """Carry bytes both ways until either end closes, it is `over` here or the deadline comes."""
    try:
        listening.settimeout(left())
        near, _ = listening.accept()
        with near:
            while _carried(near, camera, left, answers, over):
                pass
            camera.close()
    except (OSError, ValueError):  # the deadline, an end that has gone, or a socket that is closed under our hands
        return


def _carried(near: socket.socket, camera: socket.socket, left: Left, answers: Answers, over: threading.Event) -> bool:
    """Carry what is there, waiting for it. Return False if an end has closed."""
    waiting = isinstance(camera, ssl.SSLSocket) and camera.pending()
    ready = [near, camera] if waiting else select.select([near, camera], [], [], left())[0]
    if camera in ready and (said := _received(camera)) is not None:
        if not said:
            if not over.is_set():  # it is the camera that has closed, and not we
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
    """Return what is there, b"" where the end has closed, None if there is nothing for us in it."""
    source.settimeout(0.0)  # of a TLS record there may be half
    try:
        return source.recv(PIECE)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    except ConnectionError:
        return b""


def _send(target: socket.socket, data: bytes, left: Left) -> None:
    target.settimeout(left())
    target.sendall(data)
