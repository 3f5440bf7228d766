"""`minshan sensors read` while the station runs, which holds the devices: the reading comes all the same."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from provisioning.commands import device, options
from provisioning.commands.device import chosen
from tests.kits.broker import until
from tests.kits.command import ENGLISH, minshan
from tests.kits.system import running_station, station, talking
from tests.kits.window import shown
from tests.unit.drivers.test_seven_causes import speaking

NO_BROKER = "mqtt://127.0.0.1:9"
ABSENT = '[[sensor]]\nname = "mast"\ndriver = "nmea"\nport = "/dev/minshan-none"\n'
CHINESE = {**ENGLISH, "LC_ALL": "C.UTF-8", "LANGUAGE": "zh"}
PORT_GONE = "unplugged: there is no port /dev/minshan-none"


def objects(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects of an output, one a line."""
    return [json.loads(line) for line in text.splitlines()]


def test_a_running_station_is_asked_for_its_newest_readings(tmp_path: Path) -> None:
    """By name, for programs, several times, in both languages; a name that is none, and settings of one's own."""
    with talking() as port:
        file = station(tmp_path, port, NO_BROKER)
        words = ("sensors", "read", "dust", "--config", str(file))
        alone = minshan(*words)
        with running_station(file):
            until((tmp_path / "state" / "minshan.sock").exists, 60)
            said = minshan(*words)
            code, chinese = shown(60, 24, *words, env=CHINESE)
            programs = minshan(*words, "--json")
            twice = minshan(*words, "--count", "2", "--json")
            unknown = minshan("sensors", "read", "dusk", "--config", str(file))
            own = minshan(*words, "--set", "model=PMS7003")
    assert (alone.code, alone.out) == (0, "PM1: 0.0 µg/m³\nPM2.5: 8.0 µg/m³\nPM10: 8.0 µg/m³\n")
    assert (said.code, said.err) == (0, "")
    head, *lines = said.out.splitlines()
    assert head == "The station is running; its newest readings:"
    assert [re.sub(r", \d+ s ago$", "", line) for line in lines] == alone.out.splitlines()
    assert code == 0 and re.match(r"站正在运行，以下是它最近的读数：\nPM1：0.0 µg/m³，\d+ 秒前\n", chinese)
    given = [(one["sensor"], one["quantity"], one["value"]) for one in objects(programs.out)]
    assert given == [("dust", "pm1", 0.0), ("dust", "pm2p5", 8.0), ("dust", "pm10", 8.0)]
    assert all(one["age_s"] >= 0 for one in objects(programs.out))
    assert [one["quantity"] for one in objects(twice.out)] == 2 * ["pm1", "pm2p5", "pm10"]
    assert (unknown.code, unknown.err) == (3, f'Error: {file} has no sensor "dusk"; it has dust\n')
    assert own.code == 4 and "in use" in own.err and "sudo systemctl stop minshan" in own.err


@pytest.mark.parametrize("runs", [True, False])
def test_without_a_name_all_sensors_are_read_and_one_that_is_silent_hides_no_other(tmp_path: Path, runs: bool) -> None:
    """The silent one is named with its remedy, whether the station runs or not; the code tells scripts."""
    with talking() as port, ExitStack() as held:
        file = station(tmp_path, port, NO_BROKER, ABSENT)
        if runs:
            held.enter_context(running_station(file))
            until((tmp_path / "state" / "minshan.sock").exists, 60)
        said = minshan("sensors", "read", "--config", str(file))
        programs = minshan("sensors", "read", "--config", str(file), "--json")
    assert (said.code, said.err) == (4, "Error: 1 sensor gives no readings.\n")
    lines = said.out.splitlines()
    assert f"dust (plantower on {port}):" in lines
    assert [line for line in lines if line.startswith("  PM2.5: 8.0 µg/m³")]
    (at,) = [n for n, line in enumerate(lines) if line.startswith("✗ sensor mast (nmea on /dev/minshan-none): ")]
    assert PORT_GONE in lines[at] and "→ Plug it in" in lines[at + 1]
    told = objects(programs.out)
    assert [one["down"]["code"] for one in told if one.get("sensor") == "mast"] == ["unplugged"]
    assert [one["value"] for one in told if one.get("sensor") == "dust"] == [0.0, 8.0, 8.0]


def test_what_a_sensor_gave_before_it_went_is_not_shown_as_its_reading(tmp_path: Path) -> None:
    """Its port is gone: why, and what to do, in place of the last value."""
    with ExitStack() as held:
        port = tmp_path / "port"  # a name of our own: the pty's number is soon that of another program
        port.symlink_to(held.enter_context(talking()))
        file = station(tmp_path, str(port), NO_BROKER)
        words = ("sensors", "read", "dust", "--config", str(file))
        with running_station(file):
            until((tmp_path / "state" / "minshan.sock").exists, 60)
            assert minshan(*words).code == 0
            port.unlink()
            held.close()
            until(lambda: minshan(*words).code != 0, 60)
            said = minshan(*words)
    assert said.code == 4 and "µg" not in said.out
    assert f"Error: sensor dust (plantower on {port}): unplugged: " in said.err
    command = f"`minshan sensors read dust --config {file}`"
    assert f"For a closer look, with the station stopped: {command}" in said.err, "it is typed as it stands"


def test_a_sensor_of_the_installed_file_comes_before_a_driver_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`init` names sensors by their driver: that name means the file's sensor, unless settings are given."""
    file = station(tmp_path, "/dev/ttyUSB7", NO_BROKER)
    file.write_text(file.read_text().replace('name = "dust"', 'name = "plantower"'))
    monkeypatch.setattr(options, "CONFIG", file)
    monkeypatch.setattr(device, "CONFIG", file)
    assert (chosen("plantower", (), None).settings.port, chosen("plantower", (), None).of_file) == (
        "/dev/ttyUSB7",
        True,
    )
    own = chosen("plantower", ("port=/dev/ttyUSB8",), None)
    assert (own.settings.port, own.of_file) == ("/dev/ttyUSB8", False)
    assert chosen("bme280", (), None).info.name == "bme280", "a driver that is no sensor's name is read as a driver"


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_what_a_device_spreads_over_several_frames_is_read_whole(tmp_path: Path) -> None:
    """A weather head whose wind and air come in two sentences shows both; what never comes is named, not left out."""
    wind, air = b"$WIMWV,045,R,020.0,M,A*3D\r\n", b"$WIMTA,-2.5,C*01\r\n"
    settings = "met=true,port="
    with speaking(wind + air, 0.2) as port:
        said = minshan("sensors", "read", "nmea", "--set", settings + port)
        programs = minshan("sensors", "read", "nmea", "--set", settings + port, "--json")
    assert said.code == 0
    assert set(said.out.splitlines()) == {
        *("Wind direction: 45 °", "Wind speed: 20.0 m/s", "Air temperature: -2.50 °C"),
        *("Relative humidity: no reading yet", "Air pressure: no reading yet"),
    }
    assert {one["quantity"]: one["value"] for one in objects(programs.out)}["air_pressure"] is None
