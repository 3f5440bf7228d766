"""Aggregates of minutes, per channel and hour: as figures, and as exact sums.

Sums are exact (`math.fsum`): the result does not depend on the order of the minutes, or whether they come at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from edge.measure.wind import UNDEFINED
from edge.records.answers import Point

MISSING = 9  # the flag of a value that was not measured
SUMS = slice(4, 9)  # the positions of the sums in `Counts`
Addends = tuple[float, ...]  # numbers that represent their exact sum
Rests = tuple[Addends, Addends, Addends, Addends, Addends]


class Counts(NamedTuple):
    """The aggregates of a channel's minutes: the number with each flag, and for the good ones the following.

    `seconds`: their duration; `total`: of value x seconds (of a direction: the wind run); `amount`: the sum of values
    that are amounts; `east` and `north`: the parts of a direction's wind run; the extremes with the begin of their
    first minutes.
    """

    good: int
    suspect: int
    bad: int
    missing: int
    seconds: float
    total: float | None
    amount: float | None
    east: float | None
    north: float | None
    lowest: float | None
    lowest_at: int | None
    highest: float | None
    highest_at: int | None

    @property
    def mean(self) -> float | None:
        """The mean by time, of a direction the vector mean (0: calm); None if there is none."""
        if self.east is None or self.north is None:
            return None if self.total is None or not self.seconds else self.total / self.seconds
        if not self.total:
            return 0.0
        if math.hypot(self.east, self.north) < UNDEFINED * self.total:
            return None
        return math.degrees(math.atan2(self.east, self.north)) % 360.0 or 360.0

    def point(self, start_us: int, end_us: int) -> Point:
        """Return them as a point of a curve, for a host that has everything that was measured."""
        return Point(
            start_us,
            end_us,
            self.mean if self.amount is None else round(self.amount, 6),
            1 if self.good else MISSING,
            self.lowest,
            self.lowest_at,
            self.highest,
            self.highest_at,
            self.good,
            self.suspect,
            self.bad,
            self.missing,
            0,
        )


COUNTS = Counts._fields


class ExactSums(NamedTuple):
    """`Counts` before rounding, each sum as its exact addends, so that an hour can grow minute by minute."""

    good: int
    suspect: int
    bad: int
    missing: int
    seconds: Addends | None
    total: Addends | None
    amount: Addends | None
    east: Addends | None
    north: Addends | None
    lowest: float | None
    lowest_at: int | None
    highest: float | None
    highest_at: int | None

    def counts(self) -> Counts:
        """Return them as figures."""
        found: list[Any] = list(self)
        found[SUMS] = [None if terms is None else math.fsum(terms) for terms in found[SUMS]]
        return Counts(*found)

    def rests(self) -> str:
        """Return the rounding errors of the sums, as text for `parts_of`."""
        sums: list[Any] = list(self)[SUMS]
        return msgspec.json.encode([_rest(terms) for terms in sums]).decode()

    def plus(self, other: ExactSums) -> ExactSums:
        """Return the aggregates of these and other minutes."""
        found: list[Any] = [one + more for one, more in zip(self[:4], other[:4])]
        pairs: Iterable[Any] = zip(list(self)[SUMS], list(other)[SUMS])
        found += [_joined(one, more) for one, more in pairs]
        found += _first(1.0, (self.lowest, self.lowest_at), (other.lowest, other.lowest_at))
        found += _first(-1.0, (self.highest, self.highest_at), (other.highest, other.highest_at))
        return ExactSums(*found)


def parts_of(counts: Counts, rests: str | None) -> ExactSums | None:
    """Return the exact sums from which figures were rounded; None if `rests` is not a text of `ExactSums.rests`."""
    try:
        left = msgspec.json.decode(rests or "", type=Rests)
    except msgspec.MsgspecError:
        return None
    found: list[Any] = list(counts)
    found[SUMS] = [None if whole is None else (whole, *rest) for whole, rest in zip(found[SUMS], left)]
    return ExactSums(*found)


def _joined(one: Addends | None, more: Addends | None) -> Addends | None:
    return more if one is None else one if more is None else one + more


def _rest(terms: Addends | None) -> list[float]:
    """Return a few numbers whose exact sum is the rounding error of `math.fsum` of these."""
    found: list[float] = []
    while terms and (left := math.fsum((*terms, *(-one for one in found)))):
        found.append(left)
    return found[1:]


def _first(sign: float, *pairs: tuple[float | None, int | None]) -> tuple[float | None, int | None]:
    """Return the least value (with `sign` -1.0: the largest) with its instant; of equal ones the earliest."""
    known = [(sign * value, at, value) for value, at in pairs if value is not None and at is not None]
    if not known:
        return None, None
    _, at, value = min(known)
    return value, at


def together(parts: Iterable[Counts]) -> Counts:
    """Return the aggregates of several hours (at least one) of a channel."""
    every = list(parts)

    def of(name: str) -> list[Any]:
        return [value for part in every if (value := getattr(part, name)) is not None]

    found: list[Any] = [sum(of(name)) for name in COUNTS[:4]]
    found += [math.fsum(of(name)) if of(name) else None for name in COUNTS[4:9]]
    for extreme, name in ((min, "lowest"), (max, "highest")):
        value = extreme(of(name), default=None)
        instants = (getattr(part, f"{name}_at") for part in every if getattr(part, name) == value)
        found += [value, None if value is None else min(instants)]
    return Counts(*found)
