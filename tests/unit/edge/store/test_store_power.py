"""Power cuts at any instant: what was kept is there, no number is given twice, and a salvage begins again."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.clock.anchors import Anchor
from edge.records.record import Kind, Record
from edge.records.spans import Span
from edge.store import rows, schema
from edge.store.carve import FRAME, FRAME_HEADER
from edge.store.folder import DATABASE, LOG
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.power import Disk, Tape, blocks, keep_blocks
from tests.kits.store_kit import break_log, damaged_pages, event, folder_in_memory, many, minute
from tests.unit.edge.store.test_store_damage import filled
from tests.unit.edge.store.test_store_packing import old_store

__all__ = ["folder_in_memory"]  # a fixture
names = itertools.count()
LOG_FILE = DATABASE + LOG
Work = Callable[[Path, str, Callable[[Record], None]], None]


def a_life(folder: Path, vfs: str, kept: Callable[[Record], None]) -> None:
    """Live two starts of a station: records with and without a time, acknowledgements, proofs, anchors, losses."""
    for start in range(2):
        store = Store.open(folder, epoch=f"e{start}", destinations=(PLATFORM,), vfs=vfs)
        for n in range(1, 26):
            kept(store.append(minute(n, f"b{start}", timed=n % 3 != 0), {"n": n}))
            if n % 4 == 0:
                store.outbox.mark_sent(store.outbox.newest(PLATFORM, limit=3), PLATFORM)
            if n % 6 == 0:
                store.outbox.prove([Span(f"e{start}", n - 5, n - 3)], PLATFORM)
        store.times.add_anchor(Anchor(f"b{start}", 0.0, 0, "ntp", 0.1))
        kept(store.append(event(Kind.HEALTH, 99, {}), {"n": 99}))
        store.close()


def a_salvage(folder: Path, vfs: str, kept: Callable[[Record], None]) -> None:
    """Open a damaged store, and go on with it."""
    store = Store.open(folder, epoch="s", destinations=(PLATFORM,), vfs=vfs)
    for record in store.range(1, 10_000):
        kept(record)
    kept(store.append(minute(1), {"n": 1}))
    store.close()


def cuts(tmp: Path, work: Work, count: int | None, seed: int, damaged: bool = False) -> int:
    """Do the work once, cut it so often, and look at each disk; how many records had been kept in all.

    `count` None: at each change. `damaged`: the work begins with damage; what an opening that is not cut off finds is
    to be there after each cut, and what it tells is told.
    """
    rng = random.Random(seed)
    live, before = tmp / "live", tmp / "before"
    live.mkdir(parents=True, exist_ok=True)
    shutil.copytree(live, before)
    tape = Tape(f"tape-{os.getpid()}-{next(names)}", live)
    found, lost, unknown = salvaged(before, tmp / "salvaged") if damaged else ([], set(), False)
    kept = [(0, record) for record in found]
    with tape.listening():
        work(live, tape.vfs_name, lambda record: kept.append((len(tape.ops), record)))
    tape.unregister()
    disk, done, sum_kept = Disk(before), 0, 0
    every = range(1, len(tape.ops) + 1)
    for at in every if count is None else sorted(rng.choices(every, k=count)):
        for op in tape.ops[done:at]:
            disk.play(op)
        done = at
        folder = tmp / "cut"
        disk.cut(folder, rng)
        records = {record.seq: record for when, record in kept if when <= at}
        sum_kept += len(records)
        look(folder, records, lost, unknown, at)
        shutil.rmtree(folder)
    return sum_kept


def salvaged(damaged: Path, folder: Path) -> tuple[list[Record], set[int], bool]:
    """Return what a salvage that is not cut off finds, what it reports as lost, and whether more may be lost."""
    shutil.copytree(damaged, folder)
    store = Store.open(folder, epoch="x", destinations=(PLATFORM,))
    found, lost, unknown = store.range(1, 10_000), told_lost(store), told_unknown(store)
    store.close()
    return found, lost, unknown


def told_lost(store: Store) -> set[int]:
    """Return the seqs that a store reports as lost."""
    repaired = store.repaired
    return {n for span in (repaired and repaired.lost) or () for n in range(span.first, span.last + 1)}


def told_unknown(store: Store) -> bool:
    """Return whether a store reports that more may be lost than it can name."""
    return store.repaired is not None and store.repaired.unknown


def look(folder: Path, records: dict[int, Record], lost: set[int], unknown: bool, at: int) -> None:
    """Open a disk after a cut: every record that was kept is there, in that or a higher revision, and it goes on."""
    store = Store.open(folder, epoch="after", destinations=(PLATFORM,))
    assert told_lost(store) == lost
    assert told_unknown(store) >= unknown, at
    found = {record.seq: record for record in store.range(1, 10_000)}
    for seq, record in records.items():
        assert seq in found, (at, seq)
        assert (found[seq].epoch, found[seq].stamp, found[seq].body) == (record.epoch, record.stamp, record.body)
        assert found[seq].revision >= record.revision
    fresh = store.append(minute(1), {"n": 1})
    assert fresh.seq > max([0, *records, *found])
    store.close()


def salvages(tmp: Path, count: int, seed: int) -> int:
    """Cut the salvage of a damaged store so often."""
    many(tmp / "live", 120)
    lost = damaged_pages(tmp / "live", random.Random(seed), pages=4)
    done = cuts(tmp, a_salvage, count, seed, damaged=True)
    assert {r.seq for r in salvaged(tmp / "before", tmp / "again")[0]} == set(range(1, 121)) - lost
    return done


def test_a_power_cut_costs_nothing_that_was_kept(ram: Path) -> None:
    """200 cuts in a station's life."""
    assert cuts(ram, a_life, 200, seed=1) > 1000


