"""The doctor's own photos: judged as the station judges them, and no recorder is locked by a doctor."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from edge.clock.clock import SystemClock, boot_id, system_utc
from edge.config.file import load
from edge.pictures.logins import Login, RefusedLogins
from provisioning.commands.finding import Finding
from provisioning.doctor.cameras import cameras
from tests.kits.orchard import image
from tests.unit.drivers.test_camera_answers import WHOLE, http, server
from tests.unit.drivers.test_camera_streams import answered
from tests.unit.edge.config.test_config import STATION

CHANNELS = 16


def found(place: Path, address: str, more: str = "", count: int = 1, folder: Path | None = None) -> list[Finding]:
    """Return what the doctor finds of so many cameras at that address; `folder`: the station's, if it is another."""
    text = STATION.replace("/var/lib/minshan", str(folder or place))
    for number in range(count):
        text += f'[[camera]]\nname = "c{number}"\ndriver = "http"\nurl = "{address}/{number}"\n{more}'
    file = place / "station.toml"
    file.write_text(text)
    return list(cameras(load(file)))


def refusing(asked: list[str]) -> Callable[[str], bytes]:
    """Return a recorder that refuses all logins, and notes those."""

    def answer(request: str) -> bytes:
        if "Authorization" in request:
            asked.append(request)
        return http(b"", "text/plain", "401 No", 'WWW-Authenticate: Basic realm="r"', "Content-Length: 0")

    return answer


def test_a_recorder_is_asked_once_with_a_wrong_password(tmp_path: Path) -> None:
    """16 channels cost it one refused login, none after the station was refused; another password is tried."""
    asked: list[str] = []
    with server(refusing(asked)) as place:
        wrong = 'username = "admin"\npassword = "wrong"\n'
        said = found(tmp_path, f"http://{place}", wrong, CHANNELS)
        assert len(asked) == 1
        assert [one.well for one in said] == [False] * CHANNELS
        assert "refuses the login" in said[0].sentence
        assert all("this camera was not asked" in one.sentence for one in said[1:])
        assert len({one.remedy for one in said}) == 1
        assert "the next attempt is in 30 min" in found(tmp_path, f"http://{place}", wrong)[0].sentence
        assert len(asked) == 1
        assert "refuses the login" in found(tmp_path, f"http://{place}", wrong.replace("wrong", "new"))[0].sentence
        assert len(asked) == 2


@pytest.mark.parametrize("made", [False, True])
def test_a_doctor_that_is_called_again_and_again_locks_no_camera(tmp_path: Path, made: bool) -> None:
    """What it was refused is kept for the station, in a folder that is not there yet too; another password is tried."""
    asked: list[str] = []
    state = tmp_path / "state"
    if made:
        state.mkdir()
    with server(refusing(asked)) as place:
        wrong = 'username = "admin"\npassword = "wrong"\n'
        for _ in range(5):
            said = found(tmp_path, f"http://{place}", wrong, folder=state)
        assert len(asked) == 1
        assert "the next attempt is in" in said[0].sentence
        book = RefusedLogins(state / "spool" / "logins.json", boot_id(), SystemClock().now, system_utc)
        book.load()
        assert book.seconds_left(Login(place, "admin", "wrong")) > 0
        found(tmp_path, f"http://{place}", wrong.replace("wrong", "right"), folder=state)
        assert len(asked) == 2


def test_a_recorder_with_several_wrong_users_is_not_locked(tmp_path: Path) -> None:
    """It may count whoever asks: of its users three are tried, and of the others it is said why not."""
    asked: list[str] = []
    users = "".join(
        f'[[camera]]\nname = "u{n}"\ndriver = "http"\nurl = "http://u{n}:wrong@PLACE/"\n' for n in range(CHANNELS)
    )
    with server(refusing(asked)) as place:
        file = tmp_path / "station.toml"
        file.write_text(STATION.replace("/var/lib/minshan", str(tmp_path)) + users.replace("PLACE", place))
        said = list(cameras(load(file)))
    assert len(asked) == 3
    assert all("has refused several other logins" in one.sentence for one in said[3:])


@pytest.mark.parametrize("secret", [None, b"\xff\xfe\x00"])
def test_no_login_is_tried_with_a_password_that_cannot_be_read(tmp_path: Path, secret: bytes | None) -> None:
    """A file that is not there, or no text, is named; the camera is not asked with an empty password."""
    file, asked = tmp_path / "password", list[str]()
    if secret is not None:
        file.write_bytes(secret)
    with server(refusing(asked)) as place:
        (said,) = found(tmp_path, f"http://{place}", f'username = "admin"\npassword_file = "{file}"\n')
    assert not said.well
    assert str(file) in said.sentence and "password_file" in said.remedy
    assert asked == []


def test_the_doctor_judges_a_photo_as_the_station_does(tmp_path: Path) -> None:
    """What a recorder made of a torn frame is no photo; a good one has the size that it has upright."""
    torn, turned = io.BytesIO(), io.BytesIO()
    seen = image()
    seen.paste((128, 128, 128), (0, 240, *seen.size))
    seen.save(torn, "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 6
    image().save(turned, "JPEG", exif=exif)
    for jpeg, said in (
        (torn, "the picture is damaged"),
        (turned, "a photo of 400 x 640"),
        (io.BytesIO(WHOLE), "640 x 400"),
    ):
        answer = http(jpeg.getvalue())
        with server(partial(answered, answer)) as place:
            assert said in found(tmp_path, f"http://{place}")[0].sentence
