"""What the hub's database answers: right, in pages that lose nothing, and about nobody else's stations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from edge.measure.aggregates import HOUR_US
from edge.records.asked import AskedStep
from edge.records.record import Kind
from edge.records.spans import Span
from edge.wire.contract import ChunkHeader
from hub.database import queries
from hub.database.engine import opened
from hub.database.queries import AskedError, Queries
from hub.database.sink import DatabaseSink
from hub.sink import Announced, Delivery, PictureRow
from tests.bench import questions as bench
from tests.bench.days import records_of
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery, row
from tests.unit.hub.database.test_hours import MINUTE, minute, setup

HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.fixture(name="ask")
def a_reader(sink: DatabaseSink, url: str) -> Iterator[Queries]:
    """Give questions about all stations."""
    engine = opened(url)
    yield Queries(engine)
    engine.close()


def temperature(seq: int, at: int, value: float | None, flag: int = 1, station: str = "s", **more: Any) -> Any:
    """Return a minute with an air temperature."""
    body = {"values": {"air_temperature": value}, "quality": {"air_temperature": flag}, **more}
    return minute(seq, at, body, station=station)


def test_a_curve_by_minute_hour_and_day(sink: DatabaseSink, ask: Queries) -> None:
    """Minutes with their flags, hours and days with extremes, counts, and what is not received; the step is said."""
    rows = [temperature(seq, seq, float(seq % 7), 3 if seq == 30 else 1) for seq in range(2, 120) if seq != 70]
    sink.commit(delivery(setup(1, 0), *rows))
    found = ask.series("s", "air_temperature", UTC0, UTC0 + HOUR, "auto")
    assert (found.step, found.unit, len(found.points), found.next_us) == ("minute", "degC", 58, None)
    assert [point.quality for point in found.points if point.start_us == UTC0 + 30 * MINUTE] == [3]
    hours = ask.series("s", "air_temperature", UTC0 + 30 * MINUTE, UTC0 + 2 * HOUR, "hour").points
    assert [(hour.start_us, hour.good, hour.suspect, hour.not_received) for hour in hours] == [
        (UTC0, 57, 1, 0),
        (UTC0 + HOUR, 59, 0, 1),
    ]
    (day,) = ask.series("s", "air_temperature", UTC0, UTC0 + 3000 * HOUR, "auto").points
    assert (day.lowest, day.lowest_us, day.highest, day.highest_us) == (0, UTC0 + 7 * MINUTE, 6, UTC0 + 6 * MINUTE)
    assert (day.good, day.not_received, day.end_us - day.start_us) == (116, 1, DAY)
    assert ask.series("s", "nothing\0", UTC0, UTC0 + DAY).points == []
    assert ask.channels("s", UTC0, UTC0 + DAY) == ["air_temperature"]
    assert ask.channels("s", UTC0 + 3 * HOUR, UTC0 + DAY) == []


def test_pages_together_are_all(sink: DatabaseSink, ask: Queries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut in silence: the pages of curves and events together are everything once."""
    monkeypatch.setattr(queries, "PAGE_POINTS", 7)
    monkeypatch.setattr(queries, "PAGE", 3)
    losses = [row(seq, {"what": "records"}, kind=Kind.LOSS) for seq in range(200, 211)]
    sink.commit(delivery(*(temperature(seq, 10 * seq, 1.0) for seq in range(2, 60)), *losses))
    steps: tuple[tuple[AskedStep, int], ...] = (("minute", 58), ("hour", 10))
    for step, count in steps:
        first: int | None = UTC0
        starts: list[int] = []
        while first is not None:
            page = ask.series("s", "air_temperature", first, UTC0 + DAY, step)
            starts += [point.start_us for point in page.points]
            first = page.next_us
        assert (len(starts), sorted(set(starts))) == (count, starts)
    seqs: list[int] = []
    token: str | None = None
    while True:
        events = ask.events("s", UTC0, UTC0 + DAY, [Kind.LOSS], token)
        seqs += [event.seq for event in events.events]
        token = events.next
        if token is None:
            break
    assert seqs == list(range(210, 199, -1))
    assert ask.events("s", UTC0, UTC0 + DAY, ["alert"]).events == []
    with pytest.raises(AskedError, match="not a page"):
        ask.events("s", UTC0, UTC0 + DAY, (), "1.x")


def test_now_is_no_minute_of_2038(sink: DatabaseSink, ask: Queries) -> None:
    """A minute of a clock that was wrong is not the newest for years; today's curve is unharmed."""
    future = json.loads(temperature(50, 0, 99.0).raw) | {"start": UTC0 + 12 * 365 * DAY}
    why = {"air_temperature": {"code": "jump", "params": {}, "text": "it jumped"}}
    last = temperature(51, 51, -1.5, 3, reasons=why)
    sink.commit(delivery(temperature(49, 49, 1.0), came(json.dumps(future).encode()), last))
    found = ask.now("s")
    assert (found.start_us, found.values["air_temperature"].value) == (UTC0 + 51 * MINUTE, -1.5)
    assert found.values["air_temperature"].reason == why["air_temperature"]
    assert len(ask.series("s", "air_temperature", UTC0, UTC0 + DAY).points) == 2
    sink.commit(delivery(came(json.dumps(future | {"seq": 60}).encode())))
    assert ask.now("s").start_us == UTC0 + 51 * MINUTE, "nor where it is the last one of its start"


