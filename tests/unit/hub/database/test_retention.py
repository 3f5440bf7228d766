"""Photos go by age and by bytes, the oldest first; thumbnails stay, and what is gone is said to be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.records.asked import DAY_US
from edge.sim.clock import SimClock
from edge.wire.contract import ChunkHeader
from hub.config import PicturesSection
from hub.database.engine import opened
from hub.database.queries import Queries
from hub.database.sink import DatabaseSink
from hub.picture_files import PictureFiles
from hub.retention import Retention
from hub.sink import Delivery, Row
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, redated, row

MB = 1_000_000
NOW = UTC0 + 20 * DAY_US
Keeping = Callable[..., Retention]


def picture(album: PictureFiles, number: int, time: int | None) -> None:
    """Put a picture of 1 MB with its thumbnail into an album; `number` is what it shows."""
    full = bytes([number]) * MB
    name = hashlib.sha256(full).hexdigest()
    for part, data in (("full", full), ("thumbnail", full[:100])):
        digest = hashlib.sha256(data).hexdigest()
        album.put(ChunkHeader(1, "s", name, part, 0, len(data), digest, "cam", "e", 3, time), data)


@pytest.fixture(name="album")
def a_full_album(sink: DatabaseSink, tmp_path: Path) -> Path:
    """Give a folder with a picture of 1 MB a day for ten days, and one that is undated, all with their rows."""
    folder = tmp_path / "pictures"
    album = PictureFiles(folder)
    for day in range(11):
        picture(album, day, None if day == 10 else UTC0 + day * DAY_US)
    album.sync()
    sink.commit(Delivery((row(1),), tuple(album.kept.values())))
    newest = redated(row(2), 20 * 1440 - 2)
    sink.commit(delivery(Row("s", newest.record, newest.raw, NOW)))
    return folder


@pytest.fixture(name="keeping")
def a_retention(url: str, album: Path) -> Any:
    """Give what makes a retention with these limits."""
    made: list[Retention] = []

    def keep(**limits: Any) -> Retention:
        made.append(Retention(PicturesSection(dir=str(album), **limits), lambda: opened(url), utc=lambda: NOW))
        return made[-1]

    yield keep
    for one in made:
        one.close()


def kept(album: Path) -> list[int]:
    """Return the days of the photos that are there; all thumbnails must be."""
    assert len(list(album.glob("*.thumb.jpg"))) == 11
    return sorted(file.read_bytes()[0] for file in album.glob("*.jpg") if ".thumb." not in file.name)


def test_the_oldest_photos_go(keeping: Keeping, album: Path, url: str) -> None:
    """By days, by bytes, and by both; one that nobody could date goes last; the station's other parts stay."""
    assert keeping(keep_days=15).make_room() == 5
    assert kept(album) == [5, 6, 7, 8, 9, 10]
    assert keeping(keep_gb=0.004).make_room() == 2
    assert kept(album) == [7, 8, 9, 10]
    assert keeping(keep_gb=0.0005).make_room() == 4
    assert keeping(keep_gb=0.0005).make_room() == 0
    assert kept(album) == []
    engine = opened(url)
    pictures = Queries(engine).pictures("s", UTC0, NOW).pictures
    engine.close()
    assert {(one.file, one.removed, one.thumbnail is None) for one in pictures} == {(None, True, False)}


def test_a_kill_between_file_and_row(keeping: Keeping, album: Path) -> None:
    """A file that is gone already is no error, and its row says so after the next pass."""
    next(album.glob("s-20260101*-cam-????????.jpg")).unlink()
    assert keeping(keep_days=15).make_room() == 5
    assert keeping(keep_days=15).make_room() == 0


def test_a_pass_is_due_now_and_then(keeping: Keeping, album: Path, sink: DatabaseSink) -> None:
    """The hub's ticks make one, and a folder that cannot be written is a line in the log, not the hub's end."""
    retention = keeping(keep_days=15)
    retention.tick()
    assert kept(album) == [5, 6, 7, 8, 9, 10]
    sink.commit(delivery(row(2)))
    retention.tick()


def test_a_folder_that_is_far_too_full_is_emptied_pass_after_pass(
    keeping: Keeping, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few photos a pass, so that live is not kept waiting; the next pass comes within seconds where there is more."""
    monkeypatch.setattr("hub.retention.SLICE", 2)
    retention, clock = keeping(keep_gb=0.005), SimClock(0.0)
    retention._clock = clock
    for second in range(5):
        clock.run_until(2.0 * second)
        retention.tick()
    assert kept(album) == [6, 7, 8, 9, 10]
