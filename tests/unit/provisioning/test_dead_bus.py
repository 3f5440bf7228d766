"""A bus of which nothing answers is one line, in the doctor's findings and in the status."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses.bus import OnModbus, place_of
from drivers.buses.i2c import no_i2c
from drivers.devices.heard import bytes_refused
from drivers.devices.stream import CHECKSUM
from drivers.errors import Garbled, NoAnswer, SwitchedOff
from drivers.reason import Reason
from edge.config.file import load
from edge.language import texts
from edge.language.silent_sensors import silences
from edge.snapshots import SensorSnapshot
from provisioning.commands.device import gone
from provisioning.commands.finding import Finding
from provisioning.commands.status import troubled
from provisioning.doctor.buses import buses_of, by_bus
from provisioning.doctor.sensors import judge, sensors
from tests.unit.edge.config.test_config import STATION

NOT_ON = SwitchedOff(no_i2c("/dev/i2c-31")).reason
SILENT = NoAnswer(Reason("no_frame", "no frame in {seconds:g} s", seconds=10.0)).reason


def found(name: str, silent: bool) -> Finding:
    """Return what is found of a sensor."""
    return Finding("sensor", not silent, f"sensor {name}", "see" if silent else "", silent)


def test_a_dead_bus_is_one_finding() -> None:
    """Four sensors of a line that is down are one thing to see to, with all their names; other buses are as before."""
    sensors = [("shelter", "/dev/i2c-1"), *((name, "/dev/ttyUSB0") for name in ("cups", "vane", "rain", "sun"))]
    findings = [found(name, bus != "/dev/i2c-1") for name, bus in sensors]
    first, second = by_bus(sensors, findings)
    assert first == findings[0]
    assert (
        second.sentence == "/dev/ttyUSB0: none of its sensors answers (cups, vane, rain, sun); the first: sensor cups"
    )
    assert second.remedy.endswith(" see")


def test_a_bus_that_is_not_there_has_no_wires_to_see_to(tmp_path: Path) -> None:
    """Where a bus is not switched on, or another program has it, that is the one thing to do about its sensors."""
    station = tmp_path / "station.toml"
    tables = (f'[[sensor]]\nname = "{name}"\ndriver = "{name}"\nbus = 31\n' for name in ("veml7700", "sen0575"))
    station.write_text(STATION + "".join(tables))
    config = load(station)
    (one,) = by_bus(buses_of(config), sensors(config))
    assert "not switched on" in one.sentence and one.remedy.startswith("Switch I2C on")
    there = [("veml7700", "/dev/i2c-31"), ("sen0575", "/dev/i2c-31")]
    (told,) = by_bus(there, [gone(name, name, bus, "i2c", NOT_ON, station) for name, bus in there])
    assert told.remedy.startswith("Switch I2C on")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
def test_no_finding_is_lost(sensors: list[tuple[str, bool]]) -> None:
    """Where a bus has one sensor that answers, or only one, each of its sensors is told by itself."""
    named = [(f"s{place}", bus) for place, (bus, _silent) in enumerate(sensors)]
    findings = [found(name, silent) for (name, _bus), (_, silent) in zip(named, sensors, strict=True)]
    behind = Finding("clock", True, "clock")
    told = list(by_bus(named, [*findings, behind]))
    assert told[-1] == behind
    for bus in "abc":
        there = [finding for (_name, on), finding in zip(named, findings, strict=True) if on == bus]
        if len(there) > 1 and all(finding.silent for finding in there):
            assert sum(finding.sentence.startswith(f"{bus}: none") for finding in told) == 1
            assert not [finding for finding in told if finding in there]
        else:
            assert [finding for finding in told if finding in there] == there


def test_a_dead_bus_is_one_line_of_the_status() -> None:
    """The same of a running station; a lone sensor that is down on a bus that lives is named by itself."""
    bus = "modbus /dev/ttyUSB0"
    four = [SensorSnapshot(name, "modbus", bus, SILENT, 0, {}, {}) for name in ("cups", "vane")]
    lone = SensorSnapshot("dust", "plantower", "serial /dev/ttyUSB1", SILENT, 0, {}, {})
    assert [[s.name for s in group] for group, _reason in silences([*four, lone])] == [["cups", "vane"], ["dust"]]
    alive = SensorSnapshot("sun", "modbus", bus, None, 9, {}, {})
    assert [[s.name for s in group] for group, _reason in silences([*four, alive])] == [["cups"], ["vane"]]


@pytest.mark.parametrize(
    ("lang", "one", "all_of_them"),
    [
        (
            "en",
            "Sensor vane (modbus on /dev/ttyUSB0 address 7) gives no",
            "Nothing on /dev/ttyUSB0 answers (cups, vane)",
        ),
        ("zh", "传感器 vane（modbus，/dev/ttyUSB0 地址 7）没有数据", "/dev/ttyUSB0 整条总线没有数据（cups、vane）"),
    ],
)
def test_a_silent_sensor_is_told_with_its_address(lang: Literal["en", "zh"], one: str, all_of_them: str) -> None:
    """One of several on a line is found by its address there; a line that is dead is told by its port."""
    port = "/dev/ttyUSB0"

    def sensor(name: str, address: int, down: Reason | None) -> SensorSnapshot:
        place = place_of("modbus", OnModbus(port=port, address=address))
        return SensorSnapshot(name, "modbus", f"modbus {port}", down, 0, {}, {}, 0, None, place)

    texts.speak(lang)
    try:
        lines = troubled([sensor("cups", 2, None), sensor("vane", 7, SILENT)])
        dead = troubled([sensor("cups", 2, SILENT), sensor("vane", 7, SILENT)])
    finally:
        texts.speak("en")
    assert lines[0].startswith(one) and dead[0].startswith(all_of_them)


@pytest.mark.parametrize(
    ("frames", "damaged", "mark", "said"),
    [
        (40, 20, "!", "; 20 of 60 frames were refused, the newest: checksum: 7 bytes from the device were refused"),
        (95, 5, "!", "; 5 of 100 frames were refused"),
        (96, 4, "✓", ""),
        (3, 2, "✓", ""),
    ],
)
def test_the_doctor_tells_of_damaged_frames_where_they_are_many(
    tmp_path: Path, frames: int, damaged: int, mark: str, said: str
) -> None:
    """A noisy line gives values and loses others: whoever looks is told, with what to do about a line."""
    (tmp_path / "station.toml").write_text(STATION)
    why = Garbled(bytes_refused(CHECKSUM, 7)).reason
    entry = SensorSnapshot("wind", "nmea", "serial /dev/null", None, 9, {"checksum": damaged}, {}, frames, why)
    found = judge(entry, None, load(tmp_path / "station.toml"), None)
    assert (found.mark, said in found.sentence) == (mark, True)
    assert ("frames were refused" in found.sentence, "power lines" in found.remedy) == (bool(said), bool(said))
