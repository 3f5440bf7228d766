"""Certificates of cameras that an authority stands for, and that are another host's."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from drivers.cameras.camera import CameraError, CameraSettings
from drivers.cameras.opening import open_camera
from drivers.tls import distrust
from edge.clock.clock import SystemClock
from tests.kits.camera_port import listening
from tests.kits.certificate import self_signed
from tests.unit.drivers.test_camera_answers import WHOLE, http, server


def refused(url: str, fingerprint: str = "") -> CameraError:
    """Return why there is no picture at an address."""
    driver = url.partition("://")[0].removesuffix("s")
    with pytest.raises(CameraError) as failed:
        open_camera(CameraSettings(driver, url, timeout=5.0, fingerprint=fingerprint), SystemClock()).still()
    return failed.value


def trusted(folder: Path, names: str, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return how a camera of these names speaks TLS, whose certificate every program here trusts."""
    certificate, key, _ = self_signed(folder, names=names)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize("scheme", ["https", "rtsps"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("names", ["DNS:camera.example", "IP:192.0.2.4"])
def test_a_certificate_of_another_host_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str, names: str
) -> None:
    """Whether the address has a name or, as cameras mostly, a number; OpenSSL has two codes for it."""
    with server(lambda _: http(WHOLE), trusted(tmp_path, names, monkeypatch)) as place:
        why = refused(f"{scheme}://{place.replace('127.0.0.1', host)}/").detail
    assert (why.code, (why.inner("why") or why).code) == ("camera_certificate", "is_anothers")


@pytest.mark.parametrize("scheme", ["https", "rtsps"])
def test_a_certificate_knows_nothing_of_an_address_s_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """`%eth0` names this machine's own way to the camera, whose certificate is for the address without it."""
    with server(lambda _: http(b"none"), trusted(tmp_path, "IP:fe80::1", monkeypatch)) as place:

        def found(*_: object, **__: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(place.rpartition(":")[2])))]

        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", found)
            assert refused(f"{scheme}://[fe80::1%25eth0]/").kind.code == "not_an_image"


def as_before_2010(flight: bytes) -> bytes:
    """Return a server's first words of TLS 1.2 without the extension of RFC 5746."""
    at = flight.index(b"\xff\x01\x00\x01\x00")
    old = bytearray(flight)
    for place, size in ((3, 2), (6, 3), (5 + 4 + 2 + 32 + 1 + flight[43] + 3, 2)):  # of record, message, extensions
        old[place : place + size] = (int.from_bytes(old[place : place + size], "big") - 5).to_bytes(size, "big")
    del old[at : at + 5]
    return bytes(old)


@pytest.mark.parametrize("scheme", ["https", "rtsps"])
def test_a_pinned_camera_may_speak_tls_as_it_was_before_2010(tmp_path: Path, scheme: str) -> None:
    """OpenSSL 3 refuses that by itself; here the handshake goes on."""
    certificate, key, fingerprint = self_signed(tmp_path)
    context, said = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[bytes]()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)

    def serve(link: socket.socket) -> None:
        heard, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
        camera = context.wrap_bio(heard, answer, server_side=True)
        heard.write(link.recv(65536))
        with pytest.raises(ssl.SSLWantReadError):
            camera.do_handshake()
        link.sendall(as_before_2010(answer.read()))
        said.append(link.recv(1))

    with listening(serve, f"{scheme}://{{}}/") as url:
        refused(url, fingerprint)
    assert said == [b"\x16"], "an alert, and no handshake"


@pytest.mark.parametrize("number", [66, 67, 68])
def test_a_weak_certificate_is_told_in_words(number: int) -> None:
    """A key of 1024 bits or a signature by MD5, as old cameras have."""
    assert distrust(number).code == "too_weak"
