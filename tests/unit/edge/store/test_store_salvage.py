"""Salvages: what can be read is kept, what can't be is said, and nothing but a true first start passes for one."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import apsw
import pytest

from edge.records.record import Kind, Record
from edge.store import salvage, schema
from edge.store.carve import FRAME, WAL_HEADER
from edge.store.check import check
from edge.store.errors import StoreCause, StoreError
from edge.store.folder import DATABASE, LOG, used_before
from edge.store.outbox import PLATFORM
from edge.store.schema import PAGE
from edge.store.store import Store
from tests.kits.store_kit import BadDisk, damaged_pages, event, folder_in_memory, many, minute
from tests.unit.edge.store.test_store_damage import RECORDS, filled

__all__ = ["folder_in_memory"]  # a fixture
KINDS = ("zeroed", "rubbish", "one bit", "five bits")


def hurt(page: bytes, kind: str, rng: random.Random) -> bytes:
    """Return a page after damage."""
    if kind in ("zeroed", "rubbish"):
        return bytes(len(page)) if kind == "zeroed" else rng.randbytes(len(page))
    found = bytearray(page)
    for _ in range(1 if kind == "one bit" else 5):
        bit = rng.randrange(8 * len(found))
        found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


def hurt_file(source: Path, folder: Path, name: str, at: int, size: int, kind: str) -> None:
    """Copy a store, with damage to a stretch of one of its files."""
    shutil.copytree(source, folder)
    content = bytearray((folder / name).read_bytes())
    content[at : at + size] = hurt(bytes(content[at : at + size]), kind, random.Random(at))
    (folder / name).write_bytes(content)


def told_whole(folder: Path, records: list[Record]) -> None:
    """Open a damaged store and use it: every record that is not there is named, or said to be among unknown ones."""
    store = Store.open(folder, epoch="b", destinations=(PLATFORM,))
    store.append(minute(999), {"n": 999})
    kept = {record.seq: record for record in store.range(1, len(records)) if record.epoch == "a"}
    store.pictures.count(PLATFORM)
    store.times.anchors("boot-1")
    store.outbox.unsent(PLATFORM, limit=1000)
    told = store.take_repair()
    assert all(record == records[seq - 1] for seq, record in kept.items())
    missing = set(range(1, len(records) + 1)) - set(kept)
    named = {n for span in (told and told.lost) or () for n in range(span.first, span.last + 1)}
    assert len(missing) <= 16
    assert missing <= named or (told is not None and told.unknown)
    assert told is None or not (told.unknown and told.lost == [])
    store.close()
    assert told is None or check(folder) == []


def in_turn(tmp: Path, step: int, kinds: int) -> int:
    """Damage each `step`th page and frame of the log in so many ways; how many stores that were."""
    records = filled(tmp / "clean", clean=True)
    filled(tmp / "cut", clean=False)
    done = 0
    for source, name, head, size, each in (
        ("clean", DATABASE, 0, PAGE, step),
        ("cut", DATABASE, 0, PAGE, step),
        ("cut", DATABASE + LOG, WAL_HEADER, FRAME, 7 * step),
    ):
        pages = ((tmp / source / name).stat().st_size - head) // size
        for number in [*range(0, pages, each), pages - 1]:
            for way in range(kinds):
                hurt_file(
                    tmp / source, tmp / "hurt", name, head + number * size, size, KINDS[(done + way) % len(KINDS)]
                )
                told_whole(tmp / "hurt", records)
                shutil.rmtree(tmp / "hurt")
            done += 1
    return done


def test_each_page_may_be_damaged(ram: Path) -> None:
    """Every second page of a small store, in turn: zeroed, rubbish or with flipped bits."""
    assert in_turn(ram, step=2, kinds=1) > 50


@pytest.mark.slow
def test_each_page_may_be_damaged_in_each_way(ram: Path) -> None:
    """Every third page in each way."""
    assert in_turn(ram, step=3, kinds=len(KINDS)) > 40


def flip_bits(folder: Path, bits: range) -> None:
    """Flip bits of a file's head in turn: it opens, is no newer version's, and has every record."""
    many(folder / "whole", 12)
    for bit in bits:
        shutil.copytree(folder / "whole", folder / "hurt")
        with (folder / "hurt" / DATABASE).open("r+b") as file:
            byte = file.read(bit // 8 + 1)[-1]
            file.seek(bit // 8)
            file.write(bytes([byte ^ 1 << bit % 8]))
        store = Store.open(folder / "hurt", epoch="b", destinations=(PLATFORM,))
        assert store.append(minute(13), {"n": 1}).seq == 13
        assert len(store.range(1, 99)) == 13
        assert store.repaired is None or store.repaired.lost in ([], None)
        store.close()
        shutil.rmtree(folder / "hurt")


def test_no_bit_of_the_head_stops_or_empties_it(ram: Path) -> None:
    """Bits of the file's head, all those of the number of its version among them."""
    flip_bits(ram, range(0, 800, 7))
    shutil.rmtree(ram / "whole")
    flip_bits(ram, range(60 * 8, 64 * 8))


