"""Two sensors of one quantity on one mast, compared and never averaged: where they part, both are suspect.

Nobody can say which of two is wrong (WMO-No. 305: a pair that differs too much makes both suspect). They must
differ for ten minutes on end, so that a gust or a cloud's edge at one of them is no fault. Sensors more than a
metre apart in height are not compared: on a clear night half a mast of air holds several degrees.

Bounds (ours, but for particles): twice what two instruments of the accuracy class of these stations may differ by
in bad exposure. Temperature 3 K: a naturally ventilated screen is up to 2.5 K wrong in sun and calm (WMO-No. 8,
Part I ch. 2). Particles: 5 ug/m3 and 61 % of their mean (Barkjohn, Gantt, Clements, AMT 14, 4617: two channels of
one PurpleAir).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from drivers.quantity import quantity
from drivers.reason import Reason
from edge.measure.value import Value

TEN_MINUTES = 600.0
GAP = 600.0  # s without both values after which the count begins anew
SAME_HEIGHT = 1.0  # m


@dataclass(frozen=True, slots=True)
class Bound:
    """The most two may differ by: `least` in the quantity's unit and `share` of their mean, whichever is more."""

    least: float
    share: float = 0.0

    def most(self, a: float, b: float) -> float:
        """Return the most that these two values may differ by."""
        return max(self.least, self.share * abs(a + b) / 2)


BOUNDS = {
    "air_temperature": Bound(3.0),
    "relative_humidity": Bound(15.0),
    "air_pressure": Bound(3.0),
    "wind_speed": Bound(2.0, 0.5),
    "illuminance": Bound(10_000.0, 0.6),
    "solar_irradiance": Bound(100.0, 0.6),
    "pm1": Bound(5.0, 0.61),
    "pm2p5": Bound(5.0, 0.61),
    "pm10": Bound(5.0, 0.61),
}


@dataclass(slots=True)
class Pair:
    """Two channels of one quantity, and for how many seconds on end they have differed."""

    first: str
    second: str
    quantity: str
    bound: Bound
    apart: float = 0.0
    seen: float | None = None

    def take(self, begin: float, end: float, a: float, b: float) -> float | None:
        """Return the difference where it has lasted, None otherwise."""
        if self.seen is not None and begin - self.seen > GAP:
            self.apart = 0.0
        self.seen = end
        self.apart = self.apart + end - begin if abs(a - b) > self.bound.most(a, b) else 0.0
        return abs(a - b) if self.apart >= TEN_MINUTES - 1.0 else None


class Pairs:
    """All pairs of a station."""

    def __init__(self, channels: Mapping[str, tuple[str, str, float | None]]) -> None:
        """`channels`: name -> (sensor, quantity, height in metres above ground or None)."""
        self._pairs = [
            Pair(a, b, channels[a][1], BOUNDS[channels[a][1]])
            for a, b in combinations(channels, 2)
            if channels[a][1] == channels[b][1]
            and channels[a][1] in BOUNDS
            and channels[a][0] != channels[b][0]
            and same_height(channels[a][2], channels[b][2])
        ]

    def doubts(self, begin: float, end: float, values: Mapping[str, Value]) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s."""
        found: dict[str, Reason] = {}
        for pair in self._pairs:
            a, b = values[pair.first].value, values[pair.second].value
            if a is None or b is None:
                continue
            difference = pair.take(begin, end, a, b)
            if difference is not None:
                found.setdefault(pair.first, parted(pair, difference, pair.second))
                found.setdefault(pair.second, parted(pair, difference, pair.first))
        return found

    def keep(self) -> dict[str, float]:
        """Return the pairs that are apart, and for how many seconds: "first second"."""
        return {f"{p.first} {p.second}": p.apart for p in self._pairs if p.apart >= TEN_MINUTES - 1.0}

    def resume(self, kept: Mapping[str, float], begin: float) -> None:
        """Go on with such pairs at the instant `begin`, s."""
        for pair in self._pairs:
            pair.apart = kept.get(f"{pair.first} {pair.second}", 0.0)
            pair.seen = begin if pair.apart else None


def parted(pair: Pair, difference: float, other: str) -> Reason:
    """Return why one of a pair is in doubt."""
    return Reason(
        "differs_from_other",
        "{difference:.4g} {unit} from {other} for {minutes} min",
        difference=round(difference, 6),
        unit=quantity(pair.quantity).unit,
        other=other,
        minutes=round(pair.apart / 60),
    )


def same_height(a: float | None, b: float | None) -> bool:
    """Return whether two heights are comparable.

    Two unknown heights are taken for one mast's; a known one is not compared with an unknown.
    """
    if a is None or b is None:
        return a is b
    return abs(a - b) <= SAME_HEIGHT
