"""Two sensors of one quantity on one mast, compared and never averaged: if they differ, both are suspect.

It is unknown which of two is wrong (WMO-No. 305: a pair that differs too much makes both suspect), unless there is
other evidence: another check that doubts one of the two, or another sensor of the quantity that agrees with the other.
They must differ for ten consecutive minutes, so that a gust or a cloud's edge at one of them is no fault. Sensors more
than a metre apart in height are not compared: on a clear night the air differs by several degrees over half a mast. But
wind grows with height: cups that stand still above others in a breeze of the bound are held, by a web or their bearing.

How two sensors usually differ is learnt over two days (ours): a departure from their usual difference by six times its
usual spread is doubted too, so that a drift is found before it reaches the bound. If one of them has stood still for
twenty minutes meanwhile, half of that departure is enough, without delay. A replaced sensor differs permanently: so if
the difference jumped by as much while somebody worked on the station, the habit is learnt again; not if the difference
is unchanged, in doubt or not.

Illuminance and irradiance are one light: compared in W/m2 at 122 lx each. The sun over 10 degrees and every sky give 95
to 140 (Littlefair 1985, Perez 1990, from memory), which leaves a third for both devices' errors; two of one head, too.
For light the habit is of the ratio, while both report 100 W/m2: a half-covered dome differs from its usual ratio.

Bounds (ours, but for particles): twice what two instruments of the accuracy class of these stations may differ by
in bad exposure. Temperature 3 K: a naturally ventilated screen is up to 2.5 K wrong in sun and calm (WMO-No. 8,
Part I ch. 2). Particles: 5 ug/m3 and 61 % of their mean (Barkjohn, Gantt, Clements, AMT 14, 4617: two channels of
one PurpleAir).
"""

import math
from collections.abc import Mapping
from itertools import combinations, permutations

import msgspec

from drivers.quantity import quantity
from drivers.reason import Reason
from edge.measure.derived.et0 import LUX_PER_WATT
from edge.measure.quality import Flag
from edge.measure.value import Value

TEN_MINUTES, RECENT = 600.0, 1800.0
GAP = 600.0  # s without both values after which the count restarts
SAME_HEIGHT = 1.0  # m
MEMORY, KNOWN, SPREADS = 2 * 86_400.0, 2 * 86_400.0, 6.0
STOOD_STILL, STILL_SHARE = 1200.0, 0.5  # s; share of the least departure
STILL = 0.1  # m/s
LUX, WATTS, LIT = "illuminance", "solar_irradiance", {"illuminance": 12_200.0, "solar_irradiance": 100.0}
# The least departure that is doubted; for light a third more or less.
NEAR = {"air_temperature": 0.6, "relative_humidity": 4.0, "air_pressure": 0.6, **dict.fromkeys(LIT, math.log(4 / 3))}


class Bound(msgspec.Struct, frozen=True):
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


class Usual(msgspec.Struct):
    """The usual difference of a pair and the usual distance from it, learnt over `learnt` seconds.

    `recent`: the difference of the last half hour, usual or not.
    """

    difference: float = 0.0
    spread: float = 0.0
    learnt: float = 0.0
    recent: float | None = None

    def take(self, difference: float, seconds: float) -> None:
        """Learn from a minute."""
        self.learnt += seconds
        weight = seconds / min(self.learnt, MEMORY)
        self.difference += weight * (difference - self.difference)
        self.spread += weight * (abs(difference - self.difference) - self.spread)

    def departs(self, difference: float | None, least: float | None) -> bool:
        """Return whether a difference is unusual for this pair; False until two days are known."""
        if difference is None or least is None or self.learnt < KNOWN:
            return False
        return abs(difference - self.difference) > max(least, SPREADS * self.spread)


