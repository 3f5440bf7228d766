"""What an hour holds stands for its minutes: a day is the same whether it is read from hours or minute by minute."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from hub import monthly
from hub.completeness import day_of, days_of
from hub.database import held_hours, schema
from hub.database.engine import Engine, opened
from hub.database.sink import DatabaseSink
from hub.sink import Row
from tests.kits.receiver_kit import UTC0
from tests.kits.recount import check_hours
from tests.kits.sink_kit import came, delivery, query, row, set_back

MINUTE, HOUR = 60_000_000, 3_600_000_000
ALL = ("record", "ledger", "epoch", "conflict", "hourly", "stale", "counting", "held_hour")
DAYS = date(2026, 1, 1), date(2026, 1, 2)
NOW = UTC0 + 40 * HOUR


def minute(
    seq: int, at: int, flag: int = 1, epoch: str = "e", late: int = 0, long: float = 60.0, revision: int = 0
) -> Row:
    """Return the minute that began so many minutes, and `late` microseconds, after 2026 did."""
    quality = {"air_temperature": 1, "rainfall_amount": flag}
    body = {"values": dict.fromkeys(quality, 1.0), "quality": quality, "reasons": {"rainfall_amount": "wet"}}
    found = json.loads(row(seq, body, revision, epoch=epoch).raw)
    return came(json.dumps(found | {"start": UTC0 + at * MINUTE + late, "duration": long, "setup": 1}).encode())


def told(engine: Engine) -> list[Any]:
    """Return what is said of the days and their month; of days read together the same as of each."""
    days = [day_of(engine, "s", day, NOW) for day in DAYS]
    together = days_of(engine, "s", DAYS[0], DAYS[-1], NOW)
    assert [(day.received, day.good, day.over) for day in together] == [
        (day.received, day.good, day.over) for day in days
    ]
    return [*days, monthly.sheet(engine, "s", DAYS[0], NOW)]


def check(url: str) -> None:
    """See that the days are the same with hours, with some of them, and with none."""
    engine = opened(url)
    meanwhile = told(engine)
    check_hours(url)
    assert told(engine) == meanwhile
    query(url, "DELETE FROM held_hour")
    assert told(engine) == meanwhile
    engine.close()


class Story(NamedTuple):
    """What comes of three hours: the rows of each delivery and the hub that takes it, the clock's offset (h), and how
    many hours a commit counts."""

    deliveries: list[tuple[list[Row], int]]
    offset_h: float
    most_hours: int


Change = Callable[[int], list[Row]]
BASE = 10_000  # number of the first minute
# What befalls the minute that began so many minutes after 2026 did: what comes of it behind the others.
INSTEAD: dict[str, Change] = {
    "lost": lambda at: [],
    "late": lambda at: [minute(BASE + at, at, 3)],
    "off the minute": lambda at: [minute(BASE + at, at, late=7)],
    "short": lambda at: [minute(BASE + at, at, long=20.0)],
    "of another box": lambda at: [minute(BASE + at, at, epoch="f")],
    "numbered anew": lambda at: [minute(2 + at, at)],
}
BESIDES: dict[str, Change] = {
    "doubted later": lambda at: [minute(BASE + at, at, 3, revision=1)],
    "good after all": lambda at: [minute(BASE + at, at, revision=1)],
    "dated anew": lambda at: [minute(BASE + at, at + 200, revision=1)],
    "dated anew, within an hour": lambda at: [minute(BASE + at, at - at % 60, revision=1)],
    "there twice": lambda at: [minute(2 * BASE + at, at)],
    "told by another box too": lambda at: [minute(BASE + at, at, 3, epoch="f")],
}


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw three hours of one box's minutes as they should be, but for a few; they come in parts, mostly in order.

    In the night, or about where a clock of half hours has midnight.
    """
    begin = draw(st.sampled_from([0, 18 * 60]))
    first, last = begin + draw(st.integers(0, 70)), begin + draw(st.integers(110, 190))
    flags = draw(st.lists(st.sampled_from([1, 1, 2, 3, 9]), min_size=1, max_size=5))
    odd = draw(
        st.dictionaries(st.integers(first, last - 1), st.sampled_from([*INSTEAD, *BESIDES]), min_size=1, max_size=3)
    )
    rows = [minute(BASE + at, at, flags[at % len(flags)]) for at in range(first, last) if odd.get(at) not in INSTEAD]
    behind = [(INSTEAD | BESIDES)[what](at) for at, what in odd.items()]
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    parts = [rows[begin:end] for begin, end in pairwise([0, *cuts, len(rows)])]
    parts = draw(st.permutations(parts)) if draw(st.booleans()) else parts
    offset_h, most_hours = draw(st.sampled_from([8.0, 8.0, 5.5])), draw(st.sampled_from([1, 400]))
    hub = draw(st.randoms())
    return Story([(part, hub.randrange(2)) for part in [*parts, *behind]], offset_h, most_hours)


@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(story=stories())
def test_a_day_is_the_same_whether_read_from_hours_or_from_minutes(sink: DatabaseSink, url: str, story: Story) -> None:
    """Hours as they should be but for a minute or three that are late, off, short, doubted, moved, by two hubs."""
    for table in ALL:
        query(url, f"DELETE FROM {table}")
    hubs = (sink, DatabaseSink(opened(url)))
    site = {"site": {"utc_offset_h": story.offset_h}, "sensors": [], "flags": "QARTOD", "configuration": "x"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_hours, "MOST_HOURS", story.most_hours)
        sink.commit(delivery(*(row(1, site, kind="setup", epoch=epoch) for epoch in "ef")))
        for rows, which in story.deliveries:
            if rows:
                hubs[which].commit(delivery(*rows))
        hubs[1].close()
        check(url)


