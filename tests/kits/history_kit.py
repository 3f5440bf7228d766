"""What the tests of curves share: random stores of several boots, and a second count that shares nothing with ours."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from edge.clock.anchors import Anchor
from edge.history.curves import Curves
from edge.records.answers import Point
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
BEGIN = 1_700_000_000_000_000 // DAY * DAY
CHANNELS = ("air_temperature", "rainfall_amount", "wind_from_direction", "wind_speed", "air_temperature.low")
SITE = {"configuration": "x", "flags": "QARTOD", "sensors": []}


def body(rng: random.Random) -> dict[str, Any]:
    """Return what a minute says: values good, doubtful, bad and missing, not of every channel."""
    values: dict[str, Any] = {}
    quality = {}
    for channel in CHANNELS:
        if rng.random() < 0.1:
            continue
        flag = rng.choice((1, 1, 1, 2, 3, 4, 9))
        values[channel] = None if flag == 9 else round(rng.uniform(-20, 360), 1)
        quality[channel] = flag
    if values.get("wind_from_direction") is not None:
        values["wind_from_direction"] = rng.choice((0, rng.randrange(1, 361)))
    if values.get("wind_speed") is not None:
        values["wind_speed"] = abs(values["wind_speed"])
    return {"values": values, "quality": quality}


class Life:
    """A station that was on and off: `store` has what it recorded, `now` is the time, microseconds UTC."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self._folder, self._boots = folder, 0
        self.now = BEGIN + self.rng.randrange(DAY)
        self.store = self._open()

    def _open(self) -> Store:
        self._boots += 1
        return Store.open(self._folder, epoch=f"epoch-{self._boots}", destinations=(PLATFORM,))

    @property
    def boot(self) -> str:
        """The present boot."""
        return f"boot-{self._boots}"

    def restart(self, off: int) -> None:
        """Switch it off for so long (microseconds)."""
        self.store.close()
        self.now += off
        self.store = self._open()

    def measure(self, count: int, offset_h: float = 8.0, known: bool = True) -> None:
        """Record so many minutes, the first one cut short by the UTC minute's edge, and events between them."""
        begun = self.now
        setup = self.event(Kind.SETUP, {**SITE, "site": {"utc_offset_h": offset_h}}, begun, known)
        for _ in range(count):
            length = MINUTE - self.now % MINUTE
            draft = Draft(
                Kind.MINUTE,
                Stamp(self.boot, (self.now - begun) / 1e6),
                length / 1e6,
                self.now if known else None,
                ClockMark("ntp", 0.01) if known else ClockMark("arrival"),
                body(self.rng),
                setup.seq,
            )
            self.store.append(draft)
            self.now += length
            if self.rng.random() < 0.1:
                self.event(Kind.HEALTH, {"n": self.rng.randrange(10**6)}, begun, known)
        if not known and self.rng.random() < 0.7:
            self.store.times.add_anchor(Anchor(self.boot, 0.0, begun, "ntp", 0.01))

    def event(self, kind: Kind, said: dict[str, Any], begun: int, known: bool = True) -> Record:
        """Record an event of this instant."""
        stamp, start = Stamp(self.boot, (self.now - begun) / 1e6), self.now if known else None
        mark = ClockMark("ntp", 0.01) if known else ClockMark("arrival")
        return self.store.append(Draft(kind, stamp, 0.0, start, mark, said))

    def records(self) -> list[Record]:
        """Return all that is kept."""
        return self.store.range(1, self.store.next_seq)


def life(folder: Path, seed: int) -> Life:
    """Return a station after a few boots, with and without a known time, by clocks that are variously ahead."""
    lived = Life(folder, seed)
    for _ in range(lived.rng.randrange(1, 5)):
        offset = lived.rng.choice((8.0, 8.0, 5.75, -3.5, 0.0))
        lived.measure(lived.rng.randrange(1, 90), offset, known=lived.rng.random() < 0.7)
        lived.restart(lived.rng.choice((1, 30_000_000, HOUR, 2 * DAY)))
    return lived


def decoded(records: list[Record]) -> list[tuple[Record, dict[str, Any]]]:
    """Return records with what they say."""
    return [(record, record.fields()) for record in records]


