"""The painted orchard and the camera that gives it."""

from __future__ import annotations

import http.client
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageStat

from drivers.cameras.camera import (
    CameraError,
    CameraSettings,
    LoginRefusedError,
    NoPictureError,
    NotAnImageError,
    UnreachableError,
)
from drivers.cameras.http_answer import begins
from drivers.cameras.login import authorization, digest
from drivers.cameras.opening import open_camera
from drivers.twins.cameras import CameraFault, SnapshotCamera
from drivers.twins.scene import Moment, Scene
from edge.clock.clock import SystemClock

NOON = 1_784_347_200_000_000
SMALL = Scene(1, 640, 362)


def still(url: str, user: str = "", password: str = "", timeout: float = 10.0) -> bytes:
    """Take a picture by our driver."""
    return open_camera(CameraSettings("http", url, user, password, timeout=timeout), SystemClock()).still()


def test_a_scene_is_the_same_everywhere_and_never_twice() -> None:
    """Same seed and moment give the same bytes; another second or another seed give others."""
    assert SMALL.jpeg(Moment(NOON)) == Scene(1, 640, 362).jpeg(Moment(NOON))
    assert SMALL.jpeg(Moment(NOON)) != SMALL.jpeg(Moment(NOON + 1_000_000))
    assert SMALL.jpeg(Moment(NOON)) != Scene(2, 640, 362).jpeg(Moment(NOON))


def test_a_scene_has_full_size_and_the_weight_of_a_photograph() -> None:
    """The default picture is 2688 x 1520 and packs like one of a 4-megapixel camera."""
    jpeg = Scene().jpeg(Moment(NOON))
    assert Image.open(io.BytesIO(jpeg)).size == (2688, 1520)
    assert 400_000 < len(jpeg) < 3_000_000


def test_a_scene_shows_night_fog_and_season() -> None:
    """Night is dark, fog grey and flat, April white: what a grower would see."""

    def stat(**moment: float) -> ImageStat.Stat:
        return ImageStat.Stat(SMALL.paint(Moment(**{"utc": NOON, **moment})))  # type: ignore[arg-type]  # utc is an int

    day = stat()
    assert sum(stat(sun=-15.0).mean) < 0.15 * sum(day.mean)
    assert sum(stat(fog=1.0, cloud=1.0).stddev) < 0.7 * sum(day.stddev)
    april = ImageStat.Stat(SMALL.paint(Moment(1_776_139_200_000_000)).crop((0, 200, 640, 330)))
    summer = ImageStat.Stat(SMALL.paint(Moment(NOON)).crop((0, 200, 640, 330)))
    assert april.mean[2] > summer.mean[2] + 20


@pytest.mark.parametrize("scheme", ["basic", "md5", "sha-256"])
def test_a_login_is_given_as_the_camera_asks(scheme: str) -> None:
    """Basic and digest logins get the picture; a wrong password is refused, in one sentence without it."""
    with SnapshotCamera(SMALL, lambda: Moment(NOON), ("admin", "Ge:h m"), scheme) as camera:
        assert still(camera.url, "admin", "Ge:h m") == SMALL.jpeg(Moment(NOON))
        assert still(camera.url.replace("//", "//admin:Ge%3Ah%20m@")) == SMALL.jpeg(Moment(NOON))
        with pytest.raises(LoginRefusedError) as refused:
            still(camera.url, "admin", "falsch")
        assert "falsch" not in str(refused.value)
        assert "'admin'" in str(refused.value)


def test_one_thread_paints_all_pictures() -> None:
    """However many ask at once: each thread that ever painted would keep the memory of it while a demo runs."""
    painters = set()

    def noon() -> Moment:
        painters.add(threading.get_ident())
        return Moment(NOON)

    with SnapshotCamera(SMALL, noon) as camera, ThreadPoolExecutor(4) as asking:
        assert all(asking.map(still, [camera.url] * 4))
    assert len(painters) == 1


def test_a_refused_login_is_tried_once() -> None:
    """One still is at most one try of the password: cameras count and lock."""
    with SnapshotCamera(SMALL, lambda: Moment(NOON), ("admin", "right")) as camera:
        with pytest.raises(LoginRefusedError):
            still(camera.url, "admin", "wrong")
        assert camera.logins == 1


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (CameraFault.HTML, NotAnImageError, "text/html, not with a JPEG; it begins 'Web Login Please log in'"),
        (CameraFault.REFUSE, LoginRefusedError, "requires a login"),
        (CameraFault.TRUNCATED, NoPictureError, "broke off after"),
        (CameraFault.BUSY, NoPictureError, "503"),
        (CameraFault.HANG, NoPictureError, "within 0.5 s"),
    ],
)
def test_what_is_wrong_is_one_sentence(fault: CameraFault, error: type[CameraError], says: str) -> None:
    """Whatever the address answers instead of a picture is named so that a technician knows what to do."""
    with SnapshotCamera(SMALL, lambda: Moment(NOON)) as camera:
        camera.misbehave(fault)
        with pytest.raises(error) as failed:
            still(camera.url, timeout=0.5 if fault is CameraFault.HANG else 20.0)
        assert says in str(failed.value)
        camera.misbehave(None)
        assert still(camera.url)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:9/x", UnreachableError),
        ("http://camera.invalid/x", UnreachableError),
        ("ftp://127.0.0.1/x", UnreachableError),
        ("http://127.0.0.1:port/x", CameraError),
        ("http:///x", UnreachableError),
        ("http://[::1/x", UnreachableError),
    ],
)
def test_an_address_without_a_camera_is_named(url: str, error: type[CameraError]) -> None:
    """A wrong address is unreachable, without a traceback."""
    with pytest.raises(error):
        still(url)


def test_the_published_digest_example_is_met() -> None:
    """RFC 7616, section 3.9.1: Mufasa's answers for MD5 and SHA-256."""
    fields = {
        "realm": "http-auth@example.org",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
        "qop": "auth, auth-int",
    }
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        said = digest(fields | {"algorithm": algorithm}, "Mufasa", "Circle of Life", "/dir/index.html", cnonce)
        assert f'response="{response}"' in said


def test_the_better_of_two_challenges_is_taken() -> None:
    """Where a camera offers several logins, in one header or more, the password travels in the safest way."""
    headers = ['Basic realm="cam", Digest realm="cam", nonce="n", qop="auth"']
    assert authorization(headers, "u", "p", "/").startswith("Digest ")
    assert "algorithm=SHA-256" in authorization(
        ['Digest realm="c", nonce="n", algorithm=MD5', 'Digest realm="c", nonce="n", algorithm=SHA-256'], "u", "p", "/"
    )
    with pytest.raises(LoginRefusedError):
        authorization(["Negotiate"], "u", "p", "/")


def test_first_words_are_for_people() -> None:
    """What a web page begins with is shown without markup and scripts, however broken it is."""
    assert begins(b"<html><script>var x = '<p>';</script><p>Hello<br>there") == "Hello there"
    assert begins(b"\x00\x01\xff<") == "00 01 ff 3c"


def test_the_twin_is_a_camera_to_others_too() -> None:
    """A plain HTTP client gets the picture with its length and type, as from a real camera."""
    with SnapshotCamera(SMALL, lambda: Moment(NOON)) as camera:
        parts = urlsplit(camera.url)
        link = http.client.HTTPConnection(parts.netloc, timeout=10)
        link.request("GET", parts.path)
        answer = link.getresponse()
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.read() == SMALL.jpeg(Moment(NOON))
        link.close()
