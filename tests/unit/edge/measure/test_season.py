"""What an hour adds to a season: its figures, its flags, and that a restart loses none."""

from __future__ import annotations

import math

import msgspec
import pytest
import refet

from edge.measure.derived import chill, et0
from edge.measure.derived.hourly import HOURLY
from edge.measure.derived.season import HourBuilder, Orchard, SeasonState
from edge.records.bodies import Hour

PLACE = et0.Place(31.68, 103.85, 1590.0)
MEASURED = frozenset({"air_temperature", "relative_humidity", "wind_speed", "solar_irradiance"})
MAOXIAN = Orchard(PLACE, 2.0, MEASURED)
FIGURES = set(HOURLY) - {"pm2p5_sub_index", "frost_point_temperature", "wet_bulb_temperature", "delta_t"}
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


def run(season: HourBuilder, first: int, last: int, skip: range = range(0), flag: int = 1) -> list[Hour]:
    found: list[Hour] = []
    for minute in range(first, last):
        if minute not in skip:
            values = weather(DAWN + 60.0 * minute)
            season.take(DAWN + 60.0 * minute, 60.0, values, dict.fromkeys(values, flag))
        found += season.ended(DAWN + 60.0 * minute + 60.0)
    return found


def by_day(day: int, highest: float, lowest: float, vapour: float, wind: float, sun: float) -> float:
    """Return the evapotranspiration of a whole day, mm, by another library: degC, kPa, m/s at 2 m, MJ/m2."""
    weather = {"tmin": lowest, "tmax": highest, "ea": vapour, "rs": sun, "uz": wind, "doy": day}
    place = {"elev": PLACE.altitude_m, "lat": PLACE.latitude, "input_units": {"lat": "deg"}}
    return float(refet.Daily(**weather, **place, zw=2.0, method="asce").eto().item())


def test_a_day_adds_up_to_the_daily_formula() -> None:
    """24 hours of a clear June day evaporate what the daily equation says, to a tenth."""
    hours = run(HourBuilder(MAOXIAN), 0, 49 * 60)
    day = hours[24:48]
    total = sum(hour.values["reference_evapotranspiration"] or 0.0 for hour in day)
    sun = sum(max(0.0, weather(hour.begin / 1e6 + 1800)["solar_irradiance"] or 0.0) * 0.0036 for hour in day)
    at_dawn, at_noon = (0.6108 * math.exp(17.27 * warm / (warm + 237.3)) for warm in (14.0, 26.0))
    vapour = (0.80 * at_dawn + 0.40 * at_noon) / 2
    assert total == pytest.approx(by_day(166, 26.0, 14.0, vapour, 1.4, sun), rel=0.1)
    assert {flag for hour in day for flag in hour.quality.values()} == {1}
    assert {hour.radiation for hour in day} == {"measured"}


@pytest.mark.parametrize("stop", [1, 59, 60, 61, 130, 1000])
def test_a_restart_loses_no_hour(stop: int) -> None:
    """Wherever the daemon is restarted, the hours and the counts are those of an unbroken run."""
    whole = run(HourBuilder(MAOXIAN), 0, 1500)
    first = HourBuilder(MAOXIAN)
    hours = run(first, 0, stop)
    state = msgspec.convert(msgspec.to_builtins(first.state), SeasonState)
    hours += run(HourBuilder(MAOXIAN, state), stop - min(stop, 3), 1500)  # the last minutes come a second time
    assert hours == whole


@pytest.mark.parametrize(("air", "chill_hours", "utah"), [((7.1, 7.3), 1, 1.0), ((1.4,), 1, 0.0), ((2.4,), 1, 0.5)])
def test_sixty_minutes_at_a_limit_are_an_hour_at_the_limit(
    air: tuple[float, ...], chill_hours: int, utah: float
) -> None:
    """Sixty tenths add up to a little more than their hour; a limit is not missed for that."""
    builder = HourBuilder(Orchard(PLACE, 2.0, frozenset({"air_temperature"})))
    for minute in range(60):
        values = {"air_temperature": air[minute % len(air)]}
        builder.take(DAWN + 60.0 * minute, 60.0, values, dict.fromkeys(values, 1))
    (hour,) = builder.ended(DAWN + 3600.0)
    assert (hour.values["chill_hours"], hour.values["utah_chill_units"]) == (chill_hours, utah)


