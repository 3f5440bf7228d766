"""The monthly sheet, held against a second count from the raw records, and against a month in which the hub was off."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers.reason import Reason
from edge.records.record import Kind, Record
from edge.wire.contract import ChunkHeader, encode
from hub.completeness import IN_TRANSIT_US
from hub.database.counting import invalidate
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.monthly import MonthlySheet, sheet
from hub.sink import Delivery, PictureRow, Row
from tests.kits.month_recount import MINUTE, recount
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, redated, row

DAY = 1440
LAST = 2 * DAY + 317  # in the middle of an hour
ARRIVED = 5  # minutes behind it that are here already
HARD = 11 * DAY + 77
WRONG = Reason("too_low", "the limit is {limit}", limit=3).builtins()
UNJUDGED = Reason("unjudged", "not judged").builtins()


def setup(offset_h: float) -> Row:
    """Return the setup that gives a station its clock."""
    site = {"configuration": "0" * 64, "flags": "qartod", "site": {"utc_offset_h": offset_h}, "sensors": []}
    return row(0, site, kind=Kind.SETUP)


def minute(chance: random.Random) -> dict[str, Any]:
    """Return what a minute says: now and then something doubtful."""
    flags = {"air_temperature": 3 if chance.random() < 0.05 else 1, "relative_humidity": chance.choice((1, 1, 1, 2))}
    reasons = {1: None, 2: UNJUDGED, 3: WRONG}
    return {
        "values": {"air_temperature": 1.0, "relative_humidity": 50.0},
        "quality": flags,
        "reasons": {name: reasons[flag] for name, flag in flags.items() if flag > 1},
    }


def month_of(seed: int) -> list[Row]:
    """Return some two days of minutes with holes and doubts, up to now, a loss, and the setup that gives the clock."""
    chance = random.Random(seed)
    found = [setup(8.0)]
    seq = 1
    while seq < LAST + ARRIVED:
        if chance.random() < 0.004:
            seq += chance.randrange(1, 40)
            continue
        found.append(row(seq, minute(chance)))
        seq += 1
    loss = {"what": "records", "epoch": "e", "first": 1, "last": 3, "cause": "no room was left"}
    return [*found, row(LAST + ARRIVED, loss, kind=Kind.LOSS)]


def hard_month(seed: int) -> list[Row]:
    """Return a day, a silent week, and days that two boxes with the same card measured; a span of them is re-dated.

    What is re-dated had first been laid into the silence; it comes in between the others, in any order.
    """
    chance = random.Random(seed)
    first = [row(seq, minute(chance)) for seq in range(1, DAY)]
    after = [row(seq, minute(chance)) for seq in range(8 * DAY, HARD + ARRIVED)]
    clone = [row(seq, minute(chance), epoch="f") for seq in range(9 * DAY, 10 * DAY) if chance.random() < 0.7]
    moved = [moved_by(one, -3 * DAY * MINUTE) for one in after[200:500]]
    again = [moved_by(one, 0, revision=1) for one in after[200:500]]
    rest = [*first, *after[:200], *after[500:], *clone, *again]
    chance.shuffle(rest)
    return [setup(5.75), *moved, *rest]


def moved_by(one: Row, by_us: int, revision: int = 0) -> Row:
    """Return a record as it was dated otherwise."""
    record = one.record
    assert isinstance(record, Record) and record.start is not None
    other = msgspec.structs.replace(record, start=record.start + by_us, revision=revision)
    return msgspec.structs.replace(one, record=other, raw=encode(other))


def made(url: str, rows: list[Row], last: int = LAST) -> MonthlySheet:
    """Return the sheet of the month that these rows, delivered in this order, come to, up to the minute `last`."""
    sink = DatabaseSink(opened(url))
    for place in range(0, len(rows), 1000):
        sink.commit(delivery(*rows[place : place + 1000]))
    for part, size in (("full", 900), ("thumbnail", 90)):
        header = ChunkHeader(1, "s", "a" * 64, part, 0, size, "a" * 64, "mast", "e", 50, UTC0 + MINUTE)
        sink.commit(Delivery(pictures=(PictureRow(header, f"{part}.jpg"),)))
    while opened(url).query("SELECT 1 FROM stale LIMIT 1"):
        sink.look()
    sink.close()
    engine = opened(url)
    found = sheet(engine, "s", date(2026, 1, 15), now_of(last))
    engine.close()
    return found


def now_of(last: int) -> int:
    """Return when the minute `last` is the first that may still be on its way."""
    return UTC0 + last * MINUTE + IN_TRANSIT_US


@pytest.mark.parametrize(
    ("rows", "last", "offset_s"),
    [(month_of, LAST, 28_800), pytest.param(hard_month, HARD, 20_700, marks=pytest.mark.slow)],
)
def test_a_second_count_from_the_records_comes_to_the_same(
    url: str, rows: Callable[[int], list[Row]], last: int, offset_s: int
) -> None:
    """Rates, days, outages, flags, doubts, pictures and bytes are those that the records themselves come to.

    So it is where two boxes measured with the same card, a span was dated anew, and a week is silent.
    """
    found = made(url, rows(1), last)
    again = recount(url, "s", found.start_us, found.end_us, offset_s)
    first, end = UTC0 + MINUTE, UTC0 + last * MINUTE
    assert (found.start_us, found.end_us) == (first, end), "a station is judged from its first minute to now"
    assert found.expected == (end - first) // MINUTE
    assert found.utc_offset_s == offset_s
    assert (found.received, found.good) == (again.received, again.good)
    assert found.arrival_rate == again.received / found.expected
    assert found.accuracy_rate == again.good / again.received
    assert {str(day.day): (day.received, day.good) for day in found.days} == again.days
    assert sum(day.expected for day in found.days) == found.expected
    assert [(one.start_us, one.end_us) for one in found.outages] == again.holes
    assert {line.channel: (line.good, line.suspect) for line in found.channels} == {
        channel: (flags[1] + flags[2], flags[3]) for channel, flags in again.flags.items()
    }
    assert {(line.channel, msgspec.to_builtins(line.reason)["code"]): line.minutes for line in found.doubts} == dict(
        again.doubts
    )
    assert found.record_bytes == again.size
    assert [(line.camera, line.pictures, line.full, line.bytes) for line in found.cameras] == [("mast", 1, 1, 990)]
    assert found.picture_bytes == 990


def test_an_outage_of_the_hub_itself_changes_nothing(tmp_path: Path) -> None:
    """A month in which the hub was off for two hours, and was sent all of it later, is judged as the other."""
    rows = month_of(2)
    here = made(f"sqlite://{tmp_path}/a.db", rows)
    late = [msgspec.structs.replace(row, arrived=row.arrived + 7200 * 1_000_000) for row in rows[400:520]]
    assert made(f"sqlite://{tmp_path}/b.db", [*rows[:400], *rows[520:], *late]) == here


def test_hours_that_are_still_to_be_counted_are_counted_too(url: str) -> None:
    """The sheet is the same where the hub has not come to count the hours (again) yet."""
    found = made(url, month_of(3))
    engine = opened(url)
    with engine.transaction():
        invalidate(engine, "s")
        engine.query("DELETE FROM hourly WHERE start >= %s", (UTC0 + DAY * MINUTE,))
    assert sheet(engine, "s", date(2026, 1, 15), now_of(LAST)) == found
    engine.close()


def test_a_month_of_which_nothing_is_here_has_no_rates(url: str) -> None:
    """Before its first minute, and after now, nothing was expected of a station: no rate, and not 0 %."""
    DatabaseSink(opened(url)).commit(delivery(row(1)))
    engine = opened(url)
    for month in (date(2025, 12, 1), date(2026, 2, 1)):
        found = sheet(engine, "s", month, now_of(LAST))
        assert (found.expected, found.arrival_rate, found.accuracy_rate, found.outages) == (0, None, None, [])
    engine.close()


def test_hours_that_fill_the_month_are_each_counted_once(sink: DatabaseSink, url: str) -> None:
    """The first begins with it, the last ends with it; one that is still to be counted is read minute by minute."""
    sink.commit(delivery(setup(0.0), *(row(seq, epoch="f") for seq in range(180))))
    engine = opened(url)
    hour = 3_600_000_000
    engine.query("INSERT INTO stale VALUES ('s', %s, 0), ('s', %s, 19800)", (UTC0 + hour, UTC0 + 2 * hour))
    engine.query("UPDATE hourly SET good = 7 WHERE start = %s", (UTC0 + hour,))
    found = sheet(engine, "s", date(2026, 1, 1), UTC0 + 3 * hour + IN_TRANSIT_US)
    assert (found.expected, found.received) == (180, 180)
    assert [(one.channel, one.good) for one in found.channels] == [("air_temperature", 180)]
    engine.close()


def test_a_month_has_the_bytes_and_pictures_that_began_in_it(sink: DatabaseSink, url: str) -> None:
    """Minutes, events, and what is not understood; of a picture whose thumbnail alone is here nothing is full."""
    inside = [row(1), row(2, {"version": "1"}, kind=Kind.START), row(3)]
    beyond = [row(2, {"version": "1"}, kind=Kind.START, epoch="f"), row(4, {"version": "1"}, kind=Kind.START)]
    before = redated(beyond[0], -3)
    headers = [
        ChunkHeader(1, "s", letter * 64, part, 0, 100, letter * 64, "mast", "e", 50, UTC0 + at * MINUTE)
        for letter, part, at in (("a", "full", 1), ("a", "thumbnail", 1), ("b", "thumbnail", 3), ("c", "full", 4))
    ]
    pictures = tuple(PictureRow(header, f"{header.picture[0]}.jpg") for header in headers)
    sink.commit(Delivery((*inside, before, beyond[1]), pictures=pictures))
    engine = opened(url)
    found = sheet(engine, "s", date(2026, 1, 1), now_of(4))
    engine.close()
    assert found.record_bytes == sum(len(one.raw) for one in inside)
    assert [(one.camera, one.pictures, one.full, one.bytes) for one in found.cameras] == [("mast", 2, 1, 300)]
