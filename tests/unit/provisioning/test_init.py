"""`minshan init`: writes a file that the station takes, and asks where there is a person."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from edge.config.file import load
from edge.config.sections import BrokerSection, StateSection, StationSection
from provisioning.commands.answers import BrokerUrl, Choice, Degrees, Key, Latitude, Metres
from provisioning.commands.init import following
from provisioning.commands.settings import literal, split
from tests.kits.command import minshan
from tests.kits.english_words import english
from tests.unit.edge.config.test_config import STATION


def made(out: Path, *more: str) -> tuple[str, ...]:
    """Return the words of an init that gives everything that has no default."""
    return ("init", "--station", "maoxian-1", "--state", str(out.parent / "state"), "--out", str(out), *more)


def test_it_writes_a_file_that_the_station_takes(tmp_path: Path) -> None:
    """Site facts, sensors with typed settings, a camera and the broker come back as they were given."""
    out = tmp_path / "station.toml"
    said = minshan(
        *made(out, "--title", "茂县果园", "--latitude", "31.7", "--datum", "GCJ-02", "--crop", "apple"),
        *("--sensor", "ascii-station:port=/dev/pts/5,mm_per_tip=0.2,pm=false,height_m=2"),
        *("--sensor", "bme280:address=0x77,name=attic", "--sensor", "bme280"),
        *("--camera", "http:url=http://10.0.0.9/s.jpg,every_min=30", "--broker", "mqtt://farm:1883"),
        *("--camera", "rtsps://10.0.0.8/s=1,2", "--camera", "picamera"),
        *("--camera", "picamera:name=gate,width=640,height=480"),
        *("--longitude", "103.9", "--altitude", "1800"),
    )
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        f'{out} is written: station "maoxian-1", 3 sensors.\n'
        f"Next: look at it, then `minshan doctor --config {out}`, then `minshan run --config {out}`.\n"
    )
    config = load(out)
    assert (config.station.title, config.site.datum, config.site.crop) == ("茂县果园", "GCJ-02", "apple")
    assert (config.site.latitude, config.site.longitude, config.site.altitude_m) == (31.7, 103.9, 1800)
    assert [sensor.name for sensor in config.sensor] == ["ascii-station", "attic", "bme280"]
    first, second, _third = config.sensor
    assert (first.settings.port, first.settings.mm_per_tip, first.settings.pm) == ("/dev/pts/5", 0.2, False)
    assert (first.height_m, second.settings.address) == (2, 0x77)
    assert (config.camera[0].url, config.camera[0].every_min) == ("http://10.0.0.9/s.jpg", 30)
    assert (config.camera[1].driver, config.camera[1].url) == ("rtsp", "rtsps://10.0.0.8/s=1,2")
    assert [camera.name for camera in config.camera] == ["camera", "camera-2", "camera-3", "gate"]
    sizes = [(camera.get("width"), camera.get("height")) for camera in tomllib.loads(out.read_text())["camera"]]
    assert sizes == [(None, None), (None, None), (1920, 1080), (640, 480)]
    assert config.broker is not None
    assert config.broker.url == "mqtt://farm:1883"
    text = out.read_text()
    begin = text.index("# [[forward]]")
    out.write_text(text[:begin] + re.sub("(?m)^# ", "", text[begin:]))  # as a person does who wants that
    assert [(one.name, one.every_min) for one in load(out).forward] == [("county", 10)]


def test_a_camera_s_one_side_is_refused_with_what_to_write(tmp_path: Path) -> None:
    """No picture of 640 x 1080, which is neither the sensor's shape nor anybody's wish."""
    said = minshan(*made(tmp_path / "station.toml", "--sensor", "bme280", "--camera", "picamera:width=640"))
    assert said.code != 0
    assert "needs height beside it, 360 for" in said.err


def test_a_site_that_nobody_gave_is_said_loudly(tmp_path: Path) -> None:
    """A script may leave the site out: the file is written, and both it and the screen say whose site that is."""
    out = tmp_path / "station.toml"
    said = minshan(*made(out, "--latitude", "31.7", "--sensor", "bme280", "--broker", "mqtt://farm:1883"))
    assert said.code == 0
    assert said.err == (
        "WARNING: not given, so the file has Maoxian's values: longitude 103.85, altitude 1590.\n"
        f"  → If the station is elsewhere, correct [site] in {out}: the limits of the air pressure and the photos' "
        "daylight follow from it.\n"
    )
    assert '[site]\nassumed = ["longitude", "altitude"] # NOT GIVEN, so these ' in out.read_text()
    assert load(out).site.longitude == 103.85
    chinese = minshan(*made(out, "--force", "--lang", "zh"))
    assert chinese.err.splitlines()[0] == (
        "警告：没有给出站址，文件里写的是茂县的：北纬 31.68、东经 103.85、海拔 1590。"
    )


def test_the_file_says_what_each_line_is_for(tmp_path: Path) -> None:
    """A technician can change the file by what stands in it: units, choices, what is measured."""
    out = tmp_path / "station.toml"
    minshan(*made(out, "--sensor", "bme280:address=0x76"))
    text = out.read_text()
    for line in (
        "altitude_m = 1590.0 # metres above sea level; limits of air pressure follow from it",
        'datum = "WGS-84" # WGS-84, CGCS2000 or GCJ-02 (Chinese maps)',
        "# measures: Air temperature, Relative humidity, Air pressure",
        "address = 0x76",
    ):
        assert line in text.splitlines()
    assert out.stat().st_mode & 0o007 == 0, "a login may stand in it"


def test_a_chinese_file_explains_each_rule_and_has_no_english_word(tmp_path: Path) -> None:
    """What stands behind a # is Chinese, each rule says what its numbers are, and the line for a colder corner is
    taken as it stands."""
    out = tmp_path / "station.toml"
    sensors = ("bme280", "ina219", "plantower:port=/dev/ttyS1", "ascii-station:port=/dev/ttyS2")
    given = (word for one in sensors for word in ("--sensor", one))
    speaks = {"LC_ALL": "zh_CN.UTF-8", "LANGUAGE": "zh_CN"}
    minshan(*made(out, "--crop", "苹果", "--broker", "mqtt://farm:1883", *given), env=speaks)
    lines = out.read_text().splitlines()
    comments = [line.rpartition("#")[2] for line in lines if "#" in line and not re.fullmatch(r"# [\w]+ = \S*", line)]
    assert [words for one in comments if (words := english(one, "Authorization"))] == []
    rules = [place for place, line in enumerate(lines) if line == "[[alert]]"]
    assert len(rules) == 7 and all(lines[place + 1].startswith("# ") for place in rules)
    out.write_text(re.sub("(?m)^# (offset_k = -2.0)", r"\1 # ", out.read_text()))
    assert [rule.offset_k for rule in load(out).alert if rule.crop] == [-2.0]


def test_what_is_wrong_is_told_and_nothing_written(tmp_path: Path) -> None:
    """A wrong setting, name, position or address: a line each, code 3, and no file."""
    out = tmp_path / "station.toml"
    said = minshan(*made(out, "--sensor", "bme280:adress=0x76"))
    assert (said.code, said.err) == (
        3,
        'Error: bme280: adress = 0x76: unknown key; did you mean "address"?\n',
    )
    chinese = minshan(*made(out, "--sensor", "bme280:adress=0x76"), "--lang", "zh").err
    assert chinese == "错误：bme280：adress = 0x76：没有这一项；是不是“address”？\n", "each colon is the language's own"
    said = minshan(*made(out, "--latitude", "200", "--broker", "http://x", "--sensor", "bme280", "--sensor", "bme280"))
    assert (said.code, said.err.splitlines()) == (
        3,
        [
            "Error: site.latitude = 200.0: must be at most 90",
            'Error: broker.url = "http://x": must be an address such as mqtt://host:1883 or mqtts://host:8883',
            'Error: sensor "bme280-2".address: sensor "bme280" has address 0x76 on /dev/i2c-1 too; '
            "each device needs its own",
        ],
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_overwritten_unseen(tmp_path: Path) -> None:
    """Only --force replaces a file."""
    out = tmp_path / "station.toml"
    out.write_text("mine")
    said = minshan(*made(out))
    assert (said.code, out.read_text()) == (2, "mine")
    assert said.err == f"Error: {out} exists already.\n  → Name another file, or replace it with --force.\n"
    assert minshan(*made(out, "--force")).code == 0
    assert load(out).station.id == "maoxian-1"


def test_a_station_needs_its_name_where_nobody_can_be_asked(tmp_path: Path) -> None:
    """Without a person and without --station there is no file: a name is for ever, no default will do."""
    said = minshan("init", "--out", str(tmp_path / "s.toml"))
    assert (said.code, said.err) == (2, "Error: --station is missing: the station needs a name, such as maoxian-1.\n")


@pytest.mark.parametrize(
    ("spec", "driver", "keys"),
    [
        ("bme280", "bme280", {}),
        ("a:port=/dev/x:1,pm=true", "a", {"port": "/dev/x:1", "pm": "true"}),
        ("m:fitted=co2,noise,address=2", "m", {"fitted": "co2,noise", "address": "2"}),
    ],
)
def test_a_sensors_words_are_taken_apart(spec: str, driver: str, keys: dict[str, str]) -> None:
    """DRIVER:key=value,key=value; a value may hold colons and, where no key follows, commas."""
    assert split(spec) == (driver, keys)


def test_values_are_typed_as_the_file_would() -> None:
    """Hexadecimal, numbers, truth and text as TOML has them; what is no TOML is text."""
    assert literal("0X7a") == 0x7A, "a phone begins with a capital"
    values = [literal(text) for text in ("0x76", "1.5", "true", "/dev/ttyUSB0", "rs-fsjt", "a\nb = 2")]
    assert values == [0x76, 1.5, True, "/dev/ttyUSB0", "rs-fsjt", "a\nb = 2"]


def test_a_replaced_file_is_kept_with_its_owner_and_mode(tmp_path: Path) -> None:
    """The service's user can still read the file that --force wrote anew, and the old one is there as .bak."""
    out = tmp_path / "station.toml"
    out.write_text("mine")
    out.chmod(0o604)
    if os.geteuid() == 0:
        os.chown(out, 1, 2)
    before = out.stat()
    assert minshan(*made(out, "--force", "--sensor", "bme280")).code == 0
    copy = tmp_path / "station.toml.bak"
    assert copy.read_text() == "mine"
    for file in (out, copy):
        now = file.stat()
        assert (now.st_mode, now.st_uid, now.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert minshan(*made(out, "--force", "--latitude", "200")).code == 3
    assert copy.read_text() == "mine", "a file that was not replaced has no copy"


@pytest.mark.parametrize(
    ("typed", "degrees"),
    [
        ("31.68", 31.68),
        ("31°40'48\"", 31.68),
        ("31°40.8'N", 31.68),
        ("北纬31度40分48秒", 31.68),
        ("31.68S", -31.68),
        ("-103.85", -103.85),
        ("１０３。８５", 103.85),
    ],
)
def test_a_position_may_be_written_in_many_ways(typed: str, degrees: float) -> None:
    """Degrees with a point, in minutes and seconds, with the side in words, in full-width digits."""
    assert Degrees().convert(typed, None, None) == degrees


@pytest.mark.parametrize("typed", ["31,68", "31 40 48", "x", "", "31°'", "1e3"])
def test_what_is_no_position_is_refused(typed: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(click.BadParameter, match=re.escape("write it as 31.68 or 31°40'48\"")):
        Degrees().convert(typed, None, None)


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        (Degrees(), "31.68, 103.85", "31.68, 103.85 is two numbers: write one of them here, such as 31.68"),
        (Degrees(), "31°40'N 103°51'E", "31°40'N 103°51'E is two numbers: write one of them here, such as 31°40'N"),
        (Latitude(), "103.85", "103.85 is a longitude: write the latitude here, between -90 and 90"),
        (Metres(), "5200 ft", "5200 ft is in feet: write it in metres, which is 1585"),
        (Key(StateSection, "dir"), "D:\\minshan", "this is a path of Windows: write one of the station's machine"),
    ],
)
def test_a_clumsy_answer_is_told_what_it_is(kind: click.ParamType[Any], typed: str, said: str) -> None:
    """Both numbers of a map, the longitude first, feet, a path of another system: each is called by its name."""
    with pytest.raises(click.BadParameter, match=re.escape(said)):
        kind.convert(typed, None, None)


