"""One seeded weather for all twins: an orchard in the Min valley, as a pure function of time.

`Weather(seed).at(utc)` gives every quantity of the mission, each computed when it is looked up. The same seed and
instant give the same numbers on every machine and in any order. It is smooth from second to second, steps less than
Zahumenský's limits (Guidelines on quality control procedures for data from automatic weather stations, WMO 2004),
is never constant for an hour, and is consistent: humidity follows the dew point, showers cool, moisten, darken and
clean the air, soil moisture depends on three days of rain, the panel follows the sun. It is no climate model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from drivers.twins.rain import DAY, MASK, YEAR, Shower, ease, mixed, rain_of

DAY_ZERO = 1_577_836_800  # 2020-01-01T00:00:00Z: the rain's total counts from here
WAVE = 1700.0  # s; the period of a variation in all quantities that must never be constant for an hour
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


class Noise:
    """A smooth random function of time within -1..1; the last two values are cached for speed."""

    def __init__(self, key: int, period: float) -> None:
        self._key, self._period = key, period
        self._cell: tuple[float, float, float] = (math.nan, 0.0, 0.0)  # one object, as threads share it

    def at(self, t: float) -> float:
        """Return the value at the instant `t`."""
        place = t / self._period
        number, a, b = self._cell
        x = place - number
        if not 0.0 <= x < 1.0:
            whole = math.floor(place)
            a, b = self._value(whole), self._value(whole + 1)
            self._cell = (whole, a, b)
            x = place - whole
        return a + (b - a) * x * x * (3 - 2 * x)

    def _value(self, number: int) -> float:
        return mixed(self._key ^ mixed(number & MASK)) / 2**63 - 1.0


class Weather:
    """The weather at one place: what does not depend on the instant, and the accumulated rain.

    `altitude` in metres, `latitude` and `longitude` in degrees.
    """

    def __init__(self, seed: int, latitude: float = 31.68, longitude: float = 103.85, altitude: float = 1590.0) -> None:
        self._seed = seed
        self.sin, self.cos = math.sin(math.radians(latitude)), math.cos(math.radians(latitude))
        self.longitude = longitude
        self.standard = 1013.25 * (1 - 2.25577e-5 * altitude) ** 5.25588  # ICAO standard atmosphere, hPa
        self.warmth = 21.0 - 0.0062 * altitude  # annual mean, degC
        self.windy = 1.0  # a factor on all wind
        self.drained = 0.0  # V that a battery has lost by days without sun
        self.noise = {
            name: Noise(mixed(seed ^ mixed(number)), period) for number, (name, period) in enumerate(NOISES.items())
        }
        self._rain = rain_of(seed)
        self._near: tuple[int | None, tuple[Shower, ...]] = (None, ())  # a day: its and its neighbours'

    def at(self, utc: float) -> WeatherMoment:
        """Return every quantity at an instant (seconds since 1970, UTC), each in its own unit."""
        return WeatherMoment(self, utc - DAY_ZERO)

    def wetness(self, t: float) -> float:
        """Return the showers' influence on the air, 0..1."""
        day, near = int(t // DAY), self._near
        if near[0] != day:
            near = self._near = day, tuple(s for d in (day - 1, day, day + 1) for s in self._rain.showers(d))
        return max([shower.wetness(t) for shower in near[1]], default=0.0)

    def fallen(self, t: float) -> float:
        """Return the mm fallen since day zero; nothing fell before it."""
        return self._rain.fallen(t)


def saturation(t: float) -> float:
    """Return the saturation vapour pressure over water, hPa (Magnus form of WMO-No. 8, annex 4.B)."""
    return 6.112 * math.exp(17.62 * t / (243.12 + t))


class WeatherMoment(Mapping[str, float]):
    """The weather at one instant, `t` seconds after day zero."""

    def __init__(self, weather: Weather, t: float) -> None:
        self._weather, self._t = weather, t
        self._known: dict[str, float] = {}
        self._noises: dict[str, float] = {"wave": math.sin(2 * math.pi * t / WAVE)}
        self._wet = weather.wetness(t)
        self._hour = (t / 3600 + weather.longitude / 15) % 24  # of the sun
        self._season = 2 * math.pi * (t / YEAR - 0.055)  # 0 on 20 January, the coldest

    def __getitem__(self, quantity: str) -> float:
        value = self._known.get(quantity)
        if value is None:
            self._known |= RECKONED[quantity](self)
            value = self._known[quantity]
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(RECKONED)

    def __len__(self) -> int:
        return len(RECKONED)

    def _noise(self, name: str) -> float:
        value = self._noises.get(name)
        if value is None:
            value = self._noises[name] = self._weather.noise[name].at(self._t)
        return value

    @property
    def _cloud(self) -> float:
        return max(ease(0.5 + 0.7 * self._noise("cloud")), 0.95 * self._wet)

    def _air(self) -> dict[str, float]:
        noise, hour = self._noise, self._hour
        base = self._weather.warmth - 10.5 * math.cos(self._season) + 3 * noise("front")
        swing = (6.5 - 3.5 * self._cloud) * math.cos((hour - 15) * math.pi / 12)
        t = base + swing - 2.5 * self._wet + 0.3 * noise("thermal") + 0.1 * noise("wave")
        t += 0.08 * noise("flicker")
        dew = base - 5.5 + 3.0 * noise("moist") + 0.5 * noise("damp")
        rh = 100 * saturation(min(dew, t)) / saturation(t) + 1.2 * noise("damp")
        rh += (96 - rh) * 0.85 * self._wet - 1.1 * noise("wave")
        rh = rh if rh < 95 else 95 + 4.5 * (1 - math.exp((95 - rh) / 4.5))
        tide = 1.1 * math.cos((hour - 10) * math.pi / 6)
        p = self._weather.standard + 3.5 * noise("mass") + tide + 0.2 * noise("barometer") + 0.12 * noise("wave")
        return {"air_temperature": t, "relative_humidity": max(rh, 3.0), "air_pressure": p}

    def _light(self) -> dict[str, float]:
        declination = math.radians(-23.44) * math.cos(self._season + 2 * math.pi * 30 / 365.25)
        height = self._weather.sin * math.sin(declination)
        height += self._weather.cos * math.cos(declination) * math.cos((self._hour - 12) * math.pi / 12)
        twilight = max(600 * 10 ** (math.degrees(min(height, 0.0)) / 2.6), 0.02)  # a tenth each 2.6 degrees
        clear = twilight + 118_000 * max(height, 0.0) ** 1.15
        cloud = self._cloud
        lux = clear * (1 - 0.72 * cloud) * (1 + 0.12 * cloud * self._noise("puffs"))
        return {"illuminance": lux, "solar_irradiance": lux / 120 if lux > 60 else 0.0}

    def _wind(self) -> dict[str, float]:
        noise = self._noise
        valley = ease(0.5 + 0.6 * math.cos((self._hour - 15.5) * math.pi / 12))  # it blows up the valley by day
        mean = 1.3 + 2.6 * valley + 1.5 * self._wet
        mean += (0.3 + 0.2 * mean) * noise("valley") + 0.4 * noise("wave")
        speed = mean * (1 + 0.25 * noise("eddy") + 0.22 * noise("gust"))
        to = 25 + 165 * valley + 40 * noise("turn") + 22 * noise("swing") + 9 * noise("shake")
        return {"wind_speed": max(speed, 0.0) * self._weather.windy, "wind_from_direction": to % 360}

    def _rain(self) -> dict[str, float]:
        return {"rainfall_amount": self._weather.fallen(self._t)}

    def _soil(self) -> dict[str, float]:
        lately = self["rainfall_amount"] - self._weather.fallen(self._t - 3 * DAY)
        moisture = 21 + 4 * self._noise("earth") + 9 * (1 - math.exp(-lately / 18))
        soil = self._weather.warmth + 1.5 - 8.5 * math.cos(self._season - 0.4) + self._noise("front")
        return {
            "soil_moisture": moisture,
            "soil_conductivity": 250 + 14 * (moisture - 17),
            "soil_temperature": soil + 1.8 * math.cos((self._hour - 18.5) * math.pi / 12),
        }

    def _orchard(self) -> dict[str, float]:
        dew = ease((self["relative_humidity"] - 88) / 8)
        night = ease(0.5 - math.cos((self._hour - 12) * math.pi / 12))
        return {
            "leaf_wetness": 100 * max(self._wet, 0.8 * dew),
            "leaf_temperature": self["air_temperature"] - 1.6 * night + 0.8 * (1 - night),
            "co2": 428 + 14 * night + 6 * self._noise("plume"),
            "noise": 38 + 2.5 * self["wind_speed"] ** 0.5 + 3 * self._noise("hum"),
        }

    def _dust(self) -> dict[str, float]:
        haze = self._noise("haze")
        fine = 13 * math.exp(0.7 * haze + 0.15 * self._noise("plume")) * (1 - 0.5 * self._wet)
        return {"pm1": 0.68 * fine, "pm2p5": fine, "pm10": fine * (1.6 + 0.2 * haze) + 1}

    def _power(self) -> dict[str, float]:
        """Return the values of a 40 W panel, a 12 V battery and 4 W of load."""
        hour, lux = self._hour, self["illuminance"]
        day = int((self._t / 3600 + self._weather.longitude / 15) // 24)
        panel = 40 * min(lux / 110_000, 1.0)
        full = ease(0.5 + 0.6 * math.cos((hour - 15) * math.pi / 12))
        voltage = 12.35 + 0.35 * full + 0.9 * ease(panel / 25) - self._weather.drained
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


RECKONED: dict[str, Callable[[WeatherMoment], dict[str, float]]] = {
    quantity: group
    for group, quantities in (
        (WeatherMoment._air, ("air_temperature", "relative_humidity", "air_pressure")),
        (WeatherMoment._light, ("illuminance", "solar_irradiance")),
        (WeatherMoment._wind, ("wind_speed", "wind_from_direction")),
        (WeatherMoment._rain, ("rainfall_amount",)),
        (WeatherMoment._soil, ("soil_moisture", "soil_conductivity", "soil_temperature")),
        (WeatherMoment._orchard, ("leaf_wetness", "leaf_temperature", "co2", "noise")),
        (WeatherMoment._dust, ("pm1", "pm2p5", "pm10")),
        (
            WeatherMoment._power,
            (
                "battery_voltage",
                "battery_current",
                "battery_power",
                "load_current",
                "panel_power",
                "panel_voltage",
                "charger_state",
                "charger_yield_total",
            ),
        ),
    )
    for quantity in quantities
}
