"""What cameras send as bytes of any coding: realms and redirects, headers that are sent twice, pages without an end."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from drivers.cameras import wire
from drivers.cameras.camera import CameraError, UnreachableError
from drivers.cameras.http_still import FAREWELL
from provisioning.doctor.cameras import camera_remedy
from tests.kits.camera_port import listening
from tests.kits.certificate import self_signed
from tests.unit.drivers.test_camera_answers import WHOLE, http, server, still
from tests.unit.drivers.test_camera_held import LONG, holding

REALMS = ["摄像机, 1 号".encode(), "摄像机".encode("gbk"), "Kamera Süd".encode("latin-1"), "камера".encode("cp1251")]


@pytest.mark.parametrize("realm", REALMS)
def test_a_realm_may_be_in_any_coding(realm: bytes) -> None:
    """It is sent back, and reckoned with, byte for byte as it was heard; user and password are UTF-8."""
    asked = []

    def hashed(*parts: bytes) -> str:
        return hashlib.md5(b":".join(parts), usedforsecurity=False).hexdigest()

    def answer(request: str) -> bytes:
        asked.append(request)
        login = next((line for line in request.split("\r\n") if line.startswith("Authorization: Digest ")), "")
        said = parse_keqv_list(parse_http_list(login.partition("Digest ")[2]))
        secret = hashed("管理员".encode(), realm, "密码".encode())
        right = hashed(secret.encode(), b"n", hashed(b"GET", b"/").encode())
        if (said.get("realm", "").encode("latin-1"), said.get("response")) == (realm, right):
            return http(WHOLE)
        head = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="' + realm + b'", nonce="n", algorithm=\r\n'
        return head + b"Content-Length: 0\r\n\r\n"

    with server(answer) as place:
        assert still(f"http://{place}/", username="管理员", password="密码") == WHOLE
    assert len(asked) == 2


@pytest.mark.parametrize("path", ["图 1.jpg".encode(), "图.jpg".encode("gbk"), b"%E5%9B%BE%201.jpg", b" a.jpg \t"])
def test_a_redirect_may_be_in_any_coding(path: bytes) -> None:
    """Its bytes are asked for as they were said, in percent signs where they are no ASCII."""
    asked = []

    def answer(request: str) -> bytes:
        asked.append(request.split("\r\n", 1)[0])
        found = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /" + path.lstrip() + b"\r\n\r\n"
        return http(WHOLE) if asked[1:] else found

    with server(answer) as place:
        assert still(f"http://{place}/") == WHOLE
    quoted = "".join(chr(sign) if 0x20 < sign < 0x7F else f"%{sign:02X}" for sign in path.strip())
    assert asked[1] == f"GET /{quoted} HTTP/1.1"


HEADERS_AGAIN = (
    b"HTTP/1.0 200 OK\r\nServer: thttpd/2.25b\r\nContent-Type: image/jpeg\r\nCache-Control: no-cache\r\n\r\n"
)


@pytest.mark.parametrize("before", [HEADERS_AGAIN, b"\0" * 500, b"\xef\xbb\xbf\r\n", HEADERS_AGAIN[17:]])
@pytest.mark.parametrize("pause", [0.0, FAREWELL / 4])
def test_what_a_camera_sends_before_its_picture_is_passed_over(before: bytes, pause: float) -> None:
    """Headers a second time, zeros or a byte order mark, then a picture that takes longer to come than they do."""

    def answer(_: str) -> Iterator[bytes]:
        yield http(before)
        for at in range(0, len(WHOLE), len(WHOLE) // 6):
            time.sleep(pause)
            yield WHOLE[at : at + len(WHOLE) // 6]

    with holding(answer) as place:
        assert still(f"http://{place}/", 60.0) == WHOLE


def test_a_word_in_place_of_a_picture_is_shown_though_the_connection_stays_open() -> None:
    """At the end of the time what came is told, where it is too short to be known as no picture before."""
    with holding(lambda _: [http(b"Too many users", "text/plain")]) as place, pytest.raises(CameraError) as refused:
        still(f"http://{place}/", 1.0)
    assert refused.value.detail.code == "no_jpeg"
    assert refused.value.detail.params["begin"] == "Too many users"


def test_an_address_that_hangs_leaves_time_for_the_host_s_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with two addresses of which the first drops all packets gives its picture by the second."""
    with ExitStack() as stack:
        place = stack.enter_context(server(lambda _: http(WHOLE)))
        hangs = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # the queue of a server that accepts nobody is full
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(hangs.getsockname())
        time.sleep(0.2)
        addresses = [hangs.getsockname(), ("127.0.0.1", int(place.rpartition(":")[2]))]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert still("http://camera.example/", 4.0) == WHOLE


def test_encryption_has_what_connecting_has_left_of_the_time() -> None:
    """A camera that takes the connection and never shakes hands ends at the one deadline, not at a second one."""
    told: list[float] = []

    def left() -> float:
        told.append(LONG if not told else 0.1)
        return told[-1]

    def silent(link: socket.socket) -> None:
        link.recv(65_536)
        link.recv(65_536)

    with listening(silent) as place:
        host, _, port = place.partition(":")
        camera = wire.reached(host, int(port), left)
        with pytest.raises(TimeoutError):
            wire.secured(camera, host, wire.context("00" * 32), "00" * 32, left)
    assert told == [LONG, 0.1]
    assert camera.fileno() < 0


@pytest.mark.parametrize("ciphers", ["DEFAULT:@SECLEVEL=0", "AES128-SHA:@SECLEVEL=0"])
@pytest.mark.parametrize("newest", ["TLSv1", "TLSv1_2"])
def test_a_camera_with_old_encryption_is_known_by_its_fingerprint(tmp_path: Path, ciphers: str, newest: str) -> None:
    """One that knows TLS 1.0 alone, with a key of 1024 bits and SHA-1, is refused unless its certificate is pinned, and
    whoever has not pinned it is told to."""
    certificate, key, fingerprint = self_signed(tmp_path, ("rsa:1024", "-sha1"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion[newest]
    context.load_cert_chain(certificate, key)
    with server(lambda _: http(WHOLE), context) as place:
        assert still(f"https://{place}/", fingerprint=fingerprint) == WHOLE
        for other in ("00" * 32, ""):
            with pytest.raises(UnreachableError) as failed:
                still(f"https://{place}/", fingerprint=other)
            assert "fingerprint" in camera_remedy(failed.value.reason)


def test_an_address_s_zone_is_for_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`%25eth0` in an address names the way to a camera (RFC 6874); the camera itself is not told of it."""
    asked: list[Any] = []
    heard: list[str] = []

    def answer(request: str) -> bytes:
        heard.append(request)
        return http(WHOLE)

    with server(answer) as place:

        def found(host: str, *_: object, **__: object) -> list[Any]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(place.rpartition(":")[2])))]

        monkeypatch.setattr(socket, "getaddrinfo", found)
        assert still("http://[fe80::1%25eth0]:81/a.jpg") == WHOLE
    assert asked == ["fe80::1%eth0"]
    assert "Host: [fe80::1]:81\r\n" in heard[0]
