"""What weather does to the air at its quickest, along smooth edges: a front is seconds to minutes wide, never a leap.

Heights and widths are those that mesoscale stations record: gust fronts of 4 to 8 K and 1 to 2.5 hPa in 2 to 8 minutes,
foehn of 6 to 12 K in 3 to 15, valley winds that bring air of another vapour in 4 to 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.bench.climates import DAY, saturated


def edge(at: float, middle: float, minutes: float) -> float:
    """Return how far a change has come that takes so many minutes from a tenth to nine tenths."""
    x = (at - middle) / (minutes * 60.0 / 4.394)
    return 0.0 if x < -40 else 1.0 if x > 40 else 1.0 / (1.0 + math.exp(-x))


def hump(at: float, begin: float, end: float, minutes: float) -> float:
    """Return how much of what comes in so many minutes, and goes in twice as many, is there."""
    return edge(at, begin, minutes) * (1 - edge(at, end, minutes * 2))


@dataclass(slots=True)
class Air:
    """Air at an instant: degC, hPa of vapour, hPa, m/s to the east and north, cloud and fog 0..1, mm/min of rain."""

    temperature: float
    vapour: float
    pressure: float
    east: float
    north: float
    cloud: float
    rain: float = 0.0
    fog: float = 0.0


Event = Callable[[Air, float], None]


def squall(rng: Random, hail: bool = False) -> Event:
    """Return a gust front with its cold pool and cloudburst, with hail where that is wished."""
    at, wide = rng.uniform(13, 20) * 3600, rng.uniform(2, 8)
    drop, slow = rng.uniform(4, 8), rng.uniform(1, 4)
    high, nose = rng.uniform(0.8, 2.5), rng.uniform(0, 0.6)
    blow, turn = rng.uniform(6, 14), rng.uniform(0, 2 * math.pi)
    lasts, mm = rng.uniform(15, 50) * 60, rng.uniform(0.4, 2.2)
    ice, ice_at, ice_wide = (rng.uniform(2, 5) if hail else 0.0), at + rng.uniform(6, 15) * 60, rng.uniform(3, 6)

    def event(air: Air, t: float) -> None:
        cold = drop * edge(t, at, wide) + slow * edge(t, at + 900, 20)
        cold += ice * edge(t, ice_at, ice_wide)
        cold *= 1 - 0.6 * edge(t, at + lasts + 3600, 90)
        air.temperature -= cold
        air.vapour -= 0.12 * air.vapour * hump(t, at, at + lasts + 3600, wide)
        air.vapour += 0.05 * air.vapour * hump(t, at + 600, at + lasts, 10)
        air.pressure += high * hump(t, at + 60 * wide, at + lasts + 3000, wide * 1.5)
        air.pressure += nose * hump(t, at - 40, at + 100, 1.5)
        air.pressure -= 0.8 * hump(t, at + lasts + 1500, at + lasts + 4000, 25)
        gust = blow * (hump(t, at, at + 480, max(1.0, wide * 0.5)) + 0.5 * hump(t, at + 480, at + lasts, 8))
        calm = 1 - 0.8 * hump(t, at, at + lasts, wide)
        air.east, air.north = air.east * calm + gust * math.sin(turn), air.north * calm + gust * math.cos(turn)
        air.cloud = max(air.cloud, hump(t, at - 900, at + lasts + 2400, 12))
        air.rain += mm * (1.6 if hail else 1.0) * hump(t, at + 60 * wide + 120, at + lasts * 0.6, 4)
        air.rain += 0.06 * hump(t, at + 900, at + lasts + 1800, 10)

    return event


def front(rng: Random) -> Event:
    """Return a cold front: hours of wind and rain, drier air behind it."""
    at, wide = rng.uniform(4, 20) * 3600, rng.uniform(8, 40)
    drop, blow, fall = rng.uniform(4, 9), rng.uniform(5, 12), rng.uniform(2, 6)
    turn = rng.uniform(4.5, 6)

    def event(air: Air, t: float) -> None:
        air.temperature -= drop * edge(t, at, wide) + 2.0 * edge(t, at + 7200, 120)
        air.vapour -= 0.35 * air.vapour * edge(t, at + 1200, 60) - 0.1 * air.vapour * hump(t, at, at + 3600, 10)
        air.pressure += fall * (1.5 * edge(t, at + 3600, 180) - edge(t, at - 10800, 360)) + 0.5 * edge(t, at, wide)
        gust = blow * hump(t, at, at + 4 * 3600, wide * 0.5)
        air.east, air.north = air.east + gust * math.sin(turn), air.north + gust * math.cos(turn)
        air.cloud = max(air.cloud, 0.95 * hump(t, at - 3600, at + 5400, 40))
        air.rain += 0.08 * hump(t, at - 600, at + 5400, 15) + 0.25 * hump(t, at, at + 900, 5)

    return event


def foehn(rng: Random) -> Event:
    """Return foehn that comes, pauses and goes within minutes."""
    begin, last = rng.uniform(1, 14) * 3600, rng.uniform(2, 8) * 3600
    on, off = rng.uniform(3, 15), rng.uniform(3, 10)
    warm, dry, blow = rng.uniform(6, 12), rng.uniform(0.05, 0.35), rng.uniform(6, 14)
    pauses = [begin + rng.uniform(0.1, 0.9) * last for _ in range(rng.randint(0, 2))]
    turn = rng.uniform(2.6, 3.6)

    def event(air: Air, t: float) -> None:
        blows = hump(t, begin, begin + last, on) if off > on else edge(t, begin, on) - edge(t, begin + last, off)
        for pause in pauses:
            blows *= 1 - 0.8 * (edge(t, pause, on) - edge(t, pause + 900, off))
        air.temperature += warm * blows * (1.0 if t % DAY < 9 * 3600 or t % DAY > 18 * 3600 else 0.5)
        air.vapour *= 1 - dry * blows
        air.pressure -= 1.5 * hump(t, begin - 3600, begin + last, 60)
        air.east, air.north = air.east + blow * blows * math.sin(turn), air.north + blow * blows * math.cos(turn)

    return event


def inversion(rng: Random) -> Event:
    """Return the cold pool of a clear night with its seiches, broken up after sunrise."""
    deep, breaks, wide = rng.uniform(3, 7), rng.uniform(8.2, 10) * 3600, rng.uniform(15, 60)
    period, swing = rng.uniform(8, 25) * 60, rng.uniform(0.3, 1.8)

    def event(air: Air, t: float) -> None:
        pool = edge(t, 20 * 3600, 180) + 1 - edge(t, breaks, wide)
        air.temperature -= deep * pool
        air.vapour -= 0.04 * air.vapour * pool
        calm = 1 - 0.9 * pool
        wave = pool * math.sin(2 * math.pi * t / period) * (0.6 + 0.4 * math.sin(t / 5000))
        air.temperature += swing * wave
        air.east, air.north = air.east * calm + 0.4 * wave, air.north * calm + 0.5 * pool
        air.vapour += 0.25 * air.vapour * hump(t, breaks, breaks + 3600, wide * 0.5)

    return event


def fog(rng: Random) -> Event:
    """Return fog of a night and morning that parts three times."""
    comes, goes, wide = rng.uniform(-6, 4) * 3600, rng.uniform(8.5, 11.5) * 3600, rng.uniform(10, 40)
    gaps = [rng.uniform(comes, goes) for _ in range(3)]

    def event(air: Air, t: float) -> None:
        thick = edge(t, comes, 30) - edge(t, goes, wide)
        for gap in gaps:
            thick *= 1 - 0.7 * (edge(t, gap, 5) - edge(t, gap + 1200, 5))
        air.fog = max(air.fog, thick)
        air.cloud = max(air.cloud, 0.9 * thick)
        calm = 1 - 0.7 * thick
        air.east, air.north = air.east * calm, air.north * calm
        air.rain += 0.002 * thick

    return event


def valley(rng: Random) -> Event:
    """Return wind up the valley by day and down by night, each with air of another vapour."""
    up, down = rng.uniform(9, 12) * 3600, rng.uniform(18, 21) * 3600
    wide_up, wide_down = rng.uniform(4, 10), rng.uniform(4, 10)
    blow, change, warm = rng.uniform(3, 8), rng.uniform(-0.35, 0.35), rng.uniform(-1.5, 1.0)

    def event(air: Air, t: float) -> None:
        day = edge(t, up, wide_up) - edge(t, down, wide_down)
        air.north += blow * day - 2.0 * (1 - day)
        air.vapour *= 1 + change * day
        air.temperature += warm * day

    return event


def heatburst(rng: Random) -> Event:
    """Return a heat burst: the hot, dry end of a storm at night."""
    at, wide, last = rng.uniform(0, 5) * 3600, rng.uniform(4, 10), rng.uniform(15, 60) * 60
    warm, dry, blow, low = rng.uniform(3, 7), rng.uniform(0.2, 0.45), rng.uniform(5, 12), rng.uniform(0.5, 2)

    def event(air: Air, t: float) -> None:
        share = hump(t, at, at + last, wide)
        air.temperature += warm * share
        air.vapour *= 1 - dry * share
        air.pressure -= low * hump(t, at, at + last, wide * 1.5)
        air.east += blow * share

    return event


def cumulus(rng: Random) -> Event:
    """Return a day of cumulus, whose shadows come and go."""
    phases = [rng.uniform(0, 7) for _ in range(4)]

    def event(air: Air, t: float) -> None:
        field = sum(math.sin(t / (150 + 230 * n) + p) for n, p in enumerate(phases))
        share = 1 / (1 + math.exp(-6 * field)) * (edge(t, 9.5 * 3600, 90) - edge(t, 18 * 3600, 90))
        air.cloud = max(air.cloud, 0.95 * share)
        air.temperature -= 0.5 * share

    return event


def drizzle(rng: Random) -> Event:
    """Return a rainy day and night, in which everything stands nearly still."""
    begin, wet = rng.uniform(-12, 3) * 3600, rng.uniform(0.88, 0.985)

    def event(air: Air, t: float) -> None:
        share = edge(t, begin, 60)
        air.cloud = max(air.cloud, 0.98 * share)
        target = wet * saturated(air.temperature)
        air.vapour += (1.0 if target > air.vapour else 0.9) * share * (target - air.vapour)
        air.rain += 0.03 * share * (1 + math.sin(t / 2500))
        air.east, air.north = air.east * (1 - 0.5 * share), air.north * (1 - 0.5 * share)

    return event