def test_an_hour_with_too_few_good_minutes_is_missing_and_counted_so() -> None:
    """Under 40 good minutes there is no figure, a reason for each, and the season says what it lacks."""
    hours = run(HourBuilder(MAOXIAN), 0, 181, skip=range(60, 85))
    assert hours[1].values == dict.fromkeys(FIGURES)
    assert hours[1].quality == dict.fromkeys(FIGURES, 9)
    assert set(hours[1].reasons) == FIGURES
    assert hours[2].season.missing == 1
    assert hours[2].season.hours == 2


def test_a_gap_of_hours_is_told_hour_by_hour() -> None:
    """Hours without a minute are missing, none is joined."""
    hours = run(HourBuilder(MAOXIAN), 0, 361, skip=range(60, 300))
    assert [hour.season.missing for hour in hours] == [0, 1, 2, 3, 4, 4]


def test_doubted_minutes_enter_no_hour() -> None:
    """What is suspect evaporates nothing and chills nothing."""
    hours = run(HourBuilder(MAOXIAN), 0, 121, flag=3)
    assert hours[0].values == dict.fromkeys(FIGURES)


def test_a_night_without_an_evening_before_has_no_evapotranspiration() -> None:
    """Until the first hour of high sun nobody knows how clear the night is; then each night hour has a figure."""
    hours = run(HourBuilder(MAOXIAN), 0, 30 * 60)
    assert hours[0].reasons["reference_evapotranspiration"].code == "no_clearness"
    assert hours[0].values["growing_degree_hours"] is not None
    assert hours[26].values["reference_evapotranspiration"] is not None


@pytest.mark.parametrize("height", [None, 0.0, 0.09, 0.4])
def test_wind_near_the_ground_makes_no_evapotranspiration(height: float | None) -> None:
    """The profile has no answer under half a metre."""
    hours = run(HourBuilder(Orchard(PLACE, height, MEASURED)), 0, 14 * 60)
    assert hours[12].reasons["reference_evapotranspiration"].code == "wind_height_unfit"


def test_light_stands_in_for_radiation_and_is_called_an_estimate() -> None:
    """A station with a light sensor alone has an estimate, labelled so."""
    season = HourBuilder(Orchard(PLACE, 2.0, MEASURED - {"solar_irradiance"} | {"illuminance"}))
    found: list[Hour] = []
    for minute in range(15 * 60):
        values = weather(DAWN + 60.0 * minute)
        values["illuminance"] = (values.pop("solar_irradiance") or 0.0) * 122.0
        season.take(DAWN + 60.0 * minute, 60.0, values, dict.fromkeys(values, 1))
        found += season.ended(DAWN + 60.0 * minute + 60.0)
    assert found[12].radiation == "estimated"


def test_a_clock_that_leaps_years_tells_no_years_of_hours() -> None:
    """After a leap of a year the lacking hours are counted, not told one by one."""
    season = HourBuilder(MAOXIAN)
    run(season, 0, 61)
    assert len(list(season.ended(DAWN + 8000 * 3600.0))) == 1
    assert season.state.counted.missing > 7900


def test_a_clock_that_was_years_ahead_stops_no_hours() -> None:
    """When the right time is back, hours are made again from there on."""
    season = HourBuilder(MAOXIAN)
    values = weather(DAWN)
    season.take(DAWN + 12 * 365 * 86_400.0, 60.0, values, dict.fromkeys(values, 1))
    hours = run(season, 0, 121)
    assert [hour.begin for hour in hours] == [DAWN * 1_000_000, (DAWN + 3600) * 1_000_000]
    assert hours[0].quality["growing_degree_hours"] == 1


def test_what_lacked_is_said_with_how_much_was_in_doubt() -> None:
    """A person reads whether the thermometer was silent or doubted."""
    season = HourBuilder(MAOXIAN)
    run(season, 0, 35)
    hours = run(season, 35, 60, flag=3)
    reason = hours[0].reasons["growing_degree_hours"]
    assert (reason.code, reason.params["good"], reason.params["doubted"]) == ("hour_lacks", 35, 25)


def test_what_a_station_does_not_measure_is_not_missed() -> None:
    """Without an anemometer there is no evapotranspiration, and no word each hour that it lacks."""
    hours = run(HourBuilder(Orchard(PLACE, 2.0, frozenset({"air_temperature"}))), 0, 60)
    assert set(hours[0].values) == {"growing_degree_hours", "chill_hours", "utah_chill_units", "chill_portions"}


