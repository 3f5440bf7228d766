"""What a wall shows: stations with a day's minutes up to now, one of them silent, and cameras with pictures."""

from __future__ import annotations

import hashlib
import io
import math
import random
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance

from drivers.reason import Reason
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.wire.contract import ChunkHeader, encode
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Delivery, PictureRow, Row

MINUTE = 60_000_000
ORCHARD = Path(__file__).parents[2] / "docs/pictures/orchard.jpg"
DARK = Reason("picture_dark", "too dark").builtins()


def record(station: str, seq: int, start: int, kind: str, body: dict[str, Any]) -> Row:
    """Return a record that arrived two seconds after its minute."""
    stamp, mark = Stamp("b", 60.0 * seq), ClockMark("ntp", 0.01)
    made = Record("e", seq, kind, stamp, 60.0 * (kind == Kind.MINUTE), start, mark, 0, None, raw(body))
    return Row(station, made, encode(made), start + MINUTE + 2_000_000)


def minute(number: int, place: int) -> dict[str, Any]:
    """Return what a station measures: a spring day, each place a little colder than the one before."""
    hour = (number / 60 + 8) % 24
    air = round(9 - 0.6 * place + 6 * math.sin((hour - 9) / 24 * 2 * math.pi) + 0.2 * math.sin(number), 1)
    wind = round(1.2 + math.sin(number / 9), 1)
    values = {
        "air_temperature": air,
        "relative_humidity": 78.0 - place,
        "air_pressure": 838.2,
        "wind_speed": wind,
        "wind_speed_of_gust": round(wind * 1.8, 1),
        "wind_from_direction": 214.0,
        "rainfall_amount": 0.0,
        "battery_voltage": 12.9,
    }
    return {"values": values, "quality": dict.fromkeys(values, 1)}


def keep_station(
    sink: DatabaseSink, station: str, place: int, last_us: int, count: int, cameras: list[str], seq: int = 1
) -> None:
    """Keep a setup and `count` minutes, ending before `last_us`; the third station has a doubtful gust."""
    end = last_us // MINUTE
    site = {"utc_offset_h": 8.0, "latitude": 31.68, "longitude": 103.85, "altitude_m": 1590.0}
    setup = {"configuration": "0" * 64, "flags": "qartod", "site": site, "sensors": []}
    named = [{"name": name} for name in cameras]
    rows = [record(station, seq, (end - count) * MINUTE, Kind.SETUP, {**setup, "cameras": named})]
    for n in range(count):
        body = minute(end - count + n, place)
        if place == 2 and n == count - 1:
            body["quality"]["wind_speed_of_gust"] = 3
            body["reasons"] = {"wind_speed_of_gust": Reason("gust_alone", "a gust without wind").builtins()}
        rows.append(record(station, seq + 1 + n, (end - count + n) * MINUTE, Kind.MINUTE, body))
    for first in range(0, len(rows), 1000):
        sink.commit(Delivery(tuple(rows[first : first + 1000])))


@cache
def orchard() -> Image.Image:
    """Return a small picture of an orchard."""
    with Image.open(ORCHARD) as image:
        return image.convert("RGB").resize((640, 480))


def picture(folder: Path, station: str, camera: str, seq: int, time_us: int, doubtful: bool) -> Delivery:
    """Write a thumbnail of the orchard in some light. Return its record with it."""
    chance = random.Random(f"{station} {camera} {seq}")
    out = io.BytesIO()
    light = 0.15 if doubtful else 0.7 + 0.5 * chance.random()
    ImageEnhance.Brightness(orchard()).enhance(light).save(out, "JPEG", quality=70)
    data = out.getvalue()
    name = hashlib.sha256(data).hexdigest()
    file = f"{station}-{camera}-{seq}.thumb.jpg"
    (folder / file).write_bytes(data)
    header = ChunkHeader(1, station, name, "thumbnail", 0, len(data), name, camera, "e", seq, time_us)
    body = {
        "camera": camera,
        "picture": name,
        "thumbnail": name,
        "bytes": 920_000,
        "thumbnail_bytes": len(data),
        "width": 2560,
        "height": 1440,
        "quality": 3 if doubtful else 1,
        "reasons": [DARK] if doubtful else [],
    }
    return Delivery((record(station, seq, time_us, Kind.PICTURE, body),), pictures=(PictureRow(header, file),))


def keep_wall(url: str, folder: Path, now_us: int, stations: int = 8, cameras: int = 108, minutes: int = 180) -> None:
    """Keep all of it; the last station is silent for five hours, a picture is dark, a camera has sent none."""
    folder.mkdir(exist_ok=True)
    sink = DatabaseSink(opened(url))
    for place in range(stations):
        name, mine = f"orchard-{place + 1}", [f"cam-{n + 1}" for n in range(place, cameras, stations)]
        silent = (5 * 60 if place == stations - 1 else 0) * MINUTE
        keep_station(sink, name, place, now_us - silent, minutes, mine + (["gate"] if place == 1 else []))
        taken = [
            picture(folder, name, camera, 2 + minutes + n, now_us - silent - (20 + n) * MINUTE, (place, n) == (0, 2))
            for n, camera in enumerate(mine)
        ]
        rows = tuple(row for one in taken for row in one.rows)
        sink.commit(Delivery(rows, pictures=tuple(part for one in taken for part in one.pictures)))
    sink.close()
