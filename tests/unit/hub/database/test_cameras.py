"""What the wall shows of each camera: its newest picture of the last week, and what is doubtful in it."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from hub.database.cameras import CameraNow, newest
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.wall_kit import DARK, MINUTE, keep_station, picture

NOW = 1_784_347_200_000_000
DAY = 1440 * MINUTE
# camera, how long ago, whether it is dark
TAKEN = (
    ("cam-10", 2 * DAY, False),
    ("cam-10", 60 * MINUTE, True),
    ("cam-10", 8 * DAY, False),
    ("cam-10", -20 * MINUTE, False),  # by a clock that was ahead
    ("cam-9", 30 * MINUTE, False),
    ("cam-9", 10 * MINUTE, False),
    ("cam-1", 8 * DAY, False),
)


def test_a_camera_is_shown_by_the_newest_picture_that_its_time_allows(tmp_path: Path) -> None:
    """Not by one from the future, nor by one of last week; one that has sent none stands there without."""
    url = f"sqlite://{tmp_path}/hub.db"
    sink = DatabaseSink(opened(url))
    keep_station(sink, "orchard-1", 0, NOW, 5, ["gate"])
    for seq, (camera, ago, dark) in enumerate(TAKEN, 100):
        sink.commit(picture(tmp_path, "orchard-1", camera, seq, NOW - ago, dark))
        sink.commit(picture(tmp_path, "orchard-2", camera, seq, NOW - MINUTE, dark))
    sink.close()
    engine = opened(url)
    nine, ten, gate = newest(engine, "orchard-1", NOW)
    engine.close()
    assert (nine.camera, nine.time_us, nine.quality, nine.reasons) == ("cam-9", NOW - 10 * MINUTE, 1, ())
    assert (ten.camera, ten.time_us, ten.quality, ten.reasons) == ("cam-10", NOW - 60 * MINUTE, 3, (DARK,))
    assert nine.here and nine.megabytes is not None and 0.92 < nine.megabytes < 1.1
    assert gate == CameraNow("gate")


def test_what_a_station_says_of_cameras_beyond_measure_is_shown_without_it(tmp_path: Path) -> None:
    """A name of thousands of digits, and a size that is no float: neither takes the station's page away."""
    url = f"sqlite://{tmp_path}/hub.db"
    sink = DatabaseSink(opened(url))
    keep_station(sink, "orchard-1", 0, NOW, 5, ["1" * 5000, "cam-9"])
    made = picture(tmp_path, "orchard-1", "cam-10", 100, NOW - MINUTE, False)
    (row,) = made.rows
    raw = re.sub(rb'"bytes":\d+', b'"bytes":1' + b"0" * 400, row.raw)
    sink.commit(msgspec.structs.replace(made, rows=(msgspec.structs.replace(row, raw=raw),)))
    sink.close()
    engine = opened(url)
    found = newest(engine, "orchard-1", NOW)
    engine.close()
    assert [one.camera for one in found] == ["1" * 5000, "cam-9", "cam-10"]
    assert found[-1].here and found[-1].megabytes is None
