"""The inputs of rules in a closed minute: a channel, a derived quantity, the wet bulb, a rate of fall, missing sensors.

Pure functions of minutes. A value that is suspect, bad or missing counts as unknown: it neither raises nor ends an
alert.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Protocol

from edge.alerts.episode import Seen
from edge.measure.derived import psychrometrics
from edge.measure.derived.hourly import DERIVED
from edge.measure.derived.minute_values import derive, is_possible
from edge.measure.limits import standard_pressure
from edge.measure.quality import Flag
from edge.records.bodies import Minute

GOOD = (int(Flag.PASS), int(Flag.NOT_EVALUATED))
SPAN, LEAST = 30, 20  # minutes over which a slope is computed, and how many of them must be known
NOTHING = Seen(None)
MUCH_RAIN = "more_than_specified"  # over 4 mm in a minute, where gauges read too low


class Measure(Protocol):
    """The input of a rule; it may remember earlier minutes."""

    def see(self, minute: Minute | None) -> Seen:
        """Return the value of a minute; None is a minute that was not measured."""


class ChannelMeasure:
    """A channel, or a quantity derived from the minute's values.

    Rain that is doubted because it exceeds what gauges are specified for is much rain in any case: it may raise, but
    not clear.
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

    Without humidity the air temperature is used: the wet bulb is never higher, so it may raise, but not clear. Without
    a pressure, that of the altitude (m) is used: 10 hPa change the result by 0.02 K at 0 degC.
    """

    def __init__(self, offset: float, altitude: float) -> None:
        self._offset = offset
        self._pressure = standard_pressure(altitude)

    def see(self, minute: Minute | None) -> Seen:
        """Return the corrected wet bulb, degC."""
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
    """How fast a value falls: the slope of the last half hour, in its unit per hour, positive if it falls."""

    def __init__(self, of: Measure) -> None:
        self._of = of
        self._values: deque[float | None] = deque(maxlen=SPAN)

    def see(self, minute: Minute | None) -> Seen:
        """Return the slope by least squares of the known values of the half hour."""
        self._values.append(self._of.see(minute).value)
        known = [(place, value) for place, value in enumerate(self._values) if value is not None]
        if len(known) < LEAST or self._values[-1] is None:
            return NOTHING
        middle = sum(place for place, _ in known) / len(known)
        mean = sum(value for _, value in known) / len(known)
        above = sum((place - middle) * (value - mean) for place, value in known)
        return Seen(-60.0 * above / sum((place - middle) ** 2 for place, _ in known))


class LostMeasure:
    """The number of silent sensors; `channels`: those of each sensor, `buses`: the sensors of each bus."""

    def __init__(self, channels: Mapping[str, frozenset[str]], buses: Mapping[str, frozenset[str]]) -> None:
        self._channels, self._buses = channels, buses

    def see(self, minute: Minute | None) -> Seen:
        """Return the number; unknown for a minute that was not measured."""
        return NOTHING if minute is None else Seen(float(len(self.lost(minute))))

    def lost(self, minute: Minute) -> list[str]:
        """Return the silent sensors, by name."""
        missing = {name for name, flag in minute.quality.items() if flag == Flag.MISSING}
        return sorted(sensor for sensor, channels in self._channels.items() if channels and channels <= missing)

    def gone(self, lost: Collection[str]) -> dict[str, list[str]]:
        """Return the buses whose sensors (two or more) are all lost, with those sensors: one cause instead of many."""
        whole = {bus: sorted(sensors) for bus, sensors in self._buses.items() if len(sensors) > 1}
        return {bus: sensors for bus, sensors in whole.items() if all(name in lost for name in sensors)}


def good(minute: Minute, channel: str) -> float | None:
    """Return a channel's value if it passed or was not evaluated; otherwise None."""
    value = minute.values.get(channel)
    if value is None or minute.quality.get(channel) not in GOOD or not is_possible(channel, value):
        return None
    return value
