"""Days of other climates, made from physics: what no rule was set by, and what a rule must bear.

Each instant's air is a budget (sun by the site's latitude, radiation to the sky, wind that mixes, vapour that is kept
and condenses over water or ice), with slow and fast chance around it and the climate's own events. It shares nothing
with the twins' weather nor with the checks. Then each device tells it with its noise, its lag and its step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

STEP = 10.0  # s
DAY = 86_400.0
Frame = tuple[float, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Climate:
    """A place and season. Vapour hPa, temperatures degC, wind m/s, particles ug/m3; `events` a day, by kind."""

    name: str
    latitude: float
    altitude_m: float
    day_of_year: int
    mean: float
    swing: float
    vapour: float
    wind: float
    particles: float
    cloud: float
    tide: float
    synoptic: float
    events: tuple[str, ...] = ()
    foggy: bool = False


CLIMATES = (
    Climate("tropical wet", 3.0, 20.0, 100, 27.0, 4.0, 30.0, 1.5, 15.0, 0.6, 1.5, 1.0, ("squall",)),
    Climate("desert", 24.0, 600.0, 200, 31.0, 10.0, 7.0, 4.0, 60.0, 0.0, 1.0, 2.0, ("dust",)),
    Climate("maritime winter", 54.0, 30.0, 15, 6.0, 1.0, 9.6, 4.0, 8.0, 0.9, 0.3, 9.0, ("front",), foggy=True),
    Climate("alpine winter", 46.5, 1800.0, 20, -7.0, 5.0, 3.4, 1.0, 5.0, 0.3, 0.4, 5.0, ("foehn",), foggy=True),
    Climate("monsoon", 22.0, 100.0, 200, 28.0, 3.0, 30.0, 3.0, 25.0, 0.8, 1.2, 2.0, ("squall", "squall")),
)


@dataclass(slots=True)
class Wander:
    """A value that wanders about 0 by chance: its spread, and the time, s, after which it has forgotten itself."""

    spread: float
    memory: float
    value: float = 0.0

    def step(self, rng: Random, seconds: float = STEP) -> float:
        """Let so many seconds pass; return the value."""
        keep = math.exp(-seconds / self.memory)
        self.value = keep * self.value + math.sqrt(1 - keep * keep) * self.spread * rng.gauss(0, 1)
        return self.value


def saturated(temperature: float, ice: bool = False) -> float:
    """Return the vapour pressure of saturated air, hPa (Buck 1981: not the formula that is tested)."""
    if ice and temperature < 0:
        return 6.1115 * math.exp((23.036 - temperature / 333.7) * temperature / (279.82 + temperature))
    return 6.1121 * math.exp((18.678 - temperature / 234.5) * temperature / (257.14 + temperature))


def sun(latitude: float, day_of_year: int, at: float) -> float:
    """Return the sine of the sun's height at an instant of local solar time, s."""
    tilt = math.radians(-23.44) * math.cos(2 * math.pi * (day_of_year + 10) / 365.25)
    north, turn = math.radians(latitude), 2 * math.pi * (at / DAY - 0.5)
    return math.sin(north) * math.sin(tilt) + math.cos(north) * math.cos(tilt) * math.cos(turn)


