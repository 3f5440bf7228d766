"""The shelf: only whole pictures get onto it, under the name of their own bytes."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from edge.pictures.reasons import DARK, REPEATED
from edge.pictures.spool import CaptureResult, FilePart, Spool
from edge.store.picture_files import PictureRefusedError, Shelf

ID = "0123456789abcdef"


def part(data: bytes) -> FilePart:
    """Return what an answer holds of a file."""
    return FilePart(sha256(data).hexdigest(), len(data))


def laid_down(spool: Spool, full: bytes, thumb: bytes) -> None:
    """Write the files of an answer, as the camera process leaves them."""
    for file, data in zip(spool.files(ID), (full, thumb)):
        file.write_bytes(data)


def test_a_picture_is_on_the_shelf_by_its_hash(tmp_path: Path) -> None:
    """Both files move under the full picture's SHA-256, and the record's body says what lies there."""
    spool, shelf = Spool(tmp_path / "spool"), Shelf(tmp_path)
    laid_down(spool, b"full picture", b"small")
    answer = CaptureResult(ID, True, full=part(b"full picture"), thumbnail=part(b"small"), width=8, height=4)
    shelved = shelf.take(answer, spool, "orchard")
    assert sha256(shelved.full.read_bytes()).hexdigest() == shelved.full.stem == shelved.body["picture"]
    assert shelved.thumbnail.read_bytes() == b"small"
    assert (shelved.full, shelved.thumbnail) == shelf.paths(shelved.body["picture"])
    assert (shelved.body["bytes"], shelved.body["thumbnail_bytes"]) == (12, 5)
    assert (shelved.body["quality"], shelved.body["reasons"]) == (1, [])
    assert not list(spool.folder.glob("*.jpg"))


def test_a_faulty_picture_is_kept_and_marked(tmp_path: Path) -> None:
    """A dark, repeated picture is a picture too, flagged suspect with its reasons."""
    spool = Spool(tmp_path / "spool")
    laid_down(spool, b"a", b"b")
    answer = CaptureResult(ID, True, full=part(b"a"), thumbnail=part(b"b"), faults=["dark", "repeated"])
    body = Shelf(tmp_path).take(answer, spool, "orchard").body
    assert (body["quality"], body["reasons"]) == (3, [DARK.builtins(), REPEATED.builtins()])


@pytest.mark.parametrize(("full", "thumbnail"), [(part(b"a"), None), (None, part(b"b"))])
def test_an_answer_without_a_picture_puts_nothing_onto_the_shelf(
    tmp_path: Path, full: FilePart | None, thumbnail: FilePart | None
) -> None:
    """Half of a picture is none: who asked hears of it, and no record names a file that is not there."""
    spool, shelf = Spool(tmp_path / "spool"), Shelf(tmp_path)
    laid_down(spool, b"a", b"b")
    with pytest.raises(PictureRefusedError, match="contains no picture"):
        shelf.take(CaptureResult(ID, True, full=full, thumbnail=thumbnail), spool, "orchard")
    assert not list(shelf.folder.glob("*.jpg"))


@pytest.mark.parametrize("torn", [b"full pictur", b"full picturE", b""])
def test_a_torn_picture_does_not_get_onto_the_shelf(tmp_path: Path, torn: bytes) -> None:
    """Bytes that are not what the answer says are refused, and nothing with their name appears."""
    spool, shelf = Spool(tmp_path / "spool"), Shelf(tmp_path)
    laid_down(spool, torn, b"small")
    answer = CaptureResult(ID, True, full=part(b"full picture"), thumbnail=part(b"small"))
    with pytest.raises(PictureRefusedError, match="not what the camera process wrote"):
        shelf.take(answer, spool, "orchard")
    assert not list(shelf.folder.glob("*.jpg"))


def test_a_missing_thumbnail_keeps_the_picture_off_the_shelf(tmp_path: Path) -> None:
    """A picture without its thumbnail is none: nothing is shelved."""
    spool, shelf = Spool(tmp_path / "spool"), Shelf(tmp_path)
    spool.files(ID)[0].write_bytes(b"full picture")
    answer = CaptureResult(ID, True, full=part(b"full picture"), thumbnail=part(b"small"))
    with pytest.raises(PictureRefusedError, match="not in the spool"):
        shelf.take(answer, spool, "orchard")
    assert not list(shelf.folder.glob("*.jpg"))
