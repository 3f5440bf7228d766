"""Derived values of one minute, from its primary values: for pages, alerts and rules, at the station and at the hub.

No minute records them, because whoever has its values derives the same; an hour's record has their means (`season`).
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.measure.derived import psychrometrics
from edge.measure.derived.hourly import DERIVED
from edge.measure.quality import Flag


def derive(values: Mapping[str, float | None], quality: Mapping[str, int]) -> dict[str, float]:
    """Return what a minute's values give, as it is shown."""
    return {name: DERIVED[name].rounded(value) for name, value in unrounded(values, quality).items()}


def unrounded(values: Mapping[str, float | None], quality: Mapping[str, int]) -> dict[str, float]:
    """Return dew point, frost point, wet bulb (degC), delta-T (K) at station pressure, vapour pressure deficit (kPa).

    The frost point is where hoar begins: there is one where it is not over 0 degC.
    Only from values that passed: a suspect thermometer makes no dew point. What cannot be derived is left out, and so
    is all of it where a station calls something good that no air is.
    """
    good = {name: value for name, value in values.items() if value is not None and quality.get(name) == Flag.PASS}
    temperature, humidity = good.get("air_temperature"), good.get("relative_humidity")
    if temperature is None or humidity is None or humidity <= 0:
        return {}
    try:
        return _of_air(temperature, humidity, good.get("air_pressure"))
    except (ArithmeticError, ValueError):
        return {}


def _of_air(temperature: float, humidity: float, pressure: float | None) -> dict[str, float]:
    """Return what these give: degC, % and hPa. Raise ArithmeticError, ValueError where no air is so."""
    found = {
        "dew_point_temperature": psychrometrics.dew_point(temperature, humidity),
        "frost_point_temperature": psychrometrics.frost_point(temperature, humidity),
        "vapour_pressure_deficit": psychrometrics.vapour_pressure_deficit(temperature, humidity),
    }
    if pressure is not None:
        found["wet_bulb_temperature"] = psychrometrics.wet_bulb(temperature, humidity, pressure)
        found["delta_t"] = psychrometrics.delta_t(temperature, humidity, pressure)
    return {name: value for name, value in found.items() if value is not None}
