"""Hours of a mountain orchard's weather by chance, with one thing changed in them, through the station's checks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Sun, clear_sky
from edge.records.bodies import Minute
from tests.kits.mornings import HOUR, LIGHT, PM, RAIN, RH, SITE, VANE, WIND, P, T
from tests.kits.station_day import RESOLUTION

APRIL, JUNE, JANUARY = 1_743_436_800.0, 1_750_003_200.0, 1_736_179_200.0  # midnights at UTC+8
Row = dict[str, float]
Change = Callable[[float, Row, float], Row]  # local time s, the true values, s since the scene began


@dataclass(slots=True)
class Weather:
    """What the weather of a scene is about: degC and its swing, dew point degC, share of cloud, wind m/s."""

    mean: float = 14.0
    swing: float = 7.0
    dew: float = 6.0
    cloud: float = 0.3
    wind: float = 2.0
    midnight: float = APRIL


class Sky:
    """Weather with its chance: what good devices tell each ten seconds."""

    def __init__(self, name: str, weather: Weather) -> None:
        self._of, self._chance, self._sun = weather, Random(name), Sun(SITE, {})
        self._fast = self._slow = self._gust = self._veer = self._cloud = 0.0
        self._dust = 25.0

    def at(self, at: float) -> Row:
        """Return the next ten seconds' values, `at` s after midnight."""
        of, noise = self._of, self._chance.gauss
        self._fast += -0.05 * self._fast + 0.04 * noise(0, 1)
        self._slow += -0.0005 * self._slow + 0.01 * noise(0, 1)
        self._gust += -0.3 * self._gust + 0.35 * noise(0, 1)
        self._veer += -0.01 * self._veer + 2.5 * noise(0, 1)
        self._cloud += -0.004 * self._cloud + 0.03 * noise(0, 1)
        self._dust += -0.002 * (self._dust - 25) + 0.25 * noise(0, 1)
        air = of.mean - of.swing * math.cos(2 * math.pi * (at / HOUR - 3.5) / 24) + self._slow + self._fast
        vapour = saturated(of.dew) * (1 + 0.03 * self._slow + 0.01 * self._fast)
        humidity = min(99.9, 100 * vapour / saturated(air))
        clear = clear_sky(self._sun.height(of.midnight + at), SITE.altitude_m)
        share = max(0.08, min(1.05, 1 - max(0, of.cloud + self._cloud) * 0.8))
        blows = max(0.0, of.wind * (1 + 0.35 * math.sin(at / 3100) + 0.35 * self._gust))
        tide = 1.2 * math.cos(4 * math.pi * (at / HOUR - 10) / 24)
        return {
            T: round(air, 1),
            RH: round(humidity + 0.1 * noise(0, 1), 1),
            P: round(836 + tide + 0.05 * noise(0, 1) + 0.2 * self._slow, 1),
            WIND: round(blows, 1),
            VANE: round(200 + self._veer + 8 * noise(0, 1)) % 360,
            PM: round(max(0.0, self._dust + 0.7 * noise(0, 1))),
            LIGHT: round(clear * share * 118 * (1 + 0.01 * noise(0, 1))),
            RAIN: 0.0,
        }


def saturated(temperature: float) -> float:
    """Return the vapour pressure over water, hPa."""
    return 6.112 * math.exp(17.62 * temperature / (243.12 + temperature))


def minutes_of(name: str, begin: float, hours: float, change: Change, weather: Weather) -> list[Minute]:
    """Return the station's minutes of a scene that begins at an hour of the day."""
    sky, first = Sky(name, weather), begin * HOUR
    rows = [(10.0 * n, change(first + 10.0 * n, sky.at(first + 10.0 * n), 10.0 * n)) for n in range(round(hours * 360))]
    lines = []
    for channel in dict.fromkeys(name for _, row in rows for name in row):
        of, _, sensor = channel.partition(".")
        able = Channel(of, -1e6, 1e6, RESOLUTION.get(of, 1.0 if of in ("co2", LIGHT, "solar_irradiance") else 0.1))
        lines.append(ChannelLine(channel, sensor or "mast", able, limits_for(of, 1590), 6.0, height_m=2.0))
    station, found = Minutes(lines, SITE), []
    for at, row in rows:
        for channel, value in row.items():
            of, _, sensor = channel.partition(".")
            station.take(sensor or "mast", Reading(of, value, at))
        if at % 60.0 == 50.0:
            found.append(station.close(at - 50.0, at + 10.0, weather.midnight + first, {}))
    return found
