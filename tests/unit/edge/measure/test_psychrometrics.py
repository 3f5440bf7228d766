"""Derived quantities against published examples, MetPy 1.7.1 figures, and PsychroLib where its definition is ours."""

from __future__ import annotations

import psychrolib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.measure.derived import psychrometrics
from edge.measure.limits import standard_pressure

psychrolib.SetUnitSystem(psychrolib.SI)


@pytest.mark.parametrize(
    ("temperature", "humidity", "vapour", "dew", "metpy"),
    [
        (25, 50, 15.8003, 13.852, 13.843),
        (20, 50, 11.6630, 9.255, 9.256),
        (5, 90, 7.85, 3.495, 3.490),
        (2, 70, 4.9399, -2.903, -2.905),
        (0, 60, 3.6672, -6.850, -6.851),
        (-5, 80, 3.3775, -7.917, -7.928),
        (-10, 90, 2.5833, -11.329, -11.346),
    ],
)
def test_dew_point(temperature: float, humidity: float, vapour: float, dew: float, metpy: float) -> None:
    """The dew point over water is that of WMO-No. 8, within 0.02 K of MetPy's."""
    assert psychrometrics.vapour_pressure(temperature, humidity) == pytest.approx(vapour, abs=5e-3)
    found = psychrometrics.dew_point(temperature, humidity)
    assert found == pytest.approx(dew, abs=1e-3)
    assert found == pytest.approx(metpy, abs=0.02)


@pytest.mark.parametrize(("temperature", "humidity"), [(25, 50), (20, 50), (30, 80), (15, 95)])
def test_dew_point_agrees_with_psychrolib_over_water(temperature: float, humidity: float) -> None:
    """Where it lies above 0 degC PsychroLib speaks of water too, and agrees within 0.03 K."""
    theirs = psychrolib.GetTDewPointFromRelHum(temperature, humidity / 100)
    assert psychrometrics.dew_point(temperature, humidity) == pytest.approx(theirs, abs=0.03)


@pytest.mark.parametrize(
    ("temperature", "humidity", "frost"), [(2, 70, -2.560), (0, 60, -6.063), (-5, 80, -7.014), (-10, 90, -10.067)]
)
def test_frost_point(temperature: float, humidity: float, frost: float) -> None:
    """The frost point is over ice, and there is none above 0 degC."""
    assert psychrometrics.frost_point(temperature, humidity) == pytest.approx(frost, abs=2e-3)
    assert psychrometrics.frost_point(25, 50) is None


def test_dry_air_has_no_dew_point() -> None:
    """At humidity 0 there is no dew point: missing, not -243."""
    assert psychrometrics.dew_point(20, 0) is None
    assert psychrometrics.frost_point(20, 0) is None


@given(st.floats(-40, 50), st.floats(0.1, 100.5), st.floats(600, 1050))
def test_dew_point_and_wet_bulb_never_pass_the_air(temperature: float, humidity: float, pressure: float) -> None:
    """Dew point <= wet bulb <= temperature, for all weather that passes the range check (saturated air to 0.1 K)."""
    dew, bulb = (
        psychrometrics.dew_point(temperature, humidity),
        psychrometrics.wet_bulb(temperature, humidity, pressure),
    )
    assert dew is not None
    assert dew <= temperature
    assert dew - 0.01 <= bulb <= temperature + 0.1


WET_BULB = [
    # T, RH, P hPa, psychrometric (WMO), FAO, PsychroLib
    (25, 50, 1013.25, 17.959, 17.946, 17.889),
    (25, 50, 840, 17.516, 17.505, 17.444),
    (20, 40, 1013.25, 12.428, 12.432, 12.355),
    (20, 40, 840, 11.842, 11.848, 11.766),
    (20, 40, 760, 11.535, 11.543, 11.457),
    (30, 20, 840, 14.875, 14.863, 14.722),
    (15, 80, 840, 12.853, 12.855, 12.834),
    (5, 90, 840, 4.237, 4.242, 4.231),
    (2, 70, 840, -0.076, -0.056, -0.221),
    (1, 50, 840, -2.380, -2.342, -2.509),
    (0, 60, 840, -2.559, -2.529, -2.617),
    (-2, 80, 840, -3.146, -3.131, -3.161),
]


@pytest.mark.parametrize(("temperature", "humidity", "pressure", "wmo", "fao", "_theirs"), WET_BULB)
def test_wet_bulb_at_station_pressure(
    temperature: float, humidity: float, pressure: float, wmo: float, fao: float, _theirs: float
) -> None:
    """The wet bulb is the ventilated psychrometer's at the station's pressure, within 0.04 K of FAO's."""
    found = psychrometrics.wet_bulb(temperature, humidity, pressure)
    assert found == pytest.approx(wmo, abs=2e-3)
    assert found == pytest.approx(fao, abs=0.04)


@pytest.mark.parametrize(("temperature", "humidity", "pressure", "_wmo", "_fao", "theirs"), WET_BULB)
def test_wet_bulb_near_psychrolib(
    temperature: float, humidity: float, pressure: float, _wmo: float, _fao: float, theirs: float
) -> None:
    """The thermodynamic wet bulb of PsychroLib is another definition: never more than 0.16 K from ours."""
    live = psychrolib.GetTWetBulbFromRelHum(temperature, humidity / 100, pressure * 100)
    assert live == pytest.approx(theirs, abs=2e-3)
    assert psychrometrics.wet_bulb(temperature, humidity, pressure) == pytest.approx(live, abs=0.16)


@pytest.mark.parametrize(("pressure", "delta"), [(1013.25, 7.57), (840, 8.16), (760, 8.46)])
def test_delta_t_crosses_the_spray_limit_by_altitude_alone(pressure: float, delta: float) -> None:
    """At 20 degC and 40 % spraying is fine at sea level and marginal (over 8) in these mountains."""
    assert psychrometrics.delta_t(20, 40, pressure) == pytest.approx(delta, abs=6e-3)


def test_fao_psychrometer_example() -> None:
    """FAO-56 example 4: 25.6 and 19.5 degC at 87.9 kPa are a vapour pressure of 1.91 kPa; our inverse agrees."""
    humidity = 100 * 1.91 / psychrometrics.saturation_kpa(25.6)
    assert psychrometrics.wet_bulb(25.6, humidity, 879) == pytest.approx(19.5, abs=0.05)


@pytest.mark.parametrize(
    ("temperature", "humidity", "deficit"), [(25, 50, 1.5839), (30, 20, 3.3945), (15, 80, 0.3411), (5, 90, 0.0872)]
)
def test_vapour_pressure_deficit(temperature: float, humidity: float, deficit: float) -> None:
    """The deficit is FAO's, in kPa."""
    assert psychrometrics.vapour_pressure_deficit(temperature, humidity) == pytest.approx(deficit, abs=1e-4)
    assert psychrometrics.vapour_pressure_deficit(temperature, 100.4) == 0.0


@pytest.mark.parametrize("altitude", [0, 1590, 1800, 2000, 2250, 2500])
def test_the_standard_atmosphere_is_psychrolibs(altitude: float) -> None:
    """The middle of the pressure band at a station's altitude is the standard atmosphere's."""
    theirs = psychrolib.GetStandardAtmPressure(altitude) / 100
    assert standard_pressure(altitude) == pytest.approx(theirs, abs=0.15)
