"""Reference evapotranspiration of an hour by FAO-56 (Allen 1998), mm; a day's is the sum of its hours.

Not ASCE-EWRI 2005, whose hourly denominator differs by 5 %: the record names the variant. If radiation is not measured,
it may be estimated from lux, and the result says so: the factor alone is uncertain by +-7 %. Radiation MJ/m2 per
hour, temperature degC, humidity %, wind m/s, pressure kPa, unless stated otherwise.
"""

import math

import msgspec

from edge.measure.derived.psychrometrics import saturation_kpa

SOLAR_CONSTANT = 0.0820  # MJ/m2/min
STEFAN_HOUR = 2.043e-10  # MJ/K4/m2
ALBEDO = 0.23
LEAST_CLEARNESS = 0.3  # Rs/Rso: ASCE-EWRI 2005 (0.3..1); FAO-56 gives 0.33..1. With less, clouds would warm the ground
LOW_SUN = math.radians(17.0)  # below it Rs/Rso depends on the skyline, not on the clouds (ASCE-EWRI 2005: 0.3 rad)
LEAST_WIND_HEIGHT = 0.5  # m; eq. 47 is the logarithmic profile over grass 0.12 m high
LUX_PER_WATT = 122.0  # lx per W/m2 of sunlight (Michael 2020, J. Meas. Eng., doi 10.21595/jme.2020.21667)
VARIANT = "FAO-56"


class Place(msgspec.Struct, frozen=True):
    """Latitude and longitude in degrees (east positive), altitude in metres, offset from UTC in hours."""

    latitude: float
    longitude: float
    altitude_m: float
    utc_offset_h: float = 8.0


class HourWeather(msgspec.Struct, frozen=True):
    """An hour's weather. `middle`: its middle, hours of local standard time; `clearness`: Rs/Rso of the last hour of
    high sun, required for an hour of night or low sun."""

    day_of_year: int
    middle: float
    temperature: float
    humidity: float
    wind_2m: float
    radiation: float
    clearness: float | None = None


class Evapotranspiration(msgspec.Struct, frozen=True):
    """The amount in mm, the variant, and whether its radiation was "measured" or "estimated"."""

    mm: float
    radiation: str
    variant: str = VARIANT


def irradiance_from_lux(lux: float) -> float:
    """Return the W/m2 of sunlight from lux: an estimate, to be labelled as such."""
    return lux / LUX_PER_WATT


def wind_at_2m(speed: float, height_m: float) -> float:
    """Return the wind at 2 m from that at another height over grass, m/s (eq. 47).

    Raise ValueError under 0.5 m, where the formula does not hold.
    """
    if not height_m >= LEAST_WIND_HEIGHT:
        raise ValueError(f"wind at {height_m:g} m: the profile holds from {LEAST_WIND_HEIGHT:g} m on")
    return speed * 4.87 / math.log(67.8 * height_m - 5.42)


def pressure_at(altitude_m: float) -> float:
    """Return the mean pressure as FAO-56 defines it, kPa (eq. 7).

    2 to 4 hPa over the standard atmosphere at 1,600-2,500 m.
    """
    return float(101.3 * ((293 - 0.0065 * altitude_m) / 293) ** 5.26)


def psychrometric(pressure_kpa: float) -> float:
    """Return the psychrometric constant, kPa/K (eq. 8)."""
    return 0.000665 * pressure_kpa


def slope(temperature: float) -> float:
    """Return the slope of the saturation curve, kPa/K (eq. 13)."""
    return 4098 * saturation_kpa(temperature) / (temperature + 237.3) ** 2


