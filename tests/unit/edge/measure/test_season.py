"""What an hour adds to a season: its figures, its flags, and that a restart loses none."""

from __future__ import annotations

import math

import msgspec
import pytest

from edge.measure.derived import chill, et0
from edge.measure.derived.season import HOURLY, HourValues, Season, SeasonState

MAOXIAN = et0.Place(31.68, 103.85, 1590.0)
DAWN = 1_750_006_800 // 3600 * 3600  # 2025-06-15 at 17 h UTC: 01 h at the station


def weather(at: float) -> dict[str, float | None]:
    """Return a June day: the sun up from 6 to 20 h."""
    hour = ((at - DAWN) / 3600 + 1) % 24
    sun = max(0.0, math.sin(math.pi * (hour - 6) / 14))
    return {
        "air_temperature": 14 + 12 * sun,
        "relative_humidity": 80 - 40 * sun,
        "wind_speed": 1.0 + sun,
        "solar_irradiance": 900 * sun - 4.0 * (sun == 0),
    }


def run(season: Season, first: int, last: int, skip: range = range(0), flag: int = 1) -> list[HourValues]:
    found: list[HourValues] = []
    for minute in range(first, last):
        if minute not in skip:
            values = weather(DAWN + 60.0 * minute)
            found += season.update(DAWN + 60.0 * minute, values, dict.fromkeys(values, flag))
    return found


def test_a_day_adds_up_to_the_daily_formula() -> None:
    """24 hours of a clear June day evaporate what the daily equation says, to a tenth."""
    hours = run(Season(MAOXIAN, 2.0), 0, 49 * 60)
    day = hours[24:48]
    total = sum(hour.values["reference_evapotranspiration"] or 0.0 for hour in day)
    sun = sum(max(0.0, weather(hour.begin + 1800)["solar_irradiance"] or 0.0) * 0.0036 for hour in day)
    vapour = et0.vapour_from_humidities(26.0, 14.0, 80.0, 40.0)
    daily = et0.daily(et0.Day(167, 26.0, 14.0, vapour, 1.4, sun), MAOXIAN).mm
    assert total == pytest.approx(daily, rel=0.1)
    assert {flag for hour in day for flag in hour.quality.values()} == {1}
    assert {hour.radiation for hour in day} == {"measured"}


@pytest.mark.parametrize("stop", [1, 59, 60, 61, 130, 1000])
def test_a_restart_loses_no_hour(stop: int) -> None:
    """Wherever the daemon is restarted, the hours and the counts are those of an unbroken run."""
    whole = run(Season(MAOXIAN, 2.0), 0, 1500)
    first = Season(MAOXIAN, 2.0)
    hours = run(first, 0, stop)
    state = msgspec.convert(msgspec.to_builtins(first.state), SeasonState)
    hours += run(Season(MAOXIAN, 2.0, state), stop - min(stop, 3), 1500)  # the last minutes come a second time
    assert hours == whole


def test_an_hour_with_too_few_good_minutes_is_missing_and_counted_so() -> None:
    """Under 40 good minutes there is no figure, a reason for each, and the season says what it lacks."""
    hours = run(Season(MAOXIAN, 2.0), 0, 181, skip=range(60, 85))
    assert hours[1].values == dict.fromkeys(HOURLY)
    assert hours[1].quality == dict.fromkeys(HOURLY, 9)
    assert set(hours[1].reasons) == set(HOURLY)
    assert hours[2].season.missing == 1
    assert hours[2].season.hours == 2


def test_a_gap_of_hours_is_told_hour_by_hour() -> None:
    """Hours without a minute are missing, none is joined."""
    hours = run(Season(MAOXIAN, 2.0), 0, 361, skip=range(60, 300))
    assert [hour.season.missing for hour in hours] == [0, 1, 2, 3, 4, 4]


def test_doubted_minutes_enter_no_hour() -> None:
    """What is suspect evaporates nothing and chills nothing."""
    hours = run(Season(MAOXIAN, 2.0), 0, 121, flag=3)
    assert hours[0].values == dict.fromkeys(HOURLY)


