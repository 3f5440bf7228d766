"""What is derived for people from one minute's values."""

from __future__ import annotations

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
