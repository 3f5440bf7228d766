"""Streams of pictures in every shape, and what else answers at an address that was meant for pictures."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
import time
import zlib
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.cameras.camera import CameraError
from drivers.cameras.http_answer import begins
from drivers.cameras.jpeg import first_whole
from tests.kits.certificate import self_signed
from tests.unit.drivers.test_camera_answers import SCAN, WHOLE, http, picture, server, still


def multipart(*bodies: bytes, end: bytes = b"\r\n", length: int | None = 0, mark: bytes = b"--b") -> bytes:
    """Return parts of a stream of pictures; `length` is what each states too much, None where it states nothing."""
    parts = []
    for body in bodies:
        stated = [] if length is None else [b"Content-Length: %d" % (len(body) + length)]
        parts.append(end.join([mark, b"Content-Type: image/jpeg", *stated, b"", body, b""]))
    return b"".join(parts)


@pytest.mark.parametrize(
    "stream",
    [
        multipart(b"", WHOLE),
        multipart(b"no picture yet", WHOLE),
        multipart(WHOLE[: SCAN + 3000], WHOLE, WHOLE),
        multipart(WHOLE, WHOLE, end=b"\n", length=None),
        multipart(WHOLE, WHOLE, length=None, mark=b"--another"),
        multipart(WHOLE, WHOLE, length=-500),
        multipart(WHOLE, WHOLE, length=70),
        b"This is a stream of pictures.\r\n" + multipart(WHOLE),
    ],
    ids=["empty", "text", "cut", "line ends", "boundary", "too short", "too long", "preamble"],
)
def test_whatever_stands_around_it_the_first_whole_picture_of_a_stream_is_taken(stream: bytes) -> None:
    """Parts may be empty, text or cut, and what they state of length and boundary wrong: a picture has its own end."""
    with server(lambda _: http(stream, "multipart/x-mixed-replace;boundary=b")) as place:
        assert still(f"http://{place}/") == WHOLE


DAMAGED = WHOLE[: SCAN + 900] + WHOLE[SCAN + 2000 :]
IN_PARTS = "multipart/x-mixed-replace;boundary=b"


@pytest.mark.parametrize(("bodies", "taken"), [([DAMAGED, DAMAGED, WHOLE], True), ([DAMAGED] * 3, False)])
def test_of_a_stream_that_begins_damaged_the_first_good_picture_is_taken(bodies: list[bytes], taken: bool) -> None:
    """What a camera damages while it starts is passed over; where none is good that is said, and nothing else."""
    with server(lambda _: http(multipart(*bodies), IN_PARTS)) as place:
        if taken:
            assert still(f"http://{place}/") == WHOLE
            return
        with pytest.raises(CameraError) as refused:
            still(f"http://{place}/")
        assert refused.value.detail.code == "picture_damaged"


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream"])
def test_a_stream_of_pictures_is_known_by_how_it_begins(kind: str) -> None:
    """One that is not said to be one, and never ends, gives its first picture at once and that alone."""
    for stream in (multipart(*[WHOLE] * 3), WHOLE * 5):
        with server(partial(answered, http(stream, kind, "200 OK", "Content-Length: 99000000"))) as place:
            assert still(f"http://{place}/") == WHOLE


def chunked(body: bytes) -> bytes:
    """Return a body in chunks of many sizes."""
    pieces = [body[:1]]
    while (done := sum(map(len, pieces))) < len(body):
        pieces.append(body[done : done + 1 + done % 4000])
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def answered(answer: bytes, request: str) -> bytes:
    """Return that answer to any request."""
    return answer


PACKED = {
    "gzip": ("gzip", gzip.compress(WHOLE)),
    "x-gzip": ("x-gzip", gzip.compress(WHOLE)),
    "not told": ("", gzip.compress(WHOLE)),
    "in two members": ("gzip", gzip.compress(WHOLE[:999]) + gzip.compress(WHOLE[999:])),
    "twice": ("gzip, gzip", gzip.compress(gzip.compress(WHOLE))),
    "deflate": ("deflate", zlib.compress(WHOLE)),
    "deflate without a header": ("deflate", zlib.compress(WHOLE)[2:-4]),
    "not packed": ("", WHOLE),
}


@pytest.mark.parametrize(("packed", "body"), PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("in_chunks", [True, False])
def test_a_picture_that_was_packed_or_cut_into_chunks_comes_as_it_was(
    packed: str, body: bytes, in_chunks: bool
) -> None:
    """Byte for byte, though nobody asked for gzip; one that breaks off within is named, whatever holds it."""
    more = [f"Content-Encoding: {packed}"] * bool(packed) + ["Transfer-Encoding: chunked"] * in_chunks
    for sent, whole in ((body, True), (body[: len(body) // 2], False)):
        answer = http(chunked(sent) if in_chunks else sent, "image/jpeg", "200 OK", *more)
        with server(partial(answered, answer)) as place:
            if whole:
                assert still(f"http://{place}/") == WHOLE
                continue
            with pytest.raises(CameraError) as refused:
                still(f"http://{place}/")
            assert refused.value.detail.code in ("picture_cut_short", "picture_damaged")


LONGER = f"Content-Length: {len(WHOLE) + 9}"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize("tail", [b"", b"\xff\xfe\0\0maker's own"])
@pytest.mark.parametrize("more", [LONGER, CHUNKED])
def test_a_whole_picture_needs_no_true_length_and_no_last_chunk(more: str, tail: bytes) -> None:
    """A server that states too much, or hangs up after the only chunk, has given its picture; half of one is none."""
    for sent, whole in ((WHOLE + tail[:5], True), (WHOLE[: len(WHOLE) // 2], False)):
        body = b"%x\r\n%s\r\n" % (len(sent), sent) if more == CHUNKED else sent
        with server(partial(answered, http(body, "image/jpeg", "200 OK", more))) as place:
            if whole:
                assert still(f"http://{place}/").startswith(WHOLE)
                continue
            with pytest.raises(CameraError) as refused:
                still(f"http://{place}/")
            assert refused.value.detail.code == "picture_broke_off"
            assert refused.value.detail.params == {"count": len(sent)}


@pytest.mark.parametrize("resets", [True, False])
def test_a_picture_behind_which_the_camera_goes_away_is_taken(resets: bool) -> None:
    """It breaks the connection, or keeps it open past the time, with a length of which a byte never comes."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        link, _ = listening.accept()
        with link:
            link.recv(65_536)
            link.sendall(http(WHOLE, "image/jpeg", "200 OK", LONGER))
            time.sleep(0.3)  # what has been sent is there when the break comes
            if resets:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                over.wait(20)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        assert still(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=1.0) == WHOLE
    finally:
        over.set()
        thread.join(5)
        listening.close()


