"""Check that a rule of `[[alert]]` can watch its channel, and can be raised and cleared, with the file's sensors."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from drivers.quantity import QUANTITIES
from drivers.reason import Reason
from edge.config.sections import AlertSection, HornSection, SensorSection, channel_names
from edge.measure.derived.hourly import DERIVED
from edge.measure.limits import ANY, GROSS, MOST_MM_PER_MIN
from edge.measure.wind import GUST_PACE
from edge.records.channel_name import ChannelName

Wrong = Callable[[tuple[str | int, ...], Reason], None]
Sensors = Sequence[SensorSection | None]
GUST = "wind_speed_of_gust"
CROP_STEPS = 4  # critical and each further kelvin; one more where it warns before
FALLS_UP = Reason("falls_up", "falls says how much it falls in an hour: it must be above 0, such as 2.0")
RAIN = (0.0, MOST_MM_PER_MIN)


class Bounds(NamedTuple):
    """The range of a rule's value: lowest, highest, unit."""

    low: float
    high: float
    unit: str

    @property
    def gaps(self) -> dict[str, float | str]:
        """The parameters for a reason."""
        return {"low": round(self.low, 1), "high": round(self.high, 1), "unit": self.unit}


def channels_of(sensors: Sensors) -> list[str] | None:
    """Return the channels that minutes will have; None if that is unknown because a sensor is wrong."""
    named = {sensor.name: sensor for sensor in sensors if sensor is not None}
    if len(named) < len(sensors):
        return None
    found: set[str] = set()
    for (name, quantity), channel in channel_names(list(named.values())).items():
        sensor = named[name]
        beside = made_of(quantity, sensor.info.samples_per_minute(sensor.settings), sensor.rain_correction is not None)
        found |= {channel, *map(ChannelName.parse(channel).beside, beside)}
    return sorted(found)


def made_of(quantity: str, pace: float, is_corrected: bool = False) -> tuple[str, ...]:
    """Return the channels derived from a quantity with `pace` readings a minute (edge/measure/minute.py)."""
    if quantity == "wind_speed" and pace >= GUST_PACE:
        return (GUST,)
    return ("rainfall_amount_corrected",) if quantity == "rainfall_amount" and is_corrected else ()


def alerts_known(wrong: Wrong, sensors: Sensors, alerts: Sequence[dict[str, Any]]) -> None:
    """Report a rule on a channel that no sensor of the file has, and a frost rule without a thermometer."""
    known = channels_of(sensors)
    if known is None:
        return
    for place, rule in enumerate(alerts):
        out_of_reach(partial(_at, wrong, place), rule, sensors)
        channel = rule.get("channel")
        if isinstance(channel, str) and channel not in known and channel not in DERIVED:
            wrong(("alert", place, "channel"), no_such(ChannelName.parse(channel), known))
        if "crop" in rule and "air_temperature" not in known:
            wrong(
                ("alert", place, "crop"),
                Reason("frost_wants_thermometer", "a frost rule needs a sensor of air_temperature"),
            )


def no_such(channel: ChannelName, known: Sequence[str]) -> Reason:
    """Return why a rule cannot watch a channel, with a suggestion."""
    if channel.quantity == GUST and (mean := channel.beside("wind_speed")) in known:
        return Reason(
            "gust_rare",
            'that sensor gives no gusts: they take a reading each second; watch "{mean}"',
            mean=mean,
        )
    names = [*known, *DERIVED]
    near = [channel.quantity] if channel.quantity in names else difflib.get_close_matches(channel, names, 1, 0.6)
    if near:
        return Reason("channel_near", 'no sensor of this file measures that; did you mean "{near}"?', near=near[0])
    return Reason("no_such_channel", "no sensor of this file measures that; there are {known}", known=", ".join(known))


def _at(wrong: Wrong, place: int, key: str, reason: Reason) -> None:
    wrong(("alert", place, key), reason)


