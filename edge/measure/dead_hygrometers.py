"""A hygrometer whose element is dead while its noise goes on: it changes, but never with the air.

Warming air loses 6 % of its relative humidity per kelvin, so air of 50 % that changes by 4 K in three hours should
change by 12 % (it *owes* that). Advected air, dew and ice may compensate much of it, but not nine tenths. Of 226,965
minutes of 160 days of a real station (repository Loongle/weather-data, every eighth day) none ended three hours in
which humidity under 90 % changed by less than 0.137 of an owed 9 % or more, nor in which any changed by less than 0.342
of an owed 20 % or more; near dew, one evening changed by 0.087 of 16 %. A snowy day in Colorado (NOAA SURFRAD) changed
by 0.177. In fog nothing is judged. The doubt lasts until the humidity leaves the band in which it stood.

A drifting thermometer beside a constant humidity shows the same as a dead hygrometer in warming air: in both the vapour
pressure rises. The sun decides: without it air hardly warms by itself, so a warming reported at night accuses no
hygrometer (ours). A dead one is found in the morning, or by the evening.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import msgspec

from drivers.reason import Reason
from edge.measure.lasting import fog_at
from edge.measure.value import Value, beside
from edge.records.channel_name import ChannelName

PER_KELVIN = 0.06  # share of itself that relative humidity loses as air warms by 1 K
LASTS, COMPLETE = 3 * 3600.0, 0.9  # s that are examined; the share of them that must be measured
LEAST = 0.1  # share of the owed change by which a working hygrometer has changed
OWED, DEW_NEAR, OWED_NEAR_DEW = 9.0, 90.0, 20.0  # %; a smaller owed change proves nothing
LEAP = 2.0  # K from one minute to the next; after such a jump a thermometer says nothing about the time before
FREE = 2.0  # %; beyond the band by this much, it measures again


class Window(msgspec.Struct):
    """The minutes of three hours (end s, %, degC, by night), and the band that a doubted humidity does not leave."""

    minutes: deque[tuple[float, float, float, bool]] = msgspec.field(default_factory=deque)
    band: tuple[float, float] | None = None


class DeadHygrometers:
    """The hygrometers of a station. `channels`: name -> quantity."""

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._windows = {name: Window() for name, of in channels.items() if of == "relative_humidity"}

    def doubts(
        self, begin: float, end: float, values: Mapping[str, Value], by_night: bool = False
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s; `by_night`: the sun is surely down."""
        for name, window in self._windows.items():
            value, temperature = values.get(name), beside(ChannelName.parse(name), "air_temperature", values)
            if value is not None and value.value is not None:
                add_minute(window, begin, end, value.value, temperature, by_night)
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
        """Return the bands of the doubted hygrometers."""
        return {name: window.band for name, window in self._windows.items() if window.band}

    def resume(self, kept: Mapping[str, tuple[float, float]]) -> None:
        """Restore the bands of doubted hygrometers."""
        for name, band in kept.items():
            if name in self._windows:
                self._windows[name].band = band


def add_minute(
    window: Window, begin: float, end: float, humidity: float, temperature: float | None, by_night: bool
) -> None:
    """Add a minute's values, and judge the three hours that end with it."""
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
