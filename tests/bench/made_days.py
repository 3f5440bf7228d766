"""What quality control passes and what it flags wrongly in climates that no rule was set by: days made from physics.

Three days go before, in which the checks learn the devices; on a fourth the faults are put.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.closing import Doubts
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Site
from tests.bench import faults
from tests.bench.climates import CLIMATES, DAY, STEPS, Climate, Frame, days
from tests.bench.figures import Row
from tests.bench.judging import Judged
from tests.bench.quality import PASSED, Found, beside, may_be_stuck, passed, row, wrongly_flagged

LEARNING = 3  # days
NEW_YEAR = 1_735_689_600.0  # 2025, UTC s
FAULTS = {"stuck": None, "offsets": faults.offsets, "drifts": faults.drifts}


def rows() -> list[Row]:
    """Return the bench's rows, all climates together but for the good minutes."""
    totals: dict[str, Found] = {}
    for climate in CLIMATES:
        for what, found in tried(climate):
            totals[what] = totals.get(what, Found(0, 0, 0)) + found
    return [row(f"{what} (%, of {found.spells})", found, digits=3) for what, found in sorted(totals.items())]


def tried(climate: Climate) -> Iterator[tuple[str, Found]]:
    """Yield each figure of a climate."""
    made = days(climate, LEARNING + 1, seed=2)
    minutes = lines(climate)
    for number in range(LEARNING):
        yield f"good minutes flagged, {climate.name}", wrongly_flagged(judged(climate, made[number], number, minutes))
    kept = minutes.keep()
    known = Doubts(habits=kept.habits, usual=kept.usual)
    frames = [(at - LEARNING * DAY, frame) for at, frame in made[LEARNING]]
    alone = [(at, {n: v for n, v in frame.items() if not n.endswith(".second")}) for at, frame in frames]
    yield from day_of(climate, LEARNING, frames, alone, known)


def day_of(
    climate: Climate, number: int, frames: list[Frame], alone: list[Frame], known: Doubts | None
) -> Iterator[tuple[str, Found]]:
    """Yield the figures of one day: untouched, then with each fault, alone and beside the second sensor."""
    for which, told in (("one sensor", alone), ("beside a second", frames)):
        clean = judged(climate, told, number, lines(climate, known))
        if told is frames:
            yield f"good minutes flagged, {climate.name}", wrongly_flagged(clean)
        for what, spoil in FAULTS.items():
            spoiled, where = spoil(told, Random(number)) if spoil else faults.stuck(told, Random(number), may_be_stuck)
            if told is frames:
                where = {name: spans for name, spans in where.items() if f"{name}.second" in frames[0][1]}
            result = judged(climate, spoiled, number, lines(climate, known))
            for name, found in passed(what, where, result, clean):
                if not name.startswith("- "):
                    yield f"{PASSED}: {what}, {which}", found
            yield f"good values doubted on days with {what}, {which}", beside(where, result, clean)


def lines(climate: Climate, known: Doubts | None = None) -> Minutes:
    """Return the checks of a mast with two stations."""
    names = [*faults.STUCK, "illuminance", "rainfall_amount", *(f"{n}.second" for n in faults.OFFSET)]
    made = []
    for name in names:
        quantity, _, sensor = name.partition(".")
        channel = Channel(quantity, -1e6, 1e6, STEPS.get(quantity, 0.1))
        limits = limits_for(quantity, climate.altitude_m)
        made.append(ChannelLine(name, sensor or "mast", channel, limits, 6.0, height_m=2.0, heated=True))
    return Minutes(made, Site(climate.latitude, 0.0, climate.altitude_m, 0.0), known)


def judged(climate: Climate, frames: list[Frame], number: int, minutes: Minutes) -> Judged:
    """Pass a day through the minutes; a station alone has no second sensor's channels."""
    offset = NEW_YEAR + (climate.day_of_year - 1) * DAY
    first = frames[0][0]
    found = Judged([], [], {}, {}, [])
    begin = first
    utc = offset + number * DAY - first
    for at, frame in [*frames, (first + DAY + 61.0, {})]:
        while at >= begin + 61.0:
            body = minutes.close(begin, begin + 60.0, utc, {})
            found.flags.append({n: f for n, f in body.quality.items() if n in frames[0][1]})
            found.values.append(body.values)
            found.reasons.append(body.reasons)
            begin += 60.0
        for name, value in frame.items():
            quantity, _, sensor = name.partition(".")
            minutes.take(sensor or "mast", Reading(quantity, value, at))
    return found
