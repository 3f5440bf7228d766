"""Where the folder of photos cannot be written, as on a full disk: minutes go on, and photos come later."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from edge.language import texts
from edge.wire.contract import ChunkHeader, Receipt, Topic, decode, encode_chunk, topic
from hub.picture_files import UNKEPT, PictureFiles
from tests.kits.alarm_kit import MINUTE, NOON, World, person_of
from tests.kits.receiver_kit import Desk, minute

DATA = b"a photo" * 100
NAME = hashlib.sha256(DATA).hexdigest()


def piece(offset: int = 0) -> ChunkHeader:
    """Return the header of the photo's piece that begins there."""
    return ChunkHeader(1, "s", NAME, "full", offset, len(DATA), NAME, "north", "e", 1, None)


def test_minutes_go_on_while_no_photo_can_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All is acknowledged, minutes are receipted, photos are neither receipted nor asked for; it is said once."""
    desk = Desk(tmp_path)
    folder = tmp_path / "pictures"
    folder.rmdir()
    folder.write_text("no folder")
    for seq in (1, 2):
        desk.take((topic("s", Topic.PICTURE), encode_chunk(piece(), DATA)))
        desk.records(minute(seq))
    desk.receiver.send_receipts(desk, float("inf"))  # type: ignore[arg-type]  # the kit's end of the connection
    assert [span.first for span in desk.receipted()] == [1, 2]
    told = [decode(payload, Receipt) for to, payload in desk.said if to.endswith("receipt")]
    assert not [one for receipt in told for one in (*receipt.pictures, *receipt.wanted)]
    assert [line.getMessage() for line in caplog.records if line.levelname == "WARNING"] == [str(desk.receiver.photos)]
    assert str(folder) in str(desk.receiver.photos) and "they wait at the stations" in str(desk.receiver.photos)


def test_photos_come_when_their_folder_can_be_written_again(tmp_path: Path) -> None:
    """It is tried now and then; the station's question about a photo is answered with where to go on."""
    folder = tmp_path / "pictures"
    album = PictureFiles(folder)
    album.put(piece(), DATA[:300])
    album.sync()
    aside = folder.rename(tmp_path / "aside")
    folder.write_text("no folder")
    assert album.put(piece(300), DATA[300:])
    assert str(folder) in str(album.trouble)
    assert not album.is_back(0.0)
    folder.unlink()
    aside.rename(folder)
    assert not album.is_back(1.0), "just tried"
    assert album.is_back(30.0) and album.trouble is None
    assert [file.suffix for file in folder.iterdir()] == [".part"], "nothing stays of the try"
    album.put(piece(len(DATA)), b"")
    assert [wanted.offset for wanted in album.collect("s")[1]] == [300]
    album.put(piece(300), DATA[300:])
    album.sync()
    assert [file.read_bytes() for file in folder.iterdir()] == [DATA]


def test_a_folder_that_goes_before_a_piece_is_synced_costs_that_piece_alone(tmp_path: Path) -> None:
    """As a disk that finds at the sync that it has no room: nothing is confirmed, and what comes later is kept."""
    folder = tmp_path / "pictures"
    album = PictureFiles(folder)
    album.put(piece(), DATA)
    shutil.rmtree(folder)
    album.sync()
    assert str(folder) in str(album.trouble) and not album.kept
    assert album.collect("s") == ([], [])
    assert album.is_back(30.0)
    album.put(piece(), DATA)
    album.sync()
    assert [file.read_bytes() for file in folder.iterdir()] == [DATA]
    assert len(album.kept) == len(album.collect("s")[0]) == 1


def test_a_folder_that_fails_again_and_again_asks_the_stations_ever_more_rarely(tmp_path: Path) -> None:
    """Each return is a question to all stations over their SIMs: a dozen in the first hours, then one an hour."""
    folder = tmp_path / "pictures"
    album = PictureFiles(folder)
    back = 0
    for second in range(0, 24 * 3600, 5):
        if album.trouble is None:
            aside = folder.rename(tmp_path / "aside")
            folder.write_text("no folder")
            album.put(piece(), DATA)
            folder.unlink()
            aside.rename(folder)
        back += album.is_back(float(second))
    assert 24 <= back <= 36


def test_whoever_is_on_duty_is_told_that_no_photo_can_be_kept(tmp_path: Path) -> None:
    """An alarm that waits for the day, with the folder and the reason in it, and its end."""
    world = World(tmp_path, NOON, people=(person_of("wen", 1, duty="operator"),))
    world.start()
    world.run(2 * MINUTE)
    world.photos = UNKEPT.having(folder="/srv/pictures", why="disk full")
    world.run(2 * MINUTE)
    (open_,) = world.alarms()
    assert (open_.what, open_.open) == ("photos", True)
    assert "平台照片" in world.told("group")[0][2] and "/srv/pictures" in world.told("group")[0][2]
    world.photos = None
    world.run(2 * MINUTE)
    world.close()
    assert "【恢复】" in world.told("group")[-1][2]
    with texts.speaking("zh"):
        assert "照片留在各站" in texts.render(UNKEPT.having(folder="/srv/pictures", why="disk full"))
