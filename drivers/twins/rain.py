"""The rain of the twins' weather: showers by seed and day, and their sums."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

DAY = 86_400
YEAR = 365.2425 * DAY
MASK = (1 << 64) - 1


def mixed(value: int) -> int:
    """Return 64 well-mixed bits of an integer (the finalizer of SplitMix64)."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
    return value ^ value >> 31


def ease(x: float) -> float:
    """Return 0 below 0, 1 above 1, smooth between."""
    return 0.0 if x <= 0.0 else x * x * (3 - 2 * x) if x < 1.0 else 1.0


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
        """Return the shower's influence on the air, 0..1, from half an hour before it to two hours after."""
        return ease((t - self.start + 1800) / 2400) * (1 - ease((t - self.start - self.length) / 7200))


class Rain:
    """The showers of a seed and their sums, which are slow to compute: shared by all `Weather`s of the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._before: tuple[float, ...] = (0.0,)  # mm fallen before each day; one object, as threads share it
        self._days: dict[int, tuple[Shower, ...]] = {}

    def showers(self, day: int) -> tuple[Shower, ...]:
        """Return the showers of one day (counted from day zero), none of which extends over midnight (UTC)."""
        if day not in self._days:
            summer = 0.5 - 0.5 * math.cos(2 * math.pi * (day * DAY / YEAR - 0.055))
            draws = (mixed(self._seed ^ mixed((day << 8 | n) & MASK)) / 2**64 for n in range(10))
            luck = next(draws)
            count = (luck < 0.16 + 0.34 * summer) + (luck < 0.05 + 0.12 * summer)
            self._days[day] = tuple(_shower(day, summer, next(draws), next(draws), next(draws)) for _ in range(count))
        return self._days[day]

    def fallen(self, t: float) -> float:
        """Return the mm fallen since day zero; nothing fell before it."""
        day, before = max(int(t // DAY), 0), self._before
        if day >= len(before):
            sums = [*before]
            for earlier in range(len(before) - 1, day):
                sums.append(sums[-1] + sum(s.amount for s in self.showers(earlier)))
            before = self._before = tuple(sums)
        return before[day] + sum([s.fallen(t) for s in self.showers(day)])


@lru_cache(16)
def rain_of(seed: int) -> Rain:
    """Return the shared `Rain` of a seed."""
    return Rain(seed)


def _shower(day: int, summer: float, when: float, how_long: float, how_much: float) -> Shower:
    length = 1200 + 9000 * how_long
    amount = 0.3 + (2 + 12 * summer) * how_much**3 * (length / 3600) ** 0.5
    return Shower(day * DAY + when * (DAY - length), length, amount)