def test_a_portion_over_a_gap_is_doubted() -> None:
    """A chill portion that was ripening while no temperature was measured is banked, and marked."""
    season = HourBuilder(MAOXIAN)
    hours: list[Hour] = []
    for number in range(64):
        if number not in (10, 11):
            cold = {"air_temperature": 6.0}
            season.take(DAWN + 3600.0 * number, 3600.0, cold, {"air_temperature": 1})
        hours += season.ended(DAWN + 3600.0 * (number + 1))
    banked = [hour for hour in hours if hour.values["chill_portions"]]
    assert [hour.quality["chill_portions"] for hour in banked] == [3, 1]
    assert banked[0].reasons["chill_portions"].params == {"hours": 2}


def test_a_season_begins_on_its_day() -> None:
    """Chill and warmth are counted from the first hour of the site's 1 November, by the site's clock."""
    season = HourBuilder(MAOXIAN)
    begin = 1_761_922_800  # 2025-10-31 15:00 UTC: 23:00 at the site
    found: list[Hour] = []
    for minute in range(180):
        season.take(begin + 60.0 * minute, 60.0, {"air_temperature": 5.0}, {"air_temperature": 1})
        found += season.ended(begin + 60.0 * minute + 60.0)
    assert [hour.season.hours for hour in found] == [1, 1, 2]
    assert found[1].season.since == (begin + 3600) * 1_000_000


def test_particles_have_an_index_by_the_hour() -> None:
    """The sub-index of PM2.5 is of the hour's mean, from 45 good minutes on."""
    season = HourBuilder(Orchard(PLACE, None, frozenset({"pm2p5"})))
    hours: list[Hour] = []
    for number in range(3):
        for minute in range((60, 44, 45)[number]):
            at = DAWN + 3600.0 * number + 60.0 * minute
            season.take(at, 60.0, {"pm2p5": 50.0}, {"pm2p5": 1})
        hours += season.ended(DAWN + 3600.0 * (number + 1))
    assert [hour.values["pm2p5_sub_index"] for hour in hours] == [69, None, 69]  # 2025: HJ 633-2012


def test_low_sun_carries_the_clearness_of_the_hours_before() -> None:
    """An hour behind the skyline is not a clouded one: with the sun under 17 degrees the last clear hours count."""
    behind = et0.HourWeather(166, 7.0, 15.0, 80.0, 0.5, 0.02, clearness=0.9)
    assert et0.clearness_of(behind, PLACE) is None
    assert et0.hourly(behind, PLACE) is not None
    assert et0.hourly(et0.HourWeather(166, 7.0, 15.0, 80.0, 0.5, 0.02), PLACE) is None
    noon = et0.clearness_of(et0.HourWeather(166, 13.0, 25.0, 40.0, 1.0, 0.1), PLACE)
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


@pytest.mark.parametrize("latitude", [-70.0, 31.68, 66.6, 70.0, 89.9])
@pytest.mark.parametrize("day", [80, 172, 355])
@pytest.mark.parametrize("longitude", [75.0, 103.85, 120.0, 135.0])
def test_the_hours_of_a_day_have_its_radiation(latitude: float, day: int, longitude: float) -> None:
    """Where the sun sets, where it does not, and where it does not rise; however far the clock is from the sun."""
    place = et0.Place(latitude, longitude, 100.0)
    hours = sum(et0.extraterrestrial_hour(day, hour + 0.5, place) for hour in range(24))
    tilt, north = 0.409 * math.sin(2 * math.pi * day / 365 - 1.39), math.radians(latitude)
    sunset = math.acos(max(-1.0, min(1.0, -math.tan(north) * math.tan(tilt))))
    level = sunset * math.sin(north) * math.sin(tilt) + math.cos(north) * math.cos(tilt) * math.sin(sunset)
    near = 1 + 0.033 * math.cos(2 * math.pi * day / 365)
    assert hours == pytest.approx(24 * 60 / math.pi * 0.0820 * near * level, abs=1e-6)  # FAO-56 eq. 21, of a day


def test_an_hours_means_are_not_made_of_rounded_minutes() -> None:
    """Forty minutes that lack 0.3149 kPa and twenty that lack 0.3155 lack 0.3151 together, which is 0.32."""
    builder = HourBuilder(Orchard(PLACE, None, frozenset({"air_temperature", "relative_humidity"})))
    saturated = 0.6108 * math.exp(17.27 * 24.0 / (24.0 + 237.3))
    for minute in range(60):
        lacks = 0.3149 if minute < 40 else 0.3155
        values = {"air_temperature": 24.0, "relative_humidity": 100 * (1 - lacks / saturated)}
        builder.take(DAWN + 60.0 * minute, 60.0, values, dict.fromkeys(values, 1))
    (hour,) = builder.ended(DAWN + 3600)
    assert hour.values["vapour_pressure_deficit"] == 0.32