class Pair(msgspec.Struct):
    """Two channels of one quantity, and for how many consecutive seconds they have differed.

    `above`: the first is of higher cups, and the pair differs if those stand still; `scales`: the divisors that convert
    each to that quantity.
    """

    first: str
    second: str
    quantity: str
    bound: Bound
    above: bool = False
    scales: tuple[float, float] = (1.0, 1.0)
    apart: float = 0.0
    seen: float | None = None
    usual: Usual = msgspec.field(default_factory=Usual)
    worked: float | None = None  # s since somebody worked on the station, until the effect on the difference is known

    def take(self, begin: float, end: float, a: float, b: float, still: float = 0.0) -> float | None:
        """Return the difference if it is doubted, None otherwise. `still`: s for which one has stood still."""
        a, b = a / self.scales[0], b / self.scales[1]
        if self.seen is not None and begin - self.seen > GAP:
            self.apart = 0.0
        self.seen = end
        near = NEAR.get(self.quantity)
        differs = self._differs(a, b)
        self._see(differs, near, end - begin)
        strange = self._strange(a, b, differs)
        stuck = still >= STOOD_STILL and near is not None and self.usual.departs(differs, STILL_SHARE * near)
        self.apart = self.apart + end - begin if strange or stuck else 0.0
        if not self.apart and not self.above and differs is not None:
            self.usual.take(differs, end - begin)
        return abs(a - b) if stuck or self.apart >= TEN_MINUTES - 1.0 else None

    def _see(self, differs: float | None, near: float | None, seconds: float) -> None:
        """Add a minute's difference; ten minutes after work on the station, restart learning if it changed."""
        usual = self.usual
        if differs is None or near is None:
            return
        if self.worked is None or usual.recent is None:
            before = differs if usual.recent is None else usual.recent
            usual.recent = before + min(1.0, seconds / RECENT) * (differs - before)
            return
        self.worked += seconds
        if self.worked >= TEN_MINUTES - 61.0:
            changed = abs(differs - usual.recent) > near
            self.worked, self.apart = None, 0.0 if changed else self.apart
            self.usual = Usual(recent=differs) if changed else usual

    def _differs(self, a: float, b: float) -> float | None:
        """Return the difference whose habit is learnt; for light that of the logarithms, None if it is weak."""
        if self.quantity not in LIT:
            return a - b
        return math.log(a / b) if min(a, b) >= LIT[self.quantity] else None

    def _strange(self, a: float, b: float, differs: float | None) -> bool:
        if self.above:
            return a <= STILL and b > self.bound.least
        return abs(a - b) > self.bound.most(a, b) or self.usual.departs(differs, NEAR.get(self.quantity))


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
        light = {name: height for name, (_, of, height) in channels.items() if of in LIT}
        self._pairs += [
            Pair(lux, watts, WATTS, BOUNDS[WATTS], scales=(LUX_PER_WATT, 1.0))
            for lux, watts in permutations(light, 2)
            if (channels[lux][1], channels[watts][1]) == (LUX, WATTS) and same_height(light[lux], light[watts])
        ]
        wind = {name: height for name, (_, of, height) in channels.items() if of == "wind_speed" and height is not None}
        self._pairs += [
            Pair(high, low, "wind_speed", BOUNDS["wind_speed"], above=True)
            for high, low in permutations(wind, 2)
            if wind[high] > wind[low] + SAME_HEIGHT
        ]

    def doubts(
        self, begin: float, end: float, values: Mapping[str, Value], still: Mapping[str, float] | None = None
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s; `still`: s each has stood still."""
        still = still or {}
        parted_now: list[tuple[Pair, float]] = []
        agrees: set[str] = set()
        for pair in self._pairs:
            a, b = values[pair.first].value, values[pair.second].value
            if a is None or b is None:
                continue
            difference = pair.take(begin, end, a, b, max(still.get(pair.first, 0.0), still.get(pair.second, 0.0)))
            if difference is not None:
                parted_now.append((pair, difference))
            elif not pair.apart and not pair.above:
                agrees |= {pair.first, pair.second}
        found: dict[str, Reason] = {}
        for pair, difference in parted_now:
            for name, other in ((pair.first, pair.second), (pair.second, pair.first)):
                if not is_cleared(name, other, values, agrees):
                    found.setdefault(name, difference_reason(pair, difference, other))
        return found

    def work(self) -> None:
        """Note that somebody worked on the station in this minute."""
        for pair in self._pairs:
            pair.worked = 0.0

    def usual(self) -> dict[str, Usual]:
        """Return the usual difference of each pair: "first second"."""
        return {f"{p.first} {p.second}": p.usual for p in self._pairs if p.usual.learnt}

    def twins(self) -> dict[str, list[str]]:
        """Return the channels of the same quantity that are compared with each one."""
        found: dict[str, list[str]] = {}
        for pair in (one for one in self._pairs if not one.above and one.scales == (1.0, 1.0)):
            found.setdefault(pair.first, []).append(pair.second)
            found.setdefault(pair.second, []).append(pair.first)
        return found

    def keep(self) -> dict[str, float]:
        """Return the pairs in doubt, and for how many seconds they have differed: "first second"."""
        return {f"{p.first} {p.second}": p.apart for p in self._pairs if p.apart >= TEN_MINUTES - 1.0}

    def resume(self, kept: Mapping[str, float], usual: Mapping[str, Usual], begin: float) -> None:
        """Restore such pairs at the instant `begin`, s."""
        for pair in self._pairs:
            name = f"{pair.first} {pair.second}"
            pair.apart = kept.get(name, 0.0)
            pair.seen = begin if pair.apart else None
            pair.usual = usual.get(name, pair.usual)


def is_cleared(name: str, other: str, values: Mapping[str, Value], agrees: set[str]) -> bool:
    """Return whether other evidence shows that the other one is wrong: another check, or a sensor that agrees here."""
    if values[name].flag is not Flag.PASS:
        return False
    return values[other].flag is not Flag.PASS or (name in agrees and other not in agrees)


def difference_reason(pair: Pair, difference: float, other: str) -> Reason:
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

    Two unknown heights count as the same; a known one is not compared with an unknown.
    """
    if a is None or b is None:
        return a is b
    return abs(a - b) <= SAME_HEIGHT
