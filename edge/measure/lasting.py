"""Physical relations between the channels of one box: a wet hygrometer, iced cups, fog taken for particles, a dead fan.

Wet: at saturation while the air warms by 5 K in sunlight (40 klx, which no fog and no drizzle lets through), or by 8 K
in wind: moist air from the sea warms a foggy coast by 5 K at saturation, too. In doubt until it has dried. An aged
hygrometer's saturation is less than 100 %: one that stays within 2 % of a level over 95 % in such sunlight is wet too.
Iced: cups at 0 while the vane turns by more than 10 degrees in 30 minutes of an hour, at under 1 degC and over 85 %;
until they turn or it is warmer. Held, by a web, their bearing or a cut cable: cups at 0 while the vane turns so in 135
minutes of three hours; until they turn. A vane turns in wind too weak for cups: over five days of a real station
(repository Loongle/weather-data) in 44 of 75 such minutes at most, and in 29 of 256.
Fog: optical counters take droplets for particles from 95 % on, below 0 degC from 95 % of the saturation over ice. Dead
fan: a particle sensor that reports one number up to 30 for twelve hours in which humidity changed by 10 %; clean air
gives small counts that change, and above 30 `persistence` watches. All of this is ours, no source found.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from drivers.reason import Reason
from edge.measure.derived.psychrometrics import vapour_pressure_ice, vapour_pressure_water
from edge.measure.value import Value, beside
from edge.records.channel_name import ChannelName

HOUR = 3600.0
SATURATED, DRY_AGAIN = 99.5, 97.0  # %
PLATEAU, NEAR_SATURATION = 2.0, 95.0  # %; at its own saturation a hygrometer stays within PLATEAU of its first value
WARMS, BREEZE, SUNLIGHT = 5.0, 2.0, {"illuminance": 40_000.0, "solar_irradiance": 330.0}
WARMS_IN_WIND = 8.0  # K; half as much vapour again
ICE_NEAR, ICE_HUMID, TURNS, TURNING = 1.0, 85.0, 10.0, 30  # degC, %, degrees in a minute, such minutes of an hour
HELD_TURNING, HELD_S = 135, 3 * HOUR  # such minutes of so many s
FOG = 95.0  # %
# ug/m3; in five days of a real station (repository Loongle/weather-data) rain and haze give up to 90 at 95 % and more,
# which cannot be distinguished from fog
FOG_PARTICLES = 100.0
PARTICLES = ("pm1", "pm2p5", "pm10")
DEAD, DEAD_S, HUMIDITY_MOVED = 30.0, 12 * HOUR, 10.0  # at most ug/m3, s, %


class Wet(msgspec.Struct):
    """The saved state of a wet hygrometer: for how long, s, the coldest air since, and its first value then, %."""

    age: float
    coldest: float
    level: float = 100.0


class Hygrometer(msgspec.Struct):
    """Since when one is saturated (s, None: it is not), the coldest air since, whether it counts as wet.

    `level`: its value at the begin of the saturation, %.
    """

    since: float | None = None
    coldest: float = 0.0
    wet: bool = False
    level: float = 100.0

    def follow(self, humidity: float, temperature: float | None, begin: float) -> None:
        """Add a minute's humidity: saturation begins, continues or ends."""
        dry = DRY_AGAIN if self.level >= SATURATED else self.level - PLATEAU
        if self.since is not None and humidity < dry:
            self.since, self.wet = None, False
        rises = not self.wet and (humidity >= SATURATED > self.level or humidity > self.level + PLATEAU)
        if (self.since is None or rises) and humidity >= NEAR_SATURATION and temperature is not None:
            self.since, self.coldest, self.level = begin, temperature, humidity


class Cups(msgspec.Struct):
    """Minutes at 0 in which the vane turned (their end s, whether icing was possible), and the cups' state."""

    turning: deque[tuple[float, bool]] = msgspec.field(default_factory=deque)
    iced: bool = False
    held: bool = False


class Fan(msgspec.Struct):
    """For how long a particle sensor has reported the same small number (s), and the range of humidity meanwhile."""

    seconds: float = 0.0
    value: float = 0.0
    low: float = 0.0
    high: float = 0.0


