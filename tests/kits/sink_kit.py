"""Rows for a sink, and what its database holds, read past the sink."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.wire.contract import encode
from hub import intake
from hub.database import schema
from hub.database.engine import opened
from hub.sink import Delivery, Row
from tests.kits.receiver_kit import UTC0


def row(
    seq: int, said: Any = 1.5, revision: int = 0, station: str = "s", epoch: str = "e", kind: str = Kind.MINUTE
) -> Row:
    """Return a record of a station; `said` is its only value, or (no number) its whole body."""
    body = {"values": {"air_temperature": said}, "quality": {"air_temperature": 1}}
    start = UTC0 + 60_000_000 * seq
    stamp, mark = Stamp("b", 60.0 * seq), ClockMark("ntp", 0.01)
    fields = body if isinstance(said, float) else said
    record = Record(epoch, seq, kind, stamp, 60.0 * (kind == Kind.MINUTE), start, mark, revision, None, raw(fields))
    return Row(station, record, encode(record), start + 61_000_000)


def redated(before: Row, minutes: int) -> Row:
    """Return a record dated anew, so many minutes later: its next revision."""
    assert isinstance(before.record, Record) and before.record.start is not None
    start, revision = before.record.start + 60_000_000 * minutes, before.record.revision + 1
    record = msgspec.structs.replace(before.record, start=start, revision=revision)
    return Row(before.station, record, encode(record), before.arrived)


def came(raw: bytes, station: str = "s") -> Row:
    """Return a record as it came, whatever it says."""
    return Row(station, intake.record(msgspec.Raw(raw)), raw, UTC0)


def delivery(*rows: Row) -> Delivery:
    """Return a delivery of records alone."""
    return Delivery(rows)


def kept(url: str) -> dict[tuple[str, str, int], tuple[int, bytes]]:
    """Return what records a database holds, by identity: revision and bytes."""
    engine = opened(url)
    found = engine.query("SELECT station, epoch, seq, revision, raw FROM record")
    engine.close()
    assert len({line[:3] for line in found}) == len(found)
    return {line[:3]: (line[3], bytes(line[4])) for line in found}


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run a statement beside the sink."""
    engine = opened(url)
    found = engine.query(sql)
    engine.close()
    return found


def set_back(url: str, version: int) -> None:
    """Make a database as a hub of an earlier version left it."""
    made: dict[int, dict[str, tuple[str, ...]]] = {
        2: {"TABLE": ("forwarded", "forward_batch", "forward_aside", "forward_lane")},
        3: {
            "VIEW": ("day_20_20", "day", "hour"),
            "TABLE": ("hourly", "stale", "counting"),
            "INDEX": ("record_other", "picture_time", "picture_hash"),
        },
        4: {"TABLE": ("account", "session", "audit")},
        5: {"TABLE": ("command",)},
        6: {
            "TABLE": (
                *("alarm", "alarm_taken", "alarm_person", "alarm_message", "alarm_about", "alarm_attempt"),
                *("alarm_link", "alarm_lease", "alarm_note"),
            ),
            "INDEX": ("record_alert",),
        },
        7: {"COLUMN": ("hourly.rests",)},
        8: {"COLUMN": ("alarm_taken.revision",)},
        9: {},  # the views of days have the same columns
        10: {},  # the view of setups too
        11: {"TABLE": ("held_hour",)},
        12: {"INDEX": ("record_undated",)},
        13: {"GONE": ("forward_lane.holder TEXT", "forward_lane.until INTEGER")},
        14: {},  # the view of setups once more
    }
    assert len(made) == len(schema.MIGRATIONS) - 1
    for later in range(len(schema.MIGRATIONS), version, -1):
        for kind, names in made[later].items():
            for name in names:
                table, _, column = name.partition(".")
                change = f"{'ADD' if kind == 'GONE' else 'DROP'} COLUMN {column}"
                query(url, f"ALTER TABLE {table} {change}" if column else f"DROP {kind} {name}")
    query(url, f"UPDATE minshan_hub SET version = {version}")
