"""Why received minutes are not good: a lost sensor, maintenance, a doubt, each with its time span."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import astuple, replace

from drivers.reason import restored
from edge.measure.aggregates import SUSPECT
from edge.measure.counts import MISSING
from edge.records.answers import Completeness, ExplainedDay, NotGood
from edge.records.asked import MINUTE_US
from hub.completeness import doubtful_of
from hub.database.engine import Engine
from hub.database.held_hours import BEST, Stretch
from hub.database.rows import KEY

SLICE = 2000  # minutes that are read at a time
PAUSE_US = 60 * MINUTE_US  # a doubt that returns within it is the same one, lest a calm night make a hundred lines


class Flaw(NamedTuple):
    """Why a channel of a minute is not good: its flag, and the station's reason as received (None: not stated)."""

    channel: str
    flag: int
    reason: Any


def explained(engine: Engine, day: Completeness) -> ExplainedDay:
    """Return a day with the spans of its minutes that are not good, each with its reason. Raise SinkError."""
    minutes = doubtful_of(engine, day.station, day.day) if day.good < day.received else ()
    return ExplainedDay(*astuple(day), doubts=doubt_spans(engine, day.station, minutes))


def doubt_spans(engine: Engine, station: str, minutes: Iterable[Stretch]) -> list[NotGood]:
    """Return the spans of these minutes that are not good, each with its reason, by time. Raise SinkError."""
    done: list[NotGood] = []
    current: dict[tuple[bool, str], NotGood] = {}
    for minute, flaws in flawed(engine, station, minutes):
        now: dict[tuple[bool, str], NotGood] = {}
        for flaw in flaws:
            key = flaw.flag == MISSING, _code(flaw.reason)
            before = now.get(key) or NotGood(minute.start, minute.end, 1, [], key[0], flaw.reason)
            now[key] = replace(before, channels=[*before.channels, flaw.channel])
        for key, span in now.items():
            before = current.get(key) or replace(span, minutes=0)
            if span.start_us - before.end_us > PAUSE_US:
                done.append(before)
                before = replace(span, minutes=0)
            channels = list(dict.fromkeys((*before.channels, *span.channels)))
            current[key] = replace(before, end_us=span.end_us, minutes=before.minutes + 1, channels=channels)
    return sorted([*done, *current.values()], key=lambda span: span.start_us)


def doubt_counts(engine: Engine, station: str, minutes: Iterable[Stretch]) -> list[tuple[str, object, int]]:
    """Return each channel and reason with the number of minutes, the most frequent first. Raise SinkError."""
    counts: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], object] = {}
    for _, flaws in flawed(engine, station, minutes):
        for flaw in flaws:
            if flaw.reason is not None:
                key = flaw.channel, _code(flaw.reason)
                counts[key] += 1
                example.setdefault(key, flaw.reason)
    return [(key[0], example[key], count) for key, count in counts.most_common()]


def flawed(engine: Engine, station: str, minutes: Iterable[Stretch]) -> Iterator[tuple[Stretch, list[Flaw]]]:
    """Yield those of these minutes that are not good, in order, each with its flaws. Raise SinkError."""
    those = [minute for minute in minutes if not minute.good]
    for place in range(0, len(those), SLICE):
        part = {(minute.epoch, minute.first): minute for minute in those[place : place + SLICE]}
        found = engine.lookup("record", ("epoch", "seq", "raw"), KEY, sorted((station, *key) for key in part))
        raws = {(epoch, seq): raw for epoch, seq, raw in found}
        yield from ((minute, list(_flaws(raws[key]))) for key, minute in part.items() if key in raws)


def _code(reason: object) -> str:
    """Return a reason's code; "" if there is none, or if the reason cannot be decoded."""
    try:
        return "" if reason is None else restored(reason).code
    except (ValueError, RecursionError):
        return ""


def _flaws(raw: bytes) -> Iterator[Flaw]:
    """Yield a minute's flaws. A value without a flag is suspect; a flag without a number is missing."""
    try:
        body = json.loads(raw)["body"]
        values, flags, reasons = body["values"], body["quality"], body.get("reasons") or {}
        for name in {**values, **flags}:
            flag = flags.get(name, SUSPECT)
            if isinstance(flag, int) and flag <= BEST and not isinstance(values.get(name), int | float):
                flag = MISSING
            if isinstance(flag, int) and flag > BEST:
                yield Flaw(name, flag, reasons.get(name))
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return
