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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from drivers.cameras import wire

PIECE = 65536  # bytes
HEARD = 16_384  # bytes: a login is refused in the first answers
Left = Callable[[], float]


@contextmanager
def relayed(host: str, port: int, tls: bool, fingerprint: str, left: Left, heard: bytearray) -> Iterator[int]:
    """Connect to the camera and yield the local port that leads to it, for one connection.

    What the camera says first is put into `heard`. `left()` returns the seconds to the deadline and raises TimeoutError
    where there are none. Raise OSError where there is no connection (ssl.SSLCertVerificationError where its certificate
    is not trusted), UnreachableError where the certificate has another fingerprint.
    """
    with (
        _connected(host, port, tls, fingerprint, left) as camera,
        socket.create_server(("127.0.0.1", 0), backlog=1) as listening,
    ):
        pump = threading.Thread(target=_pump, args=(listening, camera, left, heard), name="camera relay", daemon=True)
        pump.start()
        try:
            yield listening.getsockname()[1]
        finally:
            for end in (listening, camera):
                with suppress(OSError):  # it is closed already
                    socket.socket.shutdown(end, socket.SHUT_RDWR)
            pump.join()


def _connected(host: str, port: int, tls: bool, fingerprint: str, left: Left) -> socket.socket:
    camera = socket.create_connection((host, port), left())
    if not tls:
        return camera
    camera.settimeout(left())
    secure = wire.context(fingerprint).wrap_socket(camera, server_hostname=host)
    if fingerprint:
        wire.check(secure.getpeercert(binary_form=True) or b"", fingerprint)
    return secure


def _pump(listening: socket.socket, camera: socket.socket, left: Left, heard: bytearray) -> None:
    """Carry bytes both ways until either end closes or the deadline comes."""
    try:
        listening.settimeout(left())
        near, _ = listening.accept()
        with near:
            while _carried(near, camera, left, heard):
                pass
            camera.close()
    except (OSError, ValueError):  # the deadline, an end that has gone, or a socket that is closed under our hands
        return


def _carried(near: socket.socket, camera: socket.socket, left: Left, heard: bytearray) -> bool:
    """Carry what is there, waiting for it. Return False where an end has closed."""
    waiting = isinstance(camera, ssl.SSLSocket) and camera.pending()
    ready = [near, camera] if waiting else select.select([near, camera], [], [], left())[0]
    if camera in ready and not _passed(camera, near, left, heard):
        return False
    return near not in ready or _passed(near, camera, left)


def _passed(source: socket.socket, target: socket.socket, left: Left, heard: bytearray | None = None) -> bool:
    source.settimeout(0.0)  # of a TLS record there may be half, and nothing for us in it
    try:
        data = source.recv(PIECE)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    if heard is not None and len(heard) < HEARD:
        heard += data[: HEARD - len(heard)]
    target.settimeout(left())
    target.sendall(data)
    return bool(data)