class Lasting:
    """The states of a station's sensors. `channels`: name -> quantity."""

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._hygrometers = {name: Hygrometer() for name, of in channels.items() if of == "relative_humidity"}
        self._cups = {name: Cups() for name, of in channels.items() if of == "wind_speed"}
        self._fans = {name: Fan() for name, of in channels.items() if of in PARTICLES}

    def doubts(
        self, begin: float, end: float, values: Mapping[str, Value], samples: Mapping[str, Sequence[float]]
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s."""
        found: dict[str, Reason | None] = {}
        for name, hygrometer in self._hygrometers.items():
            found[name] = wetness_doubt(name, hygrometer, begin, values)
        for name, cups in self._cups.items():
            vane = samples.get(ChannelName.parse(name).beside("wind_from_direction")) or ()
            found[name] = cups_doubt(name, cups, end, values, vane)
        for name, fan in self._fans.items():
            found[name] = fan_doubt(name, fan, end - begin, values, samples)
        return {name: reason for name, reason in found.items() if reason} | fog_doubts(values)

    def keep(self, now: float) -> tuple[dict[str, Wet], list[str], list[str]]:
        """Return the wet hygrometers, the iced cups and the held cups at the instant `now`, s."""
        wet_ones = {
            n: Wet(now - h.since, h.coldest, h.level)
            for n, h in self._hygrometers.items()
            if h.wet and h.since is not None
        }
        cups = self._cups.items()
        return wet_ones, [name for name, one in cups if one.iced], [name for name, one in cups if one.held]

    def resume(
        self, wet_ones: Mapping[str, Wet], iced_ones: Sequence[str], held_ones: Sequence[str], begin: float, gap: float
    ) -> None:
        """Restore such states at the instant `begin`, s, after a gap, s."""
        for name, kept in wet_ones.items():
            if name in self._hygrometers:
                self._hygrometers[name] = Hygrometer(begin - kept.age - gap, kept.coldest, True, kept.level)
        for name, cups in self._cups.items():
            cups.iced, cups.held = name in iced_ones, name in held_ones


def wetness_doubt(name: str, hygrometer: Hygrometer, begin: float, values: Mapping[str, Value]) -> Reason | None:
    """Return why a hygrometer is in doubt: it stays at saturation while the air warms in sun or wind; else None."""
    value, channel = values.get(name), ChannelName.parse(name)
    if value is None or value.value is None:
        return None
    temperature = beside(channel, "air_temperature", values)
    hygrometer.follow(value.value, temperature, begin)
    if hygrometer.since is None or temperature is None:
        return None
    hygrometer.coldest = min(hygrometer.coldest, temperature)
    sunny = any((beside(channel, of, values) or 0.0) > least for of, least in SUNLIGHT.items())
    blown = (beside(channel, "wind_speed", values) or 0.0) > BREEZE
    warmed = temperature - hygrometer.coldest
    saturated = hygrometer.level >= SATURATED
    hygrometer.wet |= (sunny and warmed >= WARMS) or (blown and saturated and warmed >= WARMS_IN_WIND)
    if not hygrometer.wet:
        return None
    return Reason(
        "wet_sensor",
        "wet? at saturation for {minutes} min while the air warmed by {warmed:.2g} K",
        minutes=round((begin - hygrometer.since) / 60.0),
        warmed=round(warmed, 1),
    )


def cups_doubt(name: str, cups: Cups, end: float, values: Mapping[str, Value], vane: Sequence[float]) -> Reason | None:
    """Return why cups at 0 are in doubt: the vane turns, for an hour if icing is possible, otherwise for longer."""
    value = values.get(name)
    if value is None or value.value is None:
        return None
    if value.value != 0:
        cups.turning.clear()
        cups.iced = cups.held = False
        return None
    temperature = icing_temperature(name, cups, values)
    if spread_of(vane) > TURNS:
        cups.turning.append((end, temperature is not None))
    while cups.turning and cups.turning[0][0] <= end - HELD_S:
        cups.turning.popleft()
    cups.iced |= sum(at > end - HOUR and near for at, near in cups.turning) >= TURNING
    cups.held |= len(cups.turning) >= HELD_TURNING
    if cups.iced and temperature is not None:
        return Reason(
            "iced", "iced? cups at 0 while the vane turns, air at {temperature:g} degC", temperature=temperature
        )
    if cups.held:
        return Reason("cups_held", "held? cups at 0 for hours while the vane turns: look for a web, ice, a cut cable")
    return None


def icing_temperature(name: str, cups: Cups, values: Mapping[str, Value]) -> float | None:
    """Return the temperature if icing is possible; if not, reset `iced`.

    A minute without a thermometer or hygrometer resets nothing.
    """
    channel = ChannelName.parse(name)
    temperature, humidity = (beside(channel, of, values) for of in ("air_temperature", "relative_humidity"))
    if temperature is None or humidity is None:
        return None
    if temperature < ICE_NEAR and (humidity > ICE_HUMID or cups.iced):
        return temperature
    cups.iced = False
    return None


def spread_of(directions: Sequence[float]) -> float:
    """Return the spread of directions, degrees, relative to the first one."""
    if not directions:
        return 0.0
    away = [(direction - directions[0] + 180.0) % 360.0 - 180.0 for direction in directions]
    return max(away) - min(away)


def fan_doubt(
    name: str, fan: Fan, duration: float, values: Mapping[str, Value], samples: Mapping[str, Sequence[float]]
) -> Reason | None:
    """Return why a particle sensor is in doubt: it has reported the same small number for half a day; else None."""
    found = samples.get(name)
    humidity = beside(ChannelName.parse(name), "relative_humidity", values)
    if not found or humidity is None:
        return None
    if max(found) > DEAD or min(found) != max(found) or (fan.seconds and found[0] != fan.value):
        fan.seconds = 0.0
        return None
    if not fan.seconds:
        fan.value, fan.low, fan.high = found[0], humidity, humidity
    fan.seconds, fan.low, fan.high = fan.seconds + duration, min(fan.low, humidity), max(fan.high, humidity)
    if fan.seconds < DEAD_S or fan.high - fan.low < HUMIDITY_MOVED:
        return None
    return Reason(
        "dead_fan",
        "is the fan turning? {value:g}, unchanged for {hours} h",
        value=fan.value,
        hours=round(fan.seconds / HOUR),
    )


def fog_doubts(values: Mapping[str, Value]) -> dict[str, Reason]:
    """Return doubts of particle counts in fog, which count droplets."""
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
    """Return the humidity, % over water, from which on fog is possible: below 0 degC air saturates over ice."""
    if temperature is None or temperature >= 0:
        return FOG
    return FOG * vapour_pressure_ice(temperature) / vapour_pressure_water(temperature)
