"""For every reason that quality control can give a made day on which it must speak, and one like it on which not."""

from __future__ import annotations

import math

from edge.measure.sun import Sun, clear_sky
from tests.kits.mornings import (
    GUST,
    HOUR,
    LIGHT,
    MIDNIGHT,
    PM,
    RAIN,
    RH,
    SITE,
    VANE,
    WIND,
    Day,
    P,
    T,
    air,
    but,
    day,
    few,
    more,
    once,
    short,
    tips,
    told,
)

FROST = {T: -3.0, RH: 92.0, WIND: 0.0}
NOON, SUN = MIDNIGHT + 12 * HOUR, "solar_irradiance"
STILL = but(relative_humidity=lambda at: {RH: 61.0 if at < 600 else 61.0 + round(math.sin(at / 200), 1)})
NOISE = but(relative_humidity=lambda at: {RH: 60.0 + round(0.4 * math.sin(at / 7), 1)})
DRYING = but(relative_humidity=lambda at: {RH: round(62 - at / 3000, 1)})
SHOWERS = but(rainfall_amount=lambda at: {RAIN: round(0.2 * (at // 700 + at // 1900), 1)}, relative_humidity=60.0)


def frost_morning(at: float) -> dict[str, float]:
    """Return a morning after a frost that warms by 4 K an hour."""
    return air(at) | {T: round(-2 + at / 900 + 0.2 * math.sin(at / 300), 1), RH: 60.0 + round(math.sin(at / 200), 1)}


def sky(at: float, share: float) -> float:
    """Return a share of the clear sky's irradiance, at so many seconds of a June day."""
    return share * clear_sky(Sun(SITE, {}).height(MIDNIGHT + at), SITE.altitude_m)


def dry(at: float) -> dict[str, float]:
    """Return that morning in air of 30 %."""
    return air(at) | {RH: 30.0 + round(math.sin(at / 200), 1)}


# code: (the day on which it must speak, of which channels, a day much like it on which it must not)
RULES: dict[str, tuple[Day, set[str], Day]] = {
    # one reading
    "impossible": (day(but(air_temperature=61.0), 3), {T}, day(but(air_temperature=49.0), 3)),
    "unusual_here": (day(but(relative_humidity=0.0), 3), {RH}, day(but(relative_humidity=2.0), 3)),
    "step": (
        day(but(air_temperature=more(T, 190.0, 8.0)), 6),
        {T},
        day(but(air_temperature=lambda at: {T: round(8 + at / 40, 1)}), 6),
    ),
    "spike": (
        day(but(air_temperature=once(T, (190.0,), 10.0)), 6),
        {T},
        day(but(air_temperature=once(T, (190.0,), 8.4)), 6),
    ),
    "jump_at_the_end": (
        day(lambda at: but(air_temperature=once(T, (230.0,), 9.9))(at) if at <= 230 or at >= 300 else {}, 7),
        {T},
        day(lambda at: air(at) if at <= 230 or at >= 300 else {}, 7),
    ),
    "beyond_climate": (
        day(but(air_temperature=-25.0), 3, utc=NOON),
        {T},
        day(but(air_temperature=-15.0), 3, utc=NOON),
    ),
    # one minute and the one before
    "minute_step": (
        day(but(air_pressure=lambda at: {P: round(836 + 0.8 * min(max(at - 170, 0), 20) / 20, 1)}), 8),
        {P},
        day(but(air_pressure=lambda at: {P: round(836 + 0.4 * min(max(at - 170, 0), 20) / 20, 1)}), 8),
    ),
    # one minute's values beside each other
    "gust_under_mean": (
        day(but(wind_speed=5.0, wind_speed_of_gust=4.0), 3),
        {WIND, GUST},
        day(but(wind_speed=5.0, wind_speed_of_gust=5.5), 3),
    ),
    "smaller_over_larger": (day(but(pm1=90.0), 3), {"pm1", PM}, day(but(pm1=30.0), 3)),
    "zeros": (
        day(but(air_temperature=0.0, relative_humidity=0.0), 3),
        {T},
        day(but(air_temperature=0.0, relative_humidity=95.0), 3),
    ),
    # standing still
    "stands_still": (day(but(air_pressure=836.2), 90), {P}, day(STILL, 90)),
    "dead_hygrometer": (day(NOISE, 190), {RH}, day(DRYING, 190)),
    "dead_fan": (
        day(but(pm2p5=3.0), 13 * 60),
        {PM},
        day(but(pm2p5=lambda at: {PM: float(at % 3600 < 60)}), 13 * 60),
    ),
    # what lasts
    "offset_since": (
        day(but(air_temperature=more(T, HOUR, 5.0)), 120),
        {T},
        day(
            lambda at: air(at) | ({T: air(at)[T] - 5.0, RH: min(100.0, air(at)[RH] + 15.0)} if at >= HOUR else {}), 120
        ),
    ),
    "wet_sensor": (
        day(but(relative_humidity=lambda at: {RH: 97.0 + round(0.1 * math.sin(at), 1)}, illuminance=60_000.0), 240),
        {RH},
        day(but(relative_humidity=100.0, illuminance=9000.0, wind_speed=0.4), 240),
    ),
    "iced": (
        day(lambda at: air(at) | FROST | {VANE: round(at * 7) % 360}, 120),
        {WIND, VANE},  # which tells a calm that there is not
        day(lambda at: air(at) | FROST | {VANE: 91.0}, 120),
    ),
    "cups_held": (
        day(lambda at: air(at) | {WIND: 0.0, VANE: round(at * 7) % 360}, 140),
        {WIND, VANE},
        day(lambda at: air(at) | {WIND: 0.0, VANE: round(at * 7) % 360 if at % 3600 < 2400 else 91.0}, 300),
    ),
    "fog": (
        day(but(pm2p5=250.0, relative_humidity=99.0), 5),
        {PM},
        day(but(pm2p5=250.0, relative_humidity=80.0), 5),
    ),
    # the sun
    "more_than_the_sun": (
        day(but(illuminance=80_000.0), 3, utc=MIDNIGHT),
        {LIGHT},
        day(but(illuminance=130_000.0), 3, utc=NOON),
    ),
    "covered": (
        day(but(illuminance=60.0), 70, utc=NOON),
        {LIGHT},
        day(but(illuminance=lambda at: {LIGHT: 60.0 if at % 3000 else 9000.0}), 100, utc=NOON),
    ),
    "snowed": (
        day(lambda at: frost_morning(at) | {LIGHT: 3000.0 + at % 7}, 100, utc=NOON),
        {LIGHT},
        day(lambda at: frost_morning(at) | {LIGHT: 3000.0 + at % 7, RH: 92.0 + at % 3}, 100, utc=NOON),
    ),
    "over_the_sky": (
        day(lambda at: {SUN: sky(at + 8 * HOUR, 1.44)}, 480, pace=1.0, utc=MIDNIGHT + 8 * HOUR),
        {SUN},
        day(lambda at: {SUN: sky(at + 8 * HOUR, 1.36)}, 480, pace=1.0, utc=MIDNIGHT + 8 * HOUR),
    ),
    "never_bright": (  # clear days and dark ones, of which a tenth is told; and a place in a mountain's shade
        day(lambda at: {SUN: sky(at, 0.1 if at // 7200 % 2 else 0.02)}, 9 * 1440, pace=1.0, utc=MIDNIGHT),
        {SUN},
        day(lambda at: {SUN: sky(at, 0.1 if at // 7200 % 2 else 0.04)}, 9 * 1440, pace=1.0, utc=MIDNIGHT),
    ),
    # an empty register
    "void_word": (
        day(but(air_temperature=lambda at: {T: air(at)[T] if at < 600 else -0.1}), 12),
        {T},
        day(but(air_temperature=lambda at: {T: round(1.2 - at / 500, 1) if at < 600 else -0.1}), 12),
    ),
    # soil and leaves
    "no_soil_water": (
        day(but(soil_moisture=0.0), 3),
        {"soil_moisture"},
        day(but(soil_moisture=1.2), 3),
    ),
    "all_water": (
        day(but(soil_moisture=100.0), 3),
        {"soil_moisture"},
        day(but(soil_moisture=99.9), 3),
    ),
    "wet_in_dry_air": (
        day(lambda at: dry(at) | {"leaf_wetness": 100.0}, 130),
        {"leaf_wetness"},
        day(lambda at: dry(at) | {"leaf_wetness": 100.0, RAIN: 0.2 * (at >= 3600.0)}, 130),
    ),
    # two of one quantity
    "differs_from_other": (
        day(lambda at: air(at) | {f"{T}.hedge": air(at)[T] + 4.0}, 15),
        {T, f"{T}.hedge"},
        day(lambda at: air(at) | {f"{T}.hedge": air(at)[T] + 2.0}, 15),
    ),
    "clogged": (
        day(lambda at: air(at) | {f"{RAIN}.roof": 0.2 * (at // 120)}, 40),
        {RAIN},
        day(lambda at: air(at) | {RAIN: 0.2 * (at > 300), f"{RAIN}.roof": 0.2 * (at // 120)}, 40),
    ),
    # rain
    "more_than_specified": (day(but(rainfall_amount=told(0, 6)), 4), {RAIN}, day(but(rainfall_amount=told(0, 4)), 4)),
    "melt": (
        day(but(rainfall_amount=told(0, 0.2), air_temperature=0.4), 4),
        {RAIN},
        day(but(rainfall_amount=told(0, 0.2), air_temperature=2.0), 4),
    ),
    "drips": (day(but(rainfall_amount=tips(420.0), relative_humidity=60.0), 90), {RAIN}, day(SHOWERS, 90)),
    "watered": (
        day(lambda at: dry(at) | {RAIN: round(0.2 * (at // 120), 1)}, 40),
        {RAIN},
        day(lambda at: dry(at) | {RAIN: round(0.2 * (at // 120), 1), RH: 30.0 + 25.0 * (at > 600)}, 40),
    ),
    "more_than_any_rain": (
        day(but(rainfall_amount=told(0, 90, 90.2, 90.4)), 5),
        {RAIN},
        day(but(rainfall_amount=told(0, 3, 6, 9)), 5),
    ),
    "counter_restarted": (
        day(but(rainfall_amount=told(50, 0.2, 0.4)), 4),
        {RAIN},
        day(but(rainfall_amount=told(50, 50.2, 50.4)), 4),
    ),
    "counter_fell": (
        day(but(rainfall_amount=told(500, 300, 300.2)), 4),
        {RAIN},
        day(but(rainfall_amount=lambda at: {RAIN: 300.0 if at == 130.0 else 500.0}), 4),
    ),
    "counter_came_back": (
        day(but(rainfall_amount=told(50, 0, 0, 50.2, 50.4)), 8),
        {RAIN},
        day(but(rainfall_amount=told(50, 50, 50.2)), 8),
    ),
    "counter_unsettled": (
        day(but(rainfall_amount=lambda at: {RAIN: 900.0 if at == 110.0 else 50.0}), 4),
        {RAIN},
        day(but(rainfall_amount=lambda at: {RAIN: 900.0 if at == 80.0 else 50.0}), 4),
    ),
    "wrapped_unread": (
        day(but(rainfall_amount=told(3299.0, None, None, None, 1.0)), 7, wraps_at=3300.0),
        {RAIN},
        day(but(rainfall_amount=told(3299.0, 3299.6, 0.2)), 7, wraps_at=3300.0),
    ),
    "fell_before": (
        day(but(rainfall_amount=told(5, None, None, None, 8)), 7),
        {RAIN},
        day(but(rainfall_amount=told(5, None, None, None, 5)), 7),
    ),
    "fell_before_restart": (
        day(but(rainfall_amount=told(5, 5, 8)), 4, rebooted=120.0),
        {RAIN},
        day(but(rainfall_amount=told(5, 5, 5)), 4, rebooted=120.0),
    ),
    "end_unread": (
        day(but(rainfall_amount=few(RAIN, 2)), 3),
        {RAIN},
        day(but(rainfall_amount=few(RAIN, 5)), 3),
    ),
    # no value
    "no_readings": (
        day(but(air_temperature=lambda at: {T: 8.0} if at < 60 else {}), 3),
        {T},
        day(air, 3),
    ),
    "scarce": (day(but(air_temperature=few(T, 3)), 3), {T}, day(but(air_temperature=few(T, 4)), 3)),
    "scarce_because": (day(lambda at: {f"{T}.off": 8.0} if at % 60 < 30 else {}, 3), {f"{T}.off"}, day(air, 3)),
    "directions_cancel": (
        day(but(wind_from_direction=lambda at: {VANE: 90.0 if at % 20 else 270.0}), 3),
        {VANE},
        day(but(wind_from_direction=lambda at: {VANE: 90.0 if at % 20 else 200.0}), 3),
    ),
    "no_gust": (lambda: short(2), {GUST}, lambda: short(5)),
}
