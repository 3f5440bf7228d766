"""Hours and days are what their minutes come to, whatever arrives, in whatever order, and whoever is killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from edge.records.record import Kind
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Row
from tests.kits.receiver_kit import UTC0
from tests.kits.recount import check_hours, said
from tests.kits.sink_kit import came, delivery, query, row, set_back

ROOT = Path(__file__).parents[4]
MINUTE = 60_000_000
ALL = ("record", "ledger", "epoch", "conflict", "hourly", "stale", "counting", "held_hour")
HOURLY = "SELECT * FROM hourly ORDER BY station, channel, start, utc_offset_s"
CHANNELS = ("air_temperature", "air_temperature.louvre", "rainfall_amount", "wind_speed", "wind_from_direction", "new")


def setup(seq: int, hours: float | None, revision: int = 0, station: str = "s") -> Row:
    """Return a setup of a station whose clock is so far ahead."""
    site = {} if hours is None else {"utc_offset_h": hours}
    said = {"site": site, "sensors": [], "flags": "QARTOD", "configuration": "x"}
    return row(seq, said, revision, station, kind=Kind.SETUP)


def minute(
    seq: int, at: int, body: dict[str, Any] | None = None, under: int | None = 1, revision: int = 0, station: str = "s"
) -> Row:
    """Return a minute that began so many minutes after 2026 did."""
    body = body or {"values": {"rainfall_amount": 1.0}, "quality": {"rainfall_amount": 1}}
    found = json.loads(row(seq, body, revision, station).raw)
    start = UTC0 + at * MINUTE
    made = came(json.dumps(found | {"start": start, "setup": under, "duration": 60.0}).encode(), station)
    return msgspec.structs.replace(made, arrived=start + MINUTE)


def rain(url: str, view: str) -> dict[str, float]:
    """Return the sums of a view by their day, or the hour's begin by the station's clock."""
    key = "start_local" if view == "hour" else "day"
    found = query(url, f"SELECT {key}, sum FROM {view} WHERE channel = 'rainfall_amount' ORDER BY 1")
    return {str(when).replace(" ", "T"): amount for when, amount in found}


def test_each_minute_is_in_the_hour_and_day_of_its_begin(sink: DatabaseSink, url: str) -> None:
    """1 mm in the minutes that begin 19:59, 20:00, 23:59 and 00:00 by the station's clock lies in four hours, in two
    days 0-24 and in two days 20-20."""
    times = (19 * 60 + 59, 20 * 60, 23 * 60 + 59, 24 * 60)
    sink.commit(delivery(setup(1, 8), *(minute(2 + n, at - 480) for n, at in enumerate(times))))
    assert rain(url, "hour") == {f"2026-01-{when}:00:00": 1.0 for when in ("01T19", "01T20", "01T23", "02T00")}
    assert rain(url, "day") == {"2026-01-01": 3.0, "2026-01-02": 1.0}
    assert rain(url, "day_20_20") == {"2026-01-01": 1.0, "2026-01-02": 3.0}
    starts = query(url, "SELECT start_us, end_us FROM day_20_20 ORDER BY 1")
    assert starts == [(UTC0 + at * MINUTE, UTC0 + (at + 1440) * MINUTE) for at in (-720, 720)]
    check_hours(url)


def test_the_document_tells_how_to_ask_for_rain_from_8_to_8(sink: DatabaseSink, url: str) -> None:
    """Rain of 07:59 is the day before's, that of 08:00 and of the next 07:59 the day's own; with nothing good, NULL."""
    times = (8 * 60 - 1, 8 * 60, 32 * 60 - 1, 32 * 60)
    doubted = minute(9, 56 * 60 - 480, {"values": {"rainfall_amount": 9.0}, "quality": {"rainfall_amount": 3}})
    sink.commit(delivery(setup(1, 8), *(minute(2 + n, at - 480) for n, at in enumerate(times)), doubted))
    told = (ROOT / "docs/hub.md").read_text().partition("-- PostgreSQL: the rain from 08:00")[2]
    asked = told.partition("```")[0].split("\n", 1)[1].split("-- SQLite: the same")[url.startswith("sqlite")]
    days = [(str(day), None if amount is None else float(amount)) for _, day, amount in query(url, asked.strip("; \n"))]
    assert days == [("2025-12-31", 1.0), ("2026-01-01", 2.0), ("2026-01-02", 1.0), ("2026-01-03", None)]


def test_a_day_has_its_own_extremes_where_the_clock_is_changed(sink: DatabaseSink, url: str) -> None:
    """Between two hours of one day, by two clocks, lies an hour of the next day by the first: its 0.1 is not theirs."""

    def new(seq: int, at: int, under: int, value: float) -> Row:
        return minute(seq, at, {"values": {"new": value}, "quality": {"new": 1}}, under)

    first, second = setup(1, 8), setup(2, -3)
    sink.commit(delivery(first, second, new(3, 900, 1, 0.3), new(4, 970, 1, 0.1), new(5, 1300, 2, 0.1)))
    lowest = query(url, "SELECT min, min_us FROM day WHERE channel = 'new' ORDER BY start_us")
    assert lowest == [(0.1, UTC0 + 1300 * MINUTE), (0.1, UTC0 + 970 * MINUTE)]
    check_hours(url)
    query(url, "DROP VIEW day")
    query(url, "CREATE VIEW day AS SELECT 1 AS min_us")  # what an earlier hub had
    set_back(url, 8)
    DatabaseSink(opened(url)).close()
    check_hours(url)


def test_a_minute_that_is_dated_anew_leaves_its_place(sink: DatabaseSink, url: str) -> None:
    """The hour that it was in loses it, with the channels that it alone had there, and the other gets it."""
    body = {"values": {"rainfall_amount": 0.2, "new": 4}, "quality": {"rainfall_amount": 1, "new": 2}}
    sink.commit(delivery(setup(1, 8), minute(2, 0), minute(3, 1, body)))
    sink.commit(delivery(minute(3, 3000, revision=1)))
    assert rain(url, "day") == {"2026-01-01": 1.0, "2026-01-03": 1.0}
    assert query(url, "SELECT count(*) FROM hour WHERE channel = 'new'") == [(0,)]
    check_hours(url)
    undated = json.loads(minute(3, 0, revision=2).raw) | {"start": None, "clock": {"source": "arrival"}}
    sink.commit(delivery(came(json.dumps(undated).encode())))
    assert rain(url, "day") == {"2026-01-01": 1.0}
    check_hours(url)
    sink.commit(delivery(minute(3, 1500, revision=3)))
    assert rain(url, "day") == {"2026-01-01": 1.0, "2026-01-02": 1.0}
    check_hours(url)


def test_no_value_is_never_zero(sink: DatabaseSink, url: str) -> None:
    """Nothing good is no mean and no sum, with the count of what there was; a dry gauge is 0; tips add up exactly."""
    values = {"air_temperature": None, "rainfall_amount": 0.0, "soil_moisture": 7.0, "pm10": 1.0, "co2": 9.0}
    flags = dict(zip(values, (9, 1, 3, 4, 2)))
    sink.commit(delivery(minute(2, 0, {"values": values, "quality": flags})))
    found = query(url, "SELECT channel, mean, sum, good, suspect, bad, missing FROM day ORDER BY channel")
    assert found == [
        ("air_temperature", None, None, 0, 0, 0, 1),
        ("co2", 9.0, None, 1, 0, 0, 0),
        ("pm10", None, None, 0, 0, 1, 0),
        ("rainfall_amount", 0.0, 0.0, 1, 0, 0, 0),
        ("soil_moisture", None, None, 0, 1, 0, 0),
    ]
    tips = {"values": {"rainfall_amount": 0.2}, "quality": {"rainfall_amount": 1}}
    sink.commit(delivery(*(minute(seq, seq, tips) for seq in range(10, 878))))
    assert query(url, "SELECT sum FROM day WHERE channel = 'rainfall_amount'") == [(173.6,)]


def test_wind_is_a_vector(sink: DatabaseSink, url: str) -> None:
    """The mean of 350 and 10 degrees is north, the stronger wind pulls it; calm is 0; winds that cancel have none."""
    hours = [
        [(350, 2.0), (10, 2.0)],
        [(90, 3.0), (180, 0.0), (0, 0.0)],
        [(0, 0.0)],
        [(90, 2.0), (270, 2.0)],
        [(90, 4.0), (180, 4.0)],
    ]
    rows = []
    for hour, winds in enumerate(hours):
        for n, (degrees, speed) in enumerate(winds):
            said = {"wind_from_direction": degrees, "wind_speed": speed, "wind_speed_of_gust": speed * 2}
            rows.append(minute(10 * hour + n + 2, hour * 60 + n, {"values": said, "quality": dict.fromkeys(said, 1)}))
    sink.commit(delivery(*rows))
    found = query(url, "SELECT mean FROM hour WHERE channel = 'wind_from_direction' ORDER BY start_us")
    assert [None if mean is None else round(mean, 6) for (mean,) in found] == [360.0, 90.0, 0.0, None, 135.0]
    gust = query(url, "SELECT max, max_us FROM day WHERE channel = 'wind_speed_of_gust'")
    assert gust == [(8.0, UTC0 + 240 * MINUTE)]
    check_hours(url)


def test_a_setup_that_comes_after_its_minutes(sink: DatabaseSink, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it comes they count by UTC; then by the station's clock, also where one commit has no time for them all."""
    monkeypatch.setattr("hub.database.counting.MOST_HOURS", 3)
    sink.commit(delivery(*(minute(seq, 30 * seq) for seq in range(2, 60))))
    check_hours(url)
    sink.commit(delivery(setup(1, 5.5)))
    assert query(url, "SELECT 1 FROM stale LIMIT 1"), "more than one commit has time for"
    check_hours(url)
    assert {offset for (offset,) in query(url, "SELECT utc_offset_s FROM hour")} == {19800}
    sink.commit(delivery(setup(1, None, revision=1)))
    check_hours(url)


