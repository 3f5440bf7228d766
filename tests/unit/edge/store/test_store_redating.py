"""Dating a boot's records anew: under their identities, all of them, whatever instant the power goes at."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from unittest.mock import patch

from edge.clock.anchors import Anchor
from edge.records.record import Record
from edge.store import times
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.store.times import Redating
from tests.kits.power import Disk, Tape
from tests.kits.store_kit import MINUTE, folder_in_memory, minute

__all__ = ["folder_in_memory"]  # a fixture
HOUR = 3_600_000_000  # microseconds
RECORDS = 25
OTHER = Anchor("boot-0", 0.0, 0, "ntp", 0.02)
WRONG, RIGHT = Anchor("boot-1", 0.0, 0, "ntp", 0.02), Anchor("boot-1", 0.0, HOUR, "gnss", 0.02)
ANEW = Redating("boot-1", (RIGHT,), ((WRONG,),))


def filled(folder: Path, vfs: str | None = None) -> Store:
    """Return a store of two boots' minutes; it is sent whole."""
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,), vfs=vfs)
    for boot, anchor in (("boot-0", OTHER), ("boot-1", WRONG)):
        store.times.add_anchor(anchor)
        for number in range(RECORDS):
            store.append(minute(number, boot))
    store.outbox.mark_proven(store.range(1, store.next_seq), PLATFORM)
    return store


def moved(records: list[Record]) -> set[tuple[str, int, int]]:
    """Return by how many hours the minutes of each boot are off their first label, and in which revision."""
    return {
        (r.stamp.boot, ((r.start or 0) - round(r.stamp.boottime / 60) * MINUTE) // HOUR, r.revision) for r in records
    }


def test_a_boot_is_dated_anew(tmp_path: Path) -> None:
    """Its records, and no other's, have the new time with an error that holds both, a revision, and are unsent."""
    store = filled(tmp_path)
    assert store.times.redate(ANEW) == RECORDS
    records = store.range(1, store.next_seq)
    assert moved(records) == {("boot-0", 0, 0), ("boot-1", 1, 1)}
    assert all((r.clock.error or 0.0) > 3600 for r in records if r.revision)
    assert store.outbox.count_unsent(PLATFORM) == RECORDS
    assert store.times.anchors("boot-1") == [RIGHT]
    assert store.times.redate(ANEW) == 0  # it is said already
    store.close()


def test_an_error_that_holds_more_leaves_the_label(tmp_path: Path) -> None:
    """Where nothing is decided a record keeps its time and states what may be, from that instant of the boot on."""
    store = filled(tmp_path)
    assert store.times.redate(Redating("boot-1", (WRONG,), ((RIGHT,),), since=600.0)) == RECORDS - 10
    records = [r for r in store.range(1, store.next_seq) if r.stamp.boot == "boot-1"]
    assert moved(records) == {("boot-1", 0, 0), ("boot-1", 0, 1)}
    assert all(((r.clock.error or 0.0) > 3600) == (r.stamp.boottime >= 600.0) for r in records)
    store.close()


def test_a_power_cut_leaves_no_boot_half_dated(ram: Path) -> None:
    """Whatever instant it comes at: after the next start all records of the boot have the old time, or all the new."""
    rng = random.Random(1)
    live, before = ram / "live", ram / "before"
    filled(live).close()
    shutil.copytree(live, before)
    tape = Tape("redating", live)
    with tape.listening(), patch.object(times, "STEP", 4):
        store = Store.open(live, epoch="f", destinations=(PLATFORM,), vfs="redating")
        store.times.redate(ANEW)
        store.close()
    tape.unregister()
    seen, disk, done = set(), Disk(before), 0
    for at in sorted(rng.randint(1, len(tape.ops)) for _ in range(60)):
        for op in tape.ops[done:at]:
            disk.play(op)
        done = at
        disk.cut(ram / "cut", rng)
        store = Store.open(ram / "cut", epoch="g", destinations=(PLATFORM,))
        found = frozenset(moved(store.range(1, store.next_seq)))
        store.close()
        shutil.rmtree(ram / "cut")
        assert found in ({("boot-0", 0, 0), ("boot-1", 0, 0)}, {("boot-0", 0, 0), ("boot-1", 1, 1)})
        seen.add(found)
    assert len(seen) == 2
