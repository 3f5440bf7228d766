"""A salvage under a running station: records are kept meanwhile, whoever met the damage and whatever comes between."""

from __future__ import annotations

import os
import random
import shutil
import threading
from pathlib import Path

import apsw
import pytest

from edge.store.check import check
from edge.store.errors import StoreCause, StoreError
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import BadDisk, damaged_pages, many, minute


class Salvaging:
    """A store that runs, has met damage and stands in the middle of its salvage until `go_on`. `lost`: seqs."""

    def __init__(self, folder: Path) -> None:
        self._held = threading.Event()
        self._reached = threading.Event()
        many(folder, 2000)
        self.store = Store.open(folder, epoch="b", destinations=(PLATFORM,), progress=self._stand)
        with self.store._db.reading() as connection:
            connection.execute("PRAGMA shrink_memory").fetchall()
        self.lost = damaged_pages(folder, random.Random(4), pages=2)

    def _stand(self) -> None:
        self._reached.set()
        assert self._held.wait(60)

    def reach(self) -> None:
        """Wait until the salvage is under way."""
        assert self._reached.wait(60)

    def go_on(self) -> None:
        """Let it end."""
        self._held.set()


@pytest.mark.parametrize("who", ["a reader", "the recorder"])
def test_records_are_kept_while_a_salvage_lasts(tmp_path: Path, who: str) -> None:
    """Whoever met the damage, a record appended meanwhile is on the disk at once, and in the new database later."""
    salvaging = Salvaging(tmp_path / "state")
    store, found = salvaging.store, list[int]()
    reader = threading.Thread(target=lambda: found.extend(record.seq for record in store.range(1, 3000)))
    if who == "a reader":
        reader.start()
        salvaging.reach()
    seqs = [store.append(minute(n), {"n": n}).seq for n in range(2001, 2011)]
    assert seqs == list(range(2001, 2011))
    salvaging.reach()
    shutil.copytree(tmp_path / "state", tmp_path / "cut")  # as a power cut leaves it
    if who == "the recorder":
        reader.start()
    salvaging.go_on()
    reader.join(60)
    whole = set(range(1, 2011)) - salvaging.lost
    assert set(found) == whole
    assert store.state() == {"n": 2010}
    assert store.append(minute(2011)).seq == 2011
    store.close()
    assert check(tmp_path / "state") == []
    assert not list((tmp_path / "state").glob("records.interim*"))
    after = Store.open(tmp_path / "cut", epoch="c", destinations=(PLATFORM,))
    assert {record.seq for record in after.range(1, 3000)} == whole
    assert after.state() == {"n": 2010}
    after.close()
    assert check(tmp_path / "cut") == []


def test_records_that_are_appended_while_a_salvage_ends_are_kept(tmp_path: Path) -> None:
    """Between the last that it takes in and the new database there is no moment in which a record is lost."""
    salvaging = Salvaging(tmp_path)
    store, ended, seqs = salvaging.store, threading.Event(), list[int]()

    def append() -> None:
        while not ended.is_set():
            seqs.append(store.append(minute(2001 + len(seqs))).seq)

    recorder = threading.Thread(target=append)
    recorder.start()
    salvaging.reach()
    salvaging.go_on()
    store.range(1, 2)  # waits for its end
    ended.set()
    recorder.join(60)
    assert seqs == list(range(2001, 2001 + len(seqs)))
    assert {record.seq for record in store.range(1, seqs[-1])} == set(range(1, seqs[-1] + 1)) - salvaging.lost
    store.close()


def test_a_station_may_end_while_a_salvage_lasts(tmp_path: Path) -> None:
    """Closed in mid-salvage it lets go at the next word; the next start has all that was kept before and meanwhile."""
    salvaging = Salvaging(tmp_path)
    salvaging.store.append(minute(2001), {"n": 2001})
    salvaging.reach()
    closing = threading.Thread(target=salvaging.store.close)
    closing.start()
    salvaging.go_on()
    closing.join(60)
    store = Store.open(tmp_path, epoch="c", destinations=(PLATFORM,))
    assert {record.seq for record in store.range(1, 3000)} == set(range(1, 2002)) - salvaging.lost
    store.close()


def appended(store: Store, number: int) -> int:
    """Append a minute, again where a refused salvage is told to it, as the recorder does. Return its seq."""
    while True:
        try:
            return store.append(minute(number)).seq
        except StoreError as refused:
            assert refused.cause is StoreCause.FULL


def test_a_salvage_that_the_disk_refuses_is_begun_again(tmp_path: Path) -> None:
    """Refused while the station runs, it costs none of the records that were kept meanwhile."""
    many(tmp_path, 2000)
    disk = BadDisk(f"full-run-{os.getpid()}")
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,), vfs=disk.vfs_name)
    with store._db.reading() as connection:
        connection.execute("PRAGMA shrink_memory").fetchall()
    lost = damaged_pages(tmp_path, random.Random(4), pages=2)
    disk.refuse, disk.only = apsw.FullError, "salvage.db"
    seqs = {appended(store, n) for n in range(2001, 2005)}
    with pytest.raises(StoreError) as found:
        store.range(1, 3000)
    assert found.value.cause is StoreCause.FULL
    seqs.add(appended(store, 2005))
    disk.refuse = None
    while True:  # a salvage under way may still be refused
        try:
            kept = {record.seq for record in store.range(1, 3000)}
            break
        except StoreError as refused:
            assert refused.cause is StoreCause.FULL
    assert seqs == set(range(2001, 2006))
    assert kept == set(range(1, 2006)) - lost
    store.close()
    disk.unregister()
