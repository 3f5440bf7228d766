"""A full disk, a broken disk, a folder that is none: a sentence, and nothing half done."""

from __future__ import annotations

import errno
import itertools
import os
import random
from pathlib import Path

import apsw
import pytest

from edge.records.record import ClockMark, Kind, Stamp
from edge.store.errors import StoreCause, StoreError
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.schema import PAGE, WAL_PAGES
from edge.store.store import Store
from tests.kits.small_disk import fill, small_disk
from tests.kits.store_kit import BadDisk, bad_disk, event, many, minute

__all__ = ["bad_disk"]  # a fixture


@pytest.mark.parametrize("syncs", [False, True], ids=["write", "sync"])
@pytest.mark.parametrize(
    ("error", "cause"), [(apsw.FullError, StoreCause.FULL), (apsw.IOError, StoreCause.DISK)], ids=["full", "broken"]
)
def test_a_refused_append_leaves_nothing_and_may_be_tried_again(
    tmp_path: Path, disk: BadDisk, syncs: bool, error: type[apsw.Error], cause: StoreCause
) -> None:
    """Where the disk refuses, nothing is kept or counted; once it takes again, the same draft is kept once."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,), vfs=disk.vfs_name)
    store.append(minute(1), {"n": 1})
    store.outbox.mark_sent(store.outbox.unsent(PLATFORM), PLATFORM)
    for after in range(4):
        disk.refuse, disk.syncs, disk.after = error, syncs, after if not syncs else 0
        for _ in range(2):
            try:
                store.append(minute(2), {"n": 2})
            except StoreError as trouble:
                assert trouble.cause is cause
                assert str(tmp_path) in str(trouble)
            else:
                break
        else:
            assert store.state() == {"n": 1}
            assert store.next_seq == 2
            assert store.outbox.count_unsent(PLATFORM) == 0
            continue
        break
    disk.refuse = None
    if store.next_seq == 2:
        store.append(minute(2), {"n": 2})
    store.close()
    again = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert [r.fields()["n"] for r in again.range(1, 9)] == [1, 2]
    assert again.state() == {"n": 2}
    assert again.repaired is None
    again.close()


def test_a_refused_append_is_not_kept_behind_the_callers_back(tmp_path: Path, disk: BadDisk) -> None:
    """A record whose append failed is not found after a restart: its draft may have been kept elsewhere since."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,), vfs=disk.vfs_name)
    store.append(minute(1))
    disk.refuse, disk.syncs = apsw.IOError, True
    with pytest.raises(StoreError):
        store.append(minute(2))
    disk.refuse = None
    assert store.append(minute(3)).seq == 2
    store.close()
    again = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert [r.fields()["n"] for r in again.range(1, 9)] == [1, 3]
    again.close()


@pytest.mark.parametrize("syncs", [False, True], ids=["write", "sync"])
def test_a_log_that_cannot_be_folded_in_costs_no_append(tmp_path: Path, disk: BadDisk, syncs: bool) -> None:
    """The record is on the disk before the log is folded into the file: where that fails, it is kept, and once.

    It is told that it was kept, or its caller would keep it again under another number.
    """
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,), vfs=disk.vfs_name)
    disk.refuse, disk.syncs, disk.only = apsw.IOError, syncs, DATABASE
    assert store.append(minute(1)).seq == 1
    for n in range(2, 16):  # each of some four hundred pages: more than the log may have
        noise = random.Random(n).randbytes(400_000).hex()
        assert store.append(event(Kind.HEALTH, n, {"text": noise})).seq == n
    assert (tmp_path / "records.db-wal").stat().st_size > WAL_PAGES * PAGE
    disk.refuse = None
    assert store.append(minute(16)).seq == 16
    store.close()
    again = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert [record.seq for record in again.range(1, 99)] == list(range(1, 17))
    assert again.repaired is None
    again.close()