def test_a_picture_that_is_only_said_to_be_packed_is_taken() -> None:
    """A camera's wrong word about its answer costs no picture."""
    with server(lambda _: http(WHOLE, "image/jpeg", "200 OK", "Content-Encoding: gzip")) as place:
        assert still(f"http://{place}/") == WHOLE


NO_MARKERS = st.binary(max_size=300).map(lambda data: data.replace(b"\xff", b""))


@given(NO_MARKERS, st.integers(0, len(WHOLE) - 2), NO_MARKERS)
@example(b"", 302, b"\0\0")
@example(b"", 4, b"\0\0")
def test_the_first_whole_picture_is_found_by_its_markers(before: bytes, cut: int, between: bytes) -> None:
    """Nothing that stands before it, and no picture that was cut short, hides it."""
    data = before + WHOLE[:cut] + between + WHOLE
    assert first_whole(data) == (len(data) - len(WHOLE), len(data))


@given(st.binary(max_size=400))
def test_any_bytes_have_a_picture_or_none(data: bytes) -> None:
    """What is found begins and ends as a JPEG does."""
    start, end = first_whole(data + b"\xff\xd8\xff\xd9") or (0, 0)
    assert end == 0 or (data + b"\xff\xd8\xff\xd9")[start:end].endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(b"", "text/html", "302 Found", "Location: rtsp://127.0.0.1/x"), "redirected_elsewhere"),
        (http(b"", "text/html", "302 Found", "Location: file:///etc/passwd"), "redirected_elsewhere"),
        (http(b"", "text/html", "302 Found", "Location: http://a:b@[::1/"), "redirected_elsewhere"),
        (http(b"wait", "text/html", "429 Too Many Requests"), "camera_busy"),
        (http(b"x", "text/html", "503 Device Busy"), "camera_busy"),
        (http(b"x", "text/html", "500 Internal Server Error"), "camera_fails"),
        (http(b"x", "text/html", "204 No Content"), "camera_answers"),
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", "rtsp_server"),
        (b"\x15\x03\x01\x00\x02\x02\x0a", "tls_server"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n", "no_http"),
        (b"220 FTP ready\r\n", "no_web_server"),
        (b"", "camera_hangs_up"),
    ],
)
def test_each_cause_has_its_own_code(answer: bytes, code: str) -> None:
    """What people are told to do follows from the code: no library's sentence, no wrong cause."""
    with server(lambda _: answer) as place, pytest.raises(CameraError) as refused:
        still(f"http://{place}/")
    assert refused.value.detail.code == code


def test_what_came_in_place_of_a_picture_is_shown_legibly() -> None:
    """Text in UTF-8 or GBK as people read it, other bytes in hexadecimal."""
    assert begins("<html><title>用户登录</title>".encode("gbk")) == "用户登录"
    assert begins('{"msg": "未授权"}'.encode()) == '{"msg": "未授权"}'
    assert begins(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") == "89 50 4e 47 0d 0a 1a 0a 00 00 00 0d 49 48 44 52"


def test_a_login_is_never_sent_in_clear_after_a_redirect(tmp_path: Path) -> None:
    """A camera at https:// that leads to http:// asks for the login in vain."""
    certificate, key, fingerprint = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked: list[str] = []

    def plain(request: str) -> bytes:
        asked.append(request)
        return http(b"", "text/html", "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')

    with server(plain) as there:
        away = http(b"", "text/html", "302 Found", f"Location: http://{there}/")
        with server(lambda _: away, context) as place, pytest.raises(CameraError) as refused:
            still(f"https://{place}/", username="a", password="b", fingerprint=fingerprint)
    assert refused.value.detail.code == "login_in_clear"
    assert asked
    assert not any("Authorization" in request for request in asked)


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xEF])
def test_a_thumbnail_within_a_picture_is_no_beginning_of_the_next(marker: int) -> None:
    """EXIF (APP1), MPF (APP2) and makers' own segments hold whole JPEGs; the picture around them is the one."""
    small = picture(False)[:2000] + b"\xff\xd9"
    held = WHOLE[:2] + bytes([0xFF, marker]) + (len(small) + 2).to_bytes(2, "big") + small + WHOLE[2:]
    assert first_whole(held) == (0, len(held))
    with server(lambda _: http(multipart(held, WHOLE, length=None), IN_PARTS)) as place:
        assert still(f"http://{place}/") == held
