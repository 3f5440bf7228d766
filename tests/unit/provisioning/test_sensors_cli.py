"""`minshan sensors`: the list, a device read now, recorded bytes decoded, a driver tested."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.catalog import catalog
from drivers.twins.wires import PtyWire
from edge.clock.clock import SystemClock
from tests.data import shared
from tests.kits.command import minshan
from tests.unit.edge.config.test_config import STATION

FRAME = "42 4d 00 1c 00 00 00 08 00 08 00 00 00 08 00 08 00 d2 00 46 00 2d 00 1e 00 00 00 00 97 00 02 c5"


def objects(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects of an output, one a line."""
    return [json.loads(line) for line in text.splitlines()]


def test_the_list_names_every_driver() -> None:
    """Each driver of the catalogue with its quantities and keys, for people and as JSON."""
    said, programs = minshan("sensors"), minshan("sensors", "--json")
    assert said.code == programs.code == 0
    described = {entry["name"]: entry for entry in json.loads(programs.out)}
    assert set(described) == set(catalog())
    assert described["bme280"]["quantities"] == ["air_temperature", "relative_humidity", "air_pressure"]
    assert described["pulses"]["quantities"] == ["rainfall_amount", "wind_speed"]
    assert {"key": "port", "needed": True, "default": None, "type": "string"} in described["nmea"]["settings"]
    assert "bme280  (i2c)  Air temperature, Relative humidity, Air pressure\n" in said.out
    assert "    bus=1  address=0x76\n" in said.out, "as a datasheet writes it"
    assert "mps_per_hz=0.666667" in said.out
    assert minshan("sensors", "list").out == said.out
    assert minshan("sensors", "list", "--json").out == minshan("sensors", "--json", "list").out == programs.out
    assert "bme280 （I2C）  气温、相对湿度、气压\n" in minshan("sensors", "--lang", "zh").out


def announced(folder: Path, **points: str) -> dict[str, str]:
    """Return the environment of a machine on which a package announces those drivers (name="module")."""
    info = folder / "weather_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weather-parts\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[minshan.drivers]", *lines]) + "\n")
    return {"PYTHONPATH": str(folder)}


PART = """\
import dataclasses
from drivers.devices.plantower import INFO as PLANTOWER
INFO = dataclasses.replace(PLANTOWER, name="{name}")
"""


def test_other_packages_drivers_are_found_or_named(tmp_path: Path) -> None:
    """An entry point names a module with INFO or the INFO itself; one that does not load costs itself alone."""
    (tmp_path / "good_module.py").write_text(PART.format(name="good-module"))
    (tmp_path / "good_info.py").write_text(PART.format(name="good-info"))
    (tmp_path / "bad.py").write_text("import no_such_library\n")
    env = announced(tmp_path, **{"one": "good_module", "two": "good_info:INFO", "bad": "bad", "not-one": "json:dumps"})
    said = minshan("sensors", env=env)
    assert said.code == 0
    assert "good-module  (serial)" in said.out
    assert "good-info  (serial)" in said.out
    assert said.err.splitlines() == [
        "! bad (bad) of another package does not load and is left out: "
        "ModuleNotFoundError: No module named 'no_such_library'",
        "! not-one (json:dumps) of another package does not load and is left out: "
        "it names neither a DriverInfo nor a module with one as INFO",
    ]
    asked = minshan("sensors", "read", "bad", env=env)
    assert (asked.code, asked.err) == (
        3,
        'Error: The driver "bad" is installed, but does not load: '
        "ModuleNotFoundError: No module named 'no_such_library'\n",
    )
    file = tmp_path / "station.toml"
    file.write_text(STATION + '[[sensor]]\nname = "x"\ndriver = "bad"\n')
    checked = minshan("run", "--check", "--config", str(file), env=env)
    assert (checked.code, len(checked.err.splitlines())) == (3, 1)
    assert 'sensor "x".driver = "bad": the driver "bad" is installed, but does not load: ' in checked.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            "plantower --set port=/dev/minshan-none",
            4,
            "Error: sensor plantower (plantower on /dev/minshan-none): unplugged: there is no port "
            "/dev/minshan-none: look at /dev/serial/by-id/ for those that are plugged in\n"
            "  → Plug it in, see `ls /dev/serial/by-id/`, and correct the port.\n",
        ),
        (
            "w1-therm --set path=/nope",
            4,
            "Error: sensor w1-therm (w1-therm on /nope): unplugged: /nope is not there: the kernel does not see the "
            "device\n  → Switch 1-Wire on (dtoverlay=w1-gpio in config.txt), reboot, see `ls /sys/bus/w1/devices`, and "
            "correct the path.\n",
        ),
        (
            "bme280 --set bus=31",
            4,
            "Error: sensor bme280 (bme280 on /dev/i2c-31 0x76): not switched on: there is no /dev/i2c-31\n"
            "  → Switch I2C on (sudo raspi-config, Interface Options), reboot, and see `ls /dev/i2c-*`.\n",
        ),
        (
            "bme280 --set address：0x76，bus：31",
            4,
            "Error: sensor bme280 (bme280 on /dev/i2c-31 0x76): not switched on: there is no /dev/i2c-31\n"
            "  → Switch I2C on (sudo raspi-config, Interface Options), reboot, and see `ls /dev/i2c-*`.\n",
        ),
        ("plantowr --set port=x", 3, 'Error: There is no driver "plantowr"; did you mean "plantower"?\n'),
        ("pulses --set line=5", 3, "Error: pulses needs kind: add --set kind=rain|wind\n"),
        ("plantower", 3, "Error: plantower needs port: add --set port=VALUE\n"),
        (
            "plantower --set port=x --set model=PMS9",
            3,
            "Error: plantower: model = PMS9: must be one of PMS5003, PMS7003, PMSA003, PMS1003, PMS3003, PMS5003T\n",
        ),
        ("plantower --set port", 2, 'Error: "port" must have the form key=value\n'),
    ],
)
def test_what_cannot_be_read_is_told(words: str, code: int, said: str) -> None:
    """A missing port, a misspelt driver or setting: a sentence and a code, nothing else."""
    found = minshan("sensors", "read", *words.split())
    assert (found.code, found.out) == (code, "")
    if "PMS9" in words:  # the list of models may grow
        said, found_err = said.partition("PMS5003")[0], found.err.partition("PMS5003")[0]
        assert found_err == said
    else:
        assert found.err == said


