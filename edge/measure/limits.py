"""Limits of each quantity: impossible values anywhere, and implausible values at this station.

Sources. Z: Zahumensky 2004, Guidelines on QC procedures for data from AWS (WMO): gross ranges, steps from sample
to sample and from minute to minute, least changes in 60 min. Pressure at altitude: standard atmosphere +-30 hPa
(Z's 500-1100 hPa finds nothing at 1,590-2,500 m: a sea-level value passes it). C: our own, from five days of a
real station (repository Loongle/weather-data, 33,000 lines a day, a line each 3 s). In them the largest excursion
of one sample from both of its neighbours is 0.1 K, 0.3 %, 0.2 hPa, 1.4 m/s and, in smoke, a tenth of the particle
count: each `spike` is at least twice that. docs/measuring.md has the whole table and what it finds.
"""

from __future__ import annotations

import math

import msgspec
from msgspec.structs import replace

from drivers.limits import BEYOND
from drivers.quantity import QUANTITIES


class Limits(msgspec.Struct, frozen=True):
    """In the quantity's unit; None: not checked.

    - outside `fail` (low, high): flag 4; outside `suspect`: 3.
    - `step`: most change from one sample to the next, 3.
    - `spike`: most excursion of one sample from both its neighbours, 3; `spike_share`: that as a share of them.
    - `minute_step`: most change from one minute's mean to the next, 3.
    """

    fail: tuple[float, float]
    suspect: tuple[float, float] | None = None
    step: float | None = None
    spike: float | None = None
    spike_share: float = 0.0
    minute_step: float | None = None


HUMIDITY_MOST = 100.0 + BEYOND["relative_humidity"][1]  # %
NIGHT_OFFSET = BEYOND["solar_irradiance"][0]  # W/m2
# Particles have no step: smoke of frost fires rises by hundreds within minutes, and that is weather.
SMOKE = Limits((0, 6500), (0, 1000), spike=100.0, spike_share=0.5)

GROSS: dict[str, Limits] = {
    # Z: -80..60, steps 2 and 3 K. Limits by place and season: `climate`.
    "air_temperature": Limits((-80, 60), None, step=2.0, spike=0.5, minute_step=3.0),
    # Z: 0..100, 5 and 10 %; in fog more (drivers.limits). No outdoor air is under 1 %.
    "relative_humidity": Limits((0, HUMIDITY_MOST), (1, HUMIDITY_MOST), step=5.0, spike=2.0, minute_step=10.0),
    # Z: sample to sample 0.3, minute to minute 0.5 hPa; 0.3 flags squalls (C: 0.4 in a good minute), so 0.5.
    "air_pressure": Limits((300, 1100), None, step=0.5, spike=0.5, minute_step=0.5),
    # Z: 0..75, 20 and 10 m/s.
    "wind_speed": Limits((0, 75), (0, 60), step=20.0, spike=8.0, minute_step=10.0),
    "wind_from_direction": Limits((0, 360)),
    "wind_speed_of_gust": Limits((0, 75), (0, 75)),
    # Mountain sun gives 120-130 klx, the edge of a cloud 159 klx at sea level (Lyngby: 1,304 W/m2).
    "illuminance": Limits((0, 200_000), (0, 170_000)),
    # Z: 0..1600, 800 and 800 W/m2.
    "solar_irradiance": Limits((NIGHT_OFFSET, 1600), None, step=800.0, minute_step=800.0),
    "pm1": SMOKE,
    "pm2p5": SMOKE,
    "pm10": SMOKE,
    # Z: -50..50, minute to minute 0.5 K at 5-20 cm.
    "soil_temperature": Limits((-50, 50), None, step=1.0, minute_step=0.5),
    "soil_moisture": Limits((0, 100)),
    "leaf_wetness": Limits((0, 100)),
    # A leaf in the sun is up to 20 K over the air; ours.
    "leaf_temperature": Limits((-80, 80), (-60, 65)),
    # The free air holds 420 ppm (2024), a dense crop at noon 300 at least, a calm night over soil under 2,000; ours.
    "co2": Limits((0, 100_000), (300, 3000)),
    # No place outdoors is under 10 dB; ours.
    "noise": Limits((0, 150), (10, 150)),
}
MOST_MM_PER_MIN = 40.0  # Z: more in a minute is an error; world record 31.2 (Unionville 1956, WMO archive)
SUSPECT_MM_PER_MIN = 4.0  # range of Chinese gauges, AWS specification table 3-1: 0-4 mm/min
ANY = Limits((float("-inf"), float("inf")))
STEPS = 1.0  # steps of the device's resolution: a change by one step may be a change by next to nothing
# hPa under and over the standard atmosphere from 1,500 m up, and at sea level: a typhoon brings 925 hPa to a coast, an
# Atlantic winter 940, a cold high 1060. Linear in between. Ours, no source found.
PRESSURE_BAND, AT_SEA, HIGH_UP = (30.0, 30.0), (90.0, 50.0), 1500.0
SUN_BY_HEIGHT = 2e-5 / 0.75  # per metre; increase of a clear sky's radiation (FAO-56 eq. 37)
SUNLIT = ("solar_irradiance", "illuminance")


def standard_pressure(altitude_m: float) -> float:
    """Return the pressure of the ICAO standard atmosphere, hPa, below 11 km."""
    return float(1013.25 * (1 - 2.25577e-5 * altitude_m) ** 5.25588)


def for_device(limits: Limits, resolution: float) -> Limits:
    """Return the limits for a device of that resolution: a change of its last digit is no fault."""

    def least(limit: float | None) -> float | None:
        return None if limit is None else max(limit, STEPS * resolution)

    return replace(limits, step=least(limits.step), spike=least(limits.spike), minute_step=least(limits.minute_step))


def for_pace(limits: Limits, quantity: str, pace: float) -> Limits:
    """Return the limits of a channel with `pace` readings a minute: a mean of a single sample of wind is no mean.

    It varies as much as samples do, a mean of n samples by a root of n less; from four on less than the limit of means.
    """
    if quantity != "wind_speed" or limits.step is None or limits.minute_step is None:
        return limits
    return replace(limits, minute_step=max(limits.minute_step, limits.step / math.sqrt(max(1.0, pace))))


def limits_for(quantity: str, altitude_m: float) -> Limits:
    """Return the limits of a quantity at a station of that altitude (m above sea level). Raise KeyError."""
    if quantity not in QUANTITIES:
        raise KeyError(f"no quantity {quantity!r}")
    gross = GROSS.get(quantity, ANY)
    if quantity in SUNLIT:
        return by_sun(gross, 1.0 + SUN_BY_HEIGHT * max(0.0, altitude_m))
    return replace(gross, suspect=pressure_band(altitude_m)) if quantity == "air_pressure" else gross


def by_sun(limits: Limits, times: float) -> Limits:
    """Return limits of light for a height at which the sun is `times` as strong as at sea level."""
    (low, fails), suspect = limits.fail, limits.suspect
    return replace(limits, fail=(low, fails * times), suspect=None if suspect is None else (0.0, suspect[1] * times))


def pressure_band(altitude_m: float) -> tuple[float, float]:
    """Return the lowest and highest plausible pressure, hPa, at an altitude."""
    middle, low_down = standard_pressure(altitude_m), min(1.0, max(0.0, 1.0 - altitude_m / HIGH_UP))
    below, above = (high + low_down * (sea - high) for high, sea in zip(PRESSURE_BAND, AT_SEA))
    return middle - below, middle + above
