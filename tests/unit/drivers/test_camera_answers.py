"""What cameras answer besides a plain picture: pieces of one, streams of many, old nonces, names in any script."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.cameras import camera as cameras
from drivers.cameras.camera import CameraSettings, LoginRefusedError, NoPictureError, NotAnImageError, UnreachableError
from drivers.cameras.login import authorization, challenges
from drivers.cameras.opening import Contained, open_camera
from drivers.clock import Stopped
from drivers.twins.scene import Moment, Scene
from edge.clock.clock import SystemClock
from tests.kits.camera_port import listening
from tests.kits.certificate import self_signed

NOON = 1_784_347_200_000_000
Answer = Callable[[str], bytes]


def picture(progressive: bool = False) -> bytes:
    """Return a picture of an orchard."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(Scene(3, 640, 400).jpeg(Moment(NOON)))) as image:
        image.save(out, "JPEG", quality=85, progressive=progressive)
    return out.getvalue()


WHOLE = picture()
SCAN = WHOLE.index(b"\xff\xda") + 14


def server(answer: Answer, context: ssl.SSLContext | None = None) -> AbstractContextManager[str]:
    """Serve what `answer(request)` gives to each connection, at the host:port that is yielded."""

    def serve(link: socket.socket) -> None:
        wire = context.wrap_socket(link, server_side=True) if context else link
        wire.sendall(answer(wire.recv(65536).decode("latin-1")))
        wire.shutdown(socket.SHUT_WR)

    return listening(serve)


