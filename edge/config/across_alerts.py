"""What a rule of [[alert]] cannot see alone: the channels that there are, and limits that nothing can reach."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from drivers.reason import Reason
from edge.config.sections import SensorSection
from edge.measure.derived.hourly import DERIVED
from edge.measure.limits import ANY, GROSS

# What a minute has beside a quantity, made of its samples (edge/measure/minute.py).
MADE_OF = {"wind_speed": ("wind_speed_of_gust",), "rainfall_amount": ("rainfall_amount_corrected",)}
Wrong = Callable[[tuple[str | int, ...], Reason], None]
Sensors = Sequence[SensorSection | None]


def alerts_known(wrong: Wrong, sensors: Sensors, alerts: Sequence[dict[str, Any]]) -> None:
    """Note a rule on a channel that no sensor of the file has, and a frost rule without a thermometer."""
    known = channels_of(sensors)
    if known is None:
        return
    for place, rule in enumerate(alerts):
        within_reach(wrong, place, rule, len(sensors))
        channel = rule.get("channel")
        if isinstance(channel, str) and channel not in known and channel not in DERIVED:
            near = difflib.get_close_matches(channel, [*known, *DERIVED], 1, 0.6)
            reason = Reason(
                "no_such_channel", "no sensor of this file measures that; there are {known}", known=", ".join(known)
            )
            if near:
                reason = Reason(
                    "channel_near", 'no sensor of this file measures that; did you mean "{near}"?', near=near[0]
                )
            wrong(("alert", place, "channel"), reason)
        if "crop" in rule and "air_temperature" not in known:
            wrong(
                ("alert", place, "crop"),
                Reason("frost_wants_thermometer", "a frost rule needs a sensor of air_temperature"),
            )


def within_reach(wrong: Wrong, place: int, rule: dict[str, Any], sensors: int) -> None:
    """Note limits that nothing can reach: more silent sensors than there are, a value that no instrument may report."""
    lost, quantity = numbers(rule.get("lost")), str(rule.get("channel")).partition(".")[0]
    if lost and max(lost) > sensors:
        reason = Reason("more_than_there_are", "more than can be silent: this file has {n} sensors", n=sensors)
        wrong(("alert", place, "lost"), reason)
    low, high = GROSS.get(quantity, ANY).fail
    for key in ("above", "below"):
        if any(not low <= limit <= high for limit in numbers(rule.get(key))):
            outside = Reason(
                "limit_never_reached",
                "a value outside {low:g} to {high:g} counts as wrong, and raises nothing",
                low=low,
                high=high,
            )
            wrong(("alert", place, key), outside)


def numbers(found: Any) -> list[float]:
    """Return the numbers of a list, without those that are none; none of what is no list."""
    return [one for one in found if isinstance(one, int | float) and isfinite(one)] if isinstance(found, list) else []


def channels_of(sensors: Sensors) -> list[str] | None:
    """Return the channels that minutes will have; None where a sensor is wrong, and nobody knows."""
    found: dict[str, None] = {}
    for sensor in sensors:
        if sensor is None:
            return None
        for channel in sensor.info.channels(sensor.settings):
            for quantity in (channel.quantity, *MADE_OF.get(channel.quantity, ())):
                found[quantity] = None
                found[f"{quantity}.{sensor.name}"] = None
    return sorted(found)
