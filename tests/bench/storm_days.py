"""Days of storm, foehn, fog and calm at an orchard in a mountain valley, and what devices tell of them.

Turbulence, the suction of gusts at a barometer, and each device's lag, noise and step are put on the air that
storm_events.py makes. It shares nothing with the checks, nor with the twins' weather.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from tests.bench.climates import DAY, NOISE, TURNS, Frame, Wander, saturated, sun
from tests.bench.storm_events import (
    Air,
    Event,
    cumulus,
    drizzle,
    foehn,
    fog,
    front,
    heatburst,
    inversion,
    squall,
    valley,
)

STEP = 3.0  # s
LATITUDE, ALTITUDE_M = 31.68, 1590.0
PSYCHROMETRIC = 6.62e-4  # per K, of an aspirated psychrometer
WANDERS = {  # name -> spread, and the time, s, after which it has forgotten itself
    "eddy": (1.0, 90.0),
    "slow": (0.8, 40_000.0),
    "moist": (0.06, 15_000.0),
    "puff": (0.3, 12.0),
    "breeze": (0.4, 5000.0),
    "veer": (0.6, 20_000.0),
    "whirl": (0.25, 15.0),
    "wet_eddy": (0.02, 60.0),
    "high": (3.0, 150_000.0),
    "dust": (0.4, 10_000.0),
    "haze": (0.1, 1500.0),
}
STEPS = {"wind_from_direction": 1.0, "pm2p5": 1.0, "illuminance": 1.0, "rainfall_amount": 0.2}


@dataclass(frozen=True, slots=True)
class Scene:
    """A day: what happens on it, and the season it is in (degC, hPa of vapour, cloud 0..1)."""

    name: str
    events: tuple[Callable[[Random], Event], ...]
    day_of_year: int = 190
    mean: float = 22.0
    swing: float = 8.0
    vapour: float = 15.0
    cloud: float = 0.2


def hail(rng: Random) -> Event:
    """Return a squall with hail."""
    return squall(rng, True)


SPRING, WINTER = (95, 9.0, 8.0, 6.5), (15, -3.0, 7.0, 2.8)
SCENES = (
    Scene("squall", (squall, valley)),
    Scene("two squalls", (squall, squall)),
    Scene("hail", (hail, valley)),
    Scene("front", (front,), *SPRING),
    Scene("winter front", (front,), 15, 5.0, 7.0, 5.0),
    Scene("foehn", (foehn,), *SPRING),
    Scene("winter foehn", (foehn, inversion), *WINTER),
    Scene("inversion", (inversion, valley), *SPRING),
    Scene("winter inversion", (inversion,), *WINTER),
    Scene("fog", (fog, valley), 95, 9.0, 8.0, 9.0),
    Scene("freezing fog", (fog,), 15, -3.0, 7.0, 4.0),
    Scene("valley", (valley, cumulus)),
    Scene("heat burst", (heatburst, cumulus)),
    Scene("cumulus", (cumulus, valley), *SPRING),
    Scene("rain", (drizzle,), 190, 16.0, 3.0),
    Scene("cold rain", (drizzle,), 95, 5.0, 2.0, 6.5),
    Scene("quiet", (valley,), *SPRING),
)


def wet_bulb(temperature: float, vapour: float, pressure: float) -> float:
    """Return the psychrometer's wet bulb, by halving."""
    low, high = temperature - 40.0, temperature
    for _ in range(14):
        middle = (low + high) / 2
        if saturated(middle) - PSYCHROMETRIC * pressure * (temperature - middle) > vapour:
            high = middle
        else:
            low = middle
    return high


