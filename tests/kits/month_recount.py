"""A second count of a station's month, from the bytes of its records alone; it shares nothing with the hub's."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.kits.sink_kit import kept

MINUTE = 60_000_000


@dataclass
class Month:
    """What a month comes to: minutes, days as (received, good), holes, flags by channel, doubts, bytes."""

    received: int = 0
    good: int = 0
    days: dict[str, tuple[int, int]] = field(default_factory=dict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    flags: dict[str, Counter[int]] = field(default_factory=dict)
    doubts: Counter[tuple[str, str]] = field(default_factory=Counter)
    size: int = 0


def recount(url: str, station: str, first: int, last: int, offset_s: int) -> Month:
    """Return what the minutes that begin from `first` to before `last` (microseconds UTC) come to."""
    month = Month()
    here: dict[int, bool] = {}
    for (name, *_), (_, raw) in kept(url).items():
        record = json.loads(raw)
        start = record["start"]
        if name != station or start is None or not first <= start < last:
            continue
        month.size += len(raw)
        if record["kind"] != "minute":
            continue
        body = record["body"]
        fine = bool(body["quality"]) and all(flag in (1, 2) for flag in body["quality"].values())
        here[start // MINUTE] = here.get(start // MINUTE, False) or fine
        for channel, flag in body["quality"].items():
            month.flags.setdefault(channel, Counter())[flag] += 1
        for channel, reason in body.get("reasons", {}).items():
            if body["quality"][channel] not in (1, 2):
                month.doubts[channel, reason["code"]] += 1
    month.received, month.good = len(here), sum(here.values())
    for number in range(first // MINUTE, last // MINUTE):
        day = (datetime.fromtimestamp(number * 60, UTC) + timedelta(seconds=offset_s)).strftime("%Y-%m-%d")
        received, good = month.days.get(day, (0, 0))
        month.days[day] = received + (number in here), good + here.get(number, False)
        if number not in here:
            before = month.holes[-1] if month.holes else (0, 0)
            grows = before[1] == number * MINUTE
            month.holes[-1 if grows else len(month.holes) :] = [
                (before[0] if grows else number * MINUTE, (number + 1) * MINUTE)
            ]
    return month
