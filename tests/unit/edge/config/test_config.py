"""Reading station.toml: what is right is taken, and each mistake is named with its line and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.toml_lines import TomlLines
from edge.config.errors import ConfigError
from edge.config.file import load

STATION = """\
[station]
id = "maoxian-1"
[site]
latitude = 31.68
longitude = 103.85
altitude_m = 1590
[state]
dir = "/var/lib/minshan"
"""
BME = '[[sensor]]\nname = "air"\ndriver = "bme280"\naddress = 0x76\n'


def mistakes(folder: Path, text: str | bytes) -> list[str]:
    """Return the lines that a technician reads, without the folder."""
    file = folder / "station.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as raised:
        load(file)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in raised.value.mistakes]


def test_a_right_file_is_taken_whole(tmp_path: Path) -> None:
    """Sections, sensors with their driver's settings, cameras and the file's digest are all there."""
    file = tmp_path / "station.toml"
    pinned = f'name = "gate"\ndriver = "http"\nurl = "HTTPS://c/"\nfingerprint = "{"0a" * 32}"\n'
    file.write_text(f'{STATION}{BME}height_m = 2\n[[camera]]\nname = "c"\ndriver = "picamera"\n[[camera]]\n{pinned}')
    config = load(file)
    assert config.station.id == "maoxian-1"
    assert (config.sensor[0].settings.address, config.sensor[0].height_m) == (0x76, 2)
    assert [camera.name for camera in config.camera] == ["c", "gate"]
    assert (config.path, len(config.digest)) == (str(file), 64)
    assert config.channels()["air", "air_temperature"] == "air_temperature"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            STATION.replace("31.68", '"31.68"'),
            'station.toml:4: site.latitude = "31.68": write it without quotes: 31.68',
        ),
        (
            STATION.replace("31.68", "91"),
            "station.toml:4: site.latitude = 91: must be at most 90",
        ),
        (
            STATION.replace("latitude", "latitud"),
            'station.toml:4: site.latitud = 31.68: unknown key; did you mean "latitude"?',
        ),
        (
            STATION.replace("maoxian-1", "Mao Xian"),
            'station.toml:2: station.id = "Mao Xian": must be 1 to 32 lower-case letters, digits or hyphens, '
            "beginning with a letter or digit",
        ),
        (
            STATION + '[broker]\nurl = "http://farm"\n',
            'station.toml:10: broker.url = "http://farm": must be an address such as mqtt://host:1883 or mqtts://host:8883',
        ),
        (
            STATION + '[broker]\nurl = "mqtt://u:p@farm:99999"\n',
            'station.toml:10: broker.url = "mqtt://...@farm:99999": the port after the host\'s : must be '
            "from 1 to 65535",
        ),
        (
            STATION + '[broker]\nurl = "mqtt://:1883"\n',
            'station.toml:10: broker.url = "mqtt://:1883": must be an address such as mqtt://host:1883 or mqtts://host:8883',
        ),
        (
            STATION + '[broker]\nurl = "mqtts://farm"\ncert_file = "c.pem"\n',
            'station.toml:11: broker.cert_file = "c.pem": also needs key_file',
        ),
        (
            STATION + BME.replace("0x76", '"0x76"'),
            'station.toml:12: sensor "air".address = "0x76": write it without quotes: 0x76',
        ),
        (
            STATION + BME.replace("address", "adress"),
            'station.toml:12: sensor "air".adress = 0x76: unknown key; did you mean "address"?',
        ),
        (
            STATION + BME.replace("bme280", "bme208"),
            'station.toml:11: sensor "air".driver = "bme208": there is no driver "bme208"; did you mean "bme280"?',
        ),
        (
            STATION + BME.replace("bme280", "qqq"),
            'station.toml:11: sensor "air".driver = "qqq": there is no driver "qqq"; `minshan sensors` lists them',
        ),
        (
            STATION + BME + BME.replace('"air"', '"air-2"'),
            'station.toml:16: sensor "air-2".address = 0x76: sensor "air" has address 0x76 on /dev/i2c-1 too; '
            "each device needs its own",
        ),
        (
            STATION + BME + BME.replace("0x76", "0x77"),
            'station.toml:14: sensor "air".name = "air": the name "air" is taken by another one in this file; '
            "each needs its own",
        ),
        (
            STATION + BME + "primary = true\n" + BME.replace("0x76", "0x77").replace("air", "b") + "primary = true\n",
            'station.toml:18: sensor "b".primary = true: sensor "air" is primary for air_temperature too; '
            "only one sensor can be",
        ),
        (
            STATION + '[sensor]\nname = "air"\n',
            "station.toml:9: sensor: must be tables of their own, each under a line [[sensor]]",
        ),
        (
            STATION + '[[camera]]\nname = "c"\ndriver = "rtsp"\nurl = "rtsps://c/"\nfingerprint = "12:34"\n',
            'station.toml:13: camera "c".fingerprint = "12:34": must be the SHA-256 fingerprint of the camera\'s '
            "certificate: 64 digits 0-9 and a-f",
        ),
        (
            STATION + f'[[camera]]\nname = "c"\ndriver = "http"\nurl = "http://c/"\nfingerprint = "{"0a" * 32}"\n',
            f'station.toml:13: camera "c".fingerprint = "{"0a" * 28}...: only an address with https:// or rtsps:// '
            "has a certificate",
        ),
        (
            STATION + '[[camera]]\nname = "c"\ndriver = "rtsp"\n',
            'station.toml:11: camera "c".driver = "rtsp": a camera with driver rtsp needs a url',
        ),
        (STATION + "altitude\n", "station.toml:9: this line is neither `key = value` nor a [table]"),
        (
            STATION.replace('"maoxian-1"', "maoxian"),
            'station.toml:2: this is not a TOML value; text must be in quotes, such as "text", '
            "and numbers have no unit, such as 31.68",
        ),
        (STATION + "[site]\n", "station.toml:9: [site] is defined already, on line 3"),
        (
            STATION.encode() + b"[x]\n# Maoxi\xe9",
            "station.toml:10: the file is not UTF-8 text (byte 0xe9): save it as UTF-8",
        ),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, text: str | bytes, line: str) -> None:
    """Each mistake alone gives one line: file, line, key, value, and what would be right."""
    assert mistakes(tmp_path, text) == [line]


def test_two_sensors_of_a_line_that_differ_in_speed(tmp_path: Path) -> None:
    """On one RS-485 line all devices speak at one speed: the second one's setting is named."""
    sensor = (
        '[[sensor]]\nname = "{}"\ndriver = "modbus"\nprofile = "{}"\nport = "/dev/ttyS1"\naddress = {}\nbaud = {}\n'
    )
    text = STATION + sensor.format("wind", "rs-fsjt", 1, 9600) + sensor.format("vane", "rs-fsjt", 2, 4800)
    assert mistakes(tmp_path, text) == [
        'station.toml:22: sensor "vane".baud = 4800: sensor "wind" uses /dev/ttyS1 at 9600 N, this one at 4800 N; '
        "on one line all must agree"
    ]


