"""Quantities that follow from measured ones: pure functions, degC, %, hPa, kPa, metres.

Sources. WMO: WMO-No. 8 (CIMO guide), annexes on humidity and on pressure. FAO: Irrigation and Drainage Paper 56
(Allen 1998). Relative humidity is over water at all temperatures. Input that has no answer gives None, never a
number that looks like one: humidity 0 has no dew point.
"""

from __future__ import annotations

import math
from collections.abc import Callable

HALVINGS = 26  # of 61 K, until less than 1e-6 K is left
PSYCHROMETER_WATER = 6.53e-4  # 1/K, ventilated; times (1 + 0.000944 Tw)  (WMO)


def vapour_pressure_water(temperature: float) -> float:
    """Return the saturation vapour pressure over water, hPa (WMO); temperature degC, -45..60."""
    return 6.112 * math.exp(17.62 * temperature / (243.12 + temperature))


def vapour_pressure_ice(temperature: float) -> float:
    """Return the saturation vapour pressure over ice, hPa (WMO); temperature degC, -65..0."""
    return 6.112 * math.exp(22.46 * temperature / (272.62 + temperature))


def vapour_pressure(temperature: float, humidity: float) -> float:
    """Return the vapour pressure, hPa, of air at `temperature` degC and `humidity` %; over 100 % counts as 100."""
    return vapour_pressure_water(temperature) * min(humidity, 100.0) / 100.0


def dew_point(temperature: float, humidity: float) -> float | None:
    """Return the dew point over water, degC (WMO), at most the temperature; None where humidity is <= 0."""
    if humidity <= 0:
        return None
    gamma = math.log(min(humidity, 100.0) / 100.0) + 17.62 * temperature / (243.12 + temperature)
    return min(243.12 * gamma / (17.62 - gamma), temperature)


def frost_point(temperature: float, humidity: float) -> float | None:
    """Return the frost point over ice, degC (WMO); None where humidity is <= 0 or the answer is above 0 degC."""
    if humidity <= 0:
        return None
    gamma = math.log(vapour_pressure(temperature, humidity) / 6.112)
    found = 272.62 * gamma / (22.46 - gamma)
    return found if found <= 0 else None


def wet_bulb(temperature: float, humidity: float, pressure: float) -> float:
    """Return the wet bulb of a ventilated psychrometer, degC, water on the bulb at all temperatures (WMO).

    `pressure` is the station's own, hPa: at 840 hPa a formula without it is off by up to 1.1 K. Solves
    e = e_w(Tw) - 6.53e-4 (1 + 0.000944 Tw) P (T - Tw).
    """

    def excess(bulb: float) -> float:
        factor = PSYCHROMETER_WATER * (1 + 0.000944 * bulb)
        return vapour_pressure_water(bulb) - factor * pressure * (temperature - bulb)

    return min(temperature, _rising_root(excess, vapour_pressure(temperature, humidity), temperature))


def delta_t(temperature: float, humidity: float, pressure: float) -> float:
    """Return the air temperature minus the wet bulb, K: 2 to 8 is the window for spraying.

    `pressure`: the station's own, hPa.
    """
    return temperature - wet_bulb(temperature, humidity, pressure)


def saturation_kpa(temperature: float) -> float:
    """Return the saturation vapour pressure, kPa (FAO eq. 11); temperature degC."""
    return 0.6108 * math.exp(17.27 * temperature / (temperature + 237.3))


def vapour_pressure_deficit(temperature: float, humidity: float) -> float:
    """Return es(T) - ea, kPa (FAO); humidity over 100 % counts as 100."""
    return saturation_kpa(temperature) * (1 - min(humidity, 100.0) / 100.0)


def _rising_root(rising: Callable[[float], float], value: float, high: float) -> float:
    """Return where a rising function has `value`, from 60 K under `high` to 1 K over it, to 1e-6 K."""
    low, high = high - 60.0, high + 1.0
    for _ in range(HALVINGS):  # of numbers that are no temperature the ends never come so near
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return (low + high) / 2
