"""One seeded truth for all twins: the weather of an orchard in the Min valley, a pure function of time.

`Weather(seed).at(utc)` gives every quantity of the mission. The same seed and instant give the same numbers
on every machine and in any order. It is smooth from second to second, steps less than Zahumenský's limits
(Guidelines on quality control procedures for data from automatic weather stations, WMO 2004), never stands
still for an hour, and hangs together: humidity follows the dew point, showers cool, moisten, darken and wash
the air, soil remembers three days of rain, the panel follows the sun. It is no climate model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DAY = 86_400
DAY_ZERO = 1_577_836_800  # 2020-01-01T00:00:00Z: the rain's total counts from here
YEAR = 365.2425 * DAY
WAVE = 1700.0  # s; a swell in all that must never stand still for an hour
MASK = (1 << 64) - 1
NOISES = {  # seconds between two independent values of each
    "front": 2.6 * DAY,
    "moist": 1.9 * DAY,
    "mass": 2.2 * DAY,
    "cloud": 2.1 * 3600,
    "puffs": 170.0,
    "thermal": 1100.0,
    "flicker": 45.0,
    "damp": 800.0,
    "barometer": 1300.0,
    "valley": 900.0,
    "eddy": 47.0,
    "gust": 4.0,
    "turn": 5400.0,
    "swing": 53.0,
    "shake": 6.0,
    "haze": 5.5 * 3600,
    "plume": 1500.0,
    "earth": 5 * DAY,
    "hum": 130.0,
}


def mixed(value: int) -> int:
    """Return 64 well-mixed bits of an integer (the finalizer of SplitMix64)."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
    return value ^ value >> 31


def ease(x: float) -> float:
    """Return 0 below 0, 1 above 1, smooth between."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


class Noise:
    """A smooth random function of time within -1..1; the last two values are kept, for speed alone."""

    def __init__(self, key: int, period: float) -> None:
        self._key, self._period = key, period
        self._cell: tuple[int, float, float] = (-1, 0.0, 0.0)

    def at(self, t: float) -> float:
        """Return the value at the instant `t`."""
        place = t / self._period
        number = math.floor(place)
        kept, a, b = self._cell
        if kept != number:
            a, b = self._value(number), self._value(number + 1)
            self._cell = (number, a, b)
        x = place - number
        return a + (b - a) * x * x * (3 - 2 * x)

    def _value(self, number: int) -> float:
        return mixed(self._key ^ mixed(number & MASK)) / 2**63 - 1.0


@dataclass(frozen=True, slots=True)
class Shower:
    """One shower: its start (seconds since day zero), its length (s) and its amount (mm)."""

    start: float
    length: float
    amount: float

    def fallen(self, t: float) -> float:
        """Return the mm fallen until the instant."""
        return self.amount * ease((t - self.start) / self.length)

    def wetness(self, t: float) -> float:
        """Return how far the air is a shower's, 0..1, from half an hour before it to two hours after."""
        return ease((t - self.start + 1800) / 2400) * (1 - ease((t - self.start - self.length) / 7200))


