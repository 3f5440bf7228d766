"""A made morning at a mast, changed in one thing, and what the station's minutes say of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from drivers.driver import Channel
from drivers.reading import Reading
from drivers.reason import Reason
from edge.measure.counter import Counter
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Site
from edge.records.bodies import Minute
from tests.kits.station_day import RESOLUTION, Truth

T, RH, P, LIGHT = "air_temperature", "relative_humidity", "air_pressure", "illuminance"
WIND, VANE, GUST, RAIN, PM = "wind_speed", "wind_from_direction", "wind_speed_of_gust", "rainfall_amount", "pm2p5"
HOUR = 3600.0
SITE = Site(31.68, 103.85, 1590.0)
MIDNIGHT = 1_750_003_200.0  # 2025-06-16 00:00 at UTC+8
Day = Callable[[], list[Minute]]


def air(at: float) -> dict[str, float]:
    """Return a morning from 00:00 that warms by 2 K an hour, all of it lively."""
    return {
        T: round(8 + at / 1800 + 0.2 * math.sin(at / 300), 1),
        RH: round(85 - at / 600 + 0.5 * math.sin(at / 200), 1),
        P: round(836 + 0.3 * math.sin(at / 900) + 0.1 * math.sin(at / 7), 1),
        WIND: round(1.6 + math.sin(at / 90), 1),
        VANE: round(180 + 60 * math.sin(at / 200)) % 360,
        PM: round(45 + 8 * math.sin(at / 37)),
        LIGHT: round(20_000 + at * 2 + at % 7),
        RAIN: 0.0,
    }


def but(**other: float | Truth) -> Truth:
    """Return that morning with other values: numbers, or functions of the instant that give values ({}: none came)."""

    def truth(at: float) -> dict[str, float]:
        found = air(at)
        for name, value in other.items():
            if callable(value):
                found.pop(name, None)
                found |= value(at)
            else:
                found[name.replace("__", ".")] = value
        return found

    return truth


def day(
    truth: Truth,
    minutes: int,
    *,
    pace: float = 6.0,
    utc: float | None = None,
    wraps_at: float | None = None,
    rebooted: float | None = None,
) -> Day:
    """Return what the station's minutes say of it; `utc`: that of the first instant; `rebooted`: then, and lost it."""
    return lambda: list(_minutes(truth, minutes, pace, utc, wraps_at, rebooted))


def _minutes(
    truth: Truth, count: int, pace: float, utc: float | None, wraps_at: float | None, rebooted: float | None
) -> Iterator[Minute]:
    step = 60.0 / pace
    names = dict.fromkeys(name for n in range(round(count * pace)) for name in truth(n * step))
    mast = _mast([*names], pace, None, utc)
    for number in range(count):
        begin, boot = 60.0 * number, 0.0
        if rebooted is not None and begin >= rebooted:
            boot = rebooted
            if begin == rebooted:
                mast = _mast([*names], pace, mast, utc)
        for n in range(round(pace)):
            for name, value in truth(begin + n * step).items():
                quantity, _, sensor = name.partition(".")
                wraps = wraps_at if quantity == RAIN else None
                mast.take(sensor or "mast", Reading(quantity, value, begin - boot + n * step, wraps_at=wraps))
        yield mast.close(begin - boot, begin - boot + 60.0, None if utc is None or boot else utc, {"off": OFF})


OFF = Reason("silent", "it is silent")


def _mast(names: list[str], pace: float, before: Minutes | None, utc: float | None) -> Minutes:
    lines = []
    for name in names:
        quantity, _, sensor = name.partition(".")
        channel = Channel(quantity, -1e6, 1e6, RESOLUTION.get(quantity, 0.1))
        line = ChannelLine(name, sensor or "mast", channel, limits_for(quantity, 1590), pace, height_m=2.0)
        was = None if before is None else before.lines[line.sensor, quantity].counter
        line.counter = None if was is None else Counter(was.state, "later")
        lines.append(line)
    return Minutes(lines, None if utc is None else SITE)


def short(seconds: int) -> list[Minute]:
    """Return a minute that was cut short, of an anemometer that is read each second."""
    minutes = _mast([WIND], 60.0, None, None)
    for at in range(seconds):
        minutes.take("mast", Reading(WIND, 4.0, float(at)))
    return [minutes.close(0.0, float(seconds), None, {})]


def once(name: str, instants: tuple[float, ...], value: float) -> Truth:
    """Return a function that has another value at these instants."""
    return lambda now: {name: value if now in instants else air(now)[name]}


def more(name: str, at: float, by: float) -> Truth:
    """Return a function that is off by so much from an instant on."""
    return lambda now: {name: round(air(now)[name] + (by if now >= at else 0.0), 1)}


def told(*totals: float | None) -> Truth:
    """Return a gauge whose total is such in each minute; None: it is silent."""

    def gauge(now: float) -> dict[str, float]:
        total = totals[min(int(now // 60), len(totals) - 1)]
        return {} if total is None else {RAIN: total}

    return gauge


def tips(every: float) -> Truth:
    """Return a gauge that tips as by a clock."""
    return lambda now: {RAIN: round(0.2 * (now // every), 1)}


def few(name: str, samples: int) -> Truth:
    """Return a function that has the first samples of each minute alone."""
    return lambda now: {name: air(now)[name]} if now % 60 < samples * 10 else {}
