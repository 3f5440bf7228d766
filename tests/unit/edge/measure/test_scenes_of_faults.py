"""Scenes of an orchard's weather in which one device is at fault, and such as only look like it, and what is right.

The right answer was written down before it was asked for. What no device alone can tell is on the page of measuring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from tests.kits.mornings import HOUR, LIGHT, PM, RAIN, RH, VANE, WIND, P, T
from tests.kits.skies import JANUARY, JUNE, Change, Row, Weather, minutes_of

SUN, SOIL, LEAF, CO2, NOISE = "solar_irradiance", "soil_moisture", "leaf_wetness", "co2", "noise"
GOOD = None
FEW = 0.1  # of the minutes may pass where all should be in doubt: nights of a light, drops between drops


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene: the channel that is asked, from which hour on it must be in doubt (GOOD: never), and what is changed."""

    name: str
    channel: str
    doubted: float | None
    begin: float
    hours: float
    change: Change
    weather: Weather = field(default_factory=Weather)


def told(**numbers: float) -> Change:
    """Return the change that tells these numbers whatever the weather."""
    return lambda _at, row, _age: row | numbers


def turned(name: str, factor: float, plus: float = 0.0, digits: int = 1) -> Change:
    """Return the change that tells a channel in another unit."""
    return lambda _at, row, _age: row | {name: round(row[name] * factor + plus, digits)}


