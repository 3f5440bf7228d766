"""Map records to columns: the bytes as received, and views of them that every database accepts.

A text for people loses what databases cannot store (U+0000, lone surrogates). An identifying name keeps it in escaped
form, so that different names stay different.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from edge.measure.aggregates import said_by
from edge.records.answers import Value
from edge.records.asked import unit_of
from edge.records.bodies import decode
from edge.records.record import Kind, Record, values_of
from hub.sink import Note, PictureRow, Row

T = TypeVar("T")
KEY = ("station", "epoch", "seq")
RECORD = (
    *KEY,
    *("revision", "kind", "start", "duration", "source", "error", "not_before", "not_after", "boot", "boottime"),
    *("setup", "arrived", "wrong", "body", "raw"),
)
PICTURE = ("station", "picture", "part", "epoch", "seq", "camera", "size", "sha256", "time", "file")
CONFLICT = (*KEY, "revision", "digest", "arrived", "raw")
NOTE = ("station", "kind", "digest", "arrived", "raw")
REFUSED = re.compile("[\\0\ud800-\udfff]")
MOST_DEPTH = 100  # nesting of a body: PostgreSQL's own limit is near 6,000, and ours must be lower


def of_record(row: Row) -> tuple[Any, ...]:
    """Return the columns of `RECORD`."""
    found, epoch = row.record, identity(row.record.epoch)
    head = row.station, epoch, found.seq, found.revision
    if not isinstance(found, Record):
        kind = None if found.kind is None else text(str(found.kind))
        nothing = (None,) * 8
        return *head, kind, *nothing, None, row.arrived, text(found.wrong or "?"), view(row.raw), row.raw
    clock = found.clock
    time = found.start, found.duration, text(clock.source), clock.error, clock.not_before, clock.not_after
    stamp = text(found.stamp.boot), found.stamp.boottime
    return *head, text(found.kind), *time, *stamp, found.setup, row.arrived, None, view(bytes(found.body)), row.raw


def of_picture(row: PictureRow) -> tuple[Any, ...]:
    """Return the columns of `PICTURE`."""
    head = row.header
    what = head.station, head.picture, head.part, identity(head.epoch), head.seq
    return *what, head.camera, head.size, head.sha256, head.time, text(row.file)


def of_note(note: Note, digest: bytes) -> tuple[Any, ...]:
    """Return the columns of `NOTE`."""
    return note.station, note.kind, digest, note.arrived, note.raw


def view(raw: bytes) -> str | None:
    """Return these bytes as JSON that both databases accept; None where they cannot be decoded."""
    try:
        values = values_of(raw)
        if b"\\u" in raw or raw.count(b"[") + raw.count(b"{") > MOST_DEPTH:  # otherwise nothing in it can be refused
            values = _plain(values, MOST_DEPTH)
        return msgspec.json.encode(values).decode()  # a number beyond a float's range becomes null
    except (ValueError, RecursionError):
        return None


def text(value: str) -> str:
    """Return a text with refused characters replaced."""
    return REFUSED.sub("\N{REPLACEMENT CHARACTER}", value)


def identity(name: str) -> str:
    """Return a name escaped so that a database accepts it; different names stay different."""
    if "\0" not in name and "\\" not in name:
        return name
    return name.replace("\\", "\\\\").replace("\0", "\\0")


def name_of(identity: str) -> str:
    """Return the name that `identity` was made from."""
    return "\\".join(part.replace("\\0", "\0") for part in identity.split("\\\\"))


def is_refused(value: str) -> bool:
    """Return whether a text has a character that a database refuses."""
    return REFUSED.search(value) is not None


def json_value(column: Any) -> Any:
    """Return the value of a JSON column, which SQLite returns as text."""
    return json.loads(column) if isinstance(column, str) else column


def json_object(column: Any) -> dict[str, Any]:
    """Return the object in a JSON column; {} where it is none."""
    found = json_value(column)
    return found if isinstance(found, dict) else {}


def body_in(kind: Kind, column: Any, wanted: type[T]) -> T | None:
    """Return a record's decoded body; None where it cannot be decoded as `wanted`, as a newer station's."""
    try:
        found = decode(kind, json_value(column))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, wanted) else None


def _plain(value: Any, depth: int) -> Any:
    if not depth:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {text(key): _plain(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth - 1) for inner in value]
    if isinstance(value, str):
        return text(value)
    return value


def measured_in(raw: bytes) -> dict[str, Value]:
    """Return value, flag, unit and reason of each channel of a minute's record."""
    measured = said_by(raw)
    reasons = _reasons(raw)
    return {
        name: Value(value, measured.quality.get(name, 3), unit_of(name), reasons.get(name))
        for name, value in measured.values.items()
    }


def _reasons(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)["body"].get("reasons")
    except (ValueError, RecursionError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}
