"""Shops' names of sensors lead to the driver that reads them, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.catalog import UnknownDriverError, catalog, find
from drivers.devices import profiles
from drivers.sold_as import NAMES, drivers_for
from tests.kits.command import minshan


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("GY-BME280", "bme280"),
        ("DS18B20 waterproof", "w1-therm"),
        ("DS18B20防水探头", "w1-therm"),
        ("翻斗雨量计", "pulses (kind=rain)"),
        ("tipping bucket rain gauge", "pulses (kind=rain)"),
        ("RS-FSJT-N01 风速变送器", "modbus (profile=rs-fsjt)"),
        ("建大仁科 RS-FXJT-N01", "modbus (profile=rs-fxjt)"),
        ("SN-3000-FXJT-N01", "modbus (profile=rs-fxjt)"),
        ("PR-3000-FSJT-N01 风速", "modbus (profile=rs-fsjt)"),
        ("SEN0644", "modbus (profile=sen0644)"),
        ("三杯式风速传感器", "modbus (profile=rs-fsjt)"),
        ("风向传感器", "modbus (profile=rs-fxjt)"),
        ("PMS7003", "plantower"),
        ("攀藤 PMS5003", "plantower"),
        ("百叶箱", "modbus (profile=louvre-box)"),
        ("Victron SmartSolar MPPT 75/15", "vedirect"),
        ("Gill WindSonic", "nmea"),
        ("土壤温湿度传感器", "modbus (profile=rs-ecth)"),
    ],
)
def test_a_shops_name_leads_to_its_driver(name: str, first: str) -> None:
    """Models by their profile's title or by name, things by the words of the trade."""
    assert drivers_for(name)[:1] == (first,)


@pytest.mark.parametrize("name", ["", "a", "bmx", "BMP280", "thing", "INA226"])
def test_what_nobody_knows_leads_nowhere(name: str) -> None:
    """A device that no driver reads is not said to be another one."""
    assert drivers_for(name) == ()


def test_every_driver_that_is_named_is_there() -> None:
    """And its profile too."""
    for _words, drivers in NAMES:
        for driver in drivers:
            name, profile = re.fullmatch(r"([\w-]+)(?: \((?:kind=\w+|profile=([\w-]+))\))?", driver).groups()  # type: ignore[union-attr]  # another form fails
            assert name in catalog()
            assert profile is None or profile in profiles.names()


def test_init_and_sensors_say_it(tmp_path: Path) -> None:
    """What is typed as it stands on the box is answered by what to write; a profile's name may be typed so too."""
    for words in (
        ("sensors", "read", "翻斗雨量计"),
        ("init", "--station", "a", "--out", str(tmp_path / "s"), "--sensor", "翻斗雨量计"),
    ):
        said = minshan(*words, "--lang", "zh")
        assert said.code == 3
        assert "没有驱动“翻斗雨量计”；" in said.err and "pulses (kind=rain)、sen0575、modbus" in said.err
    said = minshan("sensors", "read", "modbus", "--set", "port=/dev/x,profile=RS-FSJT-N01")
    assert 'no profile "RS-FSJT-N01"; did you mean rs-fsjt?' in said.err


@pytest.mark.parametrize("name", ["bme.280", "bme280 address=0x76,height_m=2.0", "no-such", ""])
def test_any_name_that_is_no_driver_s_is_told_as_that(name: str) -> None:
    """A dot in a mistyped name asks for no other package."""
    with pytest.raises(UnknownDriverError):
        find(name)
