"""Other air that comes within minutes is weather, and a fault that leaps is none; wind that is read once a minute."""

from __future__ import annotations

import math
from random import Random

import pytest

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes

T, RH, WIND = "air_temperature", "relative_humidity", "wind_speed"
TURNS, LAST = 200 * 60.0 + 1.7, 320  # s, min
PACES = [3.0, 10.0, 60.0]


def told(truth: dict[str, list[float]], every: float) -> dict[str, list[int]]:
    """Return each channel's flags, minute by minute, of devices in tenths that are read so often (s)."""
    lines = [
        ChannelLine(name, "mast", Channel(name, -1e6, 1e6, 0.1), limits_for(name, 1590), 60.0 / every, height_m=2.0)
        for name in truth
    ]
    minutes, found = Minutes(lines), dict[str, list[int]]()
    for number in range(len(truth[lines[0].name]) * int(every) // 60):
        for place in range(round(60 * number / every), round(60 * (number + 1) / every)):
            for name, values in truth.items():
                minutes.take("mast", Reading(name, round(values[place], 1), place * every))
        body = minutes.close(60.0 * number, 60.0 * number + 60.0, None, {})
        for name in truth:
            found.setdefault(name, []).append(body.quality[name])
    return found


def evening(every: float, change: float, wide: float, noise: Random, ends: float = 100.0) -> dict[str, list[float]]:
    """Return a cooling evening in which humidity changes by so much in so many minutes (a tenth to nine tenths)."""
    times = [n * every for n in range(round(LAST * 60 / every))]
    share = [0.5 + 0.5 * math.tanh((at - TURNS) * 2.197 / (wide * 60.0)) for at in times]
    damp = (62 + change * part + 0.6 * math.sin(at / 900) + noise.gauss(0, 0.12) for at, part in zip(times, share))
    air = [12 - at / 9000 + 0.3 * math.sin(at / 800) + noise.gauss(0, 0.03) for at in times]
    return {T: air, RH: [min(ends, value) for value in damp]}


@pytest.mark.parametrize("every", PACES)
@pytest.mark.parametrize("change", [22.0, -22.0])
def test_other_air_of_the_same_temperature_is_weather(every: float, change: float) -> None:
    """A valley's wind that turns brings 22 % more or less humidity in four minutes; it is in doubt in none."""
    for seed in range(3):
        flags = told(evening(every, change, 4.0, Random(seed)), every)
        assert set(flags[RH]) == {1} and set(flags[T]) == {1}


@pytest.mark.parametrize("every", PACES)
@pytest.mark.parametrize("change", [22.0, -22.0, 16.0])
def test_a_hygrometer_that_leaps_is_in_doubt(every: float, change: float) -> None:
    """The same change between two samples is a fault's, in whichever second of its minute it comes."""
    for seed in range(3):
        flags = told(evening(every, change, 0.001, Random(seed)), every)
        assert sum(flag != 1 for flag in flags[RH][201:301]) >= 99


def foggy(every: float, wide: float, noise: Random, ends: float) -> dict[str, list[float]]:
    """Return a foggy night into which air that is 4.5 K colder comes in so many minutes (a tenth to nine tenths)."""
    times = [n * every for n in range(round(LAST * 60 / every))]
    share = [0.5 + 0.5 * math.tanh((at - TURNS) * 2.197 / (wide * 60.0)) for at in times]
    air = [9 - 4.5 * part + 0.2 * math.sin(at / 800) + noise.gauss(0, 0.03) for at, part in zip(times, share)]
    return {T: air, RH: [ends + noise.gauss(0, 0.1) for _ in times]}


@pytest.mark.parametrize("every", PACES)
def test_cold_air_that_flows_into_fog_is_weather(every: float) -> None:
    """It falls by 4.5 K in four minutes while humidity stays at saturation; no minute is in doubt."""
    for seed, ends in enumerate((99.4, 97.0, 95.5)):  # where this hygrometer ends
        flags = told(foggy(every, 4.0, Random(seed), ends), every)
        assert set(flags[T]) == {1} and set(flags[RH]) == {1}


@pytest.mark.parametrize("every", PACES)
def test_a_thermometer_that_leaps_in_fog_is_in_doubt(every: float) -> None:
    """The same change between two samples is a fault's."""
    for seed, ends in enumerate((99.4, 97.0, 95.5)):
        flags = told(foggy(every, 0.001, Random(seed), ends), every)
        assert sum(flag != 1 for flag in flags[T][201:301]) >= 99


@pytest.mark.parametrize("every", PACES)
def test_a_drop_on_a_hygrometer_is_in_doubt(every: float) -> None:
    """It runs over the element within two minutes, to saturation, while the air stays as it is."""
    flags = told(evening(every, 45.0, 2.0, Random(1), ends=99.9), every)
    assert sum(flag != 1 for flag in flags[RH][204:300]) >= 95


def test_gusts_of_a_gale_that_is_read_once_a_minute_are_good() -> None:
    """Single samples of wind of 12 m/s are gusts and lulls, up to 16 m/s apart: 10 m/s is the limit of means."""
    noise = Random(3)
    wind = [max(0.0, noise.gauss(12.0, 3.2)) for _ in range(LAST)]
    assert set(told({WIND: wind}, 60.0)[WIND]) == {1}


@pytest.mark.parametrize(("every", "leap"), [(60.0, 21.0), (10.0, 13.0)])
def test_wind_that_leaps_further_than_it_blows_is_in_doubt(every: float, leap: float) -> None:
    """From one sample to the next 20 m/s are the limit, from one mean to the next 10."""
    wind = [4.0 + 0.3 * (n % 7) + leap * (n * every >= TURNS) for n in range(round(LAST * 60 / every))]
    assert 3 in told({WIND: wind}, every)[WIND][200:202]
