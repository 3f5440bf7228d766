"""The checker of values: no wrong value passes as good, and no measured value is missing.

For each minute and channel, against the weather and the schedule of faults:

- a value that passes (flag 1) is like the weather of that minute, within what the devices resolve;
- where a device could not answer for the whole minute, there is no value: *missing*, or *fail* with a reason
  (a slow or noisy one may bring one whole frame now and then, and a running total in it is as good as ever);
- a whole minute of a device that nothing ailed has a value, and it passes where nobody worked on the box.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from drivers.twins.twin import Fault
from edge.measure.quality import Flag
from edge.records.channel_name import ChannelName
from edge.records.record import Kind, Record
from edge.sampler import by_bus
from edge.sim.faults import DeviceFault
from edge.sim.record_checkers import Identity, Truth, true_span

LOOK_S = 2.0  # s between two looks at the weather
BEFORE = 10.0  # s; so old the weather of a sample may be: a long integration, a moment that was held
WHOLE = 59.9  # s
COMING_BACK = 90.0  # s after a fault: the longest pause of a lane, a try and its grid
WARMING_UP = 12.0  # s after the daemon's start: a fan, an integration, the first sample of a 10-s grid
RAIN_BEFORE = 95.0  # s; a rise after a longer silence is suspect
NOW_AND_THEN = (Fault.SLOW, Fault.NOISE, Fault.SHORT)  # of which a whole frame may come through
TIP = 0.45  # mm; the coarsest gauge's tip and a bit

# What two thermometers (or gauges, ...) of the kinds at hand may differ by: (absolute, share of the value).
LIKE: dict[str, tuple[float, float]] = {
    "air_temperature": (0.12, 0.0),
    "relative_humidity": (0.6, 0.0),
    "air_pressure": (0.15, 0.0),
    "illuminance": (5.0, 0.09),  # the VEML7700's curve begins at 1000 lx with a step of 8 %
    "wind_speed": (0.4, 0.1),
    "wind_speed_of_gust": (0.8, 0.25),
    "pm1": (1.0, 0.02),
    "pm2p5": (1.0, 0.02),
    "pm10": (1.0, 0.02),
}
SOURCE = {"wind_speed_of_gust": "wind_speed"}  # which of the weather's quantities tells of it
RAIN = ("rainfall_amount", "rainfall_amount_corrected")
SECTOR = 14.0  # degrees; half a sector of sixteen and a bit


@dataclass(frozen=True, slots=True)
class Channels:
    """Channel -> sensor, and the sensors that a fault affects."""

    sensor: dict[str, str]
    ailed: Callable[[DeviceFault], frozenset[str]]


def channels_of(truth: Truth) -> Channels:
    """Return which sensor makes which channel; a gust comes from its wind."""
    made = {channel: sensor for (sensor, _), channel in truth.config.channels().items()}
    gusts = {gust_of(c): s for c, s in made.items() if ChannelName.parse(c).quantity == "wind_speed"}
    mates = {s.name: frozenset(m.name for m in group) for group in by_bus(truth.config.sensor).values() for s in group}

    def ailed(event: DeviceFault) -> frozenset[str]:
        return mates[event.sensor] if event.fault is Fault.UNPLUGGED else frozenset((event.sensor,))

    return Channels(gusts | made, ailed)


def gust_of(channel: str) -> str:
    """Return the gust's channel of a wind's."""
    return ChannelName.parse(channel).beside("wind_speed_of_gust")


def value_checks(truth: Truth, records: Iterable[Record], marked: frozenset[Identity] = frozenset()) -> list[str]:
    """Return all that is wrong with the values of these minutes (each in its highest revision).

    `marked`: those in which somebody worked on the box, so that no value need pass.
    """
    channels = channels_of(truth)
    weather = WeatherTruth(truth.weather)
    minutes = [record for record in records if record.kind == Kind.MINUTE]
    return [complaint for minute in minutes for complaint in _minute(truth, channels, weather, minute, marked)]


def _minute(
    truth: Truth, channels: Channels, weather: WeatherTruth, minute: Record, marked: frozenset[Identity]
) -> Iterator[str]:
    run = truth.run_of(minute)
    if run is None:
        return
    begin, end = true_span(run, minute)
    silent, troubled = _ailing(truth, channels, begin, end)
    settled = (begin - run.begin) / 1e6 >= WARMING_UP and minute.duration >= WHOLE
    body = minute.fields()
    values, flags = body["values"], body["quality"]
    name = f"{minute.epoch}/{minute.seq}"
    for channel in sorted(
        set(channels.sensor) & set(values) | {c for c in values if ChannelName.parse(c).quantity not in SOURCE}
    ):
        value, flag, sensor = values[channel], flags[channel], channels.sensor.get(channel, "")
        reason = body.get("reasons", {}).get(channel)
        if flag == Flag.PASS and (value is None or not weather.like(channel, value, begin / 1e6, end / 1e6)):
            truly = weather.format_truth(channel, begin / 1e6)
            yield f"wrongly good: {name} {channel} {value} is not the weather's {truly}"
        if flag == Flag.MISSING and value is not None:
            yield f"wrongly good: {name} {channel} is missing and has the value {value}"
        if flag != Flag.PASS and not reason:
            yield f"wrongly good: {name} {channel} has the flag {flag} and no reason"
        mute = sensor in silent and not (silent[sensor] in NOW_AND_THEN and ChannelName.parse(channel).quantity in RAIN)
        if mute and (value is not None or flag not in (Flag.MISSING, Flag.FAIL)):
            yield f"wrongly good: {name} {channel} {value} (flag {flag}) while {sensor} could not measure"
        good = value is not None and (flag == Flag.PASS or (minute.epoch, minute.seq) in marked)
        if sensor not in troubled and settled and not good:
            yield f"not whole: {name} {channel} {value} (flag {flag}: {reason}) though nothing ailed {sensor}"


def _ailing(truth: Truth, channels: Channels, begin: int, end: int) -> tuple[dict[str, Fault], set[str]]:
    """Return the sensors that could not measure in all of the span and why, and those affected in any of it."""
    silent, troubled = dict[str, Fault](), set[str]()
    first, last = (begin - truth.begin) / 1e6, (end - truth.begin) / 1e6
    for event in truth.device_faults:
        if event.begin <= first - BEFORE and last <= event.end:
            silent |= dict.fromkeys(channels.ailed(event), event.fault)
        if event.begin <= last and first <= event.end + COMING_BACK:
            troubled |= channels.ailed(event)
    return silent, troubled


class WeatherTruth:
    """The weather of a span, sampled every other second and remembered."""

    def __init__(self, weather: Callable[[float], Mapping[str, float]]) -> None:
        self._weather = weather
        self._known: dict[float, Mapping[str, float]] = {}

    def like(self, channel: str, value: float, begin: float, end: float) -> bool:
        """Return whether the value is what a good device would give over [begin, end), s UTC."""
        quantity = ChannelName.parse(channel).quantity
        if quantity == "rainfall_amount":
            most = self.at(end)[quantity] - self.at(begin - RAIN_BEFORE)[quantity] + TIP
            return self.at(end)[quantity] - self.at(begin)[quantity] - TIP <= value <= most
        source = SOURCE.get(quantity, quantity)
        seen = [look[source] for look in self.span(begin - BEFORE, end)]
        if quantity == "wind_from_direction":
            return self._toward(value, seen, begin, end)
        absolute, share = LIKE.get(quantity, (math.inf, 0.0))
        slack = absolute + share * max(abs(min(seen)), abs(max(seen)))
        return min(seen) - slack <= value <= max(seen) + slack

    def _toward(self, value: float, seen: list[float], begin: float, end: float) -> bool:
        if value == 0.0:  # calm
            return min(look["wind_speed"] for look in self.span(begin - BEFORE, end)) < 0.5
        return min(abs((value - direction + 180) % 360 - 180) for direction in seen) <= SECTOR

    def format_truth(self, channel: str, begin: float) -> str:
        """Return the truth at the beginning, for a complaint."""
        quantity = ChannelName.parse(channel).quantity
        return f"{self.at(begin)[SOURCE.get(quantity, quantity)]:.2f}"

    def span(self, begin: float, end: float) -> list[Mapping[str, float]]:
        """Return the samples within a span."""
        first = math.floor(begin / LOOK_S)
        return [self.at(number * LOOK_S) for number in range(first, math.ceil(end / LOOK_S) + 1)]

    def at(self, t: float) -> Mapping[str, float]:
        """Return the weather at an instant; one sample a `LOOK_S` is remembered."""
        if t not in self._known:
            if len(self._known) > 500:
                self._known.clear()
            self._known[t] = self._weather(t)
        return self._known[t]