def out_of_reach(wrong: Callable[[str, Reason], None], rule: dict[str, Any], sensors: Sensors) -> None:
    """Report a limit that the rule's value never or always reaches, and one with which an alert never ends."""
    if lost := numbers(rule.get("lost")):
        lost_silent(wrong, rule, lost, len(sensors))
    channel = str(rule.get("channel", "wet_bulb_temperature" if "crop" in rule else ""))
    bounds = channel_bounds(ChannelName.parse(channel), sensors)
    kind = next((kind for kind in ("above", "below", "falls") if kind in rule), "below")
    limits = [0.0] if "crop" in rule else numbers(rule.get(kind))
    if bounds is None or not limits:
        return None
    if kind == "falls":
        bounds = Bounds(0.0, bounds.high - bounds.low, bounds.unit)  # in an hour
    over = kind != "below"
    for limit in limits:
        if reason := limit_refused(limit, over, bounds):
            return wrong(kind, FALLS_UP if kind == "falls" and limit <= 0 else reason)
    by = numbers([rule.get("clear_by")])
    if by and not bounds.low <= (limits[0] - by[0] if over else limits[0] + by[0]) <= bounds.high:
        reason = Reason(
            "never_clears",
            "no alert would end: {limit:g} better by {by:g} {unit} lies outside {low:g} to {high:g} {unit}",
            limit=limits[0],
            by=by[0],
            **bounds.gaps,
        )
        return wrong("clear_by", reason)
    return None


def limit_refused(limit: float, over: bool, bounds: Bounds) -> Reason | None:
    """Return why a limit is useless (`over`: it is reached from below); None if it is not."""
    if limit > bounds.high if over else limit < bounds.low:
        return Reason(
            "limit_never",
            "{limit:g} {unit} is never reached: it lies between {low:g} and {high:g} {unit}",
            limit=limit,
            **bounds.gaps,
        )
    if limit <= bounds.low if over else limit >= bounds.high:
        return Reason(
            "limit_always",
            "{limit:g} {unit} is always reached: it lies between {low:g} and {high:g} {unit}",
            limit=limit,
            **bounds.gaps,
        )
    return None


def lost_silent(wrong: Callable[[str, Reason], None], rule: dict[str, Any], limits: list[float], count: int) -> None:
    """Report a rule that waits for more silent sensors than there are, and one whose alert never ends."""
    if limits[0] > count:  # further steps may wait for sensors to come
        reason = Reason(
            "lost_never",
            "the file has {count} sensors: {limit:g} of them never fall silent",
            count=count,
            limit=limits[0],
        )
        wrong("lost", reason)
    elif any(by >= limits[0] for by in numbers([rule.get("clear_by")])):
        wrong("clear_by", Reason("lost_clears", "no alert would end: write less than {limit:g}", limit=limits[0]))


def channel_bounds(channel: ChannelName, sensors: Sensors) -> Bounds | None:
    """Return the range of a channel: that of its sensors, within the limits of the gross check."""
    of = channel.quantity
    if of in DERIVED:
        low, high = GROSS["air_temperature"].fail
        return Bounds(low, high, "degC") if DERIVED[of].unit == "degC" else None
    if of not in QUANTITIES:
        return None
    unit = QUANTITIES[of].unit
    if of.startswith("rainfall_amount"):
        return Bounds(*RAIN, unit)  # of a minute
    told = [
        one
        for sensor in sensors
        if sensor is not None and channel.sensor in ("", sensor.name)
        for one in sensor.info.channels(sensor.settings)
        if of in (one.quantity, *made_of(one.quantity, GUST_PACE, True))
    ]
    if not told:
        return None
    low, high = GROSS.get(of, ANY).fail
    return Bounds(max(low, min(one.low for one in told)), min(high, max(one.high for one in told)), unit)


def numbers(value: Any) -> list[float]:
    """Return a list of numbers as floats; [] for anything else, which its section refuses."""
    wanted = isinstance(value, list) and all(isinstance(one, int | float) and one == one for one in value)
    return [float(one) for one in value] if wanted else []


def horn_heard(wrong: Wrong, horn: Any, alerts: Sequence[dict[str, Any]]) -> None:
    """Report a horn that would never sound: none of its rules has so many steps."""
    if not isinstance(horn, dict) or not isinstance(horn.get("rules"), list):
        return
    steps = [steps_of(rule) for rule in alerts if rule.get("name") in horn["rules"]]
    wanted = horn.get("from_step", HornSection.model_fields["from_step"].default)
    if steps and isinstance(wanted, int) and wanted > max(steps):
        reason = Reason(
            "horn_never",
            "it would never sound: its rules have {most} limits at most, write from_step = {most}",
            most=max(steps),
        )
        wrong(("horn", "from_step" if "from_step" in horn else "rules"), reason)


def steps_of(rule: dict[str, Any]) -> int:
    """Return how many steps an alert of that rule can have."""
    if "crop" in rule:
        return CROP_STEPS + bool(rule.get("near_k", AlertSection.model_fields["near_k"].default))
    return max((len(numbers(rule.get(kind))) for kind in ("above", "below", "falls", "lost")), default=0) or 1