def test_a_state_of_a_wrong_type_costs_the_state_alone(tmp_path: Path) -> None:
    """A flipped bit turns rows' state, which no sum covers, into a number: every row is salvaged all the same."""
    many(tmp_path, 40)
    damaged_pages(tmp_path, random.Random(1), pages=0)  # the root
    content = bytearray((tmp_path / DATABASE).read_bytes())
    for at in range(0, len(content), PAGE):
        cells = int.from_bytes(content[at + 3 : at + 5], "big") if content[at] == 13 else 0
        for cell in range(cells):
            place = at + int.from_bytes(content[at + 8 + 2 * cell : at + 10 + 2 * cell], "big")
            head = place + (2 if content[place] > 127 else 1) + 1  # behind the size, and a seq below 128
            last = head + content[head] - 1
            content[last] = 8 if content[last] == 0 else content[last]  # NULL -> the number 0
    (tmp_path / DATABASE).write_bytes(content)
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert [record.seq for record in store.range(1, 99)] == list(range(1, 41))
    assert store.repaired is not None
    assert store.state() == {}
    store.close()


@pytest.mark.parametrize("left", ["pictures", "lock", "aside"])
@pytest.mark.parametrize("content", [None, b"", b"junk" * 3000, "foreign", "new"])
def test_a_lost_database_is_damage(tmp_path: Path, content: bytes | str | None, left: str) -> None:
    """Missing, emptied or replaced beside any sign of age: what was lost is unknown, never nothing."""
    state = tmp_path / "state"
    many(state, 5)
    (state / DATABASE).unlink()
    (state / ("other" if left == "lock" else "lock")).unlink(missing_ok=True)
    if left == "pictures":
        (state / "pictures" / f"{'ab' * 32}.jpg").write_bytes(b"picture")
    elif left == "aside":
        (state / "records.damaged-1.db").write_bytes(b"junk")
    if isinstance(content, bytes):
        (state / DATABASE).write_bytes(content)
    elif content == "foreign":
        apsw.Connection(str(state / DATABASE)).execute("CREATE TABLE t (a)")
    elif content == "new":
        Store.open(tmp_path / "fresh", epoch="f", destinations=(PLATFORM,)).close()
        shutil.copy(tmp_path / "fresh" / DATABASE, state / DATABASE)
    store = Store.open(state, epoch="b", destinations=(PLATFORM,))
    assert store.repaired is not None
    assert (store.repaired.lost, store.repaired.unknown, store.repaired.salvaged) == (None, True, 0)
    assert store.append(minute(1)).seq == 1
    store.close()


def test_a_first_start_that_was_cut_off_is_one_still(tmp_path: Path) -> None:
    """Before any record was kept there is nothing to lose, whatever is left of the database."""
    for content in (None, b""):
        Store.open(tmp_path / "state", epoch="a", destinations=(PLATFORM,)).close()
        (tmp_path / "state" / DATABASE).unlink()
        if content is not None:
            (tmp_path / "state" / DATABASE).write_bytes(content)
        assert not used_before(tmp_path / "state")
        store = Store.open(tmp_path / "state", epoch="b", destinations=(PLATFORM,))
        assert store.repaired is None
        store.close()


def test_a_first_start_that_was_cut_off_in_its_tables_is_no_damage(tmp_path: Path) -> None:
    """What is left of an unfinished change is judged by the log as it was found, not as it is once tables are made."""
    (tmp_path / "made").mkdir()
    connection = schema.connect(tmp_path / "made" / DATABASE)
    with connection:
        schema.MIGRATIONS[0](connection)
    log = (tmp_path / "made" / (DATABASE + LOG)).read_bytes()
    unfinished = log[-FRAME : 4 - FRAME] + bytes(4) + log[8 - FRAME : 24 - FRAME] + bytes(PAGE)
    shutil.copytree(tmp_path / "made", tmp_path / "state")
    connection.close()
    (tmp_path / "state" / (DATABASE + LOG)).write_bytes(log + unfinished)
    store = Store.open(tmp_path / "state", epoch="a", destinations=(PLATFORM,))
    assert store.repaired is None
    store.close()