def expected(records: list[tuple[Record, dict[str, Any]]], channel: str, span: int | None) -> list[Point]:
    """Return a channel's minutes (`span` None), hours or days, from the records alone."""
    offsets = {r.seq: round(said["site"]["utc_offset_h"] * 3600e6) for r, said in records if r.kind == "setup"}
    groups: dict[int, list[tuple[int, float, Any, int, dict[str, Any]]]] = defaultdict(list)
    singles = []
    for record, said in records:
        if record.kind != "minute" or record.start is None or channel not in said["values"]:
            continue
        value, flag = said["values"][channel], said["quality"][channel]
        singles.append(Point(record.start, record.start + round(record.duration * 1e6), value, flag))
        ahead = offsets.get(record.setup or 0, 0)
        begin = (record.start + ahead) // (span or MINUTE) * (span or MINUTE) - ahead
        groups[begin].append((record.start, record.duration, value, flag, said))
    if span is None:
        return sorted(singles, key=lambda point: point.start_us)
    return [_point(channel, begin, span, sorted(groups[begin], key=lambda one: one[0])) for begin in sorted(groups)]


def _point(channel: str, begin: int, span: int, minutes: list[Any]) -> Point:
    good = [(start, seconds, value, said) for start, seconds, value, flag, said in minutes if flag in (1, 2)]
    counts = [sum(flag == wanted for *_, flag, _ in minutes) for wanted in (3, 4, 9)]
    extremes: list[Any] = [None] * 4
    mean: float | None = None
    if good and channel == "wind_from_direction":
        mean = _direction(good)
    elif good:
        least, most = min(good, key=lambda one: one[2]), max(good, key=lambda one: one[2])
        extremes = [least[2], least[0], most[2], most[0]]
        weighed = math.fsum(one[1] * one[2] for one in good) / math.fsum(one[1] for one in good)
        mean = round(math.fsum(one[2] for one in good), 6) if channel == "rainfall_amount" else weighed
    suspect, bad, missing = counts
    low, low_us, high, high_us = extremes
    head = begin, begin + span, mean, 1 if good else 9
    return Point(*head, low, low_us, high, high_us, len(good), suspect, bad, missing, 0)


def _direction(good: list[Any]) -> float | None:
    east = north = way = 0.0
    seen = False
    for _, seconds, degrees, said in good:
        speed = said["values"].get("wind_speed", 1.0) if degrees else 0.0
        if degrees and "wind_speed" in said["values"] and said["quality"]["wind_speed"] not in (1, 2):
            continue
        seen = True
        way += seconds * speed
        east += seconds * speed * math.sin(math.radians(degrees))
        north += seconds * speed * math.cos(math.radians(degrees))
    if not seen or not way:
        return 0.0 if seen else None
    if math.hypot(east, north) < 1e-3 * way:
        return None
    return math.degrees(math.atan2(east, north)) % 360 or 360.0


def curve(curves: Curves, channel: str, first: int, last: int, step: Any) -> list[Point]:
    """Return all pages of a curve."""
    points: list[Point] = []
    rest: int | None = first
    while rest is not None:
        page = curves.series(channel, rest, last, step)
        assert page.step == step
        assert page.next_us is None or rest < page.next_us < last
        points += page.points
        rest = page.next_us
    return points


def alike(a: list[Point], b: list[Point]) -> bool:
    """Return whether two curves are the same, but for the last digits of means."""
    return (
        len(a) == len(b)
        and all(
            (x is None and y is None) or (x is not None and y is not None and math.isclose(x, y, abs_tol=1e-7))
            for one, other in zip(a, b)
            for x, y in zip(
                (
                    one.start_us,
                    one.end_us,
                    one.value,
                    one.quality,
                    one.lowest,
                    one.lowest_us,
                    one.highest,
                    one.highest_us,
                ),
                (
                    *(other.start_us, other.end_us, other.value, other.quality),
                    *(other.lowest, other.lowest_us, other.highest, other.highest_us),
                ),
            )
        )
        and all(
            (one.good, one.suspect, one.bad, one.missing, one.not_received)
            == (other.good, other.suspect, other.bad, other.missing, other.not_received)
            for one, other in zip(a, b)
        )
    )