def days(climate: Climate, count: int, seed: int) -> list[list[Frame]]:
    """Return so many days in a row of what two stations on one mast tell: frames of channels with seconds since 0.

    The second sensor's channels end in ".second".
    """
    rng = Random(f"{climate.name} {seed}")
    made: list[list[Frame]] = [[] for _ in range(count)]
    for at, frame in told(climate, true_air(climate, count, rng), rng):
        made[int(at // DAY)].append((at, frame))
    return made


def true_air(climate: Climate, count: int, rng: Random) -> Iterator[tuple[float, dict[str, float]]]:
    """Yield the air each ten seconds."""
    fast, slow = Wander(0.12, 400.0), Wander(1.2, 50_000.0)
    vapour, wind, gusts = Wander(0.08, 20_000.0), Wander(0.5, 9000.0), Wander(0.25, 25.0)
    veer, whirl, synoptic = Wander(60.0, 30_000.0), Wander(12.0, 40.0), Wander(climate.synoptic, 120_000.0)
    cloud, dust, eddies = Wander(0.35, 2500.0), Wander(0.4, 15_000.0), Wander(0.06, 120.0)
    events = [(day * DAY + rng.uniform(0.1, 0.9) * DAY, kind) for day in range(count) for kind in climate.events]
    warmth, rain, weather = 0.0, 0.0, 0.0
    height = math.exp(-climate.altitude_m / 8400.0)
    for n in range(round(count * DAY / STEP)):
        at = n * STEP
        level = max(0.0, sun(climate.latitude, climate.day_of_year, at))
        sky = min(1.0, max(0.0, climate.cloud + cloud.step(rng)))
        warmth += STEP / 9000.0 * (climate.swing * 2.4 * (level * (1 - 0.6 * sky) - 0.28) - warmth)
        blows = max(0.0, climate.wind * math.exp(wind.step(rng) - 0.6 + 0.9 * level) - 0.15)
        temperature = climate.mean + warmth + slow.step(rng) + fast.step(rng) * (0.2 + 2.2 * level)
        wet = climate.vapour * math.exp(vapour.step(rng)) * (1 + 0.15 * eddies.step(rng))
        weather += STEP / 10_000.0 * (synoptic.step(rng) - weather)  # pressure has no noise of its own
        pressure = 1013.25 * height + weather + climate.tide * math.cos(4 * math.pi * (at / DAY - 10 / 24))
        share, air = event(events, at)
        temperature, wet = temperature + air["warm"] * share, max(0.3, wet + air["vapour"] * share)
        blows, pressure = blows + air["wind"] * share, pressure + air["pressure"] * share
        saturation = saturated(temperature, climate.foggy and temperature < 0)
        wet = min(wet, saturation * (1 - 0.4 * level * (1 - 0.6 * sky)))  # the sun stirs drier air in from above
        rain += air["rain"] * share * STEP / 60.0 + (0.0004 if climate.foggy and wet >= saturation else 0.0)
        yield (
            at,
            {
                "air_temperature": temperature,
                "relative_humidity": 100.0 * wet / saturated(temperature),
                "air_pressure": pressure,
                "wind_speed": blows * max(0.0, 1 + gusts.step(rng)),
                "wind_from_direction": (200.0 + veer.step(rng) + whirl.step(rng)) % 360.0,
                "pm2p5": climate.particles * math.exp(dust.step(rng)) + air["dust"] * share,
                "illuminance": 122.0 * 1080.0 * level * math.exp(-0.06 / max(level, 0.01)) * (1 - 0.75 * sky),
                "rainfall_amount": rain,
            },
        )


CALM = {"warm": 0.0, "vapour": 0.0, "wind": 0.0, "pressure": 0.0, "dust": 0.0, "rain": 0.0}
EVENTS: dict[str, tuple[float, float, dict[str, float]]] = {  # how fast, how long (s), what it adds at its height
    "squall": (500.0, 2400.0, {"warm": -6.0, "vapour": -4.0, "wind": 9.0, "pressure": 1.8, "rain": 1.6}),
    "dust": (900.0, 7200.0, {"warm": -3.0, "vapour": 1.0, "wind": 10.0, "pressure": 0.8, "dust": 700.0}),
    "front": (3600.0, 14_400.0, {"warm": -3.0, "vapour": -1.5, "wind": 11.0, "pressure": -6.0, "rain": 0.05}),
    "foehn": (1200.0, 18_000.0, {"warm": 9.0, "vapour": -0.6, "wind": 7.0, "pressure": -1.5}),
}


def event(events: list[tuple[float, str]], at: float) -> tuple[float, dict[str, float]]:
    """Return how far the strongest event has come at an instant (0..1), and what it adds."""
    best, adds = 0.0, CALM
    for begin, kind in events:
        fast, long, found = EVENTS[kind]
        share = min(1.0, max(0.0, (at - begin) / fast)) * min(1.0, max(0.0, (begin + fast + long - at) / (2 * fast)))
        if share > best:
            best, adds = share, CALM | found
    return best, adds


STEPS = {"wind_from_direction": 1.0, "pm2p5": 1.0, "illuminance": 1.0, "rainfall_amount": 0.2}
NOISE = {
    "air_temperature": 0.03,
    "relative_humidity": 0.12,
    "air_pressure": 0.04,
    "wind_speed": 0.03,
    "wind_from_direction": 0.5,
    "pm2p5": 0.7,
    "illuminance": 3.0,
}
LAG = {"air_temperature": 60.0, "relative_humidity": 40.0}  # s
# What a device can tell; cups start at 0.3 m/s, an optical counter ends at 999.
LEAST = {
    "relative_humidity": (0.0, 100.0),
    "wind_speed": (0.3, 75.0),
    "pm2p5": (0.0, 999.0),
    "illuminance": (0.0, 2e5),
}
TURNS = 0.4  # m/s; a vane rests in weaker wind


def told(climate: Climate, air: Iterator[tuple[float, dict[str, float]]], rng: Random) -> Iterator[Frame]:
    """Yield what the devices tell of it: the mast's, and a second one's in a poorer screen."""
    held: dict[str, float] = {}
    for at, true in air:
        frame: dict[str, float] = {}
        if true["wind_speed"] >= TURNS or "vane" not in held:
            held["vane"] = true["wind_from_direction"]
        heated = 0.9 * max(0.0, sun(climate.latitude, climate.day_of_year, at)) / (1 + true["wind_speed"])
        offs = {"air_temperature": 0.2 + heated, "relative_humidity": 1.5, "air_pressure": -0.3}
        for name, value in (true | {"wind_from_direction": held["vane"]}).items():
            frame[name] = device(name, name, value, held, rng)
            if name in offs:
                frame[f"{name}.second"] = device(f"{name}.second", name, value + offs[name], held, rng)
        yield at, frame


def device(key: str, name: str, value: float, held: dict[str, float], rng: Random) -> float:
    """Return what one device tells: behind by its lag, with its noise, in its steps, within its range."""
    if name in LAG:
        held[key] = value = held.get(key, value) + STEP / LAG[name] * (value - held.get(key, value))
    step = STEPS.get(name, 0.1)
    low, high = LEAST.get(name, (float("-inf"), float("inf")))
    if name == "rainfall_amount":
        return round(math.floor(value / step + 1e-9) * step, 1)
    value += rng.gauss(0, NOISE[name])
    if name == "wind_speed":
        return 0.0 if value < low else round(min(value, high), 1)
    told_value = round(round(min(max(value, low), high) / step) * step, 1)
    return told_value % 360.0 if name == "wind_from_direction" else told_value
