"""Detect quantities that contradict each other within one frame: more smaller particles than larger ones, which include
them, a gust below the mean of which it is part, or a power that is not voltage times current.

`drivers.limits` checks each frame, so that every reader of a device gets the doubt, and the station checks a minute's
means and stores such values as suspect, as it is unknown which of the two is wrong. Source: Zahumensky 2004 (WMO) for
gust and mean. The tolerance of 2 ug/m3 and 5 %, for rounding and for means over different samples, is our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from drivers.reason import Reason

GUST_SLACK = 0.1  # m/s, the reporting resolution
DEW_SLACK = 0.6  # K: a hygrometer in fog may read 103 %
PM_SLACK, PM_SHARE = 2.0, 0.05
POWER_SLACK, POWER_SHARE = 0.5, 0.25  # W, and of the product
ELECTRIC = ("battery_voltage", "battery_current", "battery_power")
PARTICLES = ("pm1", "pm2p5", "pm10")
SPEED, GUST = "wind_speed", "wind_speed_of_gust"
IN_ORDER = ((SPEED, GUST), *combinations(PARTICLES, 2))  # the first of two is never more than the second


def in_frame(values: Mapping[str, float]) -> dict[str, Reason]:
    """Return quantity -> doubt for one frame's values by quantity. Both sides of a contradiction are in doubt."""
    doubts: dict[str, Reason] = {}
    for less, more in IN_ORDER:
        if less in values and more in values and (doubt := out_of_order(less, values[less], more, values[more])):
            doubts |= dict.fromkeys((less, more), doubt)
    if all(of in values for of in ELECTRIC) and (doubt := power_apart(*(values[of] for of in ELECTRIC))):
        doubts |= dict.fromkeys(ELECTRIC, doubt)
    return doubts


def is_contradiction(doubt: Reason) -> bool:
    """Return whether a doubt states that one of two values of a frame is wrong, so that the other may be right."""
    return doubt.code in ("gust_under_mean", "smaller_over_larger", "power_apart")


def out_of_order(less_name: str, less: float, more_name: str, more: float) -> Reason | None:
    """Return why two values contradict each other, of which the first cannot be larger; None if they do not.

    The names are channel names, of particles or of speeds.
    """
    if less_name.partition(".")[0] == SPEED:
        if less <= more + GUST_SLACK + 1e-9:
            return None
        return Reason("gust_under_mean", "gust {gust:g} under the mean speed {mean:g}", gust=more, mean=less)
    if less <= more * (1 + PM_SHARE) + PM_SLACK:
        return None
    return Reason(
        "smaller_over_larger",
        "{channel} {small:g} over {other} {large:g}",
        channel=less_name,
        small=less,
        other=more_name,
        large=more,
    )


def dew_over_temperature(temperature: float | None, dew_point: float | None) -> Reason | None:
    """Return why a device's own dew point contradicts its temperature, degC; None if it does not."""
    if temperature is None or dew_point is None or dew_point <= temperature + DEW_SLACK:
        return None
    return Reason(
        "dew_over_temperature",
        "dew point {dew:g} degC over the temperature {temperature:g} degC",
        dew=round(dew_point, 2),
        temperature=round(temperature, 2),
    )


def mean_outside(speeds: Sequence[float | None]) -> Reason | None:
    """Return why a device's own least, mean and highest wind, m/s, contradict each other; None if they do not."""
    known = [speed for speed in speeds if speed is not None]
    if len(known) != 3 or known[0] - GUST_SLACK <= known[1] <= known[2] + GUST_SLACK:
        return None
    return Reason(
        "mean_outside",
        "mean wind {mean:g} m/s outside its own minimum and maximum, {least:g} and {highest:g}",
        mean=round(known[1], 2),
        least=round(known[0], 2),
        highest=round(known[2], 2),
    )


def power_apart(volts: float, amperes: float, watts: float) -> Reason | None:
    """Return why a device's own voltage, current and power contradict each other; None if they do not.

    The tolerance is a quarter, for a device that averages the product and not its factors under a pulsing load, and
    0.5 W for the resolution.
    """
    product = abs(volts * amperes)
    if abs(abs(watts) - product) <= POWER_SLACK + POWER_SHARE * product:
        return None
    return Reason(
        "power_apart",
        "power {watts:g} W where voltage and current give {product:g} W",
        watts=round(watts, 2),
        product=round(product, 2),
    )
