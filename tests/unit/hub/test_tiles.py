"""Tiles of the wall, of real pictures and of what is none."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from edge.clock.clock import system_utc
from hub import tiles
from hub.database.engine import Engine, opened
from hub.database.schema import migrate
from hub.database.sink import DatabaseSink
from hub.tile_maker import TileMaker
from hub.tiles import LARGEST, TileError, Tiles
from tests.kits.broker import until
from tests.kits.wall_kit import MINUTE
from tests.kits.wall_kit import picture as taken

ORCHARD = Path(__file__).parents[3] / "docs/pictures/orchard.jpg"


def noise(path: Path, size: tuple[int, int]) -> Path:
    """Write a picture that packs badly."""
    chance = random.Random(1)
    Image.frombytes("RGB", size, chance.randbytes(3 * size[0] * size[1])).save(path, quality=95)
    return path


@pytest.mark.parametrize("size", [(640, 480), (4000, 30), (1, 1), (90, 1600)])
def test_a_tile_is_small_whatever_the_picture_is(tmp_path: Path, size: tuple[int, int]) -> None:
    """Noise, stripes and a single pixel come to at most 2.5 kB within 160 x 120 pixels, as an orchard does."""
    for picture in (noise(tmp_path / "noise.jpg", size), ORCHARD):
        data = tiles.make_tile(picture)
        assert len(data) <= LARGEST
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.width <= 160, image.height <= 120) == ("WEBP", True, True)


def test_an_orchard_is_known_again_on_its_tile() -> None:
    """The tile shows the picture: as large as it may be, and near to it in every quarter."""
    with Image.open(io.BytesIO(tiles.make_tile(ORCHARD))) as tile, Image.open(ORCHARD) as picture:
        assert max(tile.width / 160, tile.height / 120) == 1
        assert abs(tile.width / tile.height - picture.width / picture.height) < 0.02
        for ours, theirs in zip(quarters(tile), quarters(picture)):
            assert all(abs(one - other) < 12 for one, other in zip(ours, theirs))


def quarters(image: Image.Image) -> list[tuple[int, ...]]:
    """Return the mean colours of a picture's quarters."""
    small = image.convert("RGB").resize((2, 2), Image.Resampling.BOX)
    data = small.tobytes()
    return [tuple(data[place : place + 3]) for place in range(0, 12, 3)]


@pytest.mark.parametrize("data", [b"", b"no picture", ORCHARD.read_bytes()[:700], b"\x89PNG\r\n\x1a\n" + b"\0" * 100])
def test_what_is_no_picture_is_refused_and_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    """A broken file costs an error of ours, and no file in the folder of tiles."""
    (tmp_path / "broken.jpg").write_bytes(data)
    with pytest.raises(TileError):
        Tiles(tmp_path / "tiles").tile("a" * 64, tmp_path / "broken.jpg")
    assert not (tmp_path / "tiles").exists()


def test_the_folder_stays_bounded_and_a_tile_is_made_once(tmp_path: Path) -> None:
    """Of many pictures the newest tiles are kept, also after a start; what is there is not made again."""
    for _ in range(2):
        kept = Tiles(tmp_path / "tiles", most=20)
        for place in range(50):
            last = kept.tile(f"{place:064}", ORCHARD)
            assert len(list((tmp_path / "tiles").iterdir())) <= 20
    assert last.is_file()
    assert kept.tile(f"{49:064}", tmp_path / "taken-away.jpg") == last


def test_a_tile_that_cannot_be_put_in_its_place_leaves_nothing(tmp_path: Path) -> None:
    """As on a disk that is full: browsers ask again and again, and nothing heaps up there."""
    (tmp_path / "tiles" / f"{'a' * 64}.webp").mkdir(parents=True)
    with pytest.raises(OSError):
        Tiles(tmp_path / "tiles").tile("a" * 64, ORCHARD)
    assert len(list((tmp_path / "tiles").iterdir())) == 1


def test_tiles_are_made_as_pictures_come_before_anybody_asks(tmp_path: Path) -> None:
    """What a station has told of is ready when the wall is opened, though an unforeseen error came before."""
    pictures, kept = tmp_path / "pictures", tmp_path / "pictures.tiles"
    pictures.mkdir()
    url = f"sqlite://{tmp_path}/hub.db"
    engine = opened(url)
    migrate(engine)
    engine.close()
    sink, now = DatabaseSink(opened(url)), system_utc()
    sink.commit(taken(pictures, "orchard-1", "mast", 1, now - MINUTE, False))
    errors = [ValueError("unforeseen")]

    def database() -> Engine:
        if errors:
            raise errors.pop()
        return opened(url)

    maker = TileMaker(database, Tiles.beside(pictures), pictures, system_utc)
    maker.start()
    try:
        until(lambda: not errors)
        maker.tell("orchard-1")
        until(lambda: len(list(kept.glob("*.webp"))) == 1)
        sink.commit(taken(pictures, "orchard-2", "gate", 1, now, True))
        maker.tell("orchard-2")
        until(lambda: len(list(kept.glob("*.webp"))) == 2)
    finally:
        maker.stop()
        sink.close()
