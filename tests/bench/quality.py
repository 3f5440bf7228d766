"""What quality control finds and what it flags wrongly: five recorded days of a real station, faults put in.

Beside it WeeWX's StdQC on the same samples: it knows a least and a most for each quantity and nothing else
(weewx/qc.py, limits of its standard weewx.conf 5.x); a sample outside becomes None.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from edge.measure.closing import Doubts
from tests.bench import faults, judging
from tests.bench.figures import Row, UnmeasuredError
from tests.bench.judging import SECOND, Judged, judged, learnt, midnight, recorded
from tests.data import folder

DAYS = ("2019-08-04", "2020-12-27", "2021-05-04", "2021-06-01", "2022-07-24")
SEEDS = (1, 2, 3, 4)
PASSED = "wrong minutes passed as good"
OUTSIDE, TWIN = "good values on days with", "minutes of the good twin beside"
ORDER = (PASSED, "spikes", "stuck", "offsets", "drifts", "gaps", "slipped", OUTSIDE, TWIN)
BESIDE = "good values beside spikes and stuck spells"
# A value that is further from the true day's is wrong; what is nearer, nobody is misled by.
WRONG = {"air_temperature": 0.3, "relative_humidity": 2.0, "air_pressure": 0.3, "wind_speed": 0.5, "pm2p5": 5.0}
WRONG_DEGREES = 20.0
# What is doubted rightly on an untouched day: rain of a time that nobody read, or whose counter started anew.
UNREAD = ("end_unread", "fell_before", "counter_restarted")


class Found(NamedTuple):
    """How many spells there were, and how many were found by each."""

    spells: int
    ours: int
    weewx: int

    def __add__(self, other: object) -> Found:
        assert isinstance(other, Found)
        return Found(*(a + b for a, b in zip(self, other)))


def rows() -> list[Row]:
    """Return the bench's rows; the peer is WeeWX StdQC."""
    if not (folder() / "station-captures").is_dir():
        raise UnmeasuredError(f"the recordings station-captures are not in {folder()} (set MINSHAN_DATA to its folder)")
    totals: dict[str, Found] = {}
    good = Found(0, 0, 0)
    frames_of = {day: recorded(day) for day in DAYS}
    for place, day in enumerate(DAYS):
        frames = frames_of[day]
        others = [frames_of[DAYS[(place + n) % len(DAYS)]] for n in (1, 2, 3)]  # what the station lived through before
        known = learnt(others, False), learnt(others, True)
        clean = judged(frames, None, known[0], utc=midnight(day))
        good += wrongly_flagged(clean)
        for what, found in day_of_faults(frames, clean, known, midnight(day)):
            totals[what] = totals.get(what, Found(0, 0, 0)) + found
    near = totals.pop(BESIDE)
    both = totals["spikes"] + totals["stuck spells"]
    table = [
        row(f"{what}{verb(what)} (%, of {found.spells})", found, digits=3 if what.startswith(OUTSIDE) else 1)
        for what, found in sorted(totals.items(), key=order)
    ]
    table.insert(0, row(f"spikes and stuck spells found (%, of {both.spells})", both))
    table.append(row(f"good minutes flagged (%, of {good.spells}; any of up to 9 channels)", good, digits=3))
    return [*table, row(f"{BESIDE} flagged (%, of {near.spells})", near, digits=3)]


def verb(what: str) -> str:
    """Return what was done with what a row counts."""
    if PASSED in what:
        return ""
    return " doubted" if what.startswith((OUTSIDE, TWIN)) else " found"


def order(item: tuple[str, Found]) -> tuple[int, str]:
    """Return the sorting key that puts parts (- spikes of ...) behind their whole."""
    what = item[0].removeprefix("- ")
    return next(n for n, fault in enumerate(ORDER) if what.startswith(fault)), what


def row(what: str, found: Found, digits: int = 1) -> Row:
    """Return one row of the table."""
    ours, peer = 100 * found.ours / max(found.spells, 1), 100 * found.weewx / max(found.spells, 1)
    return {
        "what": what,
        "ours": f"{ours:.{digits}f}",
        "peer": f"{peer:.{digits}f}",
        "ratio": f"{ours / peer:.1f}" if peer else "",
    }


def day_of_faults(
    frames: list[faults.Frame], clean: Judged, known: tuple[Doubts, Doubts], utc: float | None
) -> Iterator[tuple[str, Found]]:
    """Yield each fault put into the day alone, what was found of it, and the wrong minutes that passed.

    `known`: what the station has learnt before, alone and beside a second sensor; `utc`: that of the day's begin.
    """
    alone, paired = known
    judged = partial(judging.judged, utc=utc)
    for seed in SEEDS:
        spoiled, where = faults.stuck(frames, Random(seed), may_be_stuck)
        result = judged(spoiled, None, alone)
        yield from each("stuck spells", where, result, clean)
        yield from passed("stuck", where, result, clean)
        yield BESIDE, beside(where, result, clean)
    spoiled, where = faults.spikes(frames, Random(SEEDS[0]))
    result = judged(spoiled, None, alone)
    yield from each("spikes", where, result, clean)
    yield from passed("spikes", where, result, clean)
    yield BESIDE, beside(where, result, clean)
    spoiled, where = faults.missing(frames, Random(SEEDS[0]))
    yield from each("gaps", where, judged(spoiled, None, alone), clean)
    spoiled, where = faults.slipped(frames, Random(SEEDS[0]))
    yield "slipped frames (fields moved up, no check sum)", slips(where, judged(spoiled, None, alone), clean)
    for what, spoil in (("offsets", faults.offsets), ("drifts", faults.drifts)):
        spoiled, where = spoil(frames, Random(SEEDS[0]))
        for which, second in (("one sensor", None), ("beside a second sensor", frames)):
            result = judged(spoiled, second, alone if second is None else paired)
            yield from each(f"{what}, {which},", where, result, clean)
            yield from passed(f"{what}, {which}", where, result, clean)
            yield f"{OUTSIDE} {what}, {which}", beside(where, result, clean)
            if second is not None:
                yield f"{TWIN} {what}", twin_doubted(where, result)
    held = {
        name: spans for name, spans in faults.stuck(frames, Random(SEEDS[0]), may_be_stuck)[1].items() if name in SECOND
    }
    spoiled = faults.stuck(frames, Random(SEEDS[0]), may_be_stuck)[0]
    result = judged(spoiled, frames, paired)
    yield from passed("stuck, beside a second sensor", held, result, clean)
    yield f"{TWIN} stuck", twin_doubted(held, result)


