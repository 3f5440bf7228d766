"""Servers that never close a connection and say nothing of a length: what they answered is told without waiting on."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

import pytest

from drivers.cameras.camera import CameraError
from drivers.cameras.http_still import FAREWELL
from tests.kits.camera_port import listening
from tests.unit.drivers.test_camera_answers import WHOLE, http, still

LONG = 600.0  # s: who waits it out is ended by the test's own limit
PAGE = b"<html><head><title>Web service</title></head><body>Please log in to this camera first.</body></html>"
CHALLENGE = ("401 Unauthorized", 'WWW-Authenticate: Basic realm="r"')


def holding(answer: Callable[[str], Iterable[bytes]]) -> AbstractContextManager[str]:
    """Serve the pieces that `answer(request)` gives, and leave each connection open until the other end closes it."""

    def serve(link: socket.socket) -> None:
        for piece in answer(link.recv(65536).decode("latin-1")):
            link.sendall(piece)
        while link.recv(4096):
            pass

    return listening(serve)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(PAGE, "text/html"), "no_jpeg"),
        (http(PAGE, "text/html", "404 Not Found"), "camera_answers_404"),
        (http(PAGE, "text/html", "503 Service Unavailable"), "camera_busy"),
        (http(PAGE, "text/html", "403 Forbidden"), "camera_forbids"),
        (http(PAGE, "text/html", *CHALLENGE), "http_login_refused"),
    ],
)
def test_what_is_no_picture_is_named_though_the_connection_stays_open(answer: bytes, code: str) -> None:
    """A page or a refusal without a length is no picture that did not come in time."""
    with holding(lambda _: [answer]) as place, pytest.raises(CameraError) as refused:
        still(f"http://{place}/", LONG, username="admin", password="x")
    assert refused.value.detail.code == code


@pytest.mark.parametrize("before", [CHALLENGE, ("302 Found", "Location: /other.jpg")])
@pytest.mark.parametrize("more", [(), (f"Content-Length: {len(WHOLE) + 9}",)])
def test_a_picture_needs_no_end_of_its_connection(before: tuple[str, ...], more: tuple[str, ...]) -> None:
    """After a challenge or a redirect whose page never ends, a whole picture is taken whose answer never ends."""

    def answer(request: str) -> list[bytes]:
        if "Authorization" in request or "/other.jpg" in request:
            return [http(WHOLE, "image/jpeg", "200 OK", *more)]
        return [http(PAGE, "text/html", *before)]

    with holding(answer) as place:
        assert still(f"http://{place}/", LONG, username="admin", password="x") == WHOLE


def test_a_stream_that_begins_with_its_header_alone_is_waited_for() -> None:
    """Parts whose kind is not said begin with text; the picture may come seconds after it."""
    head = http(b"--b\r\nContent-Type: image/jpeg\r\nX-Timestamp: 1784347200.000000\r\nX-Frame: 1\r\n\r\n", "video/x")

    def slow(_: str) -> Iterator[bytes]:
        yield head
        time.sleep(2 * FAREWELL)
        yield WHOLE

    with holding(slow) as place:
        assert still(f"http://{place}/", 60.0) == WHOLE