def test_a_power_cut_in_a_salvage_costs_nothing_that_was_read(ram: Path) -> None:
    """100 cuts in a salvage: whatever can be read is there after each, and what can't be is named."""
    assert salvages(ram, 100, seed=2) > 8_000


def test_a_power_cut_costs_nothing_of_a_log_that_was_broken(ram: Path) -> None:
    """40 cuts while the records behind a broken place of the log are taken in: they are not written over before."""
    filled(ram / "live", clean=False)
    break_log(ram / "live", 31)
    assert cuts(ram, a_salvage, 40, seed=3, damaged=True) > 5_000


def test_a_power_cut_costs_nothing_of_an_older_store(ram: Path) -> None:
    """60 cuts while a store of version 0.1.0 is taken over: all its records are there after each, and it goes on."""
    old_store(ram / "live")
    assert cuts(ram, a_salvage, 60, seed=4, damaged=True) > 100


@pytest.mark.parametrize("hurt", [25, -1])
def test_a_power_cut_costs_nothing_of_an_older_stores_log_that_was_broken(ram: Path, hurt: int) -> None:
    """A cut at each change of an update that finds the log broken in its middle, or in its end alone."""
    old_store(ram / "old")
    cut_off(ram / "old", ram / "live", range(14, 75))
    break_log(ram / "live", hurt)
    assert cuts(ram, a_salvage, None, seed=5, damaged=True) > 10_000


def cut_off(folder: Path, target: Path, seqs: range) -> None:
    """Add records to a store of any version, and copy to `target` what a power cut leaves then."""
    connection = schema.connect(folder / DATABASE)
    for record in (rows.record_of(minute(n), "cut", n) for n in seqs):
        with connection:
            connection.execute("INSERT OR IGNORE INTO epoch VALUES (?,?)", (record.epoch, record.seq))
            connection.execute(rows.INSERT, (*rows.row_of(record), None))
    shutil.copytree(folder, target)
    connection.close()


def test_what_a_cut_leaves_of_a_change_is_no_damage(ram: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each change in a log that is written over, each choice of its blocks is on the disk, the others are not.

    Damage is told where all heads of the change are there, and only there: it may have been kept then.
    """
    monkeypatch.setattr(schema, "WAL_PAGES", 40)
    (ram / "live").mkdir()
    disk, tape = Disk(ram / "live"), Tape(f"tape-{os.getpid()}-{next(names)}", ram / "live")
    with tape.listening():
        store = Store.open(ram / "live", epoch="a", destinations=(PLATFORM,), vfs=tape.vfs_name)
        for n in range(1, 101):
            store.append(minute(n), {"n": n})
        store.close()
    tape.unregister()
    tried = 0
    for op in tape.ops:
        log = disk.names.get(LOG_FILE, -1)
        loose = disk.loose.get(log, []) if (op.what, op.name) == ("sync", LOG_FILE) else []
        heads = [write for write in loose if len(write.data or "") == FRAME_HEADER]
        if heads and loose[-1].at + FRAME < len(disk.safe[log]):  # an earlier round's is behind it
            for kept in choices(blocks(loose)):
                content = bytearray(disk.safe[log])
                keep_blocks(content, loose, kept)
                complete = all(content[head.at : head.at + FRAME_HEADER] == head.data for head in heads)
                told = told_of(disk, ram / "cut", bytes(content))
                assert told == (complete and kept != tuple(blocks(loose)))
                tried += 1
        disk.play(op)
    assert tried > 100


def choices(numbers: list[int]) -> list[tuple[int, ...]]:
    """Return every choice of some of them, none and all of them too."""
    return [some for n in range(len(numbers) + 1) for some in itertools.combinations(numbers, n)]


def told_of(disk: Disk, folder: Path, log: bytes) -> bool:
    """Return whether a store tells of damage that is on the disk, but for its log, which is this."""
    (folder / "pictures").mkdir(parents=True)
    for name, number in disk.names.items():
        (folder / name).write_bytes(disk.safe[number])
    (folder / LOG_FILE).write_bytes(log)
    store = Store.open(folder, epoch="b", destinations=(PLATFORM,))
    told = store.repaired is not None
    store.close()
    shutil.rmtree(folder)
    return told


@pytest.mark.slow
def test_five_thousand_power_cuts(ram: Path) -> None:
    """The same 4,000 times in its life and 1,000 times in a salvage."""
    for seed in range(20):
        cuts(ram / f"life-{seed}", a_life, 200, seed)
        (ram / f"salvage-{seed}").mkdir()
        salvages(ram / f"salvage-{seed}", 50, seed)
