"""What is derived for people from one minute's values."""

from __future__ import annotations

import pytest

from edge.measure.derived.minute_values import derive

VALUES = {"air_temperature": 20.0, "relative_humidity": 40.0, "air_pressure": 840.0}


def test_a_minute_gives_what_a_grower_asks_for() -> None:
    """At 20 degC, 40 % and 840 hPa delta-T is 8.16, over the spray limit of 8 that sea level would not show."""
    found = derive(VALUES, dict.fromkeys(VALUES, 1))
    assert found["delta_t"] == 8.2
    assert found["wet_bulb_temperature"] == 11.8
    assert found["vapour_pressure_deficit"] == 1.4
    assert found["dew_point_temperature"] == 6.0


def test_nothing_is_derived_from_what_is_not_good() -> None:
    """A suspect thermometer or a missing hygrometer makes no dew point; a missing barometer no wet bulb."""
    assert derive(VALUES, {**dict.fromkeys(VALUES, 1), "air_temperature": 3}) == {}
    assert derive({**VALUES, "relative_humidity": None}, dict.fromkeys(VALUES, 9)) == {}
    assert "delta_t" not in derive({**VALUES, "air_pressure": None}, dict.fromkeys(VALUES, 1))


@pytest.mark.parametrize(
    ("temperature", "humidity", "pressure", "bulb", "apart"),
    [
        (20, 100.5, 840, 20.0, 0.0),
        (3, 100.4, 838, 3.0, 0.0),
        (15, 100.0, 840, 15.0, 0.0),
        (25, 50, 840, 17.5, 7.5),
        (2, 70, 840, -0.1, 2.1),
        (10, 103, 840, 10.0, 0.0),
    ],
)
def test_humidity_over_100_counts_as_100(
    temperature: float, humidity: float, pressure: float, bulb: float, apart: float
) -> None:
    """A wet bulb is never warmer than the air, and delta-T never below 0."""
    values = {"air_temperature": temperature, "relative_humidity": humidity, "air_pressure": pressure}
    found = derive(values, dict.fromkeys(values, 1))
    assert found["wet_bulb_temperature"] == bulb
    assert found["delta_t"] == apart
    assert found["dew_point_temperature"] <= temperature


def test_a_frosty_night_has_a_frost_point_beside_its_dew_point() -> None:
    """At 2 degC and 70 % hoar begins at -2.6, dew would at -2.9; a warm night has no frost point."""
    values = {"air_temperature": 2.0, "relative_humidity": 70.0}
    found = derive(values, dict.fromkeys(values, 1))
    assert found["frost_point_temperature"] == -2.6
    assert found["dew_point_temperature"] == -2.9
    assert "frost_point_temperature" not in derive(VALUES, dict.fromkeys(VALUES, 1))


@pytest.mark.parametrize("temperature", [-1e15, -300.0, -243.2, -243.12, -237.3, 80.0, 1e15, 1e300])
def test_nothing_is_derived_from_a_value_that_no_air_has(temperature: float) -> None:
    """A record from elsewhere may call any number good: the formulas hold for weather, and divide by zero beyond it."""
    values = {**VALUES, "air_temperature": temperature}
    assert derive(values, dict.fromkeys(values, 1)) == {}


def test_a_value_without_a_flag_is_not_good() -> None:
    """A record from elsewhere may lack one: what can be derived from the others is."""
    assert derive({**VALUES, "wind_speed": 1.0}, dict.fromkeys(VALUES, 1)) == derive(VALUES, dict.fromkeys(VALUES, 1))
    assert derive(VALUES, {"air_temperature": 1}) == {}
