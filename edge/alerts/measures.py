"""The inputs of rules in a closed minute: a channel, a derived quantity, the wet bulb, a rate of fall, missing sensors.

Pure functions of minutes. A value that is suspect, bad or missing is not known: it neither raises nor ends anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Protocol

from edge.alerts.episode import Seen
from edge.measure.derived import psychrometrics
from edge.measure.derived.hourly import DERIVED
from edge.measure.derived.minute_values import derive
from edge.measure.limits import standard_pressure
from edge.measure.quality import Flag
from edge.records.bodies import Minute

GOOD = (int(Flag.PASS), int(Flag.NOT_EVALUATED))
SPAN, LEAST = 30, 20  # minutes that a slope is reckoned over, and how many of them must be known
NOTHING = Seen(None)
MUCH_RAIN = "more_than_specified"  # over 4 mm in a minute, of which gauges tell too little


class Measure(Protocol):
    """Something that a rule looks at; it may remember minutes that went before."""

    def see(self, minute: Minute | None) -> Seen:
        """Return what a minute says; None is a minute that was not measured."""


class ChannelMeasure:
    """A channel, or a quantity that is derived from the minute's own values.

    Rain that is in doubt as more than gauges are made for is much rain at any rate: it may raise, but not clear.
    """

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def see(self, minute: Minute | None) -> Seen:
        """Return its value."""
        if minute is None:
            return NOTHING
        if self._channel in DERIVED:
            return Seen(derive(minute.values, minute.quality).get(self._channel))
        reason = minute.reasons.get(self._channel)
        if reason is not None and reason.code == MUCH_RAIN:
            return Seen(minute.values.get(self._channel), clears=False)
        return Seen(good(minute, self._channel))


class FrostMeasure:
    """The wet bulb, corrected to a block (`offset`, K: how much colder its lowest corner is, below 0).

    Without humidity the air itself stands for it: the wet bulb is never above, so this may raise, but not clear. Where
    no pressure is measured, that of the altitude (m) does: 10 hPa make 0.02 K at 0 degC.
    """

    def __init__(self, offset: float, altitude: float) -> None:
        self._offset = offset
        self._pressure = standard_pressure(altitude)

    def see(self, minute: Minute | None) -> Seen:
        """Return it, degC."""
        air = None if minute is None else good(minute, "air_temperature")
        if minute is None or air is None:
            return NOTHING
        humidity = good(minute, "relative_humidity")
        if humidity is None or humidity <= 0:
            return Seen(air + self._offset, clears=False)
        pressure = good(minute, "air_pressure") or self._pressure
        try:
            return Seen(psychrometrics.wet_bulb(air, humidity, pressure) + self._offset)
        except (ArithmeticError, ValueError):  # no air is so, whatever its flags say
            return NOTHING


class FallMeasure:
    """How fast something falls: the slope of the last half hour, in its unit an hour, above 0 where it falls."""

    def __init__(self, of: Measure) -> None:
        self._of = of
        self._values: deque[float | None] = deque(maxlen=SPAN)

    def see(self, minute: Minute | None) -> Seen:
        """Return it; the least squares of what is known of the half hour."""
        self._values.append(self._of.see(minute).value)
        known = [(place, value) for place, value in enumerate(self._values) if value is not None]
        if len(known) < LEAST or self._values[-1] is None:
            return NOTHING
        middle = sum(place for place, _ in known) / len(known)
        mean = sum(value for _, value in known) / len(known)
        above = sum((place - middle) * (value - mean) for place, value in known)
        return Seen(-60.0 * above / sum((place - middle) ** 2 for place, _ in known))


class LostMeasure:
    """How many sensors say nothing at all; `channels`: of each sensor, `buses`: the sensors of each bus."""

    def __init__(self, channels: Mapping[str, frozenset[str]], buses: Mapping[str, frozenset[str]]) -> None:
        self._channels, self._buses = channels, buses

    def see(self, minute: Minute | None) -> Seen:
        """Return it; nothing of a minute that was not measured."""
        return NOTHING if minute is None else Seen(float(len(self.lost(minute))))

    def lost(self, minute: Minute) -> list[str]:
        """Return the sensors that say nothing, by name."""
        missing = {name for name, flag in minute.quality.items() if flag == Flag.MISSING}
        return sorted(sensor for sensor, channels in self._channels.items() if channels and channels <= missing)

    def gone(self, lost: Collection[str]) -> dict[str, list[str]]:
        """Return the buses of which all sensors are lost, more than one, and those sensors: one cause, not many."""
        whole = {bus: sorted(sensors) for bus, sensors in self._buses.items() if len(sensors) > 1}
        return {bus: sensors for bus, sensors in whole.items() if all(name in lost for name in sensors)}


def good(minute: Minute, channel: str) -> float | None:
    """Return a channel's value where it passed, or was not judged; else None."""
    value = minute.values.get(channel)
    return value if value is not None and minute.quality.get(channel) in GOOD else None
