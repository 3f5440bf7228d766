"""The newest picture of each camera of a station, with what the station reports about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from edge.records.asked import DAY_US
from edge.wire.contract import LARGEST_PICTURE
from hub.database.engine import Engine
from hub.database.rows import KEY
from hub.stations import setup_of

USUAL_MB = 1.0  # size of a picture of 4 megapixels, assumed where none has arrived yet
WEEK_US = 7 * DAY_US  # maximum age of a picture


class CameraNow(msgspec.Struct, frozen=True):
    """One camera: its newest picture of the last week (None: it has none), and doubts about it.

    `here`: a part of the picture is stored; `reasons` as received; `megabytes`: the size of a picture, and about what
    it costs on a mobile network (None: not known).
    """

    camera: str
    sha256: str | None = None
    time_us: int | None = None
    here: bool = False
    quality: int = 1
    reasons: tuple[object, ...] = ()
    megabytes: float | None = None


def newest(engine: Engine, station: str, now: int) -> list[CameraNow]:
    """Return the cameras of a station, by name: those in its setup, and those with a picture of the last week."""
    found = engine.query(
        "SELECT p.camera, p.picture, p.time, min(p.epoch), min(p.seq), max(p.file) FROM picture p JOIN ("
        "SELECT camera, max(time) AS newest FROM picture WHERE station = %s AND time >= %s AND time <= %s "
        "GROUP BY camera) AS n ON n.camera = p.camera AND n.newest = p.time "
        "WHERE p.station = %s GROUP BY p.camera, p.picture, p.time ORDER BY p.camera, p.picture",
        (station, now - WEEK_US, now + 600_000_000, station),
    )
    bodies = bodies_of(engine, station, [(epoch, seq) for _, _, _, epoch, seq, _ in found])
    cameras = {name: CameraNow(name) for name in _named(setup_of(engine, station))}
    for camera, picture, time, epoch, seq, file in found:
        body = bodies.get((epoch, seq), {})
        cameras[camera] = CameraNow(camera, picture, time, bool(file), *judged(body), _megabytes(body))
    return [cameras[name] for name in sorted(cameras, key=in_order)]


def bodies_of(engine: Engine, station: str, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the bodies of pictures' records, by epoch and number."""
    keys = sorted({(station, *place) for place in places})
    found = engine.lookup("record", ("epoch", "seq", "raw"), KEY, keys)
    return {(epoch, seq): _body(raw) for epoch, seq, raw in found}


def in_order(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts "cam-9" before "cam-10", whatever the number of digits: int() refuses thousands."""
    parts = (part.lstrip("0") if part.isdecimal() else part for part in re.split(r"(\d+)", name))
    return [(len(part) if part.isdecimal() else 0, part) for part in parts]


def _named(setup: dict[str, Any]) -> list[str]:
    """Return the cameras named in a station's setup."""
    cameras = setup.get("cameras")
    named = [one.get("name") for one in cameras if isinstance(one, dict)] if isinstance(cameras, list) else []
    return [name for name in named if isinstance(name, str)]


def _body(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)["body"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def judged(body: dict[str, Any]) -> tuple[int, tuple[object, ...]]:
    """Return a picture's quality and the reasons for it; 2, not checked, where its record is missing or has none."""
    quality, reasons = body.get("quality"), body.get("reasons")
    return (
        2 if quality is None else int(quality) if quality in (1, 2) else 3,
        tuple(reasons) if isinstance(reasons, list) else (reasons,) if isinstance(reasons, str) else (),
    )


def _megabytes(body: dict[str, Any]) -> float | None:
    sizes = body.get("bytes"), body.get("thumbnail_bytes")
    known = [size for size in sizes if isinstance(size, int) and 0 <= size <= LARGEST_PICTURE]
    return sum(known) / 1e6 if len(known) == len(sizes) else None
