"""The receiver's files in an operator's hands: rotated, deleted, cut, put back; a receipt stays true."""

from __future__ import annotations

import errno
import gzip
import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.records.spans import Span
from edge.wire.contract import Revised
from hub.record_files import Novelty, RecordFiles
from tests.kits.receiver_kit import minute


def opened(folder: Path) -> RecordFiles:
    """Open the files of a folder."""
    return RecordFiles(folder / "m.jsonl", folder / "e.jsonl", folder / "m.jsonl.ledger")


def put(files: RecordFiles, *seqs: int, revision: int = 0) -> list[Novelty]:
    """Take minutes in and see them on the disk."""
    taken = [files.take("s", minute(seq, revision), 0) for seq in seqs]
    files.sync()
    return taken


def seqs(path: Path) -> list[int]:
    """Return the seqs in a file."""
    return [json.loads(line)["seq"] for line in path.read_text().splitlines()]


def rotate(folder: Path) -> None:
    """Rotate the file as logrotate does."""
    (folder / "m.jsonl").rename(folder / "m.jsonl.1")


def recreate(folder: Path) -> None:
    """Rotate the file as logrotate does with `create`."""
    rotate(folder)
    (folder / "m.jsonl").touch()


def delete(folder: Path) -> None:
    """Delete the file, as somebody does who needs room."""
    (folder / "m.jsonl").unlink()


def cut(folder: Path) -> None:
    """Cut the file as `> m.jsonl`, or logrotate with copytruncate, does."""
    os.truncate(folder / "m.jsonl", 0)


def compress(folder: Path) -> None:
    """Compress the rotated file: it is somewhere, but the receiver cannot see that."""
    rotate(folder)
    (folder / "m.jsonl.1.gz").write_bytes(gzip.compress((folder / "m.jsonl.1").read_bytes()))
    (folder / "m.jsonl.1").unlink()


def put_back(folder: Path) -> None:
    """Put an older copy in the file's place."""
    lines = (folder / "m.jsonl").read_text().splitlines(keepends=True)
    (folder / "copy").write_text("".join(lines[:2]))
    (folder / "copy").replace(folder / "m.jsonl")


Deed = Callable[[Path], None]


@pytest.mark.parametrize("deed", [rotate, recreate])
@pytest.mark.parametrize("running", [True, False])
def test_a_file_that_is_moved_away_stays_known(tmp_path: Path, deed: Deed, running: bool) -> None:
    """Rotated while it runs or while it does not: what comes now goes into a new file, what was there is a double."""
    files = opened(tmp_path)
    put(files, 1, 2, 3)
    put(files, 2, revision=1)
    if not running:
        files.close()
    deed(tmp_path)
    if running:
        assert not files.look()
    else:
        files = opened(tmp_path)
    assert put(files, 3, 4) == [Novelty.DOUBLE, Novelty.NEW]
    assert (seqs(tmp_path / "m.jsonl"), seqs(tmp_path / "m.jsonl.1")) == ([4], [1, 2, 3, 2])
    files.close()
    shutil.move(tmp_path / "m.jsonl.1", tmp_path.parent / f"{tmp_path.name}-kept-elsewhere")
    files = opened(tmp_path)
    assert put(files, 1, 4) == [Novelty.DOUBLE, Novelty.DOUBLE]
    assert files.held("s") == [Span("e", 1, 4)]
    assert files.revised("s", files.held("s")) == [Revised(1, [Span("e", 2, 2)])]
    assert files.generation == 1


