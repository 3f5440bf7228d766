"""Three numbers a day and the cause of each gap, as a station's own records tell them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.records.answers import Gap, NotGood, StationState
from edge.records.record import ClockMark, Kind, Record
from edge.records.spans import Span
from edge.wire.contract import encode
from hub.causes import doubt
from hub.completeness import day_of, days_of, doubtful_of, local_day
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.doubts import doubt_spans, explained
from hub.monthly import sheet
from hub.sink import Announced, Row
from hub.stations import names, offset_of, stations
from tests.kits.command import minshan
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery, row
from tests.unit.hub.database.test_hours import minute

DAY = date(2026, 1, 1)
MINUTE = 60_000_000
END = UTC0 + 24 * 60 * MINUTE


def test_each_gap_has_its_cause(sink: DatabaseSink, url: str) -> None:
    """Not received, lost with its reason, the box off with its reason, not measured, silent at the end: each is told
    apart, and what is measured is what is here with what is lacking."""
    start = {"version": "1", "boot": "b", "reason": "power was cut"}
    loss = {"what": "records", "epoch": "e", "first": 30, "last": 34, "cause": "no room was left"}
    here = [row(seq) for seq in (*range(1, 10), *range(15, 30), *range(35, 51))]
    skipped = row(51).raw.replace(str(UTC0 + 51 * MINUTE).encode(), str(UTC0 + 54 * MINUTE).encode())
    after = [row(seq, epoch="f") for seq in range(70, 81)]
    bad = row(81, epoch="f").raw.replace(b'"quality":{"air_temperature":1}', b'"quality":{"air_temperature":3}')
    told = [row(52, loss, kind=Kind.LOSS), row(69, start, epoch="f", kind=Kind.START)]
    sink.commit(delivery(*here, came(skipped), *after, came(bad), *told))
    engine = opened(url)
    found = day_of(engine, "s", DAY, END)
    assert [(gap.cause, gap.records, gap.why) for gap in found.gaps] == [
        ("not_received", 5, None),
        ("lost", 5, "no room was left"),
        ("not_measured", 0, None),
        ("off", 0, "power was cut"),
        ("silent", 0, None),
    ]
    assert (found.measured, found.received, found.good) == (63, 53, 52)
    assert found.gaps[0].start_us == UTC0 + 10 * MINUTE
    assert found.gaps[0].end_us == UTC0 + 15 * MINUTE
    assert [(one.station, one.newest_us) for one in stations(engine, END)] == [("s", UTC0 + 81 * MINUTE)]
    assert local_day(engine, "s", END - 1) == DAY
    assert day_of(engine, "s", date(2026, 1, 3), END + 10 * 24 * 60 * MINUTE).received == 0
    engine.close()


def test_what_is_not_good_has_its_cause_too(sink: DatabaseSink, url: str) -> None:
    """A sensor that was lost and maintenance are named with their time; what is not judged is none of their causes."""
    lost = [row(seq, flagged(9, "no_answer", "no answer")) for seq in range(10, 40)]
    work = [row(seq, flagged(4, "maintenance", "maintenance: rain gauge")) for seq in range(60, 70)]
    comes_again = [row(seq, flagged(9, "no_answer", "no answer")) for seq in (200, 203)]
    fine = [row(seq, flagged(1)) for seq in (*range(1, 10), *range(40, 60), *range(70, 200), 201, 202)]
    sink.commit(delivery(*lost, *work, *comes_again, *fine))
    engine = opened(url)
    minutes = doubtful_of(engine, "s", DAY)
    assert [(*minutes_in(span), span.minutes, doubt(span)) for span in doubt_spans(engine, "s", minutes)] == [
        (10, 40, 30, "30 minutes without Air temperature: no answer"),
        (60, 70, 10, "10 minutes of Air temperature not good: maintenance: rain gauge"),
        (200, 204, 2, "2 minutes without Air temperature: no answer"),
    ]
    found = day_of(engine, "s", DAY, UTC0 + 204 * MINUTE)
    assert sum(span.minutes for span in doubt_spans(engine, "s", minutes)) == found.received - found.good
    engine.close()


NONSENSE: list[Any] = [
    *(7, [], {}, {"code": 7, "text": "t"}, {"code": "x", "params": "1e5", "text": "t"}, {"code": "x", "text": None}),
    {"code": "x", "params": {"code": 1, "template": 2, "self": 3}, "text": "t"},
]


@pytest.mark.parametrize("reason", NONSENSE, ids=str)
def test_a_reason_that_is_none_hides_no_day(sink: DatabaseSink, url: str, reason: Any) -> None:
    """A station of another make, or a newer one, says it so: the day's numbers and doubts are there, and the sheet."""
    body = flagged(4) | {"reasons": {"air_temperature": reason}}
    sink.commit(delivery(*(row(seq, body) for seq in range(10))))
    engine = opened(url)
    found = explained(engine, day_of(engine, "s", DAY, UTC0 + 10 * MINUTE))
    assert [(one.minutes, one.channels) for one in found.doubts] == [(10, ["air_temperature"])]
    assert doubt(found.doubts[0]).startswith("10 minutes of Air temperature not good")
    assert [one.minutes for one in sheet(engine, "s", DAY, END).doubts] == [10]
    engine.close()


