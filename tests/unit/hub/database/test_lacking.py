"""What is not received, by hour: placed by the minutes around each gap, asked for once, however many gaps there are."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import msgspec

from edge.records.spans import Span
from hub.database.engine import opened
from hub.database.queries import Queries
from hub.database.sink import DatabaseSink
from hub.lacking import LackingSpan, holes, lacking, spread
from hub.sink import Announced, Row
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery, row
from tests.unit.hub.database.test_hours import MINUTE, minute

HOUR, HOURS = 60 * MINUTE, 40
AIR = "air_temperature"
SAID = {"values": {AIR: 1.5}, "quality": {AIR: 1}}


class CountedSpan(LackingSpan):
    """A span that counts how often it is asked."""

    asked = 0

    def within(self, start: int, end: int) -> float:
        """Return how many fall into a span."""
        CountedSpan.asked += 1
        return super().within(start, end)


def of_start(station: str, epoch: str, seq: int, at: int) -> Row:
    """Return a minute of one of a station's starts, that began so many minutes after 2026 did."""
    made = minute(seq, at, SAID, station=station)
    raw = json.dumps(json.loads(made.raw) | {"epoch": epoch}).encode()
    return msgspec.structs.replace(came(raw, station), arrived=made.arrived)


def counted_anew(epochs: dict[str, dict[int, int]]) -> list[float]:
    """Return how many minutes each hour lacks, by numbers and minutes alone: each gap evenly between neighbours."""
    hours = [0.0] * (HOURS + 1)
    for minutes in epochs.values():
        for (before, at), (behind, then) in pairwise(sorted(minutes.items())):
            count, span = behind - before - 1, then - at - 1
            for place in range(at + 1, then) if count else ():
                hours[place // 60] += count / span
    return hours


def test_each_hour_lacks_what_the_minutes_around_the_gaps_say(sink: DatabaseSink, url: str) -> None:
    """Three starts, two of which overlap, with gaps of any length at any place, and a longer pause in one of them."""
    for seed in range(4):
        draw = random.Random(seed)
        station, epochs = f"orchard-{seed}", dict[str, dict[int, int]]()
        for name, begin in (("e1", 0), ("e2", 900), ("e3", 1500)):
            seqs = range(1, 800)
            later = draw.randrange(200, 600), draw.randrange(60)  # from a number on, so many minutes later
            at = {seq: begin + seq + (later[1] if seq >= later[0] else 0) for seq in seqs}
            gaps = [(draw.randrange(2, 760), draw.choice((1, 2, 38))) for _ in range(25)]
            gone = {seq for first, count in gaps for seq in range(first, first + count)}
            epochs[name] = {seq: at[seq] for seq in seqs if seq not in gone}
            sink.commit(delivery(*(of_start(station, name, *one) for one in epochs[name].items())))
        engine = opened(url)
        hours = Queries(engine).series(station, AIR, UTC0, UTC0 + (HOURS + 1) * HOUR, "hour").points
        engine.close()
        expected = counted_anew(epochs)
        for hour in hours:
            assert hour.not_received is not None
            assert abs(hour.not_received - expected[(hour.start_us - UTC0) // HOUR]) <= 0.5 + 1e-6, (seed, hour)
        assert sum(expected) > 100 and len(hours) > 30


def test_a_season_of_gaps_is_spread_in_one_walk() -> None:
    """Thousands of gaps over thousands of hours: each gap is compared with the hours that it touches, and no other."""
    hours = [(hour * HOUR, (hour + 1) * HOUR) for hour in range(2880)]
    gaps = [CountedSpan(hour * HOUR + 7 * MINUTE, hour * HOUR + 9 * MINUTE, 2) for hour in range(0, 2880, 2)]
    assert spread([*gaps, LackingSpan(10 * HOUR, 12 * HOUR, 60)], hours)[9:14] == [0.0, 32.0, 30.0, 2.0, 0.0]
    assert 0 < CountedSpan.asked <= len(gaps)


def test_a_hole_without_a_dated_minute_on_one_side_is_placed_by_the_other(sink: DatabaseSink, url: str) -> None:
    """A minute each, behind the last one that is here or before the first; what neither side dates has no place.

    An event and an undated minute tell no time of others; what a loss record names is not waited for.
    """
    lost = {"what": "records", "epoch": "e", "first": 25, "last": 26, "cause": "no room was left"}
    unknown = minute(13, 0, SAID)
    undated = json.loads(unknown.raw) | {"start": None, "clock": {"source": "arrival"}}
    here = *(minute(seq, seq, SAID) for seq in (10, 11, 12, 20)), came(json.dumps(undated).encode())
    events = row(27, lost, kind="loss"), row(19, {"version": "1"}, kind="start")
    said = Announced("s", (Span("e", 5, 30), Span("never heard", 1, 9)))
    sink.commit(msgspec.structs.replace(delivery(*here, *events), announced=(said,)))
    engine = opened(url)
    found = lacking(engine, "s", holes(engine, "s"))
    assert Queries(engine).records("s") == (7, 5 + 5 + 4 + 3 + 9)
    engine.close()
    placed = [((one.start - UTC0) // MINUTE, (one.end - UTC0) // MINUTE, one.records) for one in found]
    assert placed == [(5, 10, 5), (13, 20, 5), (21, 25, 4), (21, 24, 3)]