@pytest.fixture
def port() -> Iterator[str]:
    """Give a port at which a Plantower sensor sends a frame every tenth of a second."""
    wire, ended = PtyWire(SystemClock()), threading.Event()

    def talk() -> None:
        while not ended.wait(0.1):
            wire.write(bytes.fromhex(FRAME))

    talker = threading.Thread(target=talk)
    talker.start()
    yield wire.path
    ended.set()
    talker.join()
    wire.close()


def test_a_device_is_read_now(port: str, tmp_path: Path) -> None:
    """By its driver with --set, or by its name in the station's file: values with units, or JSON."""
    said = minshan("sensors", "read", "plantower", "--set", f"port={port}")
    assert (said.code, said.out) == (0, "PM1: 0.0 µg/m³\nPM2.5: 8.0 µg/m³\nPM10: 8.0 µg/m³\n")
    file = tmp_path / "station.toml"
    file.write_text(STATION + f'[[sensor]]\nname = "dust"\ndriver = "plantower"\nport = "{port}"\n')
    said = minshan("sensors", "read", "dust", "--config", str(file), "--json", "--count", "2")
    assert [entry["value"] for entry in objects(said.out)] == [0, 8, 8, 0, 8, 8]
    one = objects(said.out)[1]
    assert one.pop("age_s") >= 0
    assert one == {"sensor": "dust", "quantity": "pm2p5", "value": 8.0, "unit": "ug/m3", "doubt": None}
    wrong = minshan("sensors", "read", "rain", "--config", str(file))
    assert (wrong.code, wrong.err) == (3, f'Error: {file} has no sensor "rain"; it has dust\n')


def test_recorded_bytes_are_decoded() -> None:
    """One JSON object a reading with its frame's offset, then what was read and refused, by reason."""
    raw = b"\x00\x42" + bytes.fromhex(FRAME) + bytes.fromhex(FRAME)[:31] + b"\xff" + bytes.fromhex(FRAME)[:9]
    said = minshan("sensors", "decode", "plantower", "-", "--json", stdin=raw)
    *readings, summary = objects(said.out)
    assert said.code == 0
    assert readings == [
        {"quantity": quantity, "value": value, "unit": "ug/m3", "doubt": None, "offset": 2}
        for quantity, value in (("pm1", 0.0), ("pm2p5", 8.0), ("pm10", 8.0))
    ]
    assert summary["frames"] == 1
    assert {entry["text"] for entry in summary["refused"]} == {"no header", "checksum", "cut short"}
    assert sum(entry["bytes"] for entry in summary["refused"]) == len(raw) - 32
    people = minshan("sensors", "decode", "plantower", "-", stdin=raw).out.splitlines()
    assert people[-1].startswith("1 frame read; 1 refused: checksum (32 bytes)")
    assert "From byte 34: 32 bytes refused: checksum" in people, "each refusal stands with its place and its reason"