def test_an_hour_that_an_earlier_hub_has_counted_grows(sink: DatabaseSink, url: str) -> None:
    """An hour of before sums were kept exact, or one whose rests somebody spoiled, is right after its next minute."""
    sink.commit(delivery(*(minute(seq, seq) for seq in range(2, 30))))
    set_back(url, 6)
    DatabaseSink(opened(url)).close()
    sink.commit(delivery(minute(30, 30), minute(31, 61)))
    check_hours(url)
    query(url, "UPDATE hourly SET rests = '[[0.5]'")
    sink.commit(delivery(minute(32, 32)))
    check_hours(url)


def test_a_database_of_the_version_before_is_counted(sink: DatabaseSink, url: str) -> None:
    """A newer hub's first start makes the hours of what is there, behind live, and says nothing wrong meanwhile."""
    sink.commit(delivery(setup(1, 8), *(minute(seq, 7 * seq) for seq in range(2, 400))))
    set_back(url, 2)
    DatabaseSink(opened(url)).close()
    assert query(url, "SELECT 1 FROM stale LIMIT 1")
    sink.commit(delivery(minute(500, 3500)))
    check_hours(url)
    assert said(url)


def test_minutes_that_somebody_took_away(sink: DatabaseSink, url: str) -> None:
    """After the ledger was held against the rows the hours hold what is there."""
    sink.commit(delivery(*(minute(seq, seq) for seq in range(2, 200))))
    query(url, "DELETE FROM record WHERE seq BETWEEN 100 AND 150")
    assert sink.compare() == 51
    check_hours(url)


