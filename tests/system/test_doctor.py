"""`minshan doctor` against a real broker, a talking sensor and cameras that answer, or do not."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from drivers.checksums import xor8
from drivers.twins.cameras import CameraFault, SnapshotCamera
from drivers.twins.scene import Moment, Scene
from edge.config.file import load
from edge.control.commands import Principal, Request
from edge.control.status import status
from edge.daemon import open_store
from edge.sim.capture import read_capture
from edge.sim.rig import Rig, boot_of
from provisioning.commands.finding import Finding
from provisioning.demo.config import capture_station
from provisioning.doctor.sensors import sensors_of
from tests.kits.broker import Broker, until
from tests.kits.command import minshan
from tests.kits.real_parts import missing
from tests.kits.system import station, talking, url


def test_the_doctor_finds_a_sound_station_well(tmp_path: Path, login_broker: Broker, port: str) -> None:
    """Each part has a ✓ and a sentence; what should be known of proof and listeners is a hint (!); code 0."""
    file = station(tmp_path, port, url(login_broker))
    said = minshan("doctor", "--config", str(file))
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == f"✓ file: {file} is right"
    assert lines[1] == f"✓ sensor dust (plantower on {port}): PM1 0.0 µg/m³, PM2.5 8.0 µg/m³, PM10 8.0 µg/m³"
    assert lines[2].startswith("✓ clock: 2")
    assert re.fullmatch(rf"✓ disk: {tmp_path}/state can be written, [\d.]+ GB are free", lines[3])
    assert re.fullmatch(r"✓ mobile data: about 1\d\.\d MB a month; the file has no \[budget\], so .*", lines[4])
    assert lines[5] == f"✓ broker: mqtt://127.0.0.1:{login_broker.port} accepts the login (MQTT 5)"
    assert lines[6:] == [
        '! proof: with "broker" data count as sent when the broker has them; what it drops is lost',
        '  → Write proof = "committed" in [broker] and let the platform give receipts, as `minshan watch` does.',
        "! record: the broker has accepted a test record, but there is no receiver for this station",
        "  → Start the receiver, for example: minshan watch --broker URL --jsonl FILE",
        "Everything works; 2 things to note (!).",
    ]
    chinese = minshan("doctor", "--config", str(file), "--lang", "zh").out
    assert f"✓ 传感器 dust（plantower，{port}）：PM1 0.0 µg/m³、PM2.5 8.0 µg/m³、PM10 8.0 µg/m³" in chinese
    assert chinese.splitlines()[-1] == "全部可用；有 2 项请知悉（!）。"
    assert "apple" not in said.out + chinese


def test_the_doctor_names_each_trouble_with_its_remedy(tmp_path: Path, login_broker: Broker) -> None:
    """A missing port and a refused login: ✗, a sentence, a remedy; code 1; the same as JSON."""
    file = station(tmp_path, "/dev/minshan-none", url(login_broker, "grower:pear@"))
    said = minshan("doctor", "--config", str(file))
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[1:3] == [
        "✗ sensor dust (plantower on /dev/minshan-none): unplugged: there is no port /dev/minshan-none: "
        "look at /dev/serial/by-id/ for those that are plugged in",
        "  → Plug it in, see `ls /dev/serial/by-id/`, and correct the port.",
    ]
    where = f"mqtt://127.0.0.1:{login_broker.port}"
    assert lines[6:] == [
        f"✗ broker: {where} refuses the login (not authorized): are user and password right?",
        "  → Correct username and password_file in [broker], or ask the broker's operator for a login.",
        '! proof: with "broker" data count as sent when the broker has them; what it drops is lost',
        '  → Write proof = "committed" in [broker] and let the platform give receipts, as `minshan watch` does.',
        "2 things need attention.",
    ]
    found = json.loads(minshan("doctor", "--json", "--config", str(file)).out)
    assert [entry["check"] for entry in found if not entry["well"]] == ["sensor", "broker"]
    chinese = minshan("doctor", "--config", str(file), "--lang", "zh").out
    assert f"✗ 消息服务器：{where} 拒绝登录（未获授权）：用户名和密码对吗？" in chinese


EXPIRED = (
    "expired on 2020-03-01: put a new one there\n"
    "  → Put the new certificate and its key there; the station uses them at its next connection.\n"
)
TOO_EARLY = "is not valid before 2049-01-01: is this box's date right ("


@pytest.mark.parametrize(("begin", "end", "told"), [(b"190101", b"200301", EXPIRED), (b"490101", b"491231", TOO_EARLY)])
def test_the_doctor_sees_a_certificate_out_of_its_time(
    tmp_path: Path, login_broker: Broker, port: str, begin: bytes, end: bytes, told: str
) -> None:
    """The station's own certificate that has run out, or begins later, is named before anything is sent."""
    if not shutil.which("openssl"):
        missing("openssl")
    key, pem = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 5 -subj /CN=maoxian-1"
    subprocess.run([*words.split(), "-keyout", key, "-out", pem], check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(pem.read_text())
    dates = b"\x17\x0d" + begin + b"000000Z\x17\x0d" + end + b"000000Z"
    pem.write_text(ssl.DER_cert_to_PEM_cert(re.sub(rb"\x17\x0d\d{12}Z\x17\x0d\d{12}Z", dates, der)))
    file = station(tmp_path, port, url(login_broker), f'cert_file = "{pem}"\nkey_file = "{key}"\n')
    said = minshan("doctor", "--config", str(file))
    assert said.code == 1
    assert f"✗ certificate: the client certificate {pem} {told}" in said.out


def test_a_platform_that_gives_receipts_is_found(tmp_path: Path, login_broker: Broker, port: str) -> None:
    """With a receiver at work and the defaults of the file, all is well and there is nothing to know."""
    file = station(tmp_path, port, url(login_broker), 'proof = "committed"\n')
    jsonl = tmp_path / "minutes.jsonl"
    words = [sys.executable, "-m", "provisioning.main", "watch", "--broker", url(login_broker), "--jsonl", str(jsonl)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as watch:
        until(jsonl.exists, 20)
        said = minshan("doctor", "--config", str(file))
        watch.terminate()
    assert said.out.splitlines()[-2:] == [
        "✓ record: a test record was sent, and the platform answers",
        "All is well.",
    ]
    assert said.code == 0


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_a_platform_that_gives_no_receipts_is_found(tmp_path: Path, login_broker: Broker, port: str) -> None:
    """Where the file wants the platform's receipt and none answers, the doctor says so."""
    file = station(tmp_path, port, url(login_broker), 'proof = "committed"\n')
    said = minshan("doctor", "--config", str(file))
    assert said.code == 1
    assert (
        "✗ record: the broker has a test record, but no platform gives receipts for this station\n"
        "  → Start the platform (minshan watch --jsonl FILE); until then the station keeps everything.\n"
    ) in said.out


def test_a_site_that_nobody_gave_is_named(tmp_path: Path, login_broker: Broker, port: str) -> None:
    """Position and altitude that `init` wrote unasked are a hint each time; who gave just those stands there."""
    file = station(tmp_path, port, url(login_broker))
    text = file.read_text().replace("1800", "1590")
    given = text.replace("31.7\n", "31.68\n")
    file.write_text(given)
    assert "site:" not in minshan("doctor", "--config", str(file)).out
    file.write_text(given.replace("[site]\n", '[site]\nassumed = ["latitude", "longitude", "altitude"]\n'))
    said = minshan("doctor", "--config", str(file))
    assert said.code == 0
    assert (
        "! site: position and altitude are those that `minshan init` writes where none are given\n"
        "  → Correct in [site]: latitude, longitude, altitude_m, and delete its line `assumed`; "
    ) in said.out
    file.write_text(text.replace("[site]\n", '[site]\nassumed = ["latitude", "altitude"]\n'))
    said = minshan("doctor", "--lang", "zh", "--config", str(file))
    assert "! 站址：海拔是 `minshan init` 在没有给出时写的默认值\n  → 请改正 [site] 里的 altitude_m，" in said.out


LINE = b"A0743B135C0000D0012E0000F0006G1588H1588I0000J0000K0610L0271M909N10022"
NO_PM = LINE + b"*%02X\r\n" % xor8(LINE, 0x18)


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_what_a_sensor_does_not_give_is_named(tmp_path: Path, login_broker: Broker) -> None:
    """What never comes of an all-in-one station is named, and a pressure that its altitude does not allow."""
    with talking(NO_PM) as port:
        file = station(tmp_path, port, url(login_broker))
        file.write_text(file.read_text().replace("plantower", "ascii-station"))
        said = minshan("doctor", "--config", str(file))
        assert said.code == 1
        assert re.search(
            r"^✗ sensor dust \(ascii-station on /dev/pts/\d+\): Wind direction 135 °, .*; "
            r"no values for: PM1, PM2\.5, PM10\n"
            r"  → If it was never fitted, write pm = false in \[\[sensor\]\] “dust”; otherwise check its cable\.$",
            said.out,
            re.MULTILINE,
        )
        file.write_text(file.read_text() + "pm = false\n")
        high = minshan("doctor", "--config", str(file)).out
        assert re.search(
            "^! sensor dust .* hPa .Air pressure: outside .* unusual at this station.$", high, re.MULTILINE
        )
        file.write_text(file.read_text().replace("altitude_m = 1800", "altitude_m = 20"))
        assert "✓ sensor dust" in minshan("doctor", "--config", str(file)).out


def asked_while_running(tmp_path: Path, every_s: int, worked: bool = False) -> Finding:
    """Return what the doctor finds of a running station's sensor that sends a line every so many seconds.

    `worked`: somebody works on the station meanwhile, and the file says that there are no particles.
    """
    capture = tmp_path / "day.txt"
    times = [f"2021-06-22T00:{second // 60:02}:{second % 60:02} ".encode() for second in range(0, 180, every_s)]
    capture.write_bytes(b"".join(time + NO_PM for time in times))
    day = read_capture(capture)
    file = tmp_path / "station.toml"
    file.write_text(
        capture_station(
            "farm",
            tmp_path / "state",
            "mqtt://127.0.0.1:9",
            "broker",
            capture="day",
            utc_offset=8.0,
            mm_per_tip=0.33,
            pm=not worked,
        ).replace("altitude_m = 20.0", "altitude_m = 1590.0")
    )
    config = load(file)
    boot = boot_of(config, day.begin, "sim")
    with closing(open_store(config)) as store, closing(Rig(config, boot, day.begin, 1, speed=None, capture=day)) as rig:
        running = rig.power_on(lambda _config: store)
        if worked:
            asks = Request("test", Principal("test", "technician"), lambda _outcome: None)
            running.services.commands.run("maintenance", {"seconds": 3600, "text": "cleaning"}, asks)
        rig.clock.run_until(boot.boottime(day.end) + 1)
        (found,) = sensors_of(config, status(running.services.parts))
        rig.power_off()
    return found


def test_what_a_running_station_does_not_get_is_named(tmp_path: Path) -> None:
    """The running station is asked, not the device: its values, those it doubts, and channels without a reading."""
    found = asked_while_running(tmp_path, 3)
    assert not found.well
    assert found.sentence == (
        "sensor field (ascii-station on sim-field): 360 readings since the start; newest minute: Wind direction 135 ° "
        "(SE), Wind speed 1.2 m/s, Rainfall 0.00 mm, Air temperature 27.10 °C, Relative humidity 90.9 %, Air pressure "
        "1002.2 hPa (Air pressure: outside 806.3..866.3 hPa, unusual at this station (all 20 readings)); "
        "no values for: PM1, PM2.5, PM10"
    )
    assert found.remedy.startswith("If it was never fitted, write pm = false in [[sensor]] “field”")


def test_readings_too_few_for_a_value_are_not_well(tmp_path: Path) -> None:
    """A sensor that answers, but so rarely that no minute has a value, is named with what came and what is needed."""
    found = asked_while_running(tmp_path, 12)
    assert not found.well
    assert "Air temperature: 5 of 20 samples, 14 needed" in found.sentence


def test_work_on_the_station_is_no_fault_of_its_sensors(tmp_path: Path) -> None:
    """A technician who asks the doctor during maintenance is not sent to the wires; why no value counts is said."""
    found = asked_while_running(tmp_path, 3, worked=True)
    assert found.well and not found.remedy
    assert found.sentence.endswith("Air pressure 1002.2 hPa (maintenance: cleaning)")


NOON = 1_784_347_200_000_000  # 2026-07-18 12:00 at the site, microseconds UTC


def test_a_camera_is_tried_with_one_photo(tmp_path: Path, login_broker: Broker, port: str) -> None:
    """A photo's size where it comes; where the address is a page, or the login is refused, what to do."""
    file = station(tmp_path, port, url(login_broker))
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
        assert "  → Ask the camera's manual for the address of its snapshot as JPEG.\n" in page.out
        camera.misbehave(CameraFault.REFUSE)
        chinese = minshan("doctor", "--lang", "zh", "--config", str(file)).out
        assert "✗ 摄像头 south：摄像头拒绝用户“viewer”登录（HTTP 401）" in chinese
        assert "plum" not in said + page.out + chinese
