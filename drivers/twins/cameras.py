"""A simulated network camera: a real HTTP server whose snapshot address returns the painted orchard.

It requires a login as cameras do (basic, or digest with MD5 or SHA-256) and misbehaves as they do. It shares no code
with the driver: logins are implemented from RFC 7617 and RFC 7616.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.request import parse_http_list, parse_keqv_list

from PIL import Image

from drivers.twins.scene import Moment, Scene

REALM, NONCE = "IP Camera", "a1b2c3d4e5f60718"
DEFOCUS = 12.0  # pixels of 2688: leaves are blobs, but rows of trees are recognizable
M_MMAP_THRESHOLD, LARGE = -3, 1_000_000  # malloc.h; bytes
LONGEST_HANG = 120.0  # s; then even a hanging camera closes the connection
PAGE = (
    b"<!DOCTYPE html><html><head><title>Web Login</title><style>p{}</style></head>"
    b"<body><h1>Please log in</h1></body></html>"
)


class CameraFault(StrEnum):
    """How the camera can misbehave, until `misbehave(None)`."""

    HANG = "hang"  # accepts the request and never answers
    HTML = "html"  # answers with its login page
    REFUSE = "refuse"  # refuses every login
    TRUNCATED = "truncated"  # states the picture's length and disconnects half-way
    CUT = "cut"  # a complete answer with a picture that is cut short
    BLACK = "black"  # a covered lens
    REPEATED = "repeated"  # the last frame, for ever
    BLURRED = "blurred"  # out of focus
    BUSY = "busy"  # 503


class SnapshotCamera:
    """The server, on a free port of this machine: `with SnapshotCamera(scene, moment) as camera: camera.url`.

    `moment` is called for each picture; `login` is (user, password) with `scheme` "basic", "md5" or "sha-256".
    """

    def __init__(
        self,
        scene: Scene,
        moment: Callable[[], Moment],
        login: tuple[str, str] | None = None,
        scheme: str = "md5",
    ) -> None:
        self._scene, self._moment, self._login, self._scheme = scene, moment, login, scheme
        self._fault: CameraFault | None = None
        self._kept = b""
        self._closing = threading.Event()
        self.asked = 0  # requests, for tests that count them
        self.logins = 0  # of these, with a login
        # One thread paints for all requests: glibc gives each thread its own memory arena, and keeps it.
        self._painter = ThreadPoolExecutor(1, "painter", give_back_memory)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="camera", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The snapshot's address."""
        return f"http://127.0.0.1:{self._server.server_port}/ISAPI/Streaming/channels/101/picture"

    def misbehave(self, fault: CameraFault | None) -> None:
        """Misbehave from now on, or behave again (None)."""
        self._fault = fault

    def close(self) -> None:
        """End the server; requests that hang are released."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._painter.shutdown()
        self._thread.join(5)

    def __enter__(self) -> SnapshotCamera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what the server does ------------------------------------------------------------------------------

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        twin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    twin._answer(self)
                except (BrokenPipeError, ConnectionResetError):  # the client disconnected
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        fault = self._fault
        self.asked += 1
        login = request.headers.get("Authorization", "")
        self.logins += bool(login)
        if fault is CameraFault.HANG:
            self._closing.wait(LONGEST_HANG)
            request.close_connection = True
        elif fault is CameraFault.BUSY:
            request.send_error(503)
        elif not self._admits(login, request.path) or (fault is CameraFault.REFUSE):
            send(request, 401, "text/html", PAGE, challenge(self._scheme))
        elif fault is CameraFault.HTML:
            send(request, 200, "text/html", PAGE)
        else:
            self._give(request, self._painter.submit(self._picture, fault).result(), fault)

    def _give(self, request: BaseHTTPRequestHandler, jpeg: bytes, fault: CameraFault | None) -> None:
        if fault is CameraFault.CUT:
            jpeg = jpeg[: len(jpeg) // 2]
        request.send_response(200)
        request.send_header("Content-Type", "image/jpeg")
        request.send_header("Content-Length", str(len(jpeg)))
        request.end_headers()
        request.wfile.write(jpeg[: len(jpeg) // 2] if fault is CameraFault.TRUNCATED else jpeg)
        request.close_connection = True

    def _picture(self, fault: CameraFault | None) -> bytes:
        if fault is CameraFault.REPEATED and self._kept:
            return self._kept
        if fault is CameraFault.BLACK:
            self._kept = packed(Image.new("RGB", (self._scene.width, self._scene.height), (2, 2, 3)))
        elif fault is CameraFault.BLURRED:
            self._kept = self._scene.jpeg(replace(self._moment(), defocus=DEFOCUS))
        else:
            self._kept = self._scene.jpeg(self._moment())
        return self._kept

    def _admits(self, login: str, path: str) -> bool:
        if self._login is None:
            return True
        user, password = self._login
        if self._scheme == "basic":
            return login == "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if not login.startswith("Digest "):
            return False
        fields = parse_keqv_list(parse_http_list(login.removeprefix("Digest ")))
        named = (fields.get("nonce"), fields.get("uri"), fields.get("qop"))
        return named == (NONCE, path, "auth") and fields.get("response") == self._expected(fields, path)

    def _expected(self, fields: dict[str, str], path: str) -> str:
        name = "sha256" if self._scheme == "sha-256" else "md5"

        def h(text: str) -> str:
            return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

        user, password = self._login or ("", "")
        a1, a2 = h(f"{user}:{REALM}:{password}"), h(f"GET:{path}")
        return h(f"{a1}:{NONCE}:{fields.get('nc')}:{fields.get('cnonce')}:auth:{a2}")


def challenge(scheme: str) -> str:
    """Return the WWW-Authenticate header of a scheme."""
    if scheme == "basic":
        return f'Basic realm="{REALM}"'
    return f'Digest qop="auth", realm="{REALM}", nonce="{NONCE}", algorithm={scheme.upper()}, stale="FALSE"'


def send(request: BaseHTTPRequestHandler, status: int, kind: str, body: bytes, login: str = "") -> None:
    """Send one complete answer."""
    request.send_response(status)
    if login:
        request.send_header("WWW-Authenticate", login)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def give_back_memory() -> None:
    """Make the C library return large pieces of memory when they are freed, which glibc does not do by itself."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)


def packed(image: Image.Image) -> bytes:
    """Return the image as JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
