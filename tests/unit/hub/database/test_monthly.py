"""The monthly sheet, held against a second count from the raw records, and against a month in which the hub was off."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import msgspec

from drivers.reason import Reason
from edge.records.record import Kind
from edge.wire.contract import ChunkHeader
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.monthly import MonthlySheet, sheet
from hub.sink import Delivery, PictureRow, Row
from tests.kits.month_recount import MINUTE, recount
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, row

OFFSET = 8 * 3600
LAST = 2 * 1440 + 300
END = UTC0 + LAST * MINUTE
NOW = END + 5 * MINUTE  # what is younger may still be on its way
WRONG = Reason("too_low", "the limit is {limit}", limit=3).builtins()


def month_of(seed: int) -> list[Row]:
    """Return two days and five hours of minutes with holes and doubts, a loss, and the setup that gives the clock."""
    chance = random.Random(seed)
    site = {"configuration": "0" * 64, "flags": "qartod", "site": {"utc_offset_h": 8.0}, "sensors": []}
    found = [row(0, site, kind=Kind.SETUP)]
    seq = 1
    while seq < LAST:
        if chance.random() < 0.004:
            seq += chance.randrange(1, 40)
            continue
        doubtful = chance.random() < 0.05
        body = {
            "values": {"air_temperature": 1.0, "relative_humidity": 50.0},
            "quality": {"air_temperature": 3 if doubtful else 1, "relative_humidity": chance.choice((1, 1, 1, 2))},
            **({"reasons": {"air_temperature": WRONG}} if doubtful else {}),
        }
        found.append(row(seq, body))
        seq += 1
    loss = {"what": "records", "epoch": "e", "first": 1, "last": 3, "cause": "no room was left"}
    return [*found, row(LAST, loss, kind=Kind.LOSS)]


def made(url: str, rows: list[Row]) -> MonthlySheet:
    """Return the sheet of the month that these rows, delivered in this order, come to."""
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
    found = sheet(engine, "s", date(2026, 1, 15), NOW)
    engine.close()
    return found


def test_a_second_count_from_the_records_comes_to_the_same(url: str) -> None:
    """Rates, days, outages, flags, doubts, pictures and bytes are those that the records themselves come to."""
    found = made(url, month_of(1))
    again = recount(url, "s", found.start_us, found.end_us, OFFSET)
    first = min(start for row in month_of(1)[1:] if (start := getattr(row.record, "start", None)))
    assert (found.start_us, found.end_us) == (first, END), "a station is judged from its first minute to now"
    assert found.expected == (END - first) // MINUTE
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


def test_a_month_of_which_nothing_is_here_has_no_rates(url: str) -> None:
    """Before its first minute, and after now, nothing was expected of a station: no rate, and not 0 %."""
    DatabaseSink(opened(url)).commit(delivery(row(1)))
    engine = opened(url)
    for month in (date(2025, 12, 1), date(2026, 2, 1)):
        found = sheet(engine, "s", month, NOW)
        assert (found.expected, found.arrival_rate, found.accuracy_rate, found.outages) == (0, None, None, [])
    engine.close()