def slips(where: faults.Spoiled, result: Judged, clean: Judged) -> Found:
    """Count the slipped frames. Each spoils all channels of its minute and is found where any of them is."""
    spoiled = {span.start for spans in where.values() for span in spans}
    ours = sum(any(seen(result, clean, name, m) for name in where) for m in spoiled)
    return Found(len(spoiled), ours, sum(any(m in minutes for minutes in result.refused.values()) for m in spoiled))


def may_be_stuck(name: str, values: dict[str, float]) -> bool:
    """Return whether the value may be stuck: where physics lets it stand still (fog, calm) nobody can tell."""
    if name == "pm2p5":
        return values[name] > 30
    if name in ("wind_speed", "wind_from_direction"):
        return values["wind_speed"] > 0
    return name != "relative_humidity" or values[name] < 95


def each(what: str, where: faults.Spoiled, result: Judged, clean: Judged) -> Iterator[tuple[str, Found]]:
    """Yield what was found of one fault, all channels together, and by channel where they differ in kind."""
    for name, spans in where.items():
        ours = sum(
            any(seen(result, clean, name, m) or kept_out(result, clean, name, span) for m in span) for span in spans
        )
        weewx = sum(any(m in result.refused.get(name, ()) for m in span) for span in spans)
        found = Found(len(spans), ours, weewx)
        yield what, found
        if what in ("spikes", "stuck spells"):
            yield f"- {what} of {name}", found


def passed(what: str, where: faults.Spoiled, result: Judged, clean: Judged) -> Iterator[tuple[str, Found]]:
    """Yield the minutes that were wrong, and how many of them passed as good: all together, and by quantity."""
    for name, spans in where.items():
        off = [m for span in spans for m in span if m < len(clean.flags) and wrong(name, result, clean, m)]
        found = Found(len(off), sum(result.flags[m][name] == 1 for m in off), 0)
        yield f"{PASSED}: {what}", found
        yield f"- {PASSED}: {what}, {name}", found


def wrong(name: str, result: Judged, clean: Judged, number: int) -> bool:
    """Return whether a minute has a value that is off."""
    ours, true = result.values[number][name], clean.values[number][name]
    if ours is None or true is None:
        return False
    if name == "wind_from_direction":
        return abs((ours - true + 180.0) % 360.0 - 180.0) > WRONG_DEGREES
    return abs(ours - true) > WRONG.get(name, 0.0)


def beside(where: faults.Spoiled, result: Judged, clean: Judged) -> Found:
    """Count the values outside of every fault that are flagged though the untouched day's are not."""
    good = ours = 0
    for number, flags in enumerate(result.flags[: len(clean.flags)]):
        for name, flag in flags.items():
            if clean.flags[number].get(name) == 1 and not any(number in span for span in where.get(name, [])):
                good += 1
                ours += flag in (3, 4)
    return Found(good, ours, 0)


def twin_doubted(where: faults.Spoiled, result: Judged) -> Found:
    """Count the minutes of the sensor beside a faulty one, which is good, that are doubted with it."""
    flags = [result.flags[m][f"{name}.second"] for name, spans in where.items() for s in spans for m in s if m < 1440]
    return Found(len(flags), sum(flag in (3, 4) for flag in flags), 0)


def seen(result: Judged, clean: Judged, name: str, number: int) -> bool:
    """Return whether there is a flag that the untouched minute does not have, or a value missing that it has."""
    if number >= len(result.flags):
        return False
    return result.flags[number][name] != 1 and result.flags[number][name] != clean.flags[number][name]


def kept_out(result: Judged, clean: Judged, name: str, span: range) -> bool:
    """Return whether a bad sample failed alone: the minute passes, with the value it would have had."""
    number = span.start if len(span) == 1 else -1
    return number in result.failed.get(name, ()) and result.values[number][name] == clean.values[number][name]


def wrongly_flagged(clean: Judged) -> Found:
    """Count the untouched day's minutes with a value suspect or failed, of those with anything measured.

    A minute of rain that was not read to its end is doubted rightly, and is no false alarm.
    """
    measured = [n for n, flags in enumerate(clean.flags) if any(flag != 9 for flag in flags.values())]
    ours = sum(any(wrongly(clean, n, name) for name in clean.flags[n]) for n in measured)
    return Found(len(measured), ours, len(set().union(*clean.refused.values()) if clean.refused else ()))


def wrongly(clean: Judged, number: int, name: str) -> bool:
    """Return whether a channel is flagged in a minute in which it was read to the end."""
    reason = clean.reasons[number].get(name)
    return clean.flags[number][name] in (3, 4) and (reason is None or reason.code not in UNREAD)
