"""A hygrometer whose element is dead and whose noise goes on: it moves, but never with the air.

Warming air loses 6 % of its relative humidity for each kelvin, so that air of 50 % that changes by 4 K in three hours
owes 12 %. Other air that is blown in, dew and ice keep much of it back, but not nine tenths. Of 226,965 minutes of 160
days of a real station (repository Loongle/weather-data, each eighth day) none ended three hours in which humidity under
90 % moved by less than 0.137 of 9 % or more that it owed, nor in which any moved by less than 0.342 of 20 % or more;
near dew, one evening moved by 0.087 of 16 %. A snowy day in Colorado (NOAA SURFRAD) moved by 0.177. In fog nothing is
judged. The doubt lasts until the humidity leaves the band in which it stood.

A thermometer that creeps away beside a humidity that rests shows the same as a dead hygrometer in air that warms: in
both the vapour pressure rises. The sun decides: without it air hardly warms by itself, so what a thermometer tells of
warming by night accuses no hygrometer (ours). One that is dead is told in the morning, or by the evening.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import msgspec

from drivers.reason import Reason
from edge.measure.lasting import fog_at
from edge.measure.value import Value, beside
from edge.records.channel_name import ChannelName

PER_KELVIN = 0.06  # of itself that relative humidity loses as air warms by 1 K
LASTS, COMPLETE = 3 * 3600.0, 0.9  # s that are looked at; that part of them must be measured
LEAST = 0.1  # of what it owes, by which a hygrometer that measures has moved
OWED, DEW_NEAR, OWED_NEAR_DEW = 9.0, 90.0, 20.0  # %; less than so much owed says nothing
LEAP = 2.0  # K from one minute to the next; a thermometer that leaps so is no witness of what was before
FREE = 2.0  # %; so far out of the band it measures again


class Window(msgspec.Struct):
    """The minutes of three hours (end s, %, degC, by night), and the band that the humidity in doubt does not leave."""

    minutes: deque[tuple[float, float, float, bool]] = msgspec.field(default_factory=deque)
    band: tuple[float, float] | None = None


class DeadHygrometers:
    """The hygrometers of a station. `channels`: name -> quantity."""

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._windows = {name: Window() for name, of in channels.items() if of == "relative_humidity"}

    def doubts(
        self, begin: float, end: float, values: Mapping[str, Value], by_night: bool = False
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s; `by_night`: the sun is known down."""
        for name, window in self._windows.items():
            value, temperature = values.get(name), beside(ChannelName.parse(name), "air_temperature", values)
            if value is not None and value.value is not None:
                follow(window, begin, end, value.value, temperature, by_night)
        return {
            name: Reason(
                "dead_hygrometer",
                "dead? only noise between {low:g} and {high:g} % while the air warmed or cooled",
                low=window.band[0],
                high=window.band[1],
            )
            for name, window in self._windows.items()
            if window.band
        }

    def keep(self) -> dict[str, tuple[float, float]]:
        """Return the bands of the hygrometers in doubt."""
        return {name: window.band for name, window in self._windows.items() if window.band}

    def resume(self, kept: Mapping[str, tuple[float, float]]) -> None:
        """Go on with such hygrometers."""
        for name, band in kept.items():
            if name in self._windows:
                self._windows[name].band = band


def follow(
    window: Window, begin: float, end: float, humidity: float, temperature: float | None, by_night: bool
) -> None:
    """Take a minute's values, and judge the three hours that end with it."""
    minutes = window.minutes
    if window.band and not window.band[0] - FREE <= humidity <= window.band[1] + FREE:
        window.band = None
    if humidity >= fog_at(temperature):
        minutes.clear()
    elif temperature is not None:
        if minutes and abs(temperature - minutes[-1][2]) >= LEAP:
            minutes.clear()
        minutes.append((end, humidity, temperature, by_night))
    while minutes and minutes[0][0] <= end - LASTS:
        minutes.popleft()
    if window.band or len(minutes) * (end - begin) < COMPLETE * LASTS:
        return
    humidities, temperatures = [minute[1] for minute in minutes], [minute[2] for minute in minutes]
    low, high = min(humidities), max(humidities)
    if temperatures.index(min(temperatures)) < temperatures.index(max(temperatures)):  # it warms
        temperatures = [minute[2] for minute in minutes if not minute[3]] or [0.0]
    owed = PER_KELVIN * (low + high) / 2 * (max(temperatures) - min(temperatures))
    if owed >= (OWED if high < DEW_NEAR else OWED_NEAR_DEW) and high - low < LEAST * owed:
        window.band = (low, high)