@pytest.mark.parametrize("typed", ["maoxian-1 ", '"maoxian-1"', "“maoxian-1”", "ｍaoxian－１", " 'maoxian-1'"])
def test_blanks_quotes_and_wide_characters_around_an_answer_do_not_matter(typed: str) -> None:
    """They are no part of a name, a folder or an address that somebody types or pastes."""
    assert Key(StationSection, "id").convert(typed, None, None) == "maoxian-1"
    assert BrokerUrl(BrokerSection, "url").convert(" “mqtt：//farm.example” ", None, None) == "mqtt://farm.example"
    assert Choice(("WGS-84", "GCJ-02")).convert("gcj02 ", None, None) == "GCJ-02"


def test_a_name_in_the_wrong_encoding_is_told(tmp_path: Path) -> None:
    """A file of GBK whose bytes are UTF-8 too is read without an error; what stands in every message then is told."""
    file = tmp_path / "station.toml"
    text = STATION.replace('id = "maoxian-1"', 'id = "maoxian-1"\ntitle = "一站"')
    file.write_bytes(text.encode("gbk"))
    said = minshan("run", "--check", "--config", str(file))
    assert (said.code, said.out.count("!")) == (0, 2), said  # it has no sensor either
    assert '! station.title = "һվ": looks like "一站" saved in the wrong encoding\n' in said.out
    file.write_text(text.replace("一站", "上寨\ufffd园"), encoding="utf-8")
    assert "some characters were lost" in minshan("run", "--check", "--config", str(file)).out