@pytest.mark.parametrize("what", [*INSTEAD, *BESIDES])
def test_an_hour_as_it_should_be_but_for_one_minute_tells_the_same(sink: DatabaseSink, url: str, what: str) -> None:
    """Whatever befalls the minute, on its way or after it came."""
    there = [minute(BASE + at, at) for at in range(180) if at != 70 or what not in INSTEAD]
    for part in (there, (INSTEAD | BESIDES)[what](70)):
        sink.commit(delivery(*part))
    check(url)


def test_an_hour_that_grows_minute_by_minute_is_one_row(sink: DatabaseSink, url: str) -> None:
    """As live minutes come: not even the hour in which one came late is read minute by minute for ever."""
    for at in (*range(58, 130), 131, 130, *range(132, 181)):
        sink.commit(delivery(minute(1000 + at, at, 3 if at == 75 else 1)))
    rows = query(url, "SELECT minutes, mask FROM held_hour ORDER BY hour")
    assert [(minutes, mask.bit_count()) for minutes, mask in rows] == [(2, 2), (60, 59), (60, 60), (1, 1)]
    check(url)


def test_what_one_commit_has_no_time_for_is_counted_behind_live(
    sink: DatabaseSink, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest hours are counted at once, the others wait, and what is said meanwhile is right."""
    monkeypatch.setattr(held_hours, "MOST_HOURS", 3)
    monkeypatch.setattr(held_hours, "SLICE", 2)
    sink.commit(delivery(*(minute(1 + at, at) for at in range(600))))
    waiting = "SELECT hour - 490896 FROM held_hour WHERE minutes IS NULL ORDER BY hour"
    assert [hour for (hour,) in query(url, waiting)] == list(range(7))
    sink.commit(delivery(minute(601, 600), minute(700, 30, epoch="f")))
    check(url)


ODD: dict[str, list[Row]] = {
    "a gap": [minute(1, 0), minute(2, 2)],
    "numbers that descend": [minute(9, 0), minute(3, 1)],
    "off the minute": [minute(1, 0, late=7), minute(2, 1, late=7)],
    "short": [minute(1, 0, long=20.0), minute(2, 1)],
    "two boxes": [minute(1, 0), minute(2, 1, epoch="f")],
    "one minute twice": [minute(1, 0), minute(2, 0)],
}


@pytest.mark.parametrize("rows", ODD.values(), ids=ODD)
def test_minutes_that_are_no_run_are_looked_at_each_by_itself(sink: DatabaseSink, url: str, rows: list[Row]) -> None:
    """At once or one after the other: no row stands for them."""
    for part in ([rows], [[one] for one in rows]):
        for table in ALL:
            query(url, f"DELETE FROM {table}")
        for some in part:
            sink.commit(delivery(*some))
        assert query(url, "SELECT minutes, epoch FROM held_hour") == [(0, None)]
        check(url)


def test_an_hour_that_a_minute_leaves_or_changes_in_is_counted_anew(sink: DatabaseSink, url: str) -> None:
    """A doubt that came later, and a minute that is dated anew: the one's hour and the other's say so."""
    sink.commit(delivery(*(minute(1 + at, at) for at in range(120))))
    sink.commit(delivery(minute(31, 30, 3, revision=1), minute(120, 125, revision=1)))
    rows = query(url, "SELECT minutes, mask FROM held_hour ORDER BY hour")
    assert [(minutes, mask and mask.bit_count()) for minutes, mask in rows] == [(60, 59), (59, 59), (1, 1)]
    check(url)


def test_an_hour_that_has_lost_its_row_is_counted_with_the_next_minute(sink: DatabaseSink, url: str) -> None:
    """Its earlier minutes too, from their records."""
    sink.commit(delivery(*(minute(1 + at, at) for at in range(30))))
    query(url, "DELETE FROM held_hour")
    sink.commit(delivery(minute(31, 30)))
    assert query(url, "SELECT minutes FROM held_hour") == [(31,)]
    check(url)


def test_the_hours_of_an_earlier_hub_are_counted_behind_live(sink: DatabaseSink, url: str) -> None:
    """A newer hub's first start says nothing wrong of what is there, and counts it."""
    site = {"site": {"utc_offset_h": 5.5}, "sensors": [], "flags": "QARTOD", "configuration": "x"}
    here = [minute(2 + at, at, 3 if at % 50 == 7 else 1) for at in range(20, 300) if at != 100]
    sink.commit(delivery(row(1, site, kind="setup"), *here))
    set_back(url, 10)
    after = DatabaseSink(opened(url))
    assert query(url, "SELECT count(*), count(minutes) FROM held_hour") == [(7, 0)]
    after.commit(delivery(minute(302, 300), minute(303, 301)))
    after.close()
    check(url)


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
def test_a_database_of_each_earlier_version_is_brought_up_with_its_minutes(
    sink: DatabaseSink, url: str, version: int
) -> None:
    """Nothing of it is lost, the next minute is taken, and its hours are right."""
    sink.commit(delivery(*(minute(1 + at, at) for at in range(200))))
    set_back(url, version)
    after = DatabaseSink(opened(url))
    after.commit(delivery(minute(300, 200)))
    after.close()
    assert query(url, "SELECT count(*) FROM record") == [(201,)]
    check(url)