def hourly(hour: HourWeather, place: Place, radiation: str = "measured") -> Evapotranspiration | None:
    """Return the ET0 of an hour (eq. 53), which may be a little below 0.

    None for an hour of night or low sun without the clearness of the hours before.
    """
    day = extraterrestrial_hour(hour.day_of_year, hour.middle, place) > 0
    clearness = clearness_of(hour, place)
    if clearness is None:
        clearness = hour.clearness
    if clearness is None:
        return None
    clearness = bounded(clearness)
    vapour = saturation_kpa(hour.temperature) * min(hour.humidity, 100.0) / 100
    net = _net(hour.radiation, clearness, STEFAN_HOUR * (hour.temperature + 273.16) ** 4, vapour)
    soil = net * (0.1 if day else 0.5)
    gamma, delta = psychrometric(pressure_at(place.altitude_m)), slope(hour.temperature)
    dry = saturation_kpa(hour.temperature) - vapour
    wind = gamma * 37 / (hour.temperature + 273) * hour.wind_2m * dry
    mm = (0.408 * delta * (net - soil) + wind) / (delta + gamma * (1 + 0.34 * hour.wind_2m))
    return Evapotranspiration(mm, radiation)


def clearness_of(hour: HourWeather, place: Place) -> float | None:
    """Return Rs/Rso of an hour, 0.3..1; None while the sun is under 17 degrees, when it does not depend on clouds."""
    if sun_height(hour.day_of_year, hour.middle, place) < LOW_SUN:
        return None
    clear = clear_sky(extraterrestrial_hour(hour.day_of_year, hour.middle, place), place.altitude_m)
    return bounded(hour.radiation / clear)


def bounded(clearness: float) -> float:
    """Return Rs/Rso limited to the range for which the long-wave formula holds."""
    return min(max(clearness, LEAST_CLEARNESS), 1.0)


def clear_sky(extraterrestrial: float, altitude_m: float) -> float:
    """Return the radiation under a clear sky (eq. 37), in the unit of its input."""
    return (0.75 + 2e-5 * altitude_m) * extraterrestrial


def extraterrestrial_hour(day_of_year: int, middle: float, place: Place) -> float:
    """Return an hour's extraterrestrial radiation, MJ/m2 (eq. 28 to 33); 0 while the sun is down.

    If the sun does not set, the hour around midnight is not cut at a sunset.
    """
    near, tilt = _sun(day_of_year)
    north = math.radians(place.latitude)
    angle = math.remainder(_hour_angle(day_of_year, middle, place), 2 * math.pi)
    sunset = math.acos(max(-1.0, min(1.0, -math.tan(north) * math.tan(tilt))))
    last = math.inf if sunset == math.pi else sunset
    begin, end = max(angle - math.pi / 24, -last), min(angle + math.pi / 24, last)
    if begin >= end:
        return 0.0
    level = (end - begin) * math.sin(north) * math.sin(tilt)
    level += math.cos(north) * math.cos(tilt) * (math.sin(end) - math.sin(begin))
    return max(0.0, 12 * 60 / math.pi * SOLAR_CONSTANT * near * level)


def sun_height(day_of_year: int, at: float, place: Place) -> float:
    """Return the sun's height over a flat horizon, radians, at a time of local standard time (hours)."""
    tilt, north = _sun(day_of_year)[1], math.radians(place.latitude)
    level = math.sin(north) * math.sin(tilt)
    return math.asin(level + math.cos(north) * math.cos(tilt) * math.cos(_hour_angle(day_of_year, at, place)))


def _hour_angle(day_of_year: int, at: float, place: Place) -> float:
    """Return the sun's hour angle, radians, 0 at its highest (eq. 31 to 33)."""
    turn = 2 * math.pi * (day_of_year - 81) / 364
    equation = 0.1645 * math.sin(2 * turn) - 0.1255 * math.cos(turn) - 0.025 * math.sin(turn)
    return math.pi / 12 * (at + (place.longitude - 15 * place.utc_offset_h) / 15 + equation - 12)


def _sun(day_of_year: int) -> tuple[float, float]:
    """Return the inverse relative distance and the declination, radians (eq. 23, 24)."""
    turn = 2 * math.pi * day_of_year / 365
    return 1 + 0.033 * math.cos(turn), 0.409 * math.sin(turn - 1.39)


def _net(radiation: float, clearness: float, emitted: float, vapour_kpa: float) -> float:
    """Return the net radiation (eq. 38 to 40)."""
    outgoing = emitted * (0.34 - 0.14 * math.sqrt(vapour_kpa)) * (1.35 * clearness - 0.35)
    return (1 - ALBEDO) * radiation - outgoing