def test_another_platform_that_is_wrong_is_named_with_its_line(tmp_path: Path) -> None:
    """A destination is read as the hub reads it; each mistake in one is told at its place."""
    county = '[[forward]]\nname = "county"\nkind = "http-json"\nurl = "https://county.example"\nevery_min = 10\n'
    file = tmp_path / "station.toml"
    file.write_text(STATION + county)
    assert [(one.name, one.every_min) for one in load(file).forward] == [("county", 10)]
    wrong = (
        (county.replace("http-json", "ftp"), '11: forward "county".kind = "ftp": must be one of http-json, mqtt-json'),
        (county.replace("https:", "ftp:"), '12: forward "county".url = "ftp://county.example": must be an address'),
        (county.replace("10", "-1"), '13: forward "county".every_min = -1: must be at least 0'),
        (county.replace("10", "10.0"), '13: forward "county".every_min = 10.0: must be a whole number: write 10'),
        (county + 'stations = ["a"]\n', '14: forward "county".stations = ["a"]: a station sends its own records'),
        (county + "batsh = 7\n", '14: forward "county".batsh = 7: unknown key; did you mean "batch"?'),
        (county + county, '15: forward "county".name = "county": the name "county" is taken'),
        ('[forward]\nname = "x"\n', "9: forward: must be tables of their own, each under a line [[forward]]"),
    )
    for text, said in wrong:
        found = mistakes(tmp_path, STATION + text)
        assert len(found) == 1, found
        assert said in found[0]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A technician corrects the file once, not once for each mistake."""
    text = STATION.replace("31.68", '"x"').replace('dir = "/var/lib/minshan"', "records_mb = 5") + BME + "foo = 1\n"
    found = mistakes(tmp_path, text)
    assert [line.split(":")[1] for line in found] == ["4", "7", "8", "13"]


def test_files_that_are_none(tmp_path: Path) -> None:
    """A file that is not there and a folder in its place are one line each."""
    for path, said in ((tmp_path / "none.toml", "the file is not there"), (tmp_path, "is a folder, not a file")):
        with pytest.raises(ConfigError) as raised:
            load(path)
        assert str(raised.value) == f"{path}: {said}"


def test_no_password_is_repeated(tmp_path: Path) -> None:
    """What is wrong is told without the login that stands there: such lines end in tickets and chats."""
    text = STATION + '[broker]\nurl = "http://grower:apple7@farm"\npassword = 42\n'
    assert "apple7" not in "".join(mistakes(tmp_path, text))
    assert "42" not in "".join(mistakes(tmp_path, text)).replace(":1883", "")


def test_a_profile_that_is_wrong_is_told_with_its_own_line(tmp_path: Path) -> None:
    """A mistake in a technician's own Modbus profile names the profile's file and line."""
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\ntitle = "t"\nmaker = "m"\nsource = "s"\nbaud = 9\nregisters = []\n')
    sensor = f'[[sensor]]\nname = "w"\ndriver = "modbus"\nport = "/dev/ttyS1"\nprofile = "{profile}"\n'
    said = "\n".join(mistakes(tmp_path, STATION + sensor))
    assert f"{profile.name}:5: baud = 9" in said


@given(st.text(alphabet="[]=\"'#.ab\n \\", max_size=80))
def test_any_text_is_taken_or_refused_with_a_sentence(text: str) -> None:
    """No text, however broken, ends in anything but a Config or a ConfigError with a sentence."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        assert all(line.strip() for line in mistakes(Path(folder), text))


@given(st.text(alphabet="[]=\"'#.ab1\n \\", max_size=80))
def test_lines_are_found_in_any_text(text: str) -> None:
    """The search for a key's line takes any text."""
    assert TomlLines(text).of(("a", 0, "b")) is None or text


def test_lines_of_longer_values() -> None:
    """A list or text of several lines hides no key behind it, and none inside is taken for one."""
    text = 'a = [\n  [1], # ]\n  2,\n]\nb = """\nc = 1\n"""\nc = 3\n[t.u]\n"d" = 1 # x = 2\n[[t.v]]\n[[t.v]]\ne = 1\n'
    lines = TomlLines(text)
    assert [lines.of((key,)) for key in "abc"] == [1, 5, 8]
    assert (lines.of(("t", "u", "d")), lines.text(("t", "u", "d"))) == (10, "1")
    assert (lines.of(("t", "v", 1, "e")), lines.of(("t", "v", 1, "missing"))) == (13, 12)