def minutes_in(span: Gap | NotGood) -> tuple[int, int]:
    """Return the minutes of the day from which to which that is."""
    return (span.start_us - UTC0) // MINUTE, (span.end_us - UTC0) // MINUTE


def flagged(flag: int, code: str = "", text: str = "") -> dict[str, Any]:
    """Return a minute whose temperature has that flag and reason; its humidity is not judged, which is no fault."""
    reasons = {"relative_humidity": {"code": "unjudged", "text": "not judged"}}
    if code:
        reasons["air_temperature"] = {"code": code, "text": text}
    values = {"air_temperature": None if flag == 9 else 1.0, "relative_humidity": 60.0}
    return {"values": values, "quality": {"air_temperature": flag, "relative_humidity": 2}, "reasons": reasons}


def test_what_is_not_received_around_a_start_is_not_called_off(sink: DatabaseSink, url: str) -> None:
    """The box was off for as long as its start record says; what it measured before and after it and a hello named,
    and is not here, is not received, which a grower must not take for a box without power."""
    start = {"version": "1", "boot": "b", "reason": "power was cut"}
    off = {"missing": {"from": UTC0 + 13 * MINUTE, "to": UTC0 + 20 * MINUTE}}
    here = [row(seq) for seq in range(1, 10)]
    after = [row(seq, epoch="f") for seq in range(24, 41)]
    began = row(16, start | off, epoch="f", kind=Kind.START)
    said = Announced("s", (Span("e", 1, 12), Span("f", 16, 40)))
    sink.commit(msgspec.structs.replace(delivery(*here, began, *after), announced=(said,)))
    engine = opened(url)
    found = day_of(engine, "s", DAY, UTC0 + 41 * MINUTE)
    assert [(h.cause, h.records, h.why, *minutes_in(h)) for h in found.gaps] == [
        ("not_received", 4, None, 10, 13),
        ("off", 0, "power was cut", 13, 20),
        ("not_received", 6, None, 20, 24),
    ]
    assert (found.measured, found.received) == (36, 26)
    engine.close()


def test_a_record_that_is_lacking_in_a_gap_of_two_halves_is_counted_once(sink: DatabaseSink, url: str) -> None:
    """Midnight cuts the one gap in the middle, the box was off in the middle of the other: no half of it vanishes."""
    off = {"reason": "power was cut", "missing": {"from": UTC0 + 12 * MINUTE, "to": UTC0 + 14 * MINUTE}}
    by_night = [minute(1, 1438, under=None), minute(3, 1441, under=None)]
    began = row(14, off, station="t", epoch="f", kind=Kind.START)
    said = Announced("t", (Span("e", 10, 11), Span("f", 14, 15)))
    around = row(10, station="t"), began, row(15, station="t", epoch="f")
    sink.commit(msgspec.structs.replace(delivery(*by_night, *around), announced=(said,)))
    engine = opened(url)
    for station, last, now in (("s", date(2026, 1, 2), END + 2 * MINUTE), ("t", DAY, UTC0 + 16 * MINUTE)):
        days = days_of(engine, station, DAY, last, now)
        assert sum(gap.records for day in days for gap in day.gaps) == 1, station
        assert sum(day.measured - day.received for day in days) == 1, station
    engine.close()