def test_what_is_hardly_meant_is_said(tmp_path: Path) -> None:
    """A port that is none, an unusual speed, a longitude of another continent, no sensor: written, with a !."""
    said = minshan(
        *made(tmp_path / "a.toml", "--longitude", "-103.85", "--latitude", "31.7", "--altitude", "1800"),
        *("--sensor", "plantower:port=COM3,baud=9601"),
    )
    assert said.code == 0
    assert [line for line in said.err.splitlines() if line.startswith("!")] == [
        "! site: longitude -103.85 is far from where the local time is UTC+8",
        "! sensor plantower: port = COM3 is not a device path",
        "! sensor plantower: baud = 9601 is not a usual baud rate",
    ]
    (tmp_path / "a.toml").chmod(0o644)
    tmp_path.chmod(0o755)
    password = ("--broker", "mqtt://a:secret@127.0.0.1", "--force")
    said = minshan(*made(tmp_path / "a.toml", *password))
    assert "! the file has no sensor: the station will measure nothing" in said.err
    assert f"! {tmp_path}/a.toml contains a password, and every user of this machine can read it" in said.err


@pytest.mark.parametrize(("is_change", "verb"), [(False, "start"), (True, "restart")])
def test_the_file_of_the_installed_service_ends_with_how_that_is_started(
    is_change: bool, verb: str, tmp_path: Path
) -> None:
    """What `make install` has laid down is started by systemd; where it has not, and for another file, by hand."""
    service = Path("/etc/minshan/station.toml")
    assert f"minshan run --config {service}`." in following(service, is_change, tmp_path)
    (tmp_path / "minshan.service").touch()
    told = following(service, is_change, tmp_path)
    assert told.endswith(f"`sudo systemctl {verb} minshan minshan-camera minshan-page`.")
    assert ("systemd-tmpfiles --create" in told) == (not is_change)
    assert "minshan run --config" in following(tmp_path / "station.toml", is_change, tmp_path)
