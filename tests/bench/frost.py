"""How early the frost rule warns, and how often in vain: made springs, three distances from the critical temperature.

A spring is 60 nights of radiation: from sunset on the air falls with the square root of the time, by 8 to 14 K, and
wavers by about 0.3 K (steps of 0.1 K, of which 0.95 stay); the coldest of the wet bulb is drawn around +1.5 degC with
a spread of 2.5 K. Both are chosen here, not taken from a source. In the recorded days (near Guangzhou) it never
freezes: there an alert would be a false one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from random import Random
from statistics import median, quantiles

from edge.alerts.crops import CRITICAL
from edge.alerts.episode import Episode, Seen
from edge.alerts.rules import Rule, rule_of
from edge.config.sections import AlertSection
from edge.records.bodies import Minute
from tests.bench.days import recorded
from tests.bench.figures import Row
from tests.kits.crop_station import crop_station

NEAR_K = (2.0, 3.0, 4.0)
SPRINGS, NIGHTS, LENGTH = 3, 60, 720  # minutes of a night
BLOOM = CRITICAL["apple"]["full-bloom"]


def rows() -> list[Row]:
    """Return minutes of warning and false alarms a spring, at each distance."""
    nights = [list(night(Random(number))) for number in range(SPRINGS * NIGHTS)]
    seen = [(values, wet_bulbs(map(saturated, values))) for values in nights]
    days = [wet_bulbs(Minute(one, dict.fromkeys(one, 1)) for one in minutes) for _, minutes in recorded()]
    return [row for near in NEAR_K for row in figures(near, seen, days)]


def figures(near: float, nights: list[tuple[list[float], list[Seen]]], days: list[list[Seen]]) -> Iterator[Row]:
    """Yield the rows of one distance."""
    warned, vain, missed = [], 0, 0
    for values, seen in nights:
        told = raised(near, seen)
        frozen = next((minute for minute, value in enumerate(values) if value <= BLOOM), None)
        if frozen is None:
            vain += told is not None
        elif told is None or told > frozen:
            missed += 1
        else:
            warned.append(frozen - told)
    tenth = quantiles(warned, n=10)[0]
    frosts = f"of {len(warned) + missed} frosts"
    yield {
        "what": f"minutes of warning, {near:g} K before ({frosts})",
        "ours": f"{median(warned):.0f} (a tenth under {tenth:.0f})",
    }
    yield {"what": f"alerts a spring without frost, {near:g} K before", "ours": f"{vain / SPRINGS:.1f}"}
    yield {"what": f"frosts not warned of, {near:g} K before", "ours": f"{missed}"}
    if days:
        alerts = sum(raised(near, day) is not None for day in days)
        yield {"what": f"alerts in {len(days)} recorded days without frost, {near:g} K before", "ours": str(alerts)}


def night(chance: Random) -> Iterator[float]:
    """Yield the air of a night, degC, a minute each; at 100 % of humidity it is the wet bulb."""
    least, fall = chance.gauss(1.5, 2.5), chance.uniform(8.0, 14.0)
    waver = 0.0
    for minute in range(LENGTH):
        waver = 0.95 * waver + chance.gauss(0.0, 0.1)
        yield round(least + fall * (1 - math.sqrt((minute + 1) / LENGTH)) + waver, 1)


def saturated(air: float) -> Minute:
    """Return a minute of saturated air."""
    values: dict[str, float | None] = {"air_temperature": air, "relative_humidity": 100.0, "air_pressure": 840.0}
    return Minute(values, dict.fromkeys(values, 1))


def wet_bulbs(minutes: Iterable[Minute]) -> list[Seen]:
    """Return what a frost rule sees of these minutes."""
    measure = rule(3.0).measure
    return [measure.see(minute) for minute in minutes]


def raised(near: float, seen: list[Seen]) -> int | None:
    """Return the minute at whose end the rule raised; None where it did not."""
    limits, episode = rule(near).limits({"apple": "full-bloom"}), Episode()
    return next((number for number, one in enumerate(seen) if "raised" in episode.take(one, limits)), None)


def rule(near: float) -> Rule:
    """Return the frost rule of an apple orchard that warns so many kelvin before."""
    return rule_of(AlertSection(name="frost", crop="apple", near_k=near), crop_station())