@pytest.mark.parametrize("content", [None, b""])
def test_an_emptied_database_gives_back_its_log(tmp_path: Path, content: bytes | None) -> None:
    """SQLite removes the log beside an empty database: the records in it are salvaged before."""
    records = filled(tmp_path / "state", clean=False)
    (tmp_path / "state" / DATABASE).unlink()
    if content is not None:
        (tmp_path / "state" / DATABASE).write_bytes(content)
    store = Store.open(tmp_path / "state", epoch="b", destinations=(PLATFORM,))
    assert store.range(1, RECORDS) == records
    assert store.repaired is not None
    assert store.repaired.unknown
    store.close()


def test_a_cut_between_the_renames_finds_both(tmp_path: Path) -> None:
    """Whatever of the last renames a salvage had done: the new database takes its place, the old one is aside."""
    for done in range(4):
        state = tmp_path / f"state-{done}"
        many(state, 50)
        many(tmp_path / f"new-{done}", 60)
        (state / (DATABASE + LOG)).write_bytes(b"log")
        damaged = (state / DATABASE).read_bytes()
        shutil.move(tmp_path / f"new-{done}" / DATABASE, state / "records.salvaged.db")
        if done > 0:
            os.replace(state / (DATABASE + LOG), state / f"records.damaged-1.db{LOG}")
        if done > 1:
            os.replace(state / DATABASE, state / "records.damaged-1.db")
        if done > 2:
            os.replace(state / "records.salvaged.db", state / DATABASE)
        store = Store.open(state, epoch="b", destinations=(PLATFORM,))
        assert len(store.range(1, 99)) == 60
        store.close()
        assert (state / "records.damaged-1.db").read_bytes() == damaged
        assert (state / f"records.damaged-1.db{LOG}").read_bytes() == b"log"


def test_what_was_lost_is_told_until_its_record_is_kept(tmp_path: Path) -> None:
    """A cut between a repair and its loss record does not hush it up; told once, it is not told again."""
    many(tmp_path, 50)
    lost = damaged_pages(tmp_path, random.Random(3), pages=2)
    for epoch in ("b", "c"):
        store = Store.open(tmp_path, epoch=epoch, destinations=(PLATFORM,))
        told = store.take_repair()
        assert told is not None
        assert {n for span in told.lost or () for n in range(span.first, span.last + 1)} == lost
        assert store.take_repair() is None
        store.close()
    store = Store.open(tmp_path, epoch="d", destinations=(PLATFORM,))
    store.take_repair()
    store.append(event(Kind.LOSS, 1, {"what": "store"}))
    store.close()
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    assert store.repaired is None
    store.close()


def test_a_full_disk_leaves_the_damaged_database_as_it_was(tmp_path: Path) -> None:
    """Where a salvage finds no room nothing is lost by the trial: once there is, it is made."""
    many(tmp_path, 200)
    lost = damaged_pages(tmp_path, random.Random(3), pages=2)
    damaged = (tmp_path / DATABASE).read_bytes()
    disk = BadDisk(f"full-{os.getpid()}")
    for after in (0, 20, 50):
        disk.refuse, disk.after = apsw.FullError, after
        with pytest.raises(StoreError) as found:
            Store.open(tmp_path, epoch="b", destinations=(PLATFORM,), vfs=disk.vfs_name)
        assert found.value.cause is StoreCause.FULL
        assert (tmp_path / DATABASE).read_bytes() == damaged
        assert not list(tmp_path.glob("records.salvage*"))
    disk.unregister()
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert {record.seq for record in store.range(1, 200)} == set(range(1, 201)) - lost
    store.close()


def test_every_small_table_is_salvaged() -> None:
    """A new table is listed for the salvage, or it can be made anew from the records; and a version changes tables."""
    shapes = schema.shapes_of_versions()
    assert len(set(shapes)) == len(shapes)
    tables = {str(row[1]) for row in shapes[-1] if row[0] == "table"}
    assert tables - {"record", "epoch", "packed"} == set(schema.SMALL)


def test_progress_is_told_all_the_while(tmp_path: Path) -> None:
    """A salvage says that it is alive at least for each BATCH of rows."""
    many(tmp_path, 5000)
    damaged_pages(tmp_path, random.Random(1), pages=3)
    words: list[None] = []
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,), progress=lambda: words.append(None))
    assert len(words) >= 5000 / salvage.BATCH
    store.close()