def http(body: bytes, kind: str = "image/jpeg", status: str = "200 OK", *more: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *more, "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


def still(url: str, timeout: float = 5.0, **keys: Any) -> bytes:
    """Return a picture of that address."""
    return open_camera(CameraSettings("http", url, timeout=timeout, **keys), SystemClock()).still()


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\xff", b"\xff\xff\xff", b"\0\0\r\n\r\n"])
@pytest.mark.parametrize("progressive", [False, True])
def test_stray_bytes_before_a_picture_are_passed_over(before: bytes, progressive: bool) -> None:
    """Line ends and markers before a picture, and what a maker puts behind it, do not cost the picture."""
    jpeg = picture(progressive)
    with server(lambda request: http(before + jpeg + b"dhav\0\0")) as place:
        assert still(f"http://{place}/").startswith(jpeg)


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("ends", [True, False])
def test_of_a_stream_of_pictures_the_first_is_taken(length: bool, ends: bool) -> None:
    """An MJPEG address and a multipart answer give their first picture, with a part's length or without."""
    head = b"--frame\r\nContent-Type: image/jpeg\r\n" + (b"Content-Length: %d\r\n" % len(WHOLE) if length else b"")
    part = head + b"\r\n" + WHOLE + b"\r\n"
    body = part + (b"--frame--\r\n" if ends else part + part[: len(part) // 2])
    with server(lambda request: http(body, "multipart/x-mixed-replace; boundary=frame")) as place:
        assert still(f"http://{place}/video") == WHOLE


@pytest.mark.parametrize(
    "trouble", [IndexError(), KeyError("x"), ValueError(), AttributeError(), TypeError(), OSError(5)]
)
def test_whatever_a_camera_s_library_raises_costs_its_picture_alone(trouble: Exception) -> None:
    """An exception of a library is a CameraError, at the opening, in a picture and at the closing."""

    class Broken:
        logged_in = False

        def still(self) -> bytes:
            raise trouble

        def close(self) -> None:
            raise trouble

    def fails() -> cameras.Camera:
        raise trouble

    with pytest.raises(UnreachableError, match=type(trouble).__name__):
        Contained(fails)
    for call in (Contained(Broken).still, Contained(Broken).close):
        with pytest.raises(NoPictureError, match=type(trouble).__name__):
            call()


def test_an_order_to_stop_is_no_trouble_of_a_camera() -> None:
    """A lane that is stopped while a picture is taken ends; it does not take that for a failure."""

    def stopped() -> cameras.Camera:
        raise Stopped

    with pytest.raises(Stopped):
        Contained(stopped)


@pytest.mark.parametrize("path", ["/图 1.jpg", "/%E5%9B%BE%201.jpg"])
def test_a_path_may_be_written_in_its_script_or_in_percent_signs(path: str) -> None:
    """Both ways of writing an address ask for the same path, once quoted."""
    asked: list[str] = []

    def answer(request: str) -> bytes:
        asked.append(request)
        return http(WHOLE)

    with server(answer) as place:
        assert still(f"http://{place}{path}") == WHOLE
    assert asked[0].startswith("GET /%E5%9B%BE%201.jpg HTTP/1.1")


@pytest.mark.parametrize("stale", ["TRUE", "true"])
def test_a_stale_nonce_is_asked_for_once_more(stale: str) -> None:
    """A right login on a nonce that has grown old is tried with the new one, once."""
    asked: list[str] = []

    def answer(request: str) -> bytes:
        asked.append(request)
        nonce = f"n{len(asked)}"
        if len(asked) > 2 and f'nonce="n{len(asked) - 1}"' in request:
            return http(WHOLE)
        said = (
            f'Digest realm="Cam 3, Digest zone", nonce="{nonce}", qop="auth", stale="{stale if asked[1:] else "FALSE"}"'
        )
        return http(b"", "text/plain", "401 Unauthorized", f"WWW-Authenticate: {said}", "Content-Length: 0")

    with server(answer) as place:
        assert still(f"http://{place}/", username="admin", password="x") == WHOLE
        assert len(asked) == 3
        asked.clear()


def test_a_login_that_is_refused_is_tried_once() -> None:
    """Without a stale nonce a second refusal ends it: cameras lock."""
    asked: list[str] = []

    def answer(request: str) -> bytes:
        asked.append(request)
        return http(b"", "text/plain", "401 No", 'WWW-Authenticate: Digest realm="x", nonce="n"', "Content-Length: 0")

    with server(answer) as place, pytest.raises(LoginRefusedError):
        still(f"http://{place}/", username="admin", password="x")
    assert len(asked) == 2


@given(realm=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30))
def test_a_realm_may_hold_commas_and_names_of_schemes(realm: str) -> None:
    """What stands in quotes in a challenge is one value, whatever it holds; other challenges beside it stand."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    found = challenges(f'Basic realm="{quoted}", Digest realm="{quoted}", qop="auth,auth-int", nonce=abc')
    assert found == [
        ("basic", {"realm": realm}),
        ("digest", {"realm": realm, "qop": "auth,auth-int", "nonce": "abc"}),
    ]


@pytest.mark.parametrize("algorithm", ["SHA-512-256", "SHA-256-sess"])
def test_the_digests_of_the_standard_are_known(algorithm: str) -> None:
    """Each algorithm of RFC 7616 gets its answer."""
    login = authorization([f'Digest realm="r", nonce="n", algorithm={algorithm}, qop="auth-int"'], "u", "p", "/")
    assert f"algorithm={algorithm}" in login and "qop=auth-int" in login


def test_users_and_paths_may_be_in_any_script() -> None:
    """A Chinese user name and a path with a blank and hanzi reach the camera, as UTF-8."""
    asked: list[str] = []

    def answer(request: str) -> bytes:
        asked.append(request)
        if "Authorization" in request:
            return http(WHOLE)
        return http(b"", "text/plain", "401 No", 'WWW-Authenticate: Digest realm="r", nonce="n"', "Content-Length: 0")

    with server(answer) as place:
        assert still(f"http://{place}/图 1.jpg", username="管理员", password="密码") == WHOLE
    assert asked[0].startswith("GET /%E5%9B%BE%201.jpg HTTP/1.1")
    assert 'username="管理员"' in asked[1].encode("latin-1").decode()


def test_an_impossible_port_is_named() -> None:
    """A port that is none is told as such, not as a camera that is away."""
    with pytest.raises(UnreachableError, match=r"the address is not valid: Port out of range"):
        open_camera(CameraSettings("http", "http://127.0.0.1:81233/x.jpg"), SystemClock())


def test_headers_that_drip_end_at_the_deadline(tmp_path: Path) -> None:
    """A camera that sends a header line now and then for ever gets its time and no more."""
    halt = threading.Event()

    def drip(link: socket.socket) -> None:
        link.recv(4096)
        link.sendall(b"HTTP/1.1 200 OK\r\n")
        while not halt.wait(0.2):
            link.sendall(b"X-Slow: 1\r\n")

    with listening(drip) as place, pytest.raises(NoPictureError, match="no whole picture within 1 s"):
        still(f"http://{place}/", 1.0)
    halt.set()


def test_a_self_signed_camera_is_known_by_its_fingerprint(tmp_path: Path) -> None:
    """Its own certificate is refused without a fingerprint, taken with the right one, and another one is told."""
    certificate, key, found = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    colons = ":".join(found[at : at + 2] for at in range(0, 64, 2)).upper()
    with server(lambda request: http(WHOLE), context) as place:
        with pytest.raises(UnreachableError, match="not trusted"):
            still(f"https://{place}/")
        assert still(f"https://{place}/", fingerprint=colons) == WHOLE
        with pytest.raises(UnreachableError, match=f"its fingerprint is {found}, not {'00' * 32}"):
            still(f"https://{place}/", fingerprint="00" * 32)


@pytest.mark.parametrize("asks", [True, False])
def test_a_picture_that_anybody_may_have_is_no_accepted_login(asks: bool) -> None:
    """What the camera did not ask for it has not let in."""

    def answer(request: str) -> bytes:
        if asks and "Authorization" not in request:
            return http(b"", "text/html", "401 Unauthorized", 'WWW-Authenticate: Basic realm="cam"')
        return http(WHOLE)

    with server(answer) as place:
        camera = open_camera(CameraSettings("http", f"http://{place}/", "admin", "x", timeout=9.0), SystemClock())
        assert camera.still() == WHOLE
        assert camera.logged_in is asks


OTHERS = {
    "PNG": b"\x89PNG\r\n\x1a\n",
    "WebP": b"RIFF\xfa\x8a\0\0WEBPVP8 ",
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
    "JPEG XL": b"\xff\x0a\xfa\x1f",
    "GIF": b"GIF89a",
    "BMP": b"BM\x36\xb8\x0b\0",
}


@pytest.mark.parametrize(("kind", "begin"), OTHERS.items(), ids=OTHERS)
def test_a_picture_that_is_no_jpeg_is_named_by_its_kind(kind: str, begin: bytes) -> None:
    """Whatever the camera calls it: who set it up hears what to set, and not the first bytes of it."""
    with server(lambda _: http(begin + bytes(500))) as place, pytest.raises(NotAnImageError) as refused:
        still(f"http://{place}/cam.jpg")
    assert (refused.value.detail.code, refused.value.detail.params["kind"]) == ("other_picture", kind)


@pytest.mark.parametrize("before", ["102 Processing", "103 Early Hints", "199 x"])
@pytest.mark.parametrize("times", [1, 20])
def test_what_comes_before_the_answer_is_not_taken_for_it(before: str, times: int) -> None:
    """A server may say that it is at work, or what else to load, before the answer itself; 100 is not the only such."""
    hints = f"HTTP/1.1 {before}\r\nLink: </style.css>\r\n\r\n".encode() * times
    with server(lambda _: hints + http(WHOLE)) as place:
        assert still(f"http://{place}/") == WHOLE
    with server(lambda _: hints + http(b"", status="404 Not Found")) as place, pytest.raises(NoPictureError) as failed:
        still(f"http://{place}/")
    assert failed.value.detail.code == "camera_answers_404"
