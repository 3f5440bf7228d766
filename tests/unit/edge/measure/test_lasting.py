"""Doubts that last as long as what raised them: offset, wet, iced, fog, and light that no sun gives."""

from __future__ import annotations

import math

import pytest

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Site
from edge.records.bodies import Minute
from tests.kits.station_day import flags, mast, run

AIR = ["air_temperature", "relative_humidity", "air_pressure", "wind_speed", "wind_from_direction", "illuminance"]


def morning(at: float) -> dict[str, float]:
    """Return a morning that warms by 8 K in five hours."""
    return {
        "air_temperature": round(8 + at / 2250 + 0.2 * math.sin(at / 300), 1),
        "relative_humidity": round(85 - at / 600 + 0.5 * math.sin(at / 200), 1),
        "air_pressure": round(836 + 0.3 * math.sin(at / 900), 1),
        "wind_speed": round(1.5 + math.sin(at / 90), 1),
        "wind_from_direction": round(180 + 60 * math.sin(at / 200)) % 360,
        "illuminance": round(at * 4 + at % 7),
    }


def codes(bodies: list[Minute], name: str) -> set[str]:
    return {body.reasons[name].code for body in bodies if name in body.reasons}


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("air_temperature", 5.0),
        ("air_temperature", -4.0),
        ("relative_humidity", 16.0),
        ("air_pressure", 4.0),
        ("air_pressure", -20.0),
    ],
)
@pytest.mark.parametrize("second", [0.0, 30.0])
def test_an_offset_is_doubted_until_it_is_gone(name: str, off: float, second: float) -> None:
    """Wherever in its minute a sensor leaps, each of the 240 minutes is suspect, and the ones after it are not."""

    def truth(at: float) -> dict[str, float]:
        there = 1800.0 + second <= at < 16_200.0 + second
        return morning(at) | ({name: round(morning(at)[name] + off, 1)} if there else {})

    bodies = run(mast(AIR), truth, 0, 300)
    assert set(flags(bodies, name)[32:269]) == {3}
    assert set(flags(bodies, name)[:30]) == {1}
    assert set(flags(bodies, name)[273:]) == {1}
    assert "offset_since" in codes(bodies, name)
    others = [body.quality[other] for body in bodies for other in AIR if other != name]
    assert others.count(3) == 0


def test_a_front_is_no_offset() -> None:
    """Air that is exchanged turns colder and moister at once: a downburst of 6 K in three minutes is weather."""

    def truth(at: float) -> dict[str, float]:
        share = min(max(at - 3600.0, 0.0), 180.0) / 180.0
        found = morning(at)
        found["air_temperature"] = round(found["air_temperature"] + 10 - 6 * share, 1)
        found["relative_humidity"] = round(found["relative_humidity"] - 20 + 25 * share, 1)
        found["air_pressure"] = round(found["air_pressure"] + 1.2 * share, 1)
        return found

    bodies = run(mast(AIR), truth, 0, 150)
    assert not [code for name in AIR for code in codes(bodies, name) if code == "offset_since"]


def test_a_hygrometer_that_stays_wet_in_the_sun_is_doubted() -> None:
    """At 100 % while the air has warmed by 5 K in sun or wind it is wet, until it is under 97 %."""

    def wet(at: float) -> dict[str, float]:
        return morning(at) | {"relative_humidity": min(100.0, 100.0 - (at - 14_400) / 60)}

    bodies = run(mast(AIR), wet, 0, 260)
    found = flags(bodies, "relative_humidity")
    assert set(found[:150]) == {1}
    assert set(found[200:240]) == {3}
    assert codes(bodies[:243], "relative_humidity") == {"wet_sensor"}
    assert set(found[245:]) == {1}


def test_a_foggy_night_is_no_fault() -> None:
    """Fog may stand at 100 % for ten hours of a calm, dark night."""
    night = {"relative_humidity": 100.0, "illuminance": 0.0, "wind_speed": 0.4}
    bodies = run(mast(AIR), lambda at: morning(at) | night | {"air_temperature": round(6 + at / 9e4, 1)}, 0, 600)
    assert "wet_sensor" not in codes(bodies, "relative_humidity")