@pytest.mark.parametrize(("deed", "left"), [(delete, []), (cut, []), (put_back, [1, 2]), (compress, [])])
@pytest.mark.parametrize("running", [True, False])
def test_what_is_gone_is_not_named_as_received(
    tmp_path: Path, deed: Deed, left: list[int], running: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Deleted, cut short, replaced by an older copy: no receipt for lines that nobody has; they are taken in again.

    While it runs, it is told once.
    """
    files = opened(tmp_path)
    put(files, 1, 2, 3, 4)
    name = files.id
    if running:
        deed(tmp_path)
        assert files.look()
        assert files.generation == 2
        assert len(caplog.records) == 1
    else:
        files.close()
        deed(tmp_path)
        files = opened(tmp_path)
    assert [seq for span in files.held("s") for seq in range(span.first, span.last + 1)] == left
    assert put(files, 1, 2, 3, 4) == [Novelty.DOUBLE if seq in left else Novelty.NEW for seq in (1, 2, 3, 4)]
    assert sorted(seqs(tmp_path / "m.jsonl")) == [1, 2, 3, 4]
    assert files.id == name


def test_what_was_moved_away_outlives_a_deletion(tmp_path: Path) -> None:
    """Deleting the present file costs what was in it, not what was rotated away before."""
    files = opened(tmp_path)
    put(files, 1, 2)
    rotate(tmp_path)
    files.look()
    put(files, 3, 4)
    delete(tmp_path)
    assert files.look()
    assert files.held("s") == [Span("e", 1, 2)]


def test_a_file_deleted_while_it_is_written_is_no_success(tmp_path: Path) -> None:
    """Between the look and the write there is an instant: what went into a deleted file raises, and is not kept."""
    files = opened(tmp_path)
    files.take("s", minute(1), 0)
    delete(tmp_path)
    with pytest.raises(OSError, match="deleted"):
        files.sync()
    assert files.look()
    assert files.held("s") == []
    assert put(files, 1) == [Novelty.NEW]
    assert seqs(tmp_path / "m.jsonl") == [1]


def test_nothing_is_taken_in_where_there_can_be_no_file(tmp_path: Path) -> None:
    """The whole folder deleted: each look raises, so that nothing is receipted, until there is one again."""
    folder = tmp_path / "data"
    folder.mkdir()
    files = opened(folder)
    put(files, 1)
    shutil.rmtree(folder)
    for _ in range(3):
        with pytest.raises(OSError, match="No such file"):
            files.look()
    folder.mkdir()
    assert files.look()
    assert not files.look()
    assert put(files, 1, 2) == [Novelty.NEW, Novelty.NEW]
    assert seqs(folder / "m.jsonl") == [1, 2]
    assert json.loads((folder / "m.jsonl.ledger").read_text())["id"] == files.id


def test_files_that_have_gone_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is looked while there can be no new file, and again where they go another time."""
    folder = tmp_path / "data"
    folder.mkdir()
    files = opened(folder)
    for _ in range(2):
        shutil.rmtree(folder)
        for _ in range(3):
            with pytest.raises(OSError, match="No such file"):
                files.look()
        folder.mkdir()
        assert files.look()
    assert len(caplog.records) == 2


def test_a_ledger_file_that_is_deleted_is_written_again(tmp_path: Path) -> None:
    """Stations know a receiver by its ledger's id: another id after a restart would be a stranger's."""
    files = opened(tmp_path)
    put(files, 1)
    (tmp_path / "m.jsonl.ledger").unlink()
    assert not files.look()
    files.close()
    assert opened(tmp_path).id == files.id


@pytest.mark.parametrize("room", [10, 200, 400])
def test_what_a_failed_write_left_is_no_part_of_the_next_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """A disk that fills up within a line, and then cannot be cut back either: no line is receipted that is broken."""
    files = opened(tmp_path)
    put(files, 1)
    size = (tmp_path / "m.jsonl").stat().st_size
    files.take("s", minute(2), 0)
    files.take("s", minute(3), 0)
    with small_files(size + room), monkeypatch.context() as worn:
        worn.setattr(os, "ftruncate", no_change)
        for _ in range(2):
            with pytest.raises(OSError, match=r"m\.jsonl"):
                files.sync()
    assert (tmp_path / "m.jsonl").stat().st_size == size + room
    files.sync()
    assert seqs(tmp_path / "m.jsonl") == [1, 2, 3]


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """Let no file be larger than `most` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def no_change(_descriptor: int, _length: int) -> None:
    """Fail as a disk does that has turned read-only."""
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "a pipe"])
def test_what_is_no_regular_file_is_refused_by_its_name(tmp_path: Path, device: str) -> None:
    """A pipe and a device keep nothing, and one of them can be read for ever."""
    if device == "a pipe":
        os.mkfifo(tmp_path / "m.jsonl")
    else:
        (tmp_path / "m.jsonl").symlink_to(device)
    with pytest.raises(OSError, match=r"m\.jsonl"):
        opened(tmp_path)


def test_photos_alone_have_a_ledger_with_a_name(tmp_path: Path) -> None:
    """A receiver that keeps photos alone finds its session at the broker again."""
    ledger = tmp_path / "photos.ledger"
    assert RecordFiles(None, None, ledger).id == RecordFiles(None, None, ledger).id


def test_what_waits_for_a_full_disk_goes_into_the_new_file(tmp_path: Path) -> None:
    """Rotated while something waits to be written, it is written all the same."""
    files = opened(tmp_path)
    put(files, 1)
    files.take("s", minute(2), 0)
    rotate(tmp_path)
    files.look()
    files.sync()
    assert (seqs(tmp_path / "m.jsonl.1"), seqs(tmp_path / "m.jsonl")) == ([1], [2])
    assert files.held("s") == [Span("e", 1, 2)]


def test_a_ledger_has_a_name_of_its_own_for_ever(tmp_path: Path) -> None:
    """Two folders have two names; the same after a restart and with the minutes gone; none where nothing is kept."""
    other = tmp_path / "other"
    other.mkdir()
    first, second = opened(tmp_path), opened(other)
    assert first.id != second.id
    first.close()
    delete(tmp_path)
    assert opened(tmp_path).id == first.id
    assert RecordFiles(None, None, None).id == ""


def test_a_damaged_ledger_file_costs_no_line(tmp_path: Path) -> None:
    """Rubbish in the ledger's file: set beside, a new name, and the lines themselves are still known."""
    files = opened(tmp_path)
    put(files, 1)
    files.close()
    (tmp_path / "m.jsonl.ledger").write_bytes(b"\0" * 100)
    files = opened(tmp_path)
    assert put(files, 1, 2) == [Novelty.DOUBLE, Novelty.NEW]
    assert (tmp_path / "m.jsonl.ledger.damaged").exists()


def test_another_content_is_known_after_a_restart(tmp_path: Path) -> None:
    """What a line says is compared with what comes, by whatever way the line came here; a double stays a double."""
    files = opened(tmp_path)
    undated = minute(2, start=None)
    put(files, 1)
    files.take("s", undated, 1_767_225_660_000_000)
    files.sync()
    for _ in range(2):
        assert files.take("s", minute(1), 99) is Novelty.DOUBLE
        assert files.take("s", undated, 99_000_000) is Novelty.DOUBLE  # when it arrived is none of its content
        assert files.take("s", minute(1, air_temperature=-99.0), 99) is Novelty.OTHER
        assert files.take("s", minute(2, start=None, wind_speed=3.0), 99) is Novelty.OTHER
        files.close()
        files = opened(tmp_path)
    assert seqs(tmp_path / "m.jsonl") == [1, 2]
