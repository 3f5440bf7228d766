"""A second count of hours and days, from the bytes of the records alone; it shares nothing with the hub's."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import Any

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.sink_kit import kept, query

HOUR, DAY = 3_600_000_000, 86_400_000_000
SUMMED = ("rainfall_amount", "rainfall_amount_corrected")
Line = tuple[Any, ...]


def said(url: str) -> list[tuple[str, int, int, float, dict[str, Any]]]:
    """Return of each dated minute here: station, start, its clock's offset (s), duration, body."""
    records = {key: json.loads(raw) for key, (_, raw) in kept(url).items()}
    offsets = {
        (station, found["epoch"], seq): round(found["body"]["site"]["utc_offset_h"] * 3600)
        for (station, _, seq), found in records.items()
        if found["kind"] == "setup" and "utc_offset_h" in found["body"].get("site", {})
    }
    return [
        (station, found["start"], offsets.get((station, found["epoch"], found["setup"]), 0), found["duration"], body)
        for (station, *_), found in records.items()
        if found["kind"] == "minute" and found["start"] is not None
        for body in [found["body"]]
    ]


def counted(url: str, span: int, later: int, by_offset: bool) -> dict[Line, Line]:
    """Return by (station, channel, begin): mean, min, min_us, max, max_us, sum, good, suspect, bad, missing."""
    groups: dict[Line, list[Line]] = defaultdict(list)
    for station, start, offset, duration, body in said(url):
        ahead = (offset + later) * 1_000_000
        begin = (start + ahead) // span * span
        for channel, value in body["values"].items():
            key = (station, channel, begin - ahead, offset) if by_offset else (station, channel, begin // span)
            groups[key].append((start, duration, value, body["quality"].get(channel), body))
    return {key: line(key[1], sorted(found, key=lambda one: one[0])) for key, found in groups.items()}


def line(channel: str, found: list[Line]) -> Line:
    """Count one channel's minutes."""
    good = [one for one in found if one[2] is not None and one[3] in (1, 2)]
    values = [one[2] for one in good]
    missing = sum(one[2] is None or one[3] == 9 for one in found)
    bad = sum(one[2] is not None and one[3] == 4 for one in found)
    counts = (len(good), len(found) - len(good) - missing - bad, bad, missing)
    if not good:
        return (None,) * 6 + counts
    quantity, dot, sensor = channel.partition(".")
    if quantity == "wind_from_direction":
        return (direction(good, f"wind_speed{dot}{sensor}"), None, None, None, None, None, *counts)
    mean = math.fsum(one[2] * one[1] for one in good) / math.fsum(one[1] for one in good)
    amount = round(math.fsum(values), 6) if quantity in SUMMED else None
    low, high = min(values), max(values)
    when = {value: next(one[0] for one in good if one[2] == value) for value in (low, high)}
    return (mean, low, when[low], high, when[high], amount, *counts)


def direction(good: list[Line], speed: str) -> float | None:
    """Return the direction of the mean wind vector, each minute by its speed where that is measured, and good."""
    whole, way, any_known = 0j, 0.0, False
    for _, duration, degrees, _, body in good:
        known = speed not in body["values"] or body["quality"].get(speed) in (1, 2)
        if degrees and not known:
            continue
        weight = duration * body["values"].get(speed, 1.0) if degrees else 0.0
        whole += weight * complex(*pair(degrees))
        way, any_known = way + weight, True
    if not any_known:
        return None
    if way == 0:
        return 0.0
    return None if abs(whole) < 1e-3 * way else math.degrees(math.atan2(whole.imag, whole.real)) % 360 or 360.0


def pair(degrees: float) -> tuple[float, float]:
    """Return north and east of a direction."""
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


def seen(url: str, view: str, key: str) -> dict[Line, Line]:
    """Return what a view of the hub says."""
    names = "mean, min, min_us, max, max_us, sum, good, suspect, bad, missing"
    width = key.count(",") + 1
    found = query(url, f"SELECT {key}, {names} FROM {view}")
    assert len({one[:width] for one in found}) == len(found), "each hour and day is there once"
    return {one[:width]: one[width:] for one in found}


def check_hours(url: str) -> None:
    """See that hours and days are what a second count says; what waits is counted before."""
    sink = DatabaseSink(opened(url))
    while query(url, "SELECT 1 FROM stale UNION ALL SELECT 1 FROM held_hour WHERE minutes IS NULL LIMIT 1"):
        sink.look()
    sink.close()
    check_held(url)
    alike(seen(url, "hour", "station, channel, start_us, utc_offset_s"), counted(url, HOUR, 0, True))
    for view, later in (("day", 0), ("day_20_20", 4 * 3600)):
        number = "round(julianday(day) - 2440587.5)" if url.startswith("sqlite") else "day - date '1970-01-01'"
        alike(seen(url, view, f"station, channel, {number}"), counted(url, DAY, later, False))


def check_held(url: str) -> None:
    """See that the row of each hour is what its minutes are, and that no hour with minutes is without."""
    hours: dict[Line, list[Line]] = defaultdict(list)
    for (station, epoch, seq), (_, raw) in kept(url).items():
        found = json.loads(raw)
        if found["kind"] == "minute" and found["start"] is not None:
            values, flags = found["body"]["values"], found["body"]["quality"]
            good = bool(flags) and all(flag in (1, 2) and values.get(name) is not None for name, flag in flags.items())
            good = good and values.keys() == flags.keys()
            one = found["start"], epoch, seq, found["duration"], good, len(raw)
            hours[station, found["start"] // HOUR].append(one)
    names = "minutes, epoch, seq_first, seq_last, since, until, mask, bytes"
    rows = {line[:2]: line[2:] for line in query(url, f"SELECT station, hour, {names} FROM held_hour")}
    nothing = 0, *(None,) * 7
    assert {key: row for key, row in rows.items() if row != nothing or key in hours} == {
        key: held(sorted(minutes)) or nothing for key, minutes in hours.items()
    }


def held(minutes: list[Line]) -> Line | None:
    """Return an hour's row; None where its minutes are to be looked at each by itself."""
    starts, epochs, numbers, durations, good, sizes = zip(*minutes)
    regular = [starts[0] + 60_000_000 * place for place in range(len(minutes))]
    if list(starts) != regular or starts[0] % 60_000_000 or len(set(epochs)) > 1:
        return None
    if list(numbers) != sorted(set(numbers)) or any(abs(duration - 60) >= 30 for duration in durations):
        return None
    until = starts[-1] + round(durations[-1] * 1e6)
    mask = sum(1 << place for place, is_good in enumerate(good) if is_good)
    return len(minutes), epochs[0], numbers[0], numbers[-1], starts[0], until, mask, sum(sizes)


def alike(ours: dict[Line, Line], theirs: dict[Line, Line]) -> None:
    """Compare two counts to the last digits of a sum."""
    assert set(ours) == set(theirs)
    for key, values in theirs.items():
        for mine, other in zip(ours[key], values):
            same = mine == other or (isinstance(mine, float) and math.isclose(mine, other, rel_tol=1e-9, abs_tol=1e-7))
            assert same, (key, ours[key], values)
