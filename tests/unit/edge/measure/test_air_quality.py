"""Air quality, chill, warmth and evapotranspiration against published and computed examples."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.measure.derived import air_quality, chill, et0

NOW, BEFORE = date(2026, 3, 1), date(2026, 2, 28)


@pytest.mark.parametrize(
    ("concentration", "now", "before"),
    [
        (0, 0, 0),
        (12, 18, 18),
        (35, 50, 50),
        (35.4, 50, 50),
        (35.5, 52, 52),
        (50, 80, 69),
        (60, 100, 82),
        (60.5, 100, 82),
        (61, 101, 83),
        (75, 114, 100),
        (115, 150, 150),
        (151, 201, 201),
        (500, 500, 500),
        (612, 500, 500),
    ],
)
def test_pm2p5_sub_index(concentration: float, now: int, before: int) -> None:
    """The sub-index follows the edition of its day: rounded half to even, linear, rounded up."""
    assert air_quality.pm2p5_sub_index(concentration, NOW).value == now
    assert air_quality.pm2p5_sub_index(concentration, BEFORE).value == before


@pytest.mark.parametrize(
    ("concentration", "now", "before"),
    [(50.5, 50, 50), (100, 86, 75), (120, 100, 85), (121, 101, 86), (150, 112, 100), (420, 300, 300)],
)
def test_pm10_nodes(concentration: float, now: int, before: int) -> None:
    """The PM10 nodes of both editions are there for instruments that measure coarse dust."""
    assert air_quality.iaqi(concentration, air_quality.PM10["2026"]) == now
    assert air_quality.iaqi(concentration, air_quality.PM10["2012"]) == before


def test_the_sub_index_says_that_it_is_no_aqi() -> None:
    """What goes out names its edition, and itself a reference value of a low-cost sensor."""
    told = air_quality.pm2p5_sub_index(Decimal("35.5"), NOW)
    assert (told.value, told.grade, told.edition) == (52, "fair", "HJ 633-2026")
    assert "reference only" in told.label
    assert "AQI" not in told.label
    with pytest.raises(ValueError, match="should be 0 or more"):
        air_quality.pm2p5_sub_index(-1, NOW)


@given(st.decimals(0, 700, places=1), st.decimals(0, 700, places=1), st.sampled_from(["2026", "2012"]))
def test_more_dust_is_never_a_smaller_index(a: Decimal, b: Decimal, edition: str) -> None:
    """The index rises with the concentration, within 0..500."""
    low, high = (air_quality.iaqi(c, air_quality.PM2P5[edition]) for c in sorted((a, b)))
    assert 0 <= low <= high <= 500


@pytest.mark.parametrize(
    ("temperature", "hours"),
    [
        (3.9, 0),
        (4, 0),
        (5, 0.1173),
        (10, 3.9534),
        (14.5, 10.5),
        (20, 18.1970),
        (25, 21),
        (25.1, 20.7001),
        (30, 7.2479),
        (35, 0.2137),
        (36, 0),
        (36.1, 0),
    ],
)
def test_growing_degree_hours(temperature: float, hours: float) -> None:
    """An hour's warmth is Anderson's, as chillR has it."""
    assert chill.growing_degree_hours(temperature) == pytest.approx(hours, abs=1e-4)


WAVE = [6 + 6 * math.sin(2 * math.pi * (h - 9) / 24) for h in range(24)]
SAWTOOTH = [4, 5, 6, 7, 8, 9, 10, 8] * 9


@pytest.mark.parametrize(
    ("hours", "utah", "chill_hours", "degree_hours"), [(SAWTOOTH, 67.5, 36, 108.2600), (WAVE, 14.5, 13, 48.4298)]
)
def test_chill_hours_utah_and_warmth(hours: list[float], utah: float, chill_hours: int, degree_hours: float) -> None:
    """Three counts over worked hours, as chillR gives them."""
    counted = chill.season(hours)
    assert (counted.utah, counted.chill_hours) == (utah, chill_hours)
    assert counted.degree_hours == pytest.approx(degree_hours, abs=1e-4)


@pytest.mark.parametrize(
    ("temperature", "portions"),
    [(0, 0.7743), (2, 5.7087), (4, 6.5821), (6, 7.8207), (8, 8.1332), (10, 7.0953), (12, 6.0004), (14, 0)],
)
def test_portions_of_constant_cold(temperature: float, portions: float) -> None:
    """240 h of one temperature give the dynamic model's portions."""
    assert chill.season([temperature] * 240).portions == pytest.approx(portions, abs=1e-4)