class Weather:
    """The weather at one place. `altitude` in metres, `latitude` and `longitude` in degrees."""

    def __init__(self, seed: int, latitude: float = 31.68, longitude: float = 103.85, altitude: float = 1590.0) -> None:
        self._seed = seed
        self._sin, self._cos = math.sin(math.radians(latitude)), math.cos(math.radians(latitude))
        self._longitude = longitude
        self._standard = 1013.25 * (1 - 2.25577e-5 * altitude) ** 5.25588  # ICAO standard atmosphere, hPa
        self._warmth = 21.0 - 0.0062 * altitude  # annual mean, degC
        self._noise = {
            name: Noise(mixed(seed ^ mixed(number)), period) for number, (name, period) in enumerate(NOISES.items())
        }
        self._until = [0.0]  # mm fallen before each day; grows as it is asked, and holds nothing but sums
        self._days: dict[int, tuple[Shower, ...]] = {}

    def at(self, utc: float) -> dict[str, float]:
        """Return every quantity at an instant (seconds since 1970, UTC), each in its own unit."""
        t = utc - DAY_ZERO
        noise = {name: each.at(t) for name, each in self._noise.items()}
        hour = (t / 3600 + self._longitude / 15) % 24  # of the sun
        season = 2 * math.pi * (t / YEAR - 0.055)  # 0 on 20 January, the coldest
        wet = self._wetness(t)
        noise["wave"] = math.sin(2 * math.pi * t / WAVE)
        cloud = max(ease(0.5 + 0.7 * noise["cloud"]), 0.95 * wet)
        values = self._air(noise, hour, season, wet, cloud)
        values |= self._light(noise, hour, season, cloud)
        values |= self._wind(noise, hour, wet)
        values |= self._ground(t, noise, hour, season, wet, values)
        values |= _dust(noise, wet)
        return values | _power(int((t / 3600 + self._longitude / 15) // 24), hour, values["illuminance"])

    def _air(self, noise: dict[str, float], hour: float, season: float, wet: float, cloud: float) -> dict[str, float]:
        base = self._warmth - 10.5 * math.cos(season) + 3 * noise["front"]
        swing = (6.5 - 3.5 * cloud) * math.cos((hour - 15) * math.pi / 12)
        t = base + swing - 2.5 * wet + 0.3 * noise["thermal"] + 0.1 * noise["wave"]
        t += 0.08 * noise["flicker"]
        dew = base - 5.5 + 3.0 * noise["moist"] + 0.5 * noise["damp"]
        rh = 100 * saturation(min(dew, t)) / saturation(t) + 1.2 * noise["damp"]
        rh += (96 - rh) * 0.85 * wet - 1.1 * noise["wave"]
        rh = rh if rh < 95 else 95 + 4.5 * (1 - math.exp((95 - rh) / 4.5))
        tide = 1.1 * math.cos((hour - 10) * math.pi / 6)
        p = self._standard + 3.5 * noise["mass"] + tide + 0.2 * noise["barometer"] + 0.12 * noise["wave"]
        return {"air_temperature": t, "relative_humidity": max(rh, 3.0), "air_pressure": p}

    def _light(self, noise: dict[str, float], hour: float, season: float, cloud: float) -> dict[str, float]:
        declination = math.radians(-23.44) * math.cos(season + 2 * math.pi * 30 / 365.25)
        height = self._sin * math.sin(declination)
        height += self._cos * math.cos(declination) * math.cos((hour - 12) * math.pi / 12)
        twilight = max(600 * 10 ** (math.degrees(min(height, 0.0)) / 2.6), 0.02)  # a tenth each 2.6 degrees
        clear = twilight + 118_000 * max(height, 0.0) ** 1.15
        lux = clear * (1 - 0.72 * cloud) * (1 + 0.12 * cloud * noise["puffs"])
        return {"illuminance": lux, "solar_irradiance": lux / 120 if lux > 60 else 0.0}

    def _wind(self, noise: dict[str, float], hour: float, wet: float) -> dict[str, float]:
        valley = ease(0.5 + 0.6 * math.cos((hour - 15.5) * math.pi / 12))  # it blows up the valley by day
        mean = 1.3 + 2.6 * valley + 1.5 * wet
        mean += (0.3 + 0.2 * mean) * noise["valley"] + 0.4 * noise["wave"]
        speed = mean * (1 + 0.25 * noise["eddy"] + 0.22 * noise["gust"])
        to = 25 + 165 * valley + 40 * noise["turn"] + 22 * noise["swing"] + 9 * noise["shake"]
        return {"wind_speed": max(speed, 0.0), "wind_from_direction": to % 360}

    def _ground(
        self, t: float, noise: dict[str, float], hour: float, season: float, wet: float, air: dict[str, float]
    ) -> dict[str, float]:
        total = self._fallen(t)
        lately = total - self._fallen(t - 3 * DAY)
        moisture = 21 + 4 * noise["earth"] + 9 * (1 - math.exp(-lately / 18))
        dew = ease((air["relative_humidity"] - 88) / 8)
        night = ease(0.5 - math.cos((hour - 12) * math.pi / 12))
        soil = self._warmth + 1.5 - 8.5 * math.cos(season - 0.4) + noise["front"]
        return {
            "rainfall_amount": total,
            "soil_moisture": moisture,
            "soil_conductivity": 250 + 14 * (moisture - 17),
            "soil_temperature": soil + 1.8 * math.cos((hour - 18.5) * math.pi / 12),
            "leaf_wetness": 100 * max(wet, 0.8 * dew),
            "leaf_temperature": air["air_temperature"] - 1.6 * night + 0.8 * (1 - night),
            "co2": 428 + 14 * night + 6 * noise["plume"],
            "noise": 38 + 2.5 * air["wind_speed"] ** 0.5 + 3 * noise["hum"],
        }

    def _showers(self, day: int) -> tuple[Shower, ...]:
        """Return the showers of one day since day zero, none of which passes midnight (UTC)."""
        if day not in self._days:
            summer = 0.5 - 0.5 * math.cos(2 * math.pi * (day * DAY / YEAR - 0.055))
            draws = (mixed(self._seed ^ mixed((day << 8 | n) & MASK)) / 2**64 for n in range(10))
            luck = next(draws)
            count = (luck < 0.16 + 0.34 * summer) + (luck < 0.05 + 0.12 * summer)
            self._days[day] = tuple(_shower(day, summer, next(draws), next(draws), next(draws)) for _ in range(count))
        return self._days[day]

    def _wetness(self, t: float) -> float:
        day = int(t // DAY)
        return max((s.wetness(t) for d in (day - 1, day, day + 1) for s in self._showers(d)), default=0.0)

    def _fallen(self, t: float) -> float:
        """Return the mm fallen since day zero; nothing fell before it."""
        day = max(int(t // DAY), 0)
        while len(self._until) <= day:
            last = len(self._until) - 1
            self._until.append(self._until[-1] + sum(s.amount for s in self._showers(last)))
        return self._until[day] + sum(s.fallen(t) for s in self._showers(day))


def _shower(day: int, summer: float, when: float, how_long: float, how_much: float) -> Shower:
    length = 1200 + 9000 * how_long
    amount = 0.3 + (2 + 12 * summer) * how_much**3 * (length / 3600) ** 0.5
    return Shower(day * DAY + when * (DAY - length), length, amount)


def saturation(t: float) -> float:
    """Return the saturation vapour pressure over water, hPa (Magnus form of WMO-No. 8, annex 4.B)."""
    return 6.112 * math.exp(17.62 * t / (243.12 + t))


def _dust(noise: dict[str, float], wet: float) -> dict[str, float]:
    fine = 13 * math.exp(0.7 * noise["haze"] + 0.15 * noise["plume"]) * (1 - 0.5 * wet)
    return {"pm1": 0.68 * fine, "pm2p5": fine, "pm10": fine * (1.6 + 0.2 * noise["haze"]) + 1}


def _power(day: int, hour: float, lux: float) -> dict[str, float]:
    """Return the values of a 40 W panel, a 12 V battery and 4 W of load."""
    panel = 40 * min(lux / 110_000, 1.0)
    full = ease(0.5 + 0.6 * math.cos((hour - 15) * math.pi / 12))
    voltage = 12.35 + 0.35 * full + 0.9 * ease(panel / 25)
    current = panel * 0.93 / voltage - 4 / voltage
    return {
        "battery_voltage": voltage,
        "battery_current": current,
        "battery_power": voltage * current,
        "load_current": 4 / voltage,
        "panel_power": panel,
        "panel_voltage": 0.01 + 18.2 * ease(lux / 1500),
        "charger_state": 3.0 if panel > 0.5 else 0.0,
        "charger_yield_total": 0.14 * (day + ease((hour - 6) / 12)) + 1,
    }
