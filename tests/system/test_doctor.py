"""`minshan doctor` against a real broker, a talking sensor and cameras that answer, or do not."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.twins.cameras import CameraFault, SnapshotCamera
from drivers.twins.scene import Moment, Scene
from tests.system.kit import Broker, running_broker, station, talking
from tests.unit.command import minshan


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that wants a login."""
    with running_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def port() -> Iterator[str]:
    """The port of a talking sensor."""
    with talking() as path:
        yield path


def test_the_doctor_finds_a_sound_station_well(tmp_path: Path, broker: Broker, port: str) -> None:
    """File, sensor, clock, disk, login and a test record: a ✓ and a sentence each, code 0; Chinese too."""
    file = station(tmp_path, port, broker.url())
    said = minshan("doctor", "--config", str(file))
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == f"✓ file: {file} is right"
    assert lines[1] == f"✓ sensor dust (plantower on {port}): PM1 0.0 µg/m³, PM2.5 8.0 µg/m³, PM10 8.0 µg/m³"
    assert lines[2].startswith("✓ clock: 2")
    assert re.fullmatch(rf"✓ disk: {tmp_path}/state can be written, [\d.]+ GB are free", lines[3])
    assert lines[4] == f"✓ broker: mqtt://127.0.0.1:{broker.port} takes the login (MQTT 5)"
    assert lines[5] == "✓ record: the broker has taken a test record, but nobody listens to this station there"
    assert lines[-1] == "All is well."
    chinese = minshan("doctor", "--config", str(file), "--lang", "zh").out
    assert f"✓ 传感器 dust（plantower，{port}）：PM1 0.0 µg/m³, PM2.5 8.0 µg/m³, PM10 8.0 µg/m³" in chinese
    assert chinese.splitlines()[-1] == "一切正常。"
    assert "apple" not in said.out + chinese


def test_the_doctor_names_each_trouble_with_its_remedy(tmp_path: Path, broker: Broker) -> None:
    """A missing port and a refused login: ✗, a sentence, a remedy; code 1; the same as JSON."""
    file = station(tmp_path, "/dev/minshan-none", broker.url("grower:pear@"))
    said = minshan("doctor", "--config", str(file))
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[1:3] == [
        "✗ sensor dust (plantower on /dev/minshan-none): unplugged: there is no port /dev/minshan-none: "
        "look at /dev/serial/by-id/ for those that are plugged in",
        "  → Plug it in, see `ls /dev/serial/by-id/ /dev/i2c-*`, and correct the port in the file.",
    ]
    where = f"mqtt://127.0.0.1:{broker.port}"
    assert lines[5:] == [
        f"✗ broker: {where} refuses the login (Not authorized): are user and password right?",
        "  → Correct username and password_file in [broker], or ask who keeps the broker for a login.",
        "2 things to see to.",
    ]
    found = json.loads(minshan("doctor", "--json", "--config", str(file)).out)
    assert [entry["check"] for entry in found if not entry["well"]] == ["sensor", "broker"]
    chinese = minshan("doctor", "--config", str(file), "--lang", "zh").out
    assert f"✗ 消息服务器：{where} 拒绝登录（Not authorized）：用户名和密码对吗？" in chinese


def test_the_doctor_sees_a_certificate_that_has_run_out(tmp_path: Path, broker: Broker, port: str) -> None:
    """The station's own certificate that has run out is named with its date before anything is sent."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, pem = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 5 -subj /CN=maoxian-1"
    subprocess.run([*words.split(), "-keyout", key, "-out", pem], check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(pem.read_text())
    old = re.sub(rb"\x17\x0d\d{12}Z\x17\x0d\d{12}Z", b"\x17\x0d190101000000Z\x17\x0d200301000000Z", der)
    pem.write_text(ssl.DER_cert_to_PEM_cert(old))
    file = station(tmp_path, port, broker.url(), f'cert_file = "{pem}"\nkey_file = "{key}"\n')
    said = minshan("doctor", "--config", str(file))
    assert said.code == 1
    assert (
        f"✗ certificate: this station's certificate {pem} has run out on 2020-03-01: put a new one there\n"
        "  → Put the new certificate and its key there; the station takes them at its next connection.\n"
    ) in said.out


def test_a_platform_that_gives_no_receipts_is_found(tmp_path: Path, broker: Broker, port: str) -> None:
    """Where the file wants the platform's receipt and none answers, the doctor says so."""
    file = station(tmp_path, port, broker.url(), 'proof = "committed"\n')
    said = minshan("doctor", "--config", str(file))
    assert said.code == 1
    assert "✗ record: the broker has a test record, but no platform gives receipts for this station\n" in said.out


NOON = 1_784_347_200_000_000  # 2026-07-18 12:00 at the site, microseconds UTC


def test_a_camera_is_tried_with_one_photo(tmp_path: Path, broker: Broker, port: str) -> None:
    """A photo's size where it comes; where the address is a page, or the login is refused, what to do."""
    file = station(tmp_path, port, broker.url())
    login = ("viewer", "plum")
    with SnapshotCamera(Scene(), lambda: Moment(NOON), login=login) as camera:
        address = camera.url.replace("http://", "http://viewer:plum@")
        file.write_text(file.read_text() + f'[[camera]]\nname = "south"\ndriver = "http"\nurl = "{address}"\n')
        said = minshan("doctor", "--config", str(file)).out
        assert re.search(r"^✓ camera south: a photo of 2688 x 1520, [\d.]+ [kM]B$", said, re.MULTILINE)
        camera.misbehave(CameraFault.HTML)
        page = minshan("doctor", "--config", str(file))
        assert page.code == 1
        assert "✗ camera south: the address answers with text/html, not with a JPEG; it begins" in page.out
        assert "  → The address is a page, not a photo: ask the camera's manual for its snapshot address.\n" in page.out
        camera.misbehave(CameraFault.REFUSE)
        chinese = minshan("doctor", "--lang", "zh", "--config", str(file)).out
        assert "✗ 摄像头 south：摄像头拒绝用户 'viewer' 登录（HTTP 401）" in chinese
        assert "plum" not in said + page.out + chinese
