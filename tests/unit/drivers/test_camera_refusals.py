"""What a camera's statuses say: that a picture is not permitted, that another host wants a login, that all is well."""

from __future__ import annotations

import pytest

from drivers.cameras.camera import CameraError, NoPictureError, NotAnImageError, UnreachableError
from tests.unit.drivers.test_camera_answers import WHOLE, http, server, still


def challenged(request: str, after: bytes) -> bytes:
    """Return an answer to whoever logged in, and a challenge to anybody else."""
    if "Authorization" in request:
        return after
    return http(b"", "text/plain", "401 Unauthorized", 'WWW-Authenticate: Basic realm="r"', "Content-Length: 0")


def test_a_picture_that_is_forbidden_is_no_refused_login() -> None:
    """A recorder answers so for a channel that it has not; all its channels would wait for a login that is right."""
    forbidden = http(b"<subStatusCode>notSupport</subStatusCode>", "application/xml", "403 Forbidden")
    for answer in (lambda request: challenged(request, forbidden), lambda _: forbidden):
        with server(answer) as place, pytest.raises(NoPictureError) as refused:
            still(f"http://{place}/", username="admin", password="x")
        assert refused.value.detail.code == "camera_forbids"


def test_a_login_that_was_not_sent_is_not_said_to_be_refused() -> None:
    """Where the address leads to another host, which wants a login, nobody has refused this one."""
    asked: list[str] = []

    def elsewhere(request: str) -> bytes:
        asked.append(request)
        return challenged(request, http(WHOLE))

    with server(elsewhere) as there:
        away = http(b"", "text/html", "302 Found", f"Location: http://{there.replace('127.0.0.1', 'localhost')}/")
        with server(lambda _: away) as place, pytest.raises(NotAnImageError) as refused:
            still(f"http://{place}/", username="admin", password="x")
    assert refused.value.detail.code == "login_elsewhere"
    assert len(asked) == 1
    assert "Authorization" not in asked[0]


@pytest.mark.parametrize("status", ["203 Non-Authoritative Information", "206 Partial Content"])
def test_a_whole_picture_is_taken_under_each_status_of_success(status: str) -> None:
    """All of a picture that comes as its own part, or as a proxy's copy, is a picture."""
    with server(lambda _: http(WHOLE, "image/jpeg", status)) as place:
        assert still(f"http://{place}/") == WHOLE


@pytest.mark.parametrize("port", ["1", "99999", "0"])
def test_a_login_within_a_redirect_is_told_to_nobody(port: str) -> None:
    """What is said of a camera goes to the journal, to the platform and to people."""
    away = http(b"", "text/html", "302 Found", f"Location: http://joe:geheim@127.0.0.1:{port}/x?token=7")
    with server(lambda _: away) as place, pytest.raises(CameraError) as refused:
        still(f"http://{place}/")
    told = str(refused.value.detail)
    assert "127.0.0.1" in told
    assert not any(word in told for word in ("joe", "geheim", "token"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed(status: int) -> None:
    """A camera that moves its picture, for good or for now, gives it where it says."""

    def answer(request: str) -> bytes:
        return (
            http(WHOLE)
            if request.startswith("GET /there")
            else http(b"", "text/html", f"{status} x", "Location: there")
        )

    with server(answer) as place:
        assert still(f"http://{place}/here") == WHOLE


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1/", "http:///picture.jpg", "127.0.0.1/picture.jpg"])
def test_what_is_no_web_address_is_named(address: str) -> None:
    """Nobody is asked for a picture there."""
    with pytest.raises(UnreachableError) as refused:
        still(address)
    assert refused.value.detail.code == "no_http_address"
