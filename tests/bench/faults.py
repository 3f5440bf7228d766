"""Faults put by seed into the frames of a recorded day: what a broken sensor or line makes of true weather.

A frame is (instant s, quantity -> value). Each function gives new frames and the minutes it spoiled, by channel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

Frame = tuple[float, dict[str, float]]
Spoiled = dict[str, list[range]]  # channel -> spans of minutes

HOUR = 3600.0
# Least and most of a spike, offset and drift: from what spoils a minute's use to what a range check finds alone.
SPIKE = {
    "air_temperature": (1.0, 15.0),
    "relative_humidity": (4.0, 40.0),
    "air_pressure": (1.0, 30.0),
    "wind_speed": (10.0, 40.0),
    "pm2p5": (200.0, 800.0),
}
OFFSET = {"air_temperature": (4.0, 10.0), "relative_humidity": (16.0, 40.0), "air_pressure": (4.0, 20.0)}
STUCK = ("air_temperature", "relative_humidity", "air_pressure", "wind_speed", "wind_from_direction", "pm2p5")
UP_ONLY = ("wind_speed", "pm2p5")  # what lies near zero can't spike below it
TURN = ("air_temperature", "relative_humidity", "wind_speed", "pm2p5", "pm10")  # fields a slipped frame moves up


def copied(frames: list[Frame]) -> list[Frame]:
    """Return copies of the frames, to be spoiled."""
    return [(at, dict(values)) for at, values in frames]


def minute(at: float) -> int:
    """Return the minute of an instant."""
    return int(at // 60)


def spikes(frames: list[Frame], rng: Random) -> tuple[list[Frame], Spoiled]:
    """Let one sample leap, in each quantity about 60 times a day."""
    frames, spoiled = copied(frames), Spoiled()
    for name, (least, most) in SPIKE.items():
        for place in rng.sample(range(100, len(frames) - 100), 60):
            at, values = frames[place]
            if name in values and not _taken(spoiled, name, minute(at)):
                sign = 1 if name in UP_ONLY else rng.choice((-1, 1))
                values[name] = round(values[name] + sign * rng.uniform(least, most), 1)
                spoiled.setdefault(name, []).append(range(minute(at), minute(at) + 1))
    return frames, spoiled


def stuck(
    frames: list[Frame], rng: Random, may: Callable[[str, dict[str, float]], bool]
) -> tuple[list[Frame], Spoiled]:
    """Repeat the last value for 90 to 240 minutes, three times a day in each quantity, where `may` allows."""
    frames, spoiled = copied(frames), Spoiled()
    for name in STUCK:
        for _ in range(3):
            place = rng.randrange(100, len(frames) - 100)
            begin, values = frames[place]
            end = begin + 60 * rng.uniform(90, 240)
            span = range(minute(begin), minute(end) + 2)
            if end > 86_400 or name not in values or _near(spoiled, name, span) or not may(name, values):
                continue
            _spoil(frames, begin, end, name, partial(held, values[name]))
            spoiled.setdefault(name, []).append(span)
    return frames, spoiled


def offsets(frames: list[Frame], rng: Random) -> tuple[list[Frame], Spoiled]:
    """Raise each quantity by a constant for two hours, once in each half of the day."""
    return _shifted(frames, rng, OFFSET, 2 * HOUR, lambda _age: 1.0)


def drifts(frames: list[Frame], rng: Random) -> tuple[list[Frame], Spoiled]:
    """Let each quantity creep away over four hours, as far as an offset goes."""
    return _shifted(frames, rng, OFFSET, 4 * HOUR, lambda age: age / (4 * HOUR))


def missing(frames: list[Frame], rng: Random) -> tuple[list[Frame], Spoiled]:
    """Let the line be dead for 2 to 10 whole minutes, ten times a day."""
    gone = [range(begin, begin + rng.randint(2, 10)) for begin in rng.sample(range(60, 1380, 20), 10)]
    kept = [frame for frame in frames if not any(minute(frame[0]) in span for span in gone)]
    return kept, dict.fromkeys(frames[0][1], gone)


def slipped(frames: list[Frame], rng: Random) -> tuple[list[Frame], Spoiled]:
    """Let one to three frames in a row hold their values one field further, 40 times a day."""
    frames, spoiled = copied(frames), Spoiled()
    for place in rng.sample(range(100, len(frames) - 100, 10), 40):
        for at, values in frames[place : place + rng.randint(1, 3)]:
            names = [name for name in TURN if name in values]
            turned = dict(zip(names, [values[names[-1]], *(values[n] for n in names[:-1])]))
            for name in names:
                if turned[name] != values[name]:
                    spoiled.setdefault(name, []).append(range(minute(at), minute(at) + 1))
            values.update(turned)
    return frames, {name: sorted(set(spans), key=lambda s: s.start) for name, spans in spoiled.items()}


def held(value: float, _at: float, _old: float) -> float:
    """Return what a stuck sensor gives."""
    return value


def shifted(begin: float, size: float, share: Callable[[float], float], at: float, old: float) -> float:
    """Return what a sensor gives that is off by a share of `size`."""
    return round(old + size * share(at - begin), 1)


def _shifted(
    frames: list[Frame],
    rng: Random,
    sizes: dict[str, tuple[float, float]],
    lasts: float,
    share: Callable[[float], float],
) -> tuple[list[Frame], Spoiled]:
    frames, spoiled = copied(frames), Spoiled()
    for name, (least, most) in sizes.items():
        for half in (0, 12):
            begin = (half + rng.uniform(1, 7)) * HOUR
            size = rng.uniform(least, most)
            _spoil(frames, begin, begin + lasts, name, partial(shifted, begin, size, share))
            spoiled.setdefault(name, []).append(range(minute(begin), minute(begin + lasts)))  # not the leap back
    return frames, spoiled


def _spoil(frames: list[Frame], begin: float, end: float, name: str, new: Callable[[float, float], float]) -> None:
    for at, values in frames:
        if begin <= at < end and name in values:
            values[name] = new(at, values[name])


def _taken(spoiled: Spoiled, name: str, number: int) -> bool:
    return any(number in span for span in spoiled.get(name, []))


def _near(spoiled: Spoiled, name: str, span: range) -> bool:
    """Return whether another spell lies so close that the two would be one."""
    return any(span.start < other.stop + 70 and other.start < span.stop + 70 for other in spoiled.get(name, []))
