"""The SEN5x: checksums, values that are none, and what its status says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.checksums import crc8
from drivers.devices.sen5x import INFO, Settings, decoded, words_of
from drivers.driver import Frame, Refused
from drivers.errors import Garbled, WrongDevice
from drivers.reading import Reading
from drivers.twins.bench import bench, make_twin
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.lanes import on_lane

NAMES = {"pm1": "pm1", "pm25": "pm2p5", "pm10": "pm10", "rh_pct": "relative_humidity", "t_c": "air_temperature"}


def vectors() -> list[dict[str, Any]]:
    """Return the recorded answers."""
    return [json.loads(line) for line in shared("device-bytes/sen5x_vectors.jsonl").read_text().splitlines()]


def frame_of(answer: str) -> Frame | Refused:
    """Decode a recorded answer to 0x03c4."""
    line = json.dumps({"registers": {"0x03C4": answer}}).encode() + b"\n"
    assert INFO.decoder is not None
    (item,) = INFO.decoder(Settings()).feed(line)
    return item


def test_the_makers_checksums_fit() -> None:
    """be ef gives 92, and the others of the vectors theirs."""
    (row,) = (row for row in vectors() if "crc8" in row)
    for octets, expected in row["crc8"]:
        assert crc8(bytes.fromhex(octets)) == int(expected, 16)


@pytest.mark.parametrize("name", ["real words, CRC added here", "start-up"])
def test_recorded_answers_give_their_values(name: str) -> None:
    """The faulty SEN55's reading and the start-up values come out as stated; no value is no reading."""
    row = next(row for row in vectors() if row.get("id") == name)
    frame = frame_of(row["rx24"])
    assert isinstance(frame, Frame)
    found = {reading.quantity: reading.value for reading in frame.readings}
    expected = {NAMES[key]: value for key, value in row["expect"].items() if key in NAMES and value is not None}
    assert found == pytest.approx(expected)


def test_a_blocked_sensors_masses_are_doubted() -> None:
    """0xfffe, which a faulty SEN55 gave, is 6553.4 ug/m3 and no weather; its air is still right."""
    row = next(row for row in vectors() if row.get("id", "").startswith("real words"))
    frame = frame_of(row["rx24"])
    assert isinstance(frame, Frame)
    doubts = {reading.quantity: reading.doubt and str(reading.doubt) for reading in frame.readings}
    assert {doubts[mass] for mass in ("pm1", "pm2p5", "pm10")} == {"beyond its range"}
    assert doubts["air_temperature"] is None and doubts["relative_humidity"] is None


@given(st.binary(min_size=24, max_size=24))
def test_bytes_with_a_wrong_checksum_are_no_measurement(data: bytes) -> None:
    """Any answer of which one word's CRC does not fit is refused whole."""
    good = all(crc8(data[at : at + 2]) == data[at + 2] for at in range(0, 24, 3))
    if good:
        assert len(words_of(data)) == 8
    else:
        with pytest.raises(Garbled, match="CRC"):
            words_of(data)


@pytest.mark.parametrize(
    ("status", "quantity", "doubt"),
    [
        (1 << 4, "pm2p5", "fan failure"),
        (1 << 5, "pm10", "laser failure"),
        (1 << 19, "pm1", "cleaning its fan"),
        (1 << 6, "air_temperature", "its thermometer does not answer"),
    ],
)
def test_what_its_status_says_is_a_doubt(status: int, quantity: str, doubt: str) -> None:
    """A failing fan or laser doubts the masses, a silent thermometer temperature and humidity."""
    readings = decoded((50, 80, 90, 110, 6000, 3600, 0, 0), status, True, 0.0)
    assert str(next(r for r in readings if r.quantity == quantity).doubt) == doubt


def test_frost_is_below_nought() -> None:
    """Temperatures are signed: 0xfc18 is -5 degC."""
    readings = decoded((50, 80, 90, 110, 6000, 0xFC18, 0, 0), 0, True, 0.0)
    assert next(r for r in readings if r.quantity == "air_temperature").value == -5.0


def test_each_measurement_is_read_once() -> None:
    """Asked again at once it waits for a new measurement instead of giving the old one a new time."""

    def body(clock: SimClock) -> float:
        table = bench(INFO, Settings(), clock, seed=1)
        device = table.device(table.open())
        clock.sleep_until(10.0)
        first: tuple[Reading, ...] = device.read()
        second = device.read()
        return second[0].at - first[0].at

    assert on_lane(body) >= 0.9


def test_another_model_is_told_by_its_name() -> None:
    """A SEN50, which has no thermometer, in a SEN55's place is refused with both names."""

    def body(clock: SimClock) -> None:
        table = bench(INFO, Settings(), clock, seed=1)
        twin: Any = table.twin
        twin.model = make_twin(INFO, Settings(model="SEN50"), clock, 1).model
        with pytest.raises(WrongDevice, match="SEN50, not a SEN55"):
            table.device(table.open())

    on_lane(body)
