"""`sensors read`, `sensors decode`, the doctor and the running station judge the same bytes alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.config.file import load
from edge.daemon import open_bus, open_store
from edge.records import bodies
from edge.records.record import Kind
from edge.sim.clock import SimClock
from edge.sim.times import Boot, SimTime
from edge.station import Station
from tests.kits.command import minshan
from tests.kits.station_text import HEAD

BOOT = Boot("b", 1_782_097_200_000_000)
FILE = (
    HEAD
    + """\
[[sensor]]
name = "probe"
driver = "w1-therm"
path = "{path}"
"""
)


def recorded_minute(file: Path) -> bodies.Minute:
    """Return what the station records of two minutes of that device."""
    config, clock = load(file), SimClock(30.0)
    store = open_store(config)
    station = Station(config, store, clock, open_bus, [SimTime(BOOT)], BOOT.id)

    def ended(_names: list[str]) -> list[str]:
        clock.run_until(clock.now())
        return []

    station.start()
    clock.run_until(180.0)
    station.stop(ended)
    store = open_store(config)
    minute = store.last(Kind.MINUTE)
    store.close()
    assert minute is not None
    found = bodies.decode(minute.kind, minute.body)
    assert isinstance(found, bodies.Minute)
    return found


@pytest.mark.parametrize(
    ("celsius", "possible"), [(-2.1875, True), (127.9375, False), pytest.param(-70.0, False, marks=pytest.mark.slow)]
)
def test_the_same_bytes_are_judged_alike_everywhere(tmp_path: Path, celsius: float, possible: bool) -> None:
    """Beyond what its driver says the device can measure a value is doubted by all four, within by none."""
    path, file = tmp_path / "w1_slave", tmp_path / "station.toml"
    path.write_text(scratchpad(celsius))
    file.write_text(FILE.format(state=tmp_path / "state", path=path))
    read = minshan("sensors", "read", "w1-therm", "--set", f"path={path}", "--json")
    decoded = minshan("sensors", "decode", "w1-therm", str(path), "--json")
    found = [json.loads(said.out.splitlines()[0]) for said in (read, decoded)]
    assert [entry["value"] for entry in found] == [celsius, celsius]
    assert [entry["doubt"] is None for entry in found] == [possible, possible]
    doctor = minshan("doctor", "--config", str(file)).out
    assert ("✓ sensor probe" in doctor) == possible
    minute = recorded_minute(file)
    (name,) = minute.values
    assert (minute.values[name], minute.quality[name]) == ((round(celsius, 2), 1) if possible else (None, 4))
    if not possible:
        assert "beyond_device" in json.dumps(bodies.plain(minute.reasons[name]))


def scratchpad(celsius: float) -> str:
    """Return the kernel's text of a probe at that temperature, check sum right."""
    raw = round(celsius * 16) & 0xFFFF
    pad = [raw & 255, raw >> 8, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10]
    crc = 0
    for octet in pad:
        for bit in range(8):
            crc, odd = crc >> 1, (crc ^ octet >> bit) & 1
            crc ^= 0x8C if odd else 0
    octets = " ".join(f"{octet:02x}" for octet in [*pad, crc])
    return f"{octets} : crc={crc:02x} YES\n{octets} t={round(celsius * 1000)}\n"