def test_a_start_whose_record_is_lacking_too_is_not_called_off(sink: DatabaseSink, url: str) -> None:
    """Whole starts of which nothing has arrived are known by a hello alone: all of that is not received."""
    said = Announced("s", (Span("e", 1, 12), Span("never seen", 13, 20), Span("f", 21, 40)))
    rows = [row(seq) for seq in range(1, 10)] + [row(seq, epoch="f") for seq in range(24, 41)]
    sink.commit(msgspec.structs.replace(delivery(*rows), announced=(said,)))
    engine = opened(url)
    found = day_of(engine, "s", DAY, UTC0 + 41 * MINUTE)
    assert [(gap.cause, gap.records) for gap in found.gaps] == [("not_received", 14)]
    engine.close()


def test_a_whole_day_has_no_hole(sink: DatabaseSink, url: str) -> None:
    """A day whose minutes are all here is whole, also where it is the station's first."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 1440)), row(1440)))
    engine = opened(url)
    found = day_of(engine, "s", DAY, END)
    assert (found.measured, found.received, found.good) == (1439, 1439, 1439)
    assert found.gaps == [], "before a station's first minute nothing is missing"
    engine.close()


def test_what_a_hello_named_behind_the_last_minute_is_not_received(sink: DatabaseSink, url: str) -> None:
    """A station that says it has more than is here is not called silent for that time, and no day counts it twice."""
    here = [row(seq) for seq in range(1000, 1430)]
    sink.commit(msgspec.structs.replace(delivery(*here), announced=(Announced("s", (Span("e", 1, 1459),)),)))
    engine = opened(url)
    days = [day_of(engine, "s", date(2026, 1, day), UTC0 + 1500 * MINUTE) for day in (1, 2)]
    assert [(h.cause, h.records, *minutes_in(h)) for h in days[0].gaps] == [("not_received", 10, 1430, 1440)]
    assert [(h.cause, h.records, *minutes_in(h)) for h in days[1].gaps] == [
        ("not_received", 20, 1440, 1460),
        ("silent", 0, 1460, 1500),
    ]
    assert [day.measured for day in days] == [440, 20]
    engine.close()


def test_minutes_whose_time_is_not_known_are_no_silence(sink: DatabaseSink, url: str) -> None:
    """They are counted on the day on which they arrived, and that time is not said to be one of silence."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 11)), *(undated(seq) for seq in range(11, 31))))
    engine = opened(url)
    days = [day_of(engine, "s", date(2026, 1, day), UTC0 + 1500 * MINUTE) for day in (1, 2)]
    assert [(day.received, day.undated, [gap.cause for gap in day.gaps]) for day in days] == [
        (10, 20, ["undated"]),
        (0, 0, ["silent"]),
    ]
    assert names(engine) == ["s"]
    engine.close()


def undated(seq: int) -> Row:
    """Return a minute of a box that did not know the time."""
    known = row(seq)
    assert isinstance(known.record, Record)
    record = msgspec.structs.replace(known.record, start=None, clock=ClockMark("arrival"))
    return Row("s", record, encode(record), known.arrived)


def test_no_station_was_heard_after_now(sink: DatabaseSink, url: str) -> None:
    """An epoch that ended while this hub's clock was ahead is not what was heard last; nothing else known, it is not
    known when that was, and a minute dated after now is not the newest."""
    ahead = msgspec.structs.replace(row(1, epoch="old"), arrived=END + 24 * 60 * MINUTE)
    sink.commit(delivery(ahead, row(5), row(5000, epoch="f")))
    engine = opened(url)
    assert stations(engine, UTC0 + 10 * MINUTE) == [StationState("s", row(5).arrived, UTC0 + 5 * MINUTE, 0)]
    assert stations(engine, UTC0) == [StationState("s", None, None, 0)]
    engine.close()