def test_hexadecimal_text_is_decoded(tmp_path: Path) -> None:
    """--hex takes what a terminal program shows; a line that is none is named."""
    file = tmp_path / "frame.txt"
    file.write_text(FRAME + "\n")
    *readings, summary = objects(minshan("sensors", "decode", "plantower", "--hex", "--json", str(file)).out)
    assert ([entry["value"] for entry in readings], summary["frames"]) == ([0, 8, 8], 1)
    file.write_text(FRAME + "\nhello\n")
    said = minshan("sensors", "decode", "plantower", "--hex", str(file))
    assert (said.code, said.err) == (2, "Error: frame.txt, line 2: this is not hexadecimal text, as 42 4d 00 1c\n")


def test_a_file_that_is_packed_or_saved_in_utf_16_is_told_to_be_so(tmp_path: Path) -> None:
    """It looks right where it is unpacked on the way, or in an editor; a mark before the text is passed over."""
    file = tmp_path / "frames"
    file.write_bytes(gzip.compress(bytes.fromhex(FRAME)))
    assert "packed (gzip): unpack it first" in minshan("sensors", "decode", "plantower", str(file)).err
    file.write_bytes(FRAME.encode("utf-16"))
    assert "the file is in UTF-16" in minshan("sensors", "decode", "plantower", "--hex", str(file)).err
    assert "the file is in UTF-16" in minshan("sensors", "decode", "plantower", str(file)).err
    file.write_bytes(FRAME.encode("utf-8-sig"))
    assert "1 frame read" in minshan("sensors", "decode", "plantower", "--hex", str(file)).out


def test_registers_of_an_i2c_device_are_decoded() -> None:
    """A BME280's register image, as lines of JSON: its three values."""
    chip = json.loads(shared("device-bytes/bme280_vectors.jsonl").read_text().splitlines()[0])
    registers = {"0xD0": "60", "0x88": chip["calib_88_a1"], "0xE1": chip["calib_e1_e7"], "0xF7": chip["data_f7_fe"]}
    text = json.dumps({"registers": registers}) + "\n"
    *readings, summary = objects(minshan("sensors", "decode", "bme280", "--json", "-", stdin=text).out)
    assert (summary["frames"], len(readings)) == (1, 3)
    values = {entry["quantity"]: entry["value"] for entry in readings}
    assert values["air_temperature"] == pytest.approx(23.72, abs=0.01)
    assert values["relative_humidity"] == pytest.approx(65.31, abs=0.02)
    assert values["air_pressure"] == pytest.approx(1009.43, abs=0.02)


@pytest.mark.parametrize("driver", sorted(name for name, info in catalog().items() if info.decoder is not None))
def test_bytes_that_are_not_the_devices_give_no_reading(driver: str) -> None:
    """A text, and noise: no reading, a summary, the code of a device that was not found, no traceback."""
    extra = ("--set", "profile=rs-fsjt") if driver == "modbus" else ()
    text_and_noise = b"<html>404</html>\n" * 3 + bytes(range(256))
    for noise in (text_and_noise, b"") if driver == "plantower" else (text_and_noise,):
        said = minshan("sensors", "decode", driver, *extra, "--json", "-", stdin=noise)
        (summary,) = objects(said.out)
        assert (said.code, summary["frames"], said.err) == (4, 0, "")


def test_another_devices_bytes_are_told() -> None:
    """Who feeds a recording to the wrong driver is told which one reads it, as it is typed."""
    frame = "424d001c00000008000800000008000800d20046002d001e00000000970002c5"
    said = minshan("sensors", "decode", "sds011", "--hex", "-", stdin=f"{frame}\n{frame}\n")
    assert said.code == 4
    assert said.err == (
        "Error: No frame of this device is in it\n"
        "  → These look like bytes of plantower: `minshan sensors decode plantower --hex -`\n"
    )


def test_a_driver_that_has_no_stream() -> None:
    """Where there is nothing to decode it is said."""
    without = [name for name, info in catalog().items() if info.decoder is None]
    if not without:
        pytest.skip("every driver has a decoder")
    said = minshan("sensors", "decode", without[0], "-")
    assert said.code == 2
    assert said.err == f'Error: The driver "{without[0]}" has no stream of bytes that could be decoded\n'


def test_the_suite_runs_on_a_driver() -> None:
    """`sensors test` tells of each check whether it holds."""
    said = minshan("sensors", "test", "plantower")
    assert said.code == 0, said.out
    assert len(said.out.splitlines()) > 10
    assert all(line.startswith("✓ ") for line in said.out.splitlines())
    assert all(entry["well"] for entry in objects(minshan("sensors", "test", "plantower", "--json").out))


def test_frames_that_hold_nothing_wanted_are_named() -> None:
    """A recording of whole sentences of another kind is no success: which they were is told, and what to look at."""
    said = minshan("sensors", "decode", "nmea", "-", stdin="$WIMWD,214.8,T,210.0,M,10.5,N,5.4,M*63\r\n")
    assert (said.code, said.out) == (4, "1 frame read\n")
    assert said.err.startswith("Error: Complete frames arrive, but none contains what is read: MWD\n  → Check that")