class Weather:
    """The air of days in a row, each 3 s; its state joins from day to day."""

    def __init__(self, plan: list[Scene], rng: Random) -> None:
        self._rng = rng
        self._wanders = {
            name: Wander(spread, memory, rng.gauss(0, spread)) for name, (spread, memory) in WANDERS.items()
        }
        self._days = [(scene, [make(rng) for make in scene.events]) for scene in plan]
        self._warmth = self._rain = self._washed = 0.0
        self._left, self._last = (0.0,) * 5, (0.0,) * 5

    def _step(self, name: str) -> float:
        return self._wanders[name].step(self._rng, STEP)

    def frames(self) -> Iterator[Frame]:
        """Yield the air, by the names of its quantities."""
        for n in range(round(len(self._days) * DAY / STEP)):
            at = n * STEP
            scene, events = self._days[int(at // DAY)]
            level = max(0.0, sun(LATITUDE, scene.day_of_year, at))
            air = self._moved(scene, events, at % DAY, level)
            yield at, self._told(self._wetted(air, level), level)

    def _moved(self, scene: Scene, events: list[Event], t: float, level: float) -> Air:
        """Return what the day and its events make of the air; what is left of them at midnight passes within hours."""
        blows, turn = 1.2 * math.exp(self._step("breeze")) * (0.35 + 1.2 * level), 3.3 + self._step("veer")
        base = Air(
            scene.mean + scene.swing * self._warmth + self._step("slow"),
            scene.vapour * math.exp(self._step("moist")),
            835.0 + self._step("high") + 0.9 * math.cos(4 * math.pi * (t / DAY - 10 / 24)),
            blows * math.sin(turn),
            blows * math.cos(turn),
            min(0.9, max(0.0, scene.cloud + 0.6 * self._step("haze"))),
        )
        air = replace(base)
        for event in events:
            event(air, t)
        self._warmth += STEP / 9000.0 * (2.4 * (level * (1 - 0.6 * air.cloud) - 0.28) - self._warmth)
        now = tuple(getattr(air, name) - getattr(base, name) for name in MOVED)
        if t == 0:
            self._left = tuple(before - new for new, before in zip(now, self._last))
        self._last = tuple(new + math.exp(-t / 5400.0) * left for new, left in zip(now, self._left))
        return replace(air, **{name: getattr(base, name) + add for name, add in zip(MOVED, self._last)})

    def _wetted(self, air: Air, level: float) -> Air:
        """Return the air stirred, cooled by the rain that falls through it, and nowhere over saturation."""
        stir = 0.1 + 0.9 * level * (1 - air.cloud) if math.hypot(air.east, air.north) > 0.5 else 0.05
        temperature = air.temperature + 0.25 * stir * self._step("eddy")
        vapour = max(0.4, air.vapour) * (1 + self._step("wet_eddy") * stir)
        if air.fog > 0.01:
            vapour = max(vapour, vapour + air.fog * (saturated(temperature, True) - vapour))
        falls = min(1.0, air.rain / 0.1)
        self._washed += STEP * (falls - self._washed) / (300.0 if falls > self._washed else 3600.0)
        if self._washed >= 0.001:
            cooler = 0.92 * self._washed * (temperature - wet_bulb(temperature, vapour, air.pressure))
            temperature, vapour = temperature - cooler, vapour + PSYCHROMETRIC * air.pressure * cooler
        return replace(air, temperature=temperature, vapour=min(vapour, saturated(temperature, True)))

    def _told(self, air: Air, level: float) -> dict[str, float]:
        speed = max(0.0, math.hypot(air.east, air.north) * (1 + self._step("puff")))
        self._rain += air.rain * STEP / 60.0
        whirl = math.degrees(self._step("whirl"))
        return {
            "air_temperature": air.temperature,
            "relative_humidity": 100.0 * air.vapour / saturated(air.temperature),
            "air_pressure": air.pressure - 0.00075 * speed * speed,  # suction at a box without a static port
            "wind_speed": speed,
            "wind_from_direction": (math.degrees(math.atan2(air.east, air.north)) + whirl) % 360.0,
            "pm2p5": 25.0 * math.exp(self._step("dust")) * (0.4 if air.rain > 0.1 else 1.0),
            "illuminance": 131_760.0 * level * math.exp(-0.09 / max(level, 0.02)) * (1 - 0.93 * air.cloud**1.5),
            "rainfall_amount": self._rain,
        }


MOVED = ("temperature", "vapour", "pressure", "east", "north")


@dataclass(frozen=True)
class Kit:
    """Devices: s between two readings, the steps of what they tell, lags of thermometer and hygrometer (s)."""

    name: str
    every: float
    steps: dict[str, float] = field(default_factory=dict)
    lag_t: float = 60.0
    lag_h: float = 40.0

    def step(self, quantity: str) -> float:
        """Return the step in which a quantity is told."""
        return self.steps.get(quantity, STEPS.get(quantity, 0.1))


KITS = (
    Kit("every 10 s", 10.0),
    Kit("every 60 s", 60.0),
    Kit(
        "coarse, every 10 s",
        10.0,
        {"air_pressure": 1.0, "relative_humidity": 1.0, "wind_from_direction": 22.5},
        120.0,
        60.0,
    ),
)


def told(kit: Kit, air: list[Frame], rng: Random) -> Iterator[Frame]:
    """Yield what a kit of devices tells of the air."""
    held: dict[str, float] = {}
    due = 1.0
    for at, true in air:
        for name, lag in (("air_temperature", kit.lag_t), ("relative_humidity", kit.lag_h), ("wind_speed", 2.0)):
            before = held.get(name, true[name])
            held[name] = before + (1 - math.exp(-STEP / lag)) * (true[name] - before)
        if true["wind_speed"] >= TURNS or "wind_from_direction" not in held:
            held["wind_from_direction"] = true["wind_from_direction"]
        if at >= due:
            due += kit.every
            yield at, {name: device(kit, name, value, rng) for name, value in (true | held).items()}


def device(kit: Kit, name: str, value: float, rng: Random) -> float:
    """Return what one device tells: with its noise, in its steps, within its range; cups start at 0.3 m/s."""
    step = kit.step(name)
    if name == "rainfall_amount":
        return round(math.floor(value / step + 1e-9) * step, 1)
    value += rng.gauss(0, NOISE[name])
    if name == "wind_speed" and value < 0.3:
        return 0.0
    if name in ("relative_humidity", "pm2p5", "illuminance"):
        value = min(100.0 if name == "relative_humidity" else math.inf, max(0.0, value))
    found = round(round(value / step) * step, 2)
    return found % 360.0 if name == "wind_from_direction" else found
