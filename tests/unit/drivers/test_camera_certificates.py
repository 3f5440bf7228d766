"""Certificates of cameras that an authority stands for, and that are another host's."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from drivers.cameras.camera import CameraError, CameraSettings
from drivers.cameras.opening import open_camera
from edge.clock.clock import SystemClock
from tests.kits.certificate import self_signed
from tests.unit.drivers.test_camera_answers import WHOLE, http, server


def refused(url: str) -> CameraError:
    """Return why there is no picture at an address."""
    driver = url.partition("://")[0].removesuffix("s")
    with pytest.raises(CameraError) as failed:
        open_camera(CameraSettings(driver, url, timeout=5.0), SystemClock()).still()
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