def test_a_file_is_no_state_folder(tmp_path: Path) -> None:
    """Where the folder is a file the sentence names it and says what would be right."""
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match=r"state folder .*/state is not a usable folder .*: name a folder") as found:
        Store.open(tmp_path / "state", epoch="a", destinations=(PLATFORM,))
    assert found.value.cause is StoreCause.NO_FOLDER


def test_a_quota_that_is_used_up_is_told_as_full(
    tmp_path: Path, disk: BadDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite calls it an I/O error; what has to go is room, not the card."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,), vfs=disk.vfs_name)
    store.append(minute(1))

    def refuse(*_: object) -> int:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "pwrite", refuse)
    disk.refuse = apsw.IOError
    with pytest.raises(StoreError, match="the disk quota of its user is used up") as refused:
        store.append(minute(2))
    assert refused.value.cause is StoreCause.FULL
    monkeypatch.undo()
    with pytest.raises(StoreError) as broken:
        store.append(minute(2))
    assert broken.value.cause is StoreCause.DISK
    disk.refuse = None
    assert store.append(minute(2)).seq == 2
    store.close()


def test_a_link_to_a_folder_that_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    """Where the state lies on a disk of its own that is not mounted, no new store is begun below its place."""
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "state")
    with pytest.raises(StoreError, match="it is a link to a folder that is not there") as refused:
        Store.open(tmp_path / "link", epoch="a", destinations=(PLATFORM,))
    assert refused.value.cause is StoreCause.NO_FOLDER
    assert not (tmp_path / "disk").exists()


def test_a_newer_versions_database_is_left_alone(tmp_path: Path) -> None:
    """After a step back to an older version nothing is repaired away: it says what to install."""
    Store.open(tmp_path, epoch="a", destinations=(PLATFORM,)).close()
    connection = apsw.Connection(str(tmp_path / "records.db"))
    connection.execute("CREATE TABLE later (n INTEGER) STRICT")
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(StoreError, match="newer minshan") as found:
        Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert found.value.cause is StoreCause.NEWER
    assert not list(tmp_path.glob("*damaged*"))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A read-only folder stops the start with a sentence. Where the tests may write anything: another folder."""
    folder = Path("/proc/minshan") if os.geteuid() == 0 else tmp_path / "state"
    if os.geteuid():
        folder.mkdir(mode=0o500)
    with pytest.raises(StoreError, match="state folder") as found:
        Store.open(folder, epoch="a", destinations=(PLATFORM,))
    assert found.value.cause in (StoreCause.READ_ONLY, StoreCause.NO_FOLDER)


@pytest.mark.parametrize("files", [1, 2, 3])
def test_a_disk_that_can_hold_no_more_files_is_told_as_full(tmp_path: Path, files: int) -> None:
    """Bytes are free, and SQLite says no more than that it cannot open a file: whatever comes first, it is not a
    matter of rights."""
    with small_disk(tmp_path / "disk", files=files) as disk:
        with pytest.raises(StoreError) as found:
            Store.open(disk, epoch="a", destinations=(PLATFORM,))
        assert (found.value.cause, found.value.why.code) == (StoreCause.FULL, "no_more_files")


def test_on_a_card_that_something_else_has_filled_the_station_goes_on(tmp_path: Path) -> None:
    """To delete takes room too: it gives up its reserve for that, and measures on, over a restart too."""
    with small_disk(tmp_path / "disk", megabytes=64) as disk:
        many(disk / "state", 2000)
        store = Store.open(disk / "state", epoch="b", destinations=(PLATFORM,))
        fill(disk)
        with pytest.raises(StoreError) as found:
            for number in itertools.count(2001):
                store.append(minute(number))
        assert found.value.cause is StoreCause.FULL
        assert store.sweep(Stamp("b", 1.0), None, ClockMark("arrival")) == []
        assert store.append(minute(number)).seq == number
        store.close()
        store = Store.open(disk / "state", epoch="c", destinations=(PLATFORM,))
        assert store.append(minute(number + 1)).seq == number + 1
        store.close()