UNSHRUNK = (Phase.explicit, Phase.generate)
VALUES = st.none() | st.integers(-40, 40).map(float) | st.sampled_from([0.1, 0.2, 0.3])
BODIES = st.dictionaries(st.sampled_from(CHANNELS), st.tuples(VALUES, st.sampled_from([1, 1, 2, 3, 4, 9])), min_size=1)


def made(found: dict[str, tuple[float | None, int]], seq: int, at: int, under: int, revision: int, station: str) -> Row:
    """Return a minute; a wind blows at no negative speed, from a direction that there is."""
    values = {name: value for name, (value, _) in found.items()}
    for name in ("wind_speed", "wind_from_direction"):
        if values.get(name) is not None:
            values[name] = abs(values[name] or 0) * (9 if "from" in name else 1)
    quality = {name: flag for name, (_, flag) in found.items()}
    if quality.get("wind_speed", 1) > 2 or values.get("wind_speed", 1) is None:
        values.pop("wind_speed")
    return minute(seq, at, {"values": values, "quality": quality}, under, revision, station)


SETUPS = st.builds(
    setup, st.integers(1, 2), st.sampled_from([8, 5.5, -3, None]), st.integers(0, 2), st.sampled_from("st")
)
MINUTES = st.builds(
    made,
    BODIES,
    st.integers(3, 12),
    st.integers(0, 90) | st.integers(0, 3000),
    st.integers(1, 2),
    st.integers(0, 2),
    st.sampled_from("st"),
)
DELIVERIES = st.lists(st.tuples(st.integers(0, 1), st.lists(MINUTES | SETUPS, max_size=12)), max_size=6)


@settings(max_examples=15, deadline=None, phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
@given(deliveries=DELIVERIES)
def test_whatever_arrives_a_second_count_says_the_same(
    sink: DatabaseSink, url: str, deliveries: list[tuple[int, list[Row]]]
) -> None:
    """Minutes and setups, new, late, revised, re-dated, in any order, by two hubs: hours and days are right, and to the
    last digit what a count of all their minutes at once is."""
    for table in ALL:
        query(url, f"DELETE FROM {table}")
    hubs = (sink, DatabaseSink(opened(url)))
    for which, rows in deliveries:
        hubs[which].commit(delivery(*rows))
    hubs[1].close()
    check_hours(url)
    grown = query(url, HOURLY)
    query(url, "INSERT INTO stale SELECT DISTINCT station, start, utc_offset_s FROM hourly")
    while query(url, "SELECT 1 FROM stale LIMIT 1"):
        sink.look()
    assert query(url, HOURLY) == grown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries({}, optional={"values": JSON, "quality": JSON, "reasons": JSON})


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies=st.lists(FIELDS, min_size=1, max_size=4))
def test_no_body_keeps_a_record_out(sink: DatabaseSink, url: str, bodies: list[dict[str, Any]]) -> None:
    """Whatever a minute says, it is kept, and the views of hours and days answer."""
    for table in ALL:
        query(url, f"DELETE FROM {table}")
    rows = [minute(seq, seq, body or {"values": {"co2": 4e14}}) for seq, body in enumerate(bodies, 1)]
    assert len({fate.value for fate in sink.commit(delivery(*rows)).fates}) == 1
    assert query(url, "SELECT count(*) FROM record") == [(len(rows),)]
    for view in ("hour", "day", "day_20_20"):
        query(url, f"SELECT * FROM {view}")