def test_two_boxes_that_speak_in_one_name(sink: DatabaseSink, url: str) -> None:
    """A copied card: what one box lacks is named though the other's minutes fill the time, and that there are two."""
    one = [row(seq) for seq in range(1, 61) if not 20 <= seq < 30]
    other = [came(row(seq, epoch="f").raw.replace(b"00000,", b"07000,", 1)) for seq in range(1, 61)]
    sink.commit(delivery(*one, *other))
    engine = opened(url)
    found = day_of(engine, "s", DAY, UTC0 + 61 * MINUTE)
    assert [(h.cause, h.records, *minutes_in(h)) for h in found.gaps] == [("not_received", 10, 20, 30)]
    assert (found.measured, found.received, found.over) == (120, 110, 50)
    engine.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_week_of_silence_is_shown(sink: DatabaseSink, url: str, tmp_path: Path) -> None:
    """Days of which nothing is here are shown all the same, as soon as the station has ever been heard."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 30)), *(row(seq, epoch="f") for seq in range(1, 30))))
    config = tmp_path / "hub.toml"
    config.write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "{url}"\n[pictures]\ndir = "{tmp_path}/pictures"\n'
    )
    said = minshan("hub", "gaps", "--config", str(config))
    assert (said.code, said.out.count("nothing has been heard from it")) == (1, 7)
    day = minshan("hub", "gaps", "--config", str(config), "--day", "2026-01-01").out
    assert "29 minutes overlap others" in day
    for outside in ("2025-12-31", "9999-12-31"):
        said = minshan("hub", "gaps", "--config", str(config), "--day", outside)
        assert (said.code, f"No minutes are due for {outside}" in said.err, said.out) == (2, True, "")


def test_days_that_are_asked_for_together_are_those_asked_for_one_by_one(sink: DatabaseSink, url: str) -> None:
    """Also where a day begins half past the hour, in a hole, and where another box speaks or one has lost the time."""
    site = {"site": {"utc_offset_h": 5.5}}
    holes = [*range(1090, 1130), *range(2300, 2600), 3600]
    here = [row(seq) for seq in range(2, 4000) if seq not in holes]
    other = [row(seq, epoch="f") for seq in range(2450, 2500)]
    sink.commit(delivery(row(1, site, kind=Kind.SETUP), *here, *other, *(undated(seq) for seq in range(4001, 4020))))
    engine, (first, last) = opened(url), (date(2025, 12, 31), date(2026, 1, 5))
    assert offset_of(engine, "s") == 19_800
    for now in (3000, 3999, 5000, 6000):
        together = days_of(engine, "s", first, last, UTC0 + now * MINUTE)
        assert together == [day_of(engine, "s", day.day, UTC0 + now * MINUTE) for day in together]
        assert sum(day.received for day in together) == sum(seq < now for seq in {*range(2, 4000)} - {*holes}) + 50
    engine.close()


@pytest.mark.parametrize(
    ("values", "flags", "missing"),
    [
        ({"noise": None}, {"noise": 1}, True),
        ({"noise": 40.0, "co2": 410.0}, {"noise": 1}, False),
        ({"noise": 40.0}, {"noise": 1, "co2": 2}, True),
        ({"noise": "loud"}, {"noise": 1}, True),
    ],
    ids=["flag of a null", "value without a flag", "flag without a value", "no number"],
)
def test_a_value_that_is_not_there_or_not_judged_makes_no_good_minute(
    sink: DatabaseSink, url: str, values: dict[str, Any], flags: dict[str, int], missing: bool
) -> None:
    """A station of another make says "good" of nothing, or nothing of a value: its day says so and names the channel,
    as its hours do."""
    sink.commit(delivery(*(row(at, {"values": values, "quality": flags}) for at in range(60))))
    engine = opened(url)
    day = day_of(engine, "s", DAY, UTC0 + 60 * MINUTE)
    found = explained(engine, day)
    engine.close()
    assert (day.received, day.good) == (60, 0)
    assert [(one.minutes, one.missing) for one in found.doubts] == [(60, missing)]
    assert [one.channels for one in found.doubts] == [["co2"] if "co2" in {**values, **flags} else ["noise"]]