@pytest.mark.parametrize(
    ("hours", "portions"),
    [
        (SAWTOOTH, 1.854037),
        (WAVE * 20, 14.7736),
        (([6.0] * 16 + [15.0] * 8) * 10, 6.8151),
        (([6.0] * 16 + [24.0] * 8) * 10, 0.0),
    ],
)
def test_portions_of_changing_cold(hours: list[float], portions: float) -> None:
    """Warm hours undo what is not banked, and portions don't go back."""
    assert chill.season(hours).portions == pytest.approx(portions, abs=1e-4)


def test_the_first_hours_of_the_dynamic_model() -> None:
    """At 6 degC the product grows to the portions of hour 29 and 57, as published."""
    counted = chill.ChillSeason()
    seen = {}
    for hour in range(1, 73):
        portion = counted.take(6.0)
        if hour in (1, 2, 10, 28):
            seen[hour] = counted.x
        if portion:
            seen[hour] = portion
    assert seen == pytest.approx(
        {1: 0.047247, 2: 0.093457, 10: 0.428402, 28: 0.996039, 29: 0.980512, 57: 0.977238}, abs=1e-5
    )
    assert counted.portions == pytest.approx(1.957749, abs=1e-5)


@given(st.lists(st.one_of(st.none(), st.floats(-20, 40)), max_size=100), st.integers(0, 100))
def test_a_season_survives_a_restart_and_names_what_it_lacks(hours: list[float | None], restart: int) -> None:
    """A count that was kept and taken up again is the same, and missing hours are counted as missing, not as 0."""
    counted = chill.season(hours[:restart])
    counted = msgspec.json.decode(msgspec.json.encode(counted), type=chill.ChillSeason)
    for hour in hours[restart:]:
        counted.take(hour)
    assert counted == chill.season(hours)
    assert counted.missing == hours.count(None)
    known = chill.season([h for h in hours if h is not None])
    assert counted.portions == known.portions


MAOXIAN = et0.Place(31.68, 103.85, 1590.0)
NDIAYE = et0.Place(16 + 13 / 60, -16.25, 8.0, -1.0)


def test_hourly_et0_by_day_and_night() -> None:
    """FAO-56 example 19: 0.63 mm in the afternoon hour, 0.00 at night with the evening's clearness."""
    day = et0.hourly(et0.HourWeather(274, 14.5, 38, 52, 3.3, 2.450), NDIAYE)
    night = et0.hourly(et0.HourWeather(274, 2.5, 28, 90, 1.9, 0.0, clearness=0.8), NDIAYE)
    assert day is not None
    assert night is not None
    assert day.mm == pytest.approx(0.627, abs=0.001)
    assert night.mm == pytest.approx(0.004, abs=0.001)
    assert et0.extraterrestrial_hour(274, 14.5, NDIAYE) == pytest.approx(3.543, abs=0.002)


def test_a_night_hour_without_the_evenings_clearness_has_no_et0() -> None:
    """At night the ratio of radiation is 0/0: nothing is made up for it."""
    assert et0.hourly(et0.HourWeather(274, 2.5, 28, 90, 1.9, 0.0), NDIAYE) is None


def test_radiation_from_lux_is_labelled_an_estimate() -> None:
    """80,000 lx are 656 W/m2 by the factor for sunlight, and what is made of them says "estimated"."""
    assert et0.irradiance_from_lux(80_000) == pytest.approx(655.7, abs=0.1)
    radiation = et0.irradiance_from_lux(80_000) * 3600 / 1e6
    told = et0.hourly(et0.HourWeather(166, 13.0, 25, 50, 1.5, radiation), MAOXIAN, radiation="estimated from lux")
    assert told is not None
    assert told.radiation == "estimated from lux"


@pytest.mark.parametrize(
    ("day", "top", "clear_1590", "clear_2500"),
    [
        (15, 20.08, 15.70, 16.06),
        (105, 36.55, 28.57, 29.24),
        (172, 41.35, 32.33, 33.08),
        (266, 31.24, 24.43, 24.99),
        (356, 18.67, 14.59, 14.93),
    ],
)
def test_radiation_ceilings(day: int, top: float, clear_1590: float, clear_2500: float) -> None:
    """What the sun can give over Maoxian on a day at most, MJ/m2, by the daily equations of FAO-56."""
    found = math.fsum(et0.extraterrestrial_hour(day, hour + 0.5, MAOXIAN) for hour in range(24))
    assert found == pytest.approx(top, abs=0.01)
    assert et0.clear_sky(found, 1590) == pytest.approx(clear_1590, abs=0.01)
    assert et0.clear_sky(found, 2500) == pytest.approx(clear_2500, abs=0.01)


def test_wind_is_brought_to_two_metres() -> None:
    """10 km/h at 10 m are 2.078 m/s at 2 m, and a wind at 2 m stays as it is."""
    assert et0.wind_at_2m(10 / 3.6, 10.0) == pytest.approx(2.078, abs=0.001)
    assert et0.wind_at_2m(1.5, 2.0) == pytest.approx(1.5, abs=0.001)
