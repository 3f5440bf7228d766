"""A store whose disk takes nothing in: it goes on in memory with all it does, and back to the disk with all of it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from edge.records.record import Record
from edge.store.errors import StoreCause, StoreError
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.schema import PAGE
from edge.store.store import Store
from tests.kits.store_kit import BadDisk, bad_disk, folder_in_memory, minute
from tests.unit.edge.store.test_store_power import cuts

__all__ = ["bad_disk", "folder_in_memory"]  # fixtures


def opened(folder: Path, disk: BadDisk | None = None, epoch: str = "e1") -> Store:
    """Return the store of a folder."""
    vfs = None if disk is None else disk.vfs_name
    return Store.open(folder, epoch=epoch, destinations=(PLATFORM,), vfs=vfs)


def read_only(path: Path, data: bytes) -> None:
    """Refuse to write a file, as a disk that became read-only does."""
    raise OSError(errno.EROFS, f"{len(data)} bytes", str(path))


def numbers(store: Store) -> list[float]:
    """Return which minutes are in a store, in order."""
    return [record.stamp.boottime // 60 for record in store.range(1, store.next_seq)]


def refused(store: Store, disk: BadDisk, number: int, syncs: bool) -> None:
    """Let the disk refuse a minute: its bytes, or (with `syncs`) that they are put down for good."""
    disk.refuse, disk.syncs, disk.after = apsw.IOError, syncs, 0
    with pytest.raises(StoreError):
        store.append(minute(number))


@pytest.mark.parametrize("syncs", [False, True], ids=["write", "sync"])
def test_it_goes_on_in_memory_and_returns_with_all_of_it(tmp_path: Path, disk: BadDisk, syncs: bool) -> None:
    """Each minute is there once, in its order, and what was proven meanwhile stays so; a refused commit is no trace."""
    store = opened(tmp_path, disk)
    for number in range(50):
        store.append(minute(number))
    refused(store, disk, 50, syncs)
    assert store.place.move_log_to_memory() and not store.place.move_log_to_memory()
    added = [store.append(minute(number)) for number in range(50, 60)]
    store.outbox.mark_proven(added[:4], PLATFORM)
    assert [record.seq for record in added] == list(range(51, 61))
    assert (store.place.in_memory, store.outbox.count_unsent(PLATFORM)) == (10, 56)
    with pytest.raises(StoreError):
        store.place.move_log_to_disk()
    store.append(minute(60))
    disk.refuse = None
    assert store.place.move_log_to_disk()
    assert store.place.in_memory == 0
    store.append(minute(61))
    store.close()
    again = opened(tmp_path, epoch="e2")
    assert numbers(again) == list(range(62))
    assert again.repaired is None
    assert again.outbox.count_unsent(PLATFORM) == 58
    again.close()


@pytest.mark.parametrize("syncs", [False, True], ids=["write", "sync"])
def test_without_power_what_was_on_the_disk_is_whole(tmp_path: Path, disk: BadDisk, syncs: bool) -> None:
    """What was added in memory is gone, and nothing else; the epoch that follows takes none of its numbers."""
    store = opened(tmp_path / "state", disk)
    for number in range(50):
        store.append(minute(number))
    refused(store, disk, 50, syncs)
    store.place.move_log_to_memory()
    for number in range(50, 3000):  # the log grows beyond what is folded in otherwise
        store.append(minute(number))
    shutil.copytree(tmp_path / "state", tmp_path / "cut")
    again = opened(tmp_path / "cut", epoch="e2")
    assert numbers(again)[:50] == list(range(50)) and again.next_seq <= 52
    assert again.repaired is None
    again.close()
    store.close()


def test_a_stop_takes_along_what_is_in_memory_where_the_disk_is_better(tmp_path: Path, disk: BadDisk) -> None:
    """A station that is stopped before it looks again loses nothing."""
    store = opened(tmp_path, disk)
    store.append(minute(0))
    refused(store, disk, 1, False)
    store.place.move_log_to_memory()
    store.append(minute(1))
    disk.refuse = None
    store.close()
    again = opened(tmp_path, epoch="e2")
    assert numbers(again) == [0, 1] and again.repaired is None
    again.close()


def test_damage_met_in_memory_costs_nothing_of_what_is_there_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that turns read-only may have bad pages too: it is salvaged once it takes in what is in memory."""
    store = opened(tmp_path)
    for number in range(400):
        store.append(minute(number))
    store.close()
    store = opened(tmp_path, epoch="e2")
    store.place.move_log_to_memory()
    for number in range(400, 420):
        store.append(minute(number))
    with monkeypatch.context() as patch:
        patch.setattr("edge.store.log_in_memory.write_whole", read_only)
        with (tmp_path / DATABASE).open("r+b") as file:
            file.seek(20 * PAGE)
            file.write(bytes(8 * PAGE))
        for _ in range(2):
            with pytest.raises(StoreError) as refused:
                store.range(1, 500)
            assert refused.value.cause is StoreCause.READ_ONLY
        store.append(minute(420))
        assert store.place.in_memory == 21
    with suppress(StoreError):
        store.range(1, 500)
    there = numbers(store)
    assert there[-21:] == list(range(400, 421)) and len(there) > 300
    assert store.repaired is not None
    store.close()


def a_voyage(folder: Path, vfs: str, kept: Callable[[Record], None]) -> None:
    """Keep records on the disk, in memory, and on the disk again, twice."""
    store = Store.open(folder, epoch="e1", destinations=(PLATFORM,), vfs=vfs)
    for leg in range(0, 60, 30):
        for number in range(leg, leg + 10):
            kept(store.append(minute(number)))
        assert store.place.move_log_to_memory()
        added = [store.append(minute(number)) for number in range(leg + 10, leg + 25)]
        store.outbox.mark_proven(added[:9], PLATFORM)
        assert store.place.move_log_to_disk()
        for record in added:
            kept(record)
        for number in range(leg + 25, leg + 30):
            kept(store.append(minute(number)))
    store.close()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_power_cut_on_the_way_back_loses_nothing_that_was_on_the_disk(ram: Path, seed: int) -> None:
    """At each instant of the log's return: what was on the disk before is there, and what has returned stays."""
    assert cuts(ram, a_voyage, None, seed) > 1000


def test_a_log_that_takes_too_much_memory_takes_no_more(
    tmp_path: Path, disk: BadDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records wait as before then, and none is deleted to make room."""
    monkeypatch.setattr("edge.store.log_in_memory.MOST", 200_000)
    store = opened(tmp_path, disk)
    store.append(minute(0))
    refused(store, disk, 1, False)
    store.place.move_log_to_memory()
    with pytest.raises(StoreError) as full:
        for number in range(1, 1000):
            store.append(minute(number))
    assert full.value.cause.value == "disk"
    there = numbers(store)
    assert there == list(range(len(there))) and len(there) > 20
    store.close()