def tips(every: float, begins: float = 0.0) -> Change:
    """Return the change that tips 0.2 mm so often."""
    return lambda _at, row, age: row | {RAIN: round(0.2 * max(0.0, (age - begins) // every), 1)}


def fog(at: float, row: Row, _age: float) -> Row:
    """Return a fog that lifts at ten."""
    lifts = max(0.0, at - 10 * HOUR)
    light = row[LIGHT] if lifts else round(6000 + at % 900 / 9)
    air = round(6 + 0.3 * math.sin(at / 800) + lifts / 1800, 1)
    return row | {RH: round(max(70.0, 100 - lifts / 150), 1), T: air, LIGHT: light}


def storm(at: float, row: Row, age: float) -> Row:
    """Return a thunderstorm after a dry noon."""
    rains = max(0.0, age - 1800)
    wet = {RAIN: round(0.2 * (rains // 24), 1), RH: round(min(93.0, 28 + rains / 12), 1)}
    return row | wet | {T: round(29 - min(9.0, rains / 110), 1), LIGHT: round(row[LIGHT] * (1 if age < 1500 else 0.08))}


def foehn(_at: float, row: Row, age: float) -> Row:
    """Return a foehn that breaks through: 9 K in forty minutes."""
    share = min(1.0, max(0.0, age - HOUR) / 2400)
    return row | {T: round(row[T] + 9 * share, 1), RH: round(max(20.0, row[RH] - 35 * share), 1)}


def shower(_at: float, row: Row, age: float) -> Row:
    """Return 0.6 mm in sun."""
    rains = max(0.0, age - 900)
    return row | {RAIN: round(0.2 * min(3, rains // 180), 1), RH: round(min(85.0, row[RH] + rains / 40), 1)}


def desk(at: float, row: Row, _age: float) -> Row:
    """Return what a station on an office's desk tells."""
    indoors = {
        T: round(22 + 0.2 * math.sin(at / 900), 1),
        RH: round(45 + math.sin(at / 700), 1),
        WIND: 0.0,
        VANE: 140.0,
    }
    return row | indoors | {LIGHT: 420.0 + round(10 * math.sin(at / 60))}


def frost(at: float, row: Row, _age: float) -> Row:
    """Return air that hangs about -0.1 degC."""
    air, damp = 0.25 * math.sin(at / 1300) + 0.08 * math.sin(at / 77), 2 * math.sin(at / 900)
    return row | {T: round(air - 0.1, 1), RH: round(88 + damp, 1)}


def alone(_at: float, row: Row, age: float) -> Row:
    """Return a thermometer without a hygrometer whose element comes off after half an hour."""
    return {T: row[T] if age < HOUR / 2 else -0.1, WIND: row[WIND]}


def dark_noon(_at: float, row: Row, age: float) -> Row:
    """Return forty minutes of 1 % light."""
    return row | {LIGHT: round(row[LIGHT] * (0.011 if HOUR < age < 1.67 * HOUR else 0.5))}


COLD, RIME = Weather(-4, 7, -8, wind=4.0, midnight=JANUARY), Weather(-2, 1, -3.2, wind=3.0, midnight=JANUARY)
SUMMER, DAMP = Weather(20, 7, 8, midnight=JUNE), Weather(12, 3, 9)

SCENES = (
    # units and scales
    Scene("pressure brought down to the sea", P, 0, 0, 1, turned(P, 1, 178)),
    Scene("pressure in mmHg", P, 0, 0, 1, turned(P, 0.75006)),
    Scene("pressure in kPa", P, 0, 0, 1, turned(P, 0.1)),
    Scene("air in degF on a June day", T, 0, 10, 2, turned(T, 1.8, 32), SUMMER),
    Scene("air in degF on a damp day of spring", T, 0, 10, 2, turned(T, 1.8, 32), DAMP),
    Scene("a hot damp day", T, GOOD, 8, 5, told(), Weather(33, 4, 27, midnight=JUNE)),
    Scene("humidity as a fraction", RH, 0, 0, 2, turned(RH, 0.01, digits=2)),
    Scene("klx for lux", LIGHT, 1.2, 9, 6, turned(LIGHT, 0.001)),
    Scene("W/m2 for lux", LIGHT, 36, 0, 42, turned(LIGHT, 1 / 118, digits=0)),
    Scene("lux for W/m2", SUN, 0, 10, 3, lambda _at, row, _age: row | {SUN: row[LIGHT]}),
    Scene("W/m2 of a tenth beside lux", SUN, 1, 9, 5, lambda _at, r, _age: r | {SUN: round(r[LIGHT] / 1180)}),
    Scene("W/m2 beside lux", SUN, GOOD, 6, 13, lambda _at, row, _age: row | {SUN: round(row[LIGHT] / 112)}),
    # what is iced, blocked or dead
    Scene("a vane frozen in wind", VANE, 1.1, 8, 3, told(wind_from_direction=140.0), COLD),
    Scene("cups iced below a vane that turns", WIND, 1.1, 2, 3, told(wind_speed=0.0), RIME),
    Scene("particles that end at 999", PM, 1.1, 0, 3, told(pm2p5=999.0)),
    Scene("a dead fan at 3", PM, 12.1, 0, 16, told(pm2p5=3.0)),
    Scene("clean air of the mountains", PM, GOOD, 0, 14, lambda at, r, _age: r | {PM: float(at // 70 * 7 % 4)}),
    Scene("carbon dioxide at the end of its range", CO2, 0, 0, 1, told(co2=5000.0)),
    Scene("no carbon dioxide at all", CO2, 0, 0, 1, told(co2=0.0)),
    Scene("carbon dioxide that is stuck", CO2, 2.1, 8, 4, told(co2=412.0)),
    Scene("a canopy that breathes", CO2, GOOD, 0, 4, lambda at, r, _age: r | {CO2: round(700 + at / 90 + 5 * r[T])}),
    Scene("noise of 0 dB", NOISE, 0, 0, 1, told(noise=0.0)),
    Scene("a quiet night", NOISE, GOOD, 0, 1, lambda at, r, _age: r | {NOISE: round(24 + 2 * math.sin(at), 1)}),
    Scene("a hygrometer wet in the sun", RH, 5, 6, 9, told(relative_humidity=100.0), Weather(cloud=0, midnight=JUNE)),
    Scene("fog until ten", RH, GOOD, 6, 5, fog),
    # light
    # 420 lx are half a percent of the sky from ten on alone.
    Scene("a station on a desk", LIGHT, 2.3, 9, 7, desk),
    Scene("a pyranometer's own night", SUN, GOOD, 0, 2, told(solar_irradiance=-5.0)),
    Scene("a pyranometer's wire off by night", SUN, 0, 0, 1, told(solar_irradiance=-30.0)),
    Scene("a pyranometer's wire off by day", SUN, 1.1, 10, 4, told(solar_irradiance=0.0), SUMMER),
    Scene("a storm's dark noon", LIGHT, GOOD, 11, 3, dark_noon, SUMMER),
    Scene(
        "an eclipse", LIGHT, GOOD, 11, 3, lambda _at, r, a: r | {LIGHT: round(r[LIGHT] * min(1, abs(a / 4000 - 1.35)))}
    ),
    Scene("a yard's lamp", LIGHT, GOOD, 1, 2, told(illuminance=300.0)),
    # soil, leaves, thermometers
    Scene("a soil probe in the air", SOIL, 0, 0, 1, told(soil_moisture=0.0)),
    Scene("a soil probe in water", SOIL, 0, 0, 1, told(soil_moisture=100.0)),
    Scene("soil after rain", SOIL, GOOD, 0, 1, told(soil_moisture=47.2)),
    Scene("a leaf under a rain cover", LEAF, GOOD, 0, 3, lambda at, r, age: tips(120)(at, r, age) | {LEAF: 0.0}, DAMP),
    Scene("a leaf's thermometer at 85 degC", "leaf_temperature", 0, 0, 1, told(leaf_temperature=85.0)),
    Scene("an empty register of a thermometer alone", T, 0.6, 9, 5, alone),
    Scene("an empty register from the start on", T, 2.1, 9, 4, told(air_temperature=-0.1)),
    Scene(
        "ice that melts", T, GOOD, 2, 5, lambda at, r, _age: r | {T: 0.0 if at % 5400 > 300 else 0.1, RH: 97.3}, RIME
    ),
    Scene("a frost", T, GOOD, 1, 5, frost, RIME),
    Scene("a thermometer that leaps to the wet bulb", T, 1, 12, 3, lambda _, r, a: r | {T: r[T] - 5 * (a >= HOUR)}),
    Scene("a foehn", RH, GOOD, 9, 3, foehn, Weather(2, 7, -2, midnight=JANUARY)),
    # rain
    Scene("a sprinkler at noon", RAIN, 0.7, 11, 2, tips(60)),
    Scene("a sprinkler in a dry night", RAIN, 0.7, 0, 2, tips(60), Weather(dew=-4)),
    Scene("a shower in sun", RAIN, GOOD, 13, 1, shower),
    Scene("a thunderstorm after a dry noon", RAIN, GOOD, 13, 2, storm, SUMMER),
)


@pytest.mark.parametrize(
    "scene",
    [pytest.param(s, marks=pytest.mark.slow if s.hours > 6 else ()) for s in SCENES],
    ids=lambda scene: scene.name,
)
def test_a_scene_has_its_right_answer(scene: Scene) -> None:
    """What is wrong is in doubt for its hours, and what only looks wrong is good in every minute."""
    minutes = minutes_of(scene.name, scene.begin, scene.hours, scene.change, scene.weather)
    told_of = [(minute.quality[scene.channel], minute.reasons.get(scene.channel)) for minute in minutes]
    if scene.doubted is GOOD:
        assert [reason for flag, reason in told_of if flag != 1] == []
        return
    late = told_of[round(scene.doubted * 60) :]
    assert sum(flag == 1 for flag, _ in late) <= FEW * len(late)
