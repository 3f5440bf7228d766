"""The album of a hub or a watch: pieces of pictures become files, whatever comes in whatever order and beside whom."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire.contract import ChunkHeader, Piece
from hub.picture_files import PictureFiles

DATA = bytes(range(256)) * 40
NAME = hashlib.sha256(DATA).hexdigest()


def chunk(
    offset: int, length: int = 1000, sha256: str = NAME, other: dict[str, str] | None = None
) -> tuple[ChunkHeader, bytes]:
    """Return a piece of the picture."""
    header = ChunkHeader(
        v=1,
        station="a",
        picture=NAME,
        part="full",
        offset=offset,
        size=len(DATA),
        sha256=sha256,
        camera="north",
        epoch="e",
        seq=1,
        time=1_767_225_600_000_000,
    )
    header = msgspec.structs.replace(header, **(other or {}))
    return header, DATA[offset : offset + length]


@given(st.lists(st.integers(0, len(DATA) - 1), max_size=20), st.integers(1, 5000))
def test_pieces_in_any_order_make_the_picture_when_what_is_wanted_is_sent(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[int], length: int
) -> None:
    """Whatever pieces come, doing what the album wants ends in the whole picture and nothing else."""
    folder = tmp_path_factory.mktemp("album")
    album = PictureFiles(folder)
    for offset in offsets:
        assert album.put(*chunk(offset, length))
        album.sync()
    album = PictureFiles(folder)  # a restart in between
    at = 0
    while not list(folder.glob("*.jpg")):
        assert album.put(*chunk(at, 3000))
        album.sync()
        at = next((piece.offset for piece in album.wanted.values()), at + 3000)
    assert [path.name for path in folder.iterdir()] == [f"a-20260101T000000Z-north-{NAME[:8]}.jpg"]
    assert next(folder.iterdir()).read_bytes() == DATA


def test_a_picture_with_another_hash_is_thrown_away_and_wanted_from_its_beginning(tmp_path: Path) -> None:
    """Bytes that do not have the hash never become a picture."""
    album = PictureFiles(tmp_path)
    header, data = chunk(0, len(DATA))
    album.put(header, data[::-1])
    album.sync()
    assert list(tmp_path.iterdir()) == []
    assert list(album.wanted.values()) == [Piece(NAME, "full", 0)]


def test_a_full_picture_that_is_not_named_by_its_hash_is_refused(tmp_path: Path) -> None:
    """Nobody puts bytes under another picture's name: neither as the picture nor before the true one comes."""
    album = PictureFiles(tmp_path)
    junk = b"nothing"
    forged = msgspec.structs.replace(chunk(0)[0], size=len(junk), sha256=hashlib.sha256(junk).hexdigest(), picture=NAME)
    assert not album.put(forged, junk)
    assert album.put(*chunk(0, len(DATA)))
    album.sync()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]
    assert album.whole == [("a", Piece(NAME, "full", len(DATA)))]


def test_a_picture_is_not_receipted_for_its_name_alone(tmp_path: Path) -> None:
    """A file that has the name and other bytes is no picture: the true one is taken in, and kept beside it."""
    (tmp_path / f"a-20260101T000000Z-north-{NAME[:8]}.jpg").write_bytes(b"damaged")
    album = PictureFiles(tmp_path)
    album.put(*chunk(len(DATA) - 1000, 1000))
    album.sync()
    assert album.whole == []
    assert list(album.wanted.values()) == [Piece(NAME, "full", 0)]
    album.put(*chunk(0, len(DATA)))
    album.sync()
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"damaged", DATA}
    album.whole.clear()
    album = PictureFiles(tmp_path)  # started anew, it finds the true one by its bytes
    album.put(*chunk(len(DATA) - 1000, 1000))
    assert album.whole == [("a", Piece(NAME, "full", len(DATA)))]


def test_two_stations_pieces_of_one_picture_do_not_mix(tmp_path: Path) -> None:
    """What one station sends under a picture's name cannot spoil what another sends."""
    album = PictureFiles(tmp_path)
    album.put(*chunk(0, 4000))
    header, _ = chunk(4000, 1000, other={"station": "b"})
    album.put(msgspec.structs.replace(header, offset=0), b"x" * 5000)
    album.sync()
    album.put(*chunk(4000, len(DATA)))
    album.sync()
    assert [path.read_bytes() for path in tmp_path.glob("a-*.jpg")] == [DATA]


@pytest.mark.parametrize(
    "other",
    [{"picture": "../x"}, {"part": "../y"}, {"station": "../a"}, {"station": ".."}, {"camera": "a/b"}, {"camera": ""}],
)
def test_a_header_cannot_lead_out_of_the_folder(tmp_path: Path, other: dict[str, str]) -> None:
    """Names from the network are refused where they are no plain names."""
    album = PictureFiles(tmp_path / "album")
    assert not album.put(*chunk(0, other=other))
    album.sync()
    assert list((tmp_path / "album").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["album"]


@pytest.mark.parametrize("there", [0, 3000, len(DATA)])
def test_a_chunk_without_bytes_asks_what_is_there(tmp_path: Path, there: int) -> None:
    """A part that is whole is confirmed, another one wanted from where it ends; the question itself changes nothing."""
    album = PictureFiles(tmp_path)
    if there:
        album.put(*chunk(0, there))
        album.sync()
    album = PictureFiles(tmp_path)
    assert album.put(*chunk(len(DATA), 0))
    album.sync()
    wanted, whole = list(album.wanted.values()), [piece for _, piece in album.whole]
    assert wanted == ([] if there == len(DATA) else [Piece(NAME, "full", there)])
    assert whole == ([Piece(NAME, "full", len(DATA))] if there == len(DATA) else [])
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == there


def test_two_hubs_that_end_a_photo_at_one_moment_keep_one_file(tmp_path: Path) -> None:
    """Whichever of two hubs on one folder is first, the photo is there once, and both say that it is whole."""
    albums = [PictureFiles(tmp_path, writer) for writer in ("a", "b")]
    together = Barrier(2)
    headers = [chunk(0, other={"camera": f"c{number}"})[0] for number in range(200)]

    def take_all(album: PictureFiles) -> None:
        for header in headers:
            album.put(header, DATA)
            together.wait(30)
            album.sync()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(take_all, albums))
    assert len(list(tmp_path.iterdir())) == len(headers)
    assert [len(album.whole) for album in albums] == [len(headers)] * 2


@pytest.mark.parametrize("part", ["full", "thumbnail"])
def test_a_half_that_another_hub_made_whole_meanwhile_is_not_left_behind(tmp_path: Path, part: str) -> None:
    """A hub that was killed within a picture finds it whole by the other one: at its next start its half goes.

    A half that nobody has made whole stays, so that the station sends only the rest.
    """
    for name in ("0" * 64, NAME):
        album = PictureFiles(tmp_path, "one")
        other = {"part": part, "picture": name} | ({"sha256": name} if part == "full" else {})
        assert album.put(*chunk(0, 5000, other=other))
        album.sync()
    second = PictureFiles(tmp_path, "two")
    assert second.put(*chunk(0, len(DATA), other={"part": part}))
    second.sync()
    PictureFiles(tmp_path, "one")
    whole = f"a-20260101T000000Z-north-{NAME[:8]}{'.thumb' if part == 'thumbnail' else ''}.jpg"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([whole, f"a.{'0' * 64}.{part}.one.part"])