def test_events_and_pictures(sink: DatabaseSink, ask: Queries) -> None:
    """Events in their station's words; a picture with its parts, and one that was taken away to make room."""
    parts = [
        PictureRow(
            ChunkHeader(1, "s", letter * 64, part, 0, 9, letter * 64, "cam", "e", 3, UTC0 + n), f"{letter}{part}"
        )
        for n, (letter, part) in enumerate((("a", "thumbnail"), ("a", "full"), ("b", "thumbnail")))
    ]
    same = [
        PictureRow(ChunkHeader(1, "s", "a" * 64, p, 0, 9, "a" * 64, "cam", "e", 3, UTC0), f"a{p}")
        for p in ("full", "thumbnail")
    ]
    sink.commit(Delivery((row(1, {"what": "records", "cause": "x"}, kind=Kind.LOSS),), (*same, parts[2])))
    (event,) = ask.events("s", UTC0, UTC0 + DAY).events
    assert (event.kind, event.body, event.seq, event.wrong) == (Kind.LOSS, {"what": "records", "cause": "x"}, 1, None)
    found = ask.pictures("s", UTC0, UTC0 + DAY).pictures
    assert [(one.sha256[0], one.file, one.thumbnail, one.removed) for one in found] == [
        ("b", None, "bthumbnail", False),
        ("a", "afull", "athumbnail", False),
    ]
    assert ask.picture("a" * 64) == found[1]
    assert ask.picture("c" * 64) is None
    assert ask.pictures("s", UTC0, UTC0 + DAY, camera="other").pictures == []


def test_another_station_is_as_one_that_is_not_there(sink: DatabaseSink, url: str) -> None:
    """Whoever may see one station gets the same answer about another's as about none, from every question."""
    header = ChunkHeader(1, "theirs", "a" * 64, "full", 0, 9, "a" * 64, "cam", "e", 3, UTC0)
    rows = (temperature(1, 1, 1.0, station="mine"), temperature(1, 1, 1.0, station="theirs"))
    sink.commit(Delivery(rows, (PictureRow(header, "f"),)))
    engine = opened(url)
    ask = Queries(engine, frozenset({"mine", "nobody"}))
    assert [state.station for state in ask.stations(UTC0 + DAY)] == ["mine"]
    assert ask.picture("a" * 64) is None
    assert ask.now("mine").values["air_temperature"].value == 1.0
    today = date(2026, 1, 1)
    for other in ("theirs", "nobody", "\0", "\ud800"):
        for question in (
            ask.now,
            lambda name: ask.series(name, "air_temperature", 0, 1),
            lambda name: ask.channels(name, 0, 1),
            lambda name: ask.events(name, 0, 1),
            lambda name: ask.pictures(name, 0, 1),
            lambda name: ask.completeness(name, today, today, UTC0),
        ):
            with pytest.raises(AskedError, match="no station"):
                question(other)
    engine.close()


def test_days_and_their_gaps(sink: DatabaseSink, ask: Queries) -> None:
    """The same three numbers and causes that `hub gaps` says, a day each."""
    rows = [temperature(seq, seq, 1.0) for seq in range(2, 100) if not 20 <= seq < 30]
    said = (Announced("s", (Span("e", 1, 99),)),)
    sink.commit(Delivery((setup(1, 0), *rows), announced=said))
    days = ask.completeness("s", date(2026, 1, 1), date(2026, 1, 2), UTC0 + 100 * MINUTE)
    assert [(day.measured, day.received, day.good, len(day.gaps)) for day in days] == [(98, 88, 88, 1), (0, 0, 0, 0)]
    assert (days[0].gaps[0].cause, days[0].gaps[0].records) == ("not_received", 10)
    for far in (10**30, -(10**30)):
        assert ask.series("s", "air_temperature", -far, far, "day").points or far < 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_bench_asks_for_a_whole_year(url: str) -> None:
    """What `make bench ARGS=questions` measures is a year that is there: a value for each hour."""
    engine = bench.filled(url, records_of([{bench.CHANNEL: 1.0}]))
    span = bench.OLD, bench.OLD + bench.YEAR_HOURS * HOUR_US
    found = Queries(engine).series(bench.STATION, bench.CHANNEL, *span, "hour")
    engine.close()
    assert len(found.points) == bench.YEAR_HOURS
    assert {point.value for point in found.points} == {12.5}
