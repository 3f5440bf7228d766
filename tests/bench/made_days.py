"""What quality control passes and what it flags wrongly in climates that no rule was set by: days made from physics.

Three days go before, in which the checks learn the devices; on two more the faults are put. Beside it the same without
what was learnt.
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

LEARNING, TRIED = 3, 2  # days
NEW_YEAR = 1_735_689_600.0  # 2025, UTC s
FAULTS = {"stuck": None, "offsets": faults.offsets, "drifts": faults.drifts}


def rows() -> list[Row]:
    """Return the bench's rows; beside them those of checks that have learnt nothing yet."""
    totals: dict[str, list[Found]] = {}
    for climate in CLIMATES:
        for what, ours, unlearnt in tried(climate):
            before = totals.get(what, [Found(0, 0, 0), Found(0, 0, 0)])
            totals[what] = [before[0] + ours, before[1] + unlearnt]
    return [
        row(f"{what} (%, of {ours.spells})", Found(ours.spells, ours.ours, unlearnt.ours), digits=3)
        for what, (ours, unlearnt) in sorted(totals.items())
    ]


def tried(climate: Climate) -> Iterator[tuple[str, Found, Found]]:
    """Yield each figure of a climate, with what was learnt and without."""
    made = days(climate, LEARNING + TRIED, seed=2)
    minutes = lines(climate)
    for number in range(LEARNING):
        clean = judged(climate, made[number], number, minutes)
        yield f"good minutes flagged, {climate.name}", wrongly_flagged(clean), wrongly_flagged(clean)
    kept = minutes.keep()
    known = Doubts(habits=kept.habits, usual=kept.usual)
    for number in range(LEARNING, LEARNING + TRIED):
        frames = [(at - number * DAY, frame) for at, frame in made[number]]
        alone = [(at, {n: v for n, v in frame.items() if not n.endswith(".second")}) for at, frame in frames]
        yield from zip_found(
            list(day_of(climate, number, frames, alone, known)), list(day_of(climate, number, frames, alone, None))
        )


def zip_found(ours: list[tuple[str, Found]], other: list[tuple[str, Found]]) -> Iterator[tuple[str, Found, Found]]:
    """Yield what both found of the same."""
    for (what, found), (_, unlearnt) in zip(ours, other, strict=True):
        yield what, found, unlearnt


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
    found = Judged([], [], {}, {})
    begin = first
    utc = offset + number * DAY - first
    for at, frame in [*frames, (first + DAY + 61.0, {})]:
        while at >= begin + 61.0:
            body = minutes.close(begin, begin + 60.0, utc, {})
            found.flags.append({n: f for n, f in body.quality.items() if n in frames[0][1]})
            found.values.append(body.values)
            begin += 60.0
        for name, value in frame.items():
            quantity, _, sensor = name.partition(".")
            minutes.take(sensor or "mast", Reading(quantity, value, at))
    return found
