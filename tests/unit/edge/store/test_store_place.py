"""The store's files deleted, moved or replaced under a running station: nothing that was kept is gone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from edge.records.record import Record
from edge.store.check import check
from edge.store.errors import StoreCause, StoreError
from edge.store.folder import DATABASE, LOCK, LOG
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import BadDisk, folder_in_memory, minute

__all__ = ["folder_in_memory"]  # a fixture

OTHER = 7  # records of the store that is put into the place


def opened(folder: Path, epoch: str = "a") -> Store:
    """Open the folder's store."""
    return Store.open(folder, epoch=epoch, destinations=(PLATFORM,))


def appended(store: Store, first: int, last: int) -> list[Record]:
    """Append these minutes."""
    return [store.append(minute(n), {"n": n}) for n in range(first, last + 1)]


def other_store(folder: Path) -> Path:
    """Make a store of another station."""
    store = opened(folder, "other")
    appended(store, 1, OTHER)
    store.close()
    return folder


def unlink_database(folder: Path) -> None:
    """Delete the database alone."""
    (folder / DATABASE).unlink()


def unlink_log(folder: Path) -> None:
    """Delete the log alone, which has the newest records."""
    (folder / (DATABASE + LOG)).unlink()


def delete_folder(folder: Path) -> None:
    """Delete all."""
    shutil.rmtree(folder)


def rename_folder(folder: Path) -> None:
    """Move all away."""
    folder.rename(folder.with_name("moved"))


def put_other_database(folder: Path) -> None:
    """Move another station's database into the place, with our log beside it."""
    os.replace(other_store(folder.with_name("other")) / DATABASE, folder / DATABASE)


def put_other_folder(folder: Path) -> None:
    """Move another station's whole folder into the place, as a card does that is mounted there."""
    rename_folder(folder)
    other_store(folder.with_name("other")).rename(folder)


def put_older_copy(folder: Path) -> None:
    """Put back the copy of yesterday, as a new file."""
    copy = folder / "copy"
    shutil.copyfile(folder / DATABASE, copy)
    os.replace(copy, folder / DATABASE)
    (folder / (DATABASE + LOG)).unlink()


WAYS = (
    unlink_database,
    unlink_log,
    delete_folder,
    rename_folder,
    put_other_database,
    put_other_folder,
    put_older_copy,
)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_done_to_the_files_costs_no_record(way: Callable[[Path], None], ram: Path) -> None:
    """Kept before, after, and after it was put right: all is there at the next start, and it is told what happened."""
    folder = ram / "state"
    store = opened(folder)
    kept = appended(store, 1, 30)
    assert not store.regain()
    way(folder)
    kept += appended(store, 31, 35)
    assert store.regain()
    told = store.repaired
    assert told is not None
    assert (told.lost, told.unknown, told.cause.code in ("store_moved", "store_replaced")) == ([], False, True)
    assert not store.regain()
    kept += appended(store, 36, 40)
    assert store.range(1, 100) == kept
    assert store.state() == {"n": 40}
    store.close()
    assert check(folder) == []
    again = opened(folder, "b")
    assert again.range(1, 100) == kept
    assert not again.regain()
    assert again.append(minute(41)).seq == 41
    again.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_stop_comes_before_anybody_has_looked(way: Callable[[Path], None], ram: Path) -> None:
    """The daemon is stopped within the minute: its end puts the files right, the next start has all and tells of it."""
    folder = ram / "state"
    store = opened(folder)
    kept = appended(store, 1, 30)
    way(folder)
    kept += appended(store, 31, 32)
    store.close()
    again = opened(folder, "b")
    assert again.range(1, 100) == kept
    assert not again.regain()
    assert again.repaired is not None
    again.close()


@pytest.mark.parametrize("way", [put_other_database, put_other_folder])
def test_what_was_put_there_is_set_aside_whole(way: Callable[[Path], None], ram: Path) -> None:
    """A database that stands in the place is somebody's: it lies beside, with all its records, and is named."""
    folder = ram / "state"
    store = opened(folder)
    appended(store, 1, 30)
    way(folder)
    store.regain()
    told = store.repaired
    store.close()
    assert told is not None
    assert told.set_aside is not None
    with_it = apsw.Connection(str(folder / told.set_aside), flags=apsw.SQLITE_OPEN_READONLY)
    assert with_it.execute("SELECT count(*) FROM record WHERE epoch = 'other'").get == OTHER
    with_it.close()


def test_while_it_cannot_be_put_right_records_go_on(ram: Path) -> None:
    """Something stands in the folder's place: it is said each time, records are kept, and all is put right later."""
    folder = ram / "state"
    store = opened(folder)
    kept = appended(store, 1, 30)
    rename_folder(folder)
    folder.write_text("no folder")
    for n in range(31, 34):
        with pytest.raises(StoreError) as caught:
            store.regain()
        assert (caught.value.cause, caught.value.reason.code) == (StoreCause.NO_FOLDER, "store_displaced")
        kept += appended(store, n, n)
    assert store.range(1, 100) == kept
    folder.unlink()
    assert store.regain()
    store.close()
    again = opened(folder, "b")
    assert again.range(1, 100) == kept
    assert not again.regain()
    again.close()


def test_another_daemon_in_the_place_is_left_alone(ram: Path) -> None:
    """The folder was moved away and a second daemon started at its name: neither touches what is the other's."""
    folder = ram / "state"
    store = opened(folder)
    appended(store, 1, 30)
    rename_folder(folder)
    second = opened(folder, "second")
    theirs = appended(second, 1, 5)
    with pytest.raises(StoreError) as caught:
        store.regain()
    assert caught.value.cause is StoreCause.IN_USE
    store.close()
    assert second.range(1, 100) == theirs
    second.close()
    moved = opened(folder.with_name("moved"), "b")
    assert len(moved.range(1, 100)) == 30
    moved.close()


def test_a_lock_that_was_deleted_is_taken_again(ram: Path) -> None:
    """Without its lock a folder would be open to a second daemon."""
    store = opened(ram / "state")
    appended(store, 1, 3)
    (ram / "state" / LOCK).unlink()
    assert not store.regain()
    with pytest.raises(StoreError) as caught:
        opened(ram / "state", "b")
    assert caught.value.cause is StoreCause.IN_USE
    store.close()


def test_old_files_beyond_reach_are_told_as_lost(ram: Path) -> None:
    """The disk was pulled out, another mounted: what it had is named as lost, records are kept on the new one."""
    disk = BadDisk("pulled-out")
    folder = ram / "state"
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), vfs=disk.vfs_name)
    appended(store, 1, 300)
    with store._db.reading() as connection:
        connection.execute("PRAGMA shrink_memory").fetchall()
    delete_folder(folder)
    disk.pull_out()
    assert store.regain()
    told = store.repaired
    assert told is not None
    assert told.lost
    assert (told.lost[0].first, told.lost[-1].last) == (1, 300)
    assert [record.seq for record in appended(store, 301, 303)] == [301, 302, 303]
    store.close()
    disk.unregister()
