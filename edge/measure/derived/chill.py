"""Warmth and chill of fruit trees: growing degree hours and days, chill hours, Utah units, chill portions.

Inputs are hourly mean temperatures, degC. A missing hour is never replaced by an assumed temperature: the number of
missing hours is counted, and the dynamic model keeps its state across the gap. All as in chillR (Luedeling), whose
sources are Anderson 1986, Weinberger 1950 (0..7.2 degC; another school counts everything under 7.2), Richardson 1974,
and Fishman 1987 with Erez 1990; except degree days, which are those of codling moth (UC IPM: 10 and 31.1 degC,
horizontal cut-off), summed by hours and not by a sine through the day's extremes.
"""

import math
from collections.abc import Iterable

import msgspec

GDH_BASE, GDH_BEST, GDH_TOP = 4.0, 25.0, 36.0  # degC
GDD_BASE, GDD_TOP = 10.0, 31.1  # degC
UTAH = ((1.4, 0.0), (2.4, 0.5), (9.1, 1.0), (12.4, 0.5), (15.9, 0.0), (18.0, -0.5))  # up to degC: units
E0, E1, A0, A1, SLOPE, TETMLT = 4153.5, 12888.8, 139_500.0, 2.567e18, 1.6, 277.0
ZERO = 273.0  # the model's own; 273.15 changes a season by 3 to 6 %


def growing_degree_hours(temperature: float) -> float:
    """Return the degree hours of one hour, 0..21 (Anderson: base 4, best 25, top 36 degC)."""
    if GDH_BASE <= temperature <= GDH_BEST:
        share = (temperature - GDH_BASE) / (GDH_BEST - GDH_BASE)
        return 10.5 * (1 + math.cos(math.pi + math.pi * share))
    if GDH_BEST < temperature <= GDH_TOP:
        share = (temperature - GDH_BEST) / (GDH_TOP - GDH_BEST)
        return 21.0 * (1 + math.cos(math.pi / 2 + math.pi / 2 * share))
    return 0.0


def growing_degree_days(temperature: float) -> float:
    """Return the degree days of one hour, 0..0.88: the excess over 10 degC, with at most 31.1 degC counted."""
    return max(0.0, min(temperature, GDD_TOP) - GDD_BASE) / 24.0


def chill_hour(temperature: float) -> int:
    """Return 1 for an hour within 0..7.2 degC, otherwise 0."""
    return int(0.0 <= temperature <= 7.2)


def utah_units(temperature: float) -> float:
    """Return the Utah chill units of one hour, -1..1; warm hours are negative."""
    return next((units for top, units in UTAH if temperature <= top), -1.0)


class ChillSeason(msgspec.Struct):
    """A season's sums; saved across restarts, because the dynamic model's `x` continues.

    `x`: the intermediate product, 0..1; `portions`: banked permanently; `missing`: hours without a temperature;
    `unsure`: those of them since the last portion was banked, during which `x` was held. `degree_days` None: an older
    version began the season and did not count them.
    """

    hours: int = 0
    missing: int = 0
    chill_hours: int = 0
    utah: float = 0.0
    degree_hours: float = 0.0
    portions: float = 0.0
    x: float = 0.0
    unsure: int = 0
    banked: bool = False  # the hour before
    degree_days: float | None = None

    def take(self, temperature: float | None) -> float:
        """Add an hour and return the portion that it banked. A missing hour is counted but changes no sum."""
        if temperature is None or not math.isfinite(temperature):
            self.missing += 1
            self.unsure += 1
            return 0.0
        if self.banked:
            self.banked, self.unsure = False, 0
        self.hours += 1
        self.chill_hours += chill_hour(temperature)
        self.utah += utah_units(temperature)
        self.degree_hours += growing_degree_hours(temperature)
        if self.degree_days is not None:
            self.degree_days += growing_degree_days(temperature)
        self.x, portion = dynamic_hour(self.x, temperature)
        self.portions += portion
        self.banked = portion > 0
        return portion


def dynamic_hour(x: float, temperature: float) -> tuple[float, float]:
    """Return the dynamic model's next hour: the intermediate product after it, and the portion banked."""
    kelvin = temperature + ZERO
    settles_at = A0 / A1 * math.exp((E1 - E0) / kelvin)
    rate = A1 * math.exp(-E1 / kelvin)
    x = settles_at - (settles_at - x) * math.exp(-rate)
    if x < 1.0:
        return x, 0.0
    power = SLOPE * TETMLT * (kelvin - TETMLT) / kelvin
    share = 1.0 / (1.0 + math.exp(-power))
    return x * (1 - share), x * share


def begun() -> ChillSeason:
    """Return a new season, before its first hour."""
    return ChillSeason(degree_days=0.0)


def season(temperatures: Iterable[float | None]) -> ChillSeason:
    """Return the season of a whole series of hours from its beginning."""
    counted = begun()
    for temperature in temperatures:
        counted.take(temperature)
    return counted