def test_a_night_without_an_evening_before_has_no_evapotranspiration() -> None:
    """Until the first hour of high sun nobody knows how clear the night is; then each night hour has a figure."""
    hours = run(Season(MAOXIAN, 2.0), 0, 30 * 60)
    assert hours[0].reasons["reference_evapotranspiration"].code == "no_clearness"
    assert hours[0].values["growing_degree_hours"] is not None
    assert hours[26].values["reference_evapotranspiration"] is not None


@pytest.mark.parametrize("height", [None, 0.0, 0.09, 0.4])
def test_wind_near_the_ground_makes_no_evapotranspiration(height: float | None) -> None:
    """The profile has no answer under half a metre."""
    hours = run(Season(MAOXIAN, height), 0, 14 * 60)
    assert hours[12].reasons["reference_evapotranspiration"].code == "wind_height_unfit"


def test_light_stands_in_for_radiation_and_is_called_an_estimate() -> None:
    """A station with a light sensor alone has an estimate, labelled so."""
    season = Season(MAOXIAN, 2.0)
    found: list[HourValues] = []
    for minute in range(15 * 60):
        values = weather(DAWN + 60.0 * minute)
        values["illuminance"] = (values.pop("solar_irradiance") or 0.0) * 122.0
        found += season.update(DAWN + 60.0 * minute, values, dict.fromkeys(values, 1))
    assert found[12].radiation == "estimated"


def test_a_clock_that_leaps_years_tells_no_years_of_hours() -> None:
    """After a leap of a year the lacking hours are counted, not told one by one."""
    season = Season(MAOXIAN, 2.0)
    run(season, 0, 61)
    values = weather(DAWN)
    assert len(season.update(DAWN + 8760 * 3600.0, values, dict.fromkeys(values, 1))) == 1
    assert season.state.counted.missing > 8000


DARK = [
    (et0.Day(166, 15, 11, 1.4336, 0.5, 3.0), 0.53),
    (et0.Day(288, 12, 9, 1.2243, 0.4, 2.2), 0.344),
]


@pytest.mark.parametrize(("day", "mm"), DARK)
def test_a_dark_day_is_not_warmed_by_its_clouds(day: et0.Day, mm: float) -> None:
    """Rs/Rso is held at 0.3 at least (refet 0.5, asce)."""
    assert et0.daily(day, MAOXIAN).mm == pytest.approx(mm, abs=0.02)


def test_low_sun_carries_the_clearness_of_the_hours_before() -> None:
    """An hour behind the skyline is not a clouded one: with the sun under 17 degrees the last clear hours count."""
    behind = et0.Hour(166, 7.0, 15.0, 80.0, 0.5, 0.02, clearness=0.9)
    assert et0.clearness_of(behind, MAOXIAN) is None
    assert et0.hourly(behind, MAOXIAN) is not None
    assert et0.hourly(et0.Hour(166, 7.0, 15.0, 80.0, 0.5, 0.02), MAOXIAN) is None
    noon = et0.clearness_of(et0.Hour(166, 13.0, 25.0, 40.0, 1.0, 0.1), MAOXIAN)
    assert noon == et0.LEAST_CLEARNESS


@pytest.mark.parametrize("height", [0.0, 0.05, 0.09, 0.49, float("nan"), -2.0])
def test_the_profile_refuses_heights_it_has_no_answer_for(height: float) -> None:
    """Under half a metre the logarithm gives winds of any sign."""
    with pytest.raises(ValueError, match="profile"):
        et0.wind_at_2m(3.0, height)
    assert et0.wind_at_2m(3.0, 2.0) == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_hour_that_is_no_number_is_missing(bad: float) -> None:
    """One of them must not take the season with it."""
    counted = chill.season([5.0, bad, 5.0])
    assert counted.missing == 1
    assert math.isfinite(counted.portions)
    assert math.isfinite(counted.x)