@pytest.mark.parametrize(("temperature", "last"), [(-3.0, 3), (6.0, 1)])
def test_iced_cups_are_told_by_the_vane(temperature: float, last: int) -> None:
    """Cups at 0 while the vane turns for an hour are iced where ice is near; else the wind may be too weak for them."""
    still = {"wind_speed": 0.0, "air_temperature": temperature, "relative_humidity": 92.0}
    bodies = run(mast(AIR), lambda at: morning(at) | still | {"wind_from_direction": round(at * 7) % 360}, 0, 100)
    assert flags(bodies, "wind_speed")[-1] == last
    calm = run(mast(AIR), lambda at: morning(at) | still | {"wind_from_direction": 91.0}, 0, 120)
    assert "iced" not in codes(calm, "wind_speed")


@pytest.mark.parametrize(("turns_until", "first"), [(60, 135), (40, None)])
def test_cups_that_stand_below_a_turning_vane_for_hours_are_held(turns_until: int, first: int | None) -> None:
    """By a web, a worn bearing or a cut cable; until they turn. A vane that turns now and then turns in a light air."""

    def truth(at: float) -> dict[str, float]:
        turns = (at // 60) % 60 < turns_until
        held = {"wind_speed": 0.0 if at < 15_000 else 1.4}
        return morning(at) | held | {"wind_from_direction": float(at * 7 % 360 // 1) if turns else 90.0}

    found = flags(run(mast(AIR), truth, 0, 260), "wind_speed")
    assert found.index(3) + 1 == first if first else 3 not in found
    assert found[249] == (3 if first else 1)
    assert set(found[250:]) == {1}


def test_soil_that_jumps_and_stays_is_doubted_until_it_is_back() -> None:
    """Soil warms by no 6 K in a minute: a probe pulled out, or another one put in its place."""
    there = run(
        mast(["soil_temperature"]),
        lambda at: {"soil_temperature": round(12 + at / 36_000 + (6.0 if 3600 <= at < 10_800 else 0.0), 1)},
        0,
        240,
    )
    found = flags(there, "soil_temperature")
    assert set(found[:60]) == {1}
    assert set(found[60:180]) == {3}
    assert set(found[183:]) == {1}


@pytest.mark.parametrize(
    ("humidity", "temperature", "flag"), [(99.0, 10.0, 3), (80.0, 10.0, 1), (88.0, -10.0, 3), (80.0, -10.0, 1)]
)
def test_droplets_are_no_particles(humidity: float, temperature: float, flag: int) -> None:
    """250 ug in fog are marked, also in freezing fog, at saturation over ice; in dry air they are smoke."""
    names = ["air_temperature", "relative_humidity", "pm2p5"]
    foggy = {"air_temperature": temperature, "relative_humidity": humidity, "pm2p5": 250.0}
    assert set(flags(run(mast(names), lambda _at: foggy, 0, 20), "pm2p5")) == {flag}


MAOXIAN = Site(31.68, 103.85, 1590.0)
MIDNIGHT = 1_750_003_200.0  # 2025-06-16 00:00 at UTC+8


def light(quantity: str, value: float, hour: float, known: bool = True) -> int:
    line = ChannelLine(quantity, "mast", Channel(quantity, -20.0, 2e5, 1.0), limits_for(quantity, 1590), 1.0)
    minutes = Minutes([line], MAOXIAN)
    minutes.take("mast", Reading(quantity, value, 10.0))
    return minutes.close(0.0, 60.0, MIDNIGHT + 3600 * hour if known else None, {}).quality[quantity]


@pytest.mark.parametrize(
    ("quantity", "value", "hour", "flag"),
    [
        ("illuminance", 80_000.0, 0.5, 3),
        ("illuminance", 130_000.0, 13.0, 1),
        ("illuminance", 90_000.0, 7.0, 3),
        ("illuminance", 300.0, 0.5, 1),
        ("solar_irradiance", 900.0, 2.0, 3),
        ("solar_irradiance", 1100.0, 13.0, 1),
        ("solar_irradiance", -4.0, 0.5, 1),
        ("solar_irradiance", 5.0, 0.5, 1),
    ],
)
def test_light_that_no_sun_gives(quantity: str, value: float, hour: float, flag: int) -> None:
    """Sun without day is suspect, a lamp and a thermopile's own offset by night are not."""
    assert light(quantity, value, hour) == flag
    assert light(quantity, value, hour, known=False) == 1
