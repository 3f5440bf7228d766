"""Frames with a right check sum in which a thermometer's place holds anything but a temperature."""

from __future__ import annotations

import json
import struct

import pytest

from drivers.checksums import xor8
from drivers.driver import Channel
from drivers.limits import DriverLimits
from drivers.reading import Reading
from drivers.reason import Reason
from tests.data import shared
from tests.unit.drivers.test_void_answers import fed, readings


@pytest.mark.parametrize(("hot", "dry"), [(2, 1), (0, 0), (9, 9), (30, 9)])
def test_the_largest_particles_of_another_model_are_no_frost(hot: int, dry: int) -> None:
    """A PMS5003 that is set as a 5003T counts few large particles where that has its air: 0.2 degC at 0.1 %."""
    for humidity, good in ((dry, False), (201, True)):
        body = struct.pack(">14H", 28, 5, 8, 9, 5, 8, 9, 900, 260, 50, 30, hot, humidity, 0x9700)
        found = readings(fed("plantower", b"BM" + body + struct.pack(">H", sum(b"BM" + body)), model="PMS5003T"))
        assert {r.quantity: r.doubt is None for r in found} == {
            **dict.fromkeys(("pm1", "pm2p5", "pm10"), True),
            **dict.fromkeys(("air_temperature", "relative_humidity"), good),
        }


@pytest.mark.parametrize("octet", ["ff", "00", "80", "7f"])
@pytest.mark.parametrize("lost", [("0x88",), ("0xE1",), ("0x88", "0xE1")])
def test_coefficients_of_one_byte_are_no_frost(octet: str, lost: tuple[str, ...]) -> None:
    """A BME280 whose memory reads as one byte again and again measures nothing: ones came to 0.00 degC and 60 %."""
    lines = shared("device-bytes/bme280_vectors.jsonl").read_text().splitlines()
    chip = next(json.loads(line) for line in lines if "calib_88_a1" in line)
    held = {"0x88": chip["calib_88_a1"], "0xE1": chip["calib_e1_e7"], "0xF7": "4a52c08096c07a76"}
    assert len(readings(fed("bme280", json.dumps({"registers": held}).encode(), port=None))) == 3
    held |= {register: octet * (26 if register == "0x88" else 7) for register in lost}
    assert not readings(fed("bme280", json.dumps({"registers": held}).encode(), port=None))


def test_the_end_of_a_thermometer_s_range_beside_no_humidity_is_no_frost() -> None:
    """A T/RH element that is away may tell the lowest of its scale, -40.0 degC at 0.0 %; at 45 % that is a value."""
    for humidity, good in ((0.0, False), (45.0, True)):
        frame = {"air_temperature": -40.0, "relative_humidity": humidity, "wind_speed": 2.0}
        limits = DriverLimits([Channel(name, -40.0, 100.0, 0.1) for name in frame])
        judged = limits.judged(tuple(Reading(name, value, 0.0) for name, value in frame.items()))
        assert [reading.doubt is None for reading in judged] == [good, good, True]


@pytest.mark.parametrize(("humidity", "temperature"), [(3270.4, 0.0), (-999.0, -40.0)])
def test_no_temperature_beside_a_humidity_that_cannot_be_is_no_frost(humidity: float, temperature: float) -> None:
    """Half of a number that stands for none comes to 3270.4 % and 0.00 degC; fog beside a frost of 0.0 is one."""
    highest = {"air_temperature": 80.0, "relative_humidity": 100.0, "pm10": 1000.0}
    limits = DriverLimits(
        [Channel(name, -40.0 if name[0] == "a" else 0.0, high, 0.1) for name, high in highest.items()]
    )

    def is_good(wet: float, cold: float, of: str = "relative_humidity") -> bool:
        readings = (Reading(of, wet, 0.0), Reading("air_temperature", cold, 0.0))
        return limits.judged(readings)[1].doubt is None

    assert not is_good(humidity, temperature)
    assert is_good(104.0, 0.0) and is_good(-5.0, 0.0), "a hygrometer that drifts says nothing against the thermometer"
    assert is_good(9999.0, 0.0, "pm10"), "nor does another sensor"
    assert is_good(humidity, 23.5) and is_good(humidity, -1.2), "the hygrometer alone may have failed"


@pytest.mark.parametrize("text", ["WIMWV,359.9,R,999.9,N,A", "WIMWV,0.0,R,99.99,M,A", "WIVWR,45,L,,,99.9,M,,"])
def test_a_direction_beside_a_speed_that_no_wind_has_is_none(text: str) -> None:
    """A head without a measurement fills its fields, and status A stands behind them."""
    sentence = b"$%s*%02X\r\n" % (text.encode(), xor8(text.encode()))
    found = {reading.quantity: reading for reading in readings(fed("nmea", sentence))}
    assert set(found) == {"wind_speed", "wind_from_direction"} and all(reading.doubt for reading in found.values())


@pytest.mark.parametrize(
    ("quantity", "low", "high", "good", "none"),
    [
        ("relative_humidity", 0.0, 100.0, (0.4, 103.0), (-0.4, 103.4)),
        ("solar_irradiance", 0.0, 1800.0, (-10.0, 1800.0), (-10.4, 1800.4)),
        ("air_temperature", -40.0, 80.0, (-40.0, 80.0), (-40.4, 80.4)),
    ],
)
def test_a_value_beyond_what_a_good_device_tells_is_doubted(
    quantity: str, low: float, high: float, good: tuple[float, ...], none: tuple[float, ...]
) -> None:
    """Fog and a thermopile's night reach beyond a datasheet's range, by so much and no more."""
    limits = DriverLimits([Channel(quantity, low, high, 0.1)])
    for values, is_good in ((good, True), (none, False)):
        for value in values:
            assert (limits.judged((Reading(quantity, value, 0.0),))[0].doubt is None) is is_good, value


def test_a_lone_zero_and_a_reason_of_the_device_s_own_stand() -> None:
    """A probe of moisture alone tells 0 % in air, and a hygrometer never; what the device doubts itself says more."""
    limits = DriverLimits([Channel(name, 0.0, 100.0, 0.1) for name in ("soil_moisture", "relative_humidity", "pm10")])
    doubts = [limits.judged((Reading(name, 0.0, 0.0),))[0].doubt for name in ("soil_moisture", "relative_humidity")]
    assert doubts[0] is None and doubts[1] is not None
    own = Reason("fan_failure", "fan failure")
    assert limits.judged((Reading("pm10", 999.9, 0.0, own), Reading("soil_moisture", 3.0, 0.0)))[0].doubt == own
