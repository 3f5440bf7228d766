"""Doubts that last: a sensor that has leapt stays in doubt until it leaps back, a wet one until it has dried.

A fault is a state, and what a grower reads are its minutes. So a doubt that was raised for a state holds until its end
is seen, an offset's for six hours at most (then nobody can tell which level is true); all is empty after a restart.

Offset: within three minutes a mean leaps by more than air does, and nothing that must move with it does. Air that is
exchanged (a front, a downburst, foehn) changes temperature and humidity together; pressure leaps by 2 hPa in no weather
(Zahumensky's error limit from minute to minute). Wet: at saturation while the air warms by 5 K and the light says day,
or the wind blows over 2 m/s: no fog lives through that (ours). Iced: cups at 0 while the vane turns by more than 10
degrees in 30 minutes of an hour, at under 1 degC and over 85 % (ours). Fog: optical counters take droplets for
particles from 95 % on, below 0 degC from 95 % of the saturation over ice (ours).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.quantity import quantity
from drivers.reason import Reason
from edge.measure.derived.psychrometrics import vapour_pressure_ice, vapour_pressure_water
from edge.measure.quality import Flag
from edge.measure.value import Value
from edge.records.channel_name import ChannelName

LONGEST = 6 * 3600.0  # s
MINUTES = 3  # within which a leap is complete: a fault within a minute spoils two means
HOUR = 3600.0
# quantity -> the leap that air makes only together with (quantity -> by so much)
LEAPS: dict[str, tuple[float, dict[str, float]]] = {
    "air_temperature": (3.0, {"relative_humidity": 2.0}),
    "relative_humidity": (12.0, {"air_temperature": 0.5}),
    "air_pressure": (2.0, {}),
}
SATURATED, DRY_AGAIN = 99.5, 97.0  # %
WARMS, BREEZE, DAYLIGHT = 5.0, 2.0, {"illuminance": 20_000.0, "solar_irradiance": 150.0}
ICE_NEAR, ICE_HUMID, TURNS, TURNING = 1.0, 85.0, 10.0, 30  # degC, %, degrees in a minute, such minutes of an hour
FOG = 95.0  # %
FOG_PARTICLES = 100.0  # ug/m3; in C rain and haze leave up to 90 at 95 % and more, and nobody can tell those from fog
PARTICLES = ("pm1", "pm2p5", "pm10")


@dataclass(slots=True)
class Level:
    """One channel's last means, and the leap that holds it in doubt: its size, when it was, the level before.

    `settles`: until when, after a leap back, none is looked for.
    """

    means: deque[tuple[float, dict[str, float]]] = field(default_factory=lambda: deque(maxlen=MINUTES))
    leap: float = 0.0
    since: float = 0.0
    base: float = 0.0
    settles: float = float("-inf")


@dataclass(slots=True)
class Hygrometer:
    """Since when one is saturated (s, None: it is not), the coldest air since, whether it is called wet."""

    since: float | None = None
    coldest: float = 0.0
    wet: bool = False


class Lasting:
    """The states of a station's sensors. `channels`: name -> quantity."""

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._levels = {name: Level() for name, of in channels.items() if of in LEAPS}
        self._hygrometers = {name: Hygrometer() for name, of in channels.items() if of == "relative_humidity"}
        self._speeds: dict[str, deque[tuple[float, bool]]] = {
            name: deque(maxlen=120) for name, of in channels.items() if of == "wind_speed"
        }
        self._end: float | None = None

    def doubts(
        self, begin: float, end: float, values: Mapping[str, Value], samples: Mapping[str, Sequence[float]]
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s."""
        if self._end is not None and abs(begin - self._end) > 1.0:
            for level in self._levels.values():
                level.means.clear()
        self._end = end
        found: dict[str, Reason] = {}
        for name, level in self._levels.items():
            if reason := self._offset(name, level, begin, values):
                found[name] = reason
        for name, hygrometer in self._hygrometers.items():
            if reason := wet(name, hygrometer, begin, values):
                found.setdefault(name, reason)
        for name, minutes in self._speeds.items():
            vane = samples.get(ChannelName.parse(name).beside("wind_from_direction")) or ()
            if reason := iced(name, minutes, end, values, vane):
                found[name] = reason
        return found | fog(values)

    def forget(self, doubted: Iterable[str]) -> None:
        """Measure no leap from a mean that another check doubts: its end would be one."""
        for name in doubted:
            if name in self._levels and not self._levels[name].leap:
                self._levels[name].means.clear()

    @staticmethod
    def _offset(name: str, level: Level, begin: float, values: Mapping[str, Value]) -> Reason | None:
        value = values.get(name)
        if value is None or value.value is None:
            return None
        channel = ChannelName.parse(name)
        least, others = LEAPS[channel.quantity]
        now = {of: v for of in others if (v := beside(channel, of, values)) is not None}
        change = largest(level, value.value)
        if level.leap and begin - level.since < MINUTES * 60.0:  # a leap within a minute spoils the mean of two
            level.leap = max(level.leap, value.value - level.base, key=abs)
        elif level.leap and change * level.leap < 0 and abs(change) > abs(level.leap) / 2:
            level.leap, level.settles = 0.0, begin + (MINUTES + 1) * 60.0
        elif begin - level.since >= LONGEST:
            level.leap = 0.0
        told = all(of in now for of in others) and begin >= level.settles
        if not level.leap and abs(change) > least and told and not moved(level, now, others):
            level.leap, level.since, level.base = change, begin, value.value - change
            level.means.clear()
        level.means.append((value.value, now))
        if not level.leap:
            return None
        return Reason(
            "offset_since",
            "leapt by {change:.3g} {unit} {minutes} min ago and is not back",
            change=round(level.leap, 3),
            unit=quantity(channel.quantity).unit,
            minutes=round((begin - level.since) / 60.0),
        )


def largest(level: Level, value: float) -> float:
    """Return the largest change to a mean from one of the last."""
    return max((value - before for before, _ in level.means), key=abs, default=0.0)


def moved(level: Level, now: Mapping[str, float], others: Mapping[str, float]) -> bool:
    """Return whether another quantity moved with a leap."""
    return any(
        abs(now[of] - before[of]) >= least
        for _, before in level.means
        for of, least in others.items()
        if of in now and of in before
    )


def beside(channel: ChannelName, of: str, values: Mapping[str, Value]) -> float | None:
    """Return a quantity of the same sensor, or of the primary one."""
    for name in (channel.beside(of), of):
        value = values.get(name)
        if value is not None and value.value is not None and value.flag is Flag.PASS:
            return value.value
    return None


def wet(name: str, hygrometer: Hygrometer, begin: float, values: Mapping[str, Value]) -> Reason | None:
    """Return why a hygrometer is in doubt that stays at saturation while the air warms in sun or wind."""
    value, channel = values.get(name), ChannelName.parse(name)
    if value is None or value.value is None:
        return None
    temperature = beside(channel, "air_temperature", values)
    if value.value < DRY_AGAIN:
        hygrometer.since, hygrometer.wet = None, False
    elif value.value >= SATURATED and hygrometer.since is None and temperature is not None:
        hygrometer.since, hygrometer.coldest = begin, temperature
    if hygrometer.since is None or temperature is None:
        return None
    hygrometer.coldest = min(hygrometer.coldest, temperature)
    sunny = any((beside(channel, of, values) or 0.0) > least for of, least in DAYLIGHT.items())
    blown = (beside(channel, "wind_speed", values) or 0.0) > BREEZE
    hygrometer.wet |= temperature - hygrometer.coldest >= WARMS and (sunny or blown)
    if not hygrometer.wet:
        return None
    return Reason(
        "wet_sensor",
        "wet? at saturation since {minutes} min while the air warmed by {warmed:.2g} K",
        minutes=round((begin - hygrometer.since) / 60.0),
        warmed=round(temperature - hygrometer.coldest, 1),
    )


def iced(
    name: str, minutes: deque[tuple[float, bool]], end: float, values: Mapping[str, Value], vane: Sequence[float]
) -> Reason | None:
    """Return why cups at 0 are in doubt: for an hour the vane has turned, and ice is near."""
    channel, value = ChannelName.parse(name), values.get(name)
    temperature, humidity = (beside(channel, of, values) for of in ("air_temperature", "relative_humidity"))
    cold = temperature is not None and temperature < ICE_NEAR and humidity is not None and humidity > ICE_HUMID
    if value is None or value.value != 0 or temperature is None or not cold:
        minutes.clear()
        return None
    minutes.append((end, turned(vane) > TURNS))
    while minutes[0][0] <= end - HOUR:
        minutes.popleft()
    if sum(turns for _, turns in minutes) < TURNING:
        return None
    return Reason("iced", "iced? cups at 0 while the vane turns, air at {temperature:g} degC", temperature=temperature)


def turned(directions: Sequence[float]) -> float:
    """Return how far directions lie apart, degrees, as turned from the first one."""
    if not directions:
        return 0.0
    away = [(direction - directions[0] + 180.0) % 360.0 - 180.0 for direction in directions]
    return max(away) - min(away)


def fog(values: Mapping[str, Value]) -> dict[str, Reason]:
    """Return doubts of particle counts in fog, whose droplets they count."""
    found = {}
    for name, value in values.items():
        channel = ChannelName.parse(name)
        if channel.quantity not in PARTICLES or value.value is None or value.value < FOG_PARTICLES:
            continue
        humidity, temperature = (beside(channel, of, values) for of in ("relative_humidity", "air_temperature"))
        if humidity is not None and humidity >= fog_at(temperature):
            found[name] = Reason(
                "fog", "droplets? an optical count in fog ({humidity:g} % humidity)", humidity=humidity
            )
    return found


def fog_at(temperature: float | None) -> float:
    """Return the humidity, % over water, from which there may be fog: below 0 degC it saturates over ice."""
    if temperature is None or temperature >= 0:
        return FOG
    return FOG * vapour_pressure_ice(temperature) / vapour_pressure_water(temperature)
