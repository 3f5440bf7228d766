"""Damage of any kind: the store opens, keeps what can be read, says what is lost, and goes on."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock.anchors import Anchor
from edge.records.record import Kind, Record
from edge.records.spans import Span
from edge.store.carve import FRAME
from edge.store.check import check
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import NewPicture, PicturePart
from edge.store.schema import PAGE
from edge.store.store import Store
from tests.kits.store_kit import break_log, damaged_pages, event, folder_in_memory, many, minute

__all__ = ["folder_in_memory"]  # a fixture

RECORDS = 300


class Histories(NamedTuple):
    """Folders to copy, and the records that were appended there."""

    clean: Path
    cut: Path
    records: list[Record]

    def __repr__(self) -> str:
        return "histories"


def filled(folder: Path, clean: bool) -> list[Record]:
    """Make a store with some history: closed cleanly, or as a power cut leaves it (database and log)."""
    live = folder.with_name(folder.name + "-live")
    store = Store.open(live, epoch="a", destinations=(PLATFORM,))
    records = [store.append(minute(n), {"n": n}) for n in range(1, RECORDS)]
    records.append(store.append(event(Kind.SETUP, RECORDS, {"sensors": "x" * 9000}), {"n": RECORDS}))
    store.times.add_anchor(Anchor("boot-1", 0.0, 0, "ntp", 0.1))
    store.outbox.prove([Span("a", 1, 100)], PLATFORM)
    if clean:
        store.close()
    shutil.copytree(live, folder)
    store.close()
    shutil.rmtree(live)
    return records


def goes_on(folder: Path, records: list[Record]) -> Store:
    """Open a damaged store: whatever is in it was written, whatever is not is told, and it keeps records."""
    store = Store.open(folder, epoch="b", destinations=(PLATFORM,))
    found = store.range(1, 10_000)
    false = [record.seq for record in found if record != records[record.seq - 1]]
    assert false == []
    fresh = store.append(minute(999)).seq
    assert [record.seq for record in store.outbox.unsent(PLATFORM, limit=1)] == [fresh]
    return store


@pytest.fixture(scope="module", name="histories")
def make_histories(tmp_path_factory: pytest.TempPathFactory) -> Histories:
    """Write the two histories once."""
    base = tmp_path_factory.mktemp("histories")
    records = filled(base / "clean", clean=True)
    assert filled(base / "cut", clean=False) == records
    return Histories(base / "clean", base / "cut", records)


@pytest.mark.parametrize("name", ["records.db", "records.db-wal"])
@given(data=st.data())
@settings(max_examples=40)
def test_rubbish_anywhere_never_stops_it(
    name: str,
    data: st.DataObject,
    histories: Histories,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Bytes overwritten or cut off anywhere: it opens, gives no false record, and appends."""
    source, records = histories.clean if name == "records.db" else histories.cut, histories.records
    folder = tmp_path_factory.mktemp("damaged") / "state"
    shutil.copytree(source, folder)
    content = bytearray((folder / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        size = data.draw(st.integers(1, 9000))
        content[at : at + size] = random.Random(at).randbytes(min(size, len(content) - at))
    (folder / name).write_bytes(content)
    store = goes_on(folder, records)
    met = store.repaired is not None
    store.close()
    assert not met or check(folder) == []  # what nobody has met yet may still be there
    shutil.rmtree(folder.parent)


@given(cut=st.integers(0, 100_000_000))
@settings(max_examples=40)
def test_a_log_cut_anywhere_loses_only_what_was_behind_the_cut(
    cut: int, histories: Histories, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each record is on the disk when its append returns: a log cut at a frame has all records before it."""
    source, records = histories.cut, histories.records
    folder = tmp_path_factory.mktemp("cut") / "state"
    shutil.copytree(source, folder)
    log = (folder / "records.db-wal").read_bytes()
    cut %= len(log)
    (folder / "records.db-wal").write_bytes(log[:cut])
    whole = (cut - 32) // FRAME
    store = goes_on(folder, records)
    appended = len(store.range(1, RECORDS))
    assert appended >= min(
        RECORDS, (whole - 12) // 4
    )  # an append is one to four frames: its page, a new one, their parents
    assert store.repaired is None or (store.repaired.unknown and store.get(1) == store.last())
    assert [r.seq for r in store.range(1, RECORDS)][:appended] == list(range(1, appended + 1))
    store.close()
    shutil.rmtree(folder.parent)


def test_a_log_broken_in_its_middle_gives_back_what_is_behind(histories: Histories, tmp_path: Path) -> None:
    """SQLite drops all of a log behind one bad page; of 300 records in it at most that page's are lost."""
    source, records = histories.cut, histories.records
    shutil.copytree(source, tmp_path / "state")
    break_log(tmp_path / "state", 101)
    store = goes_on(tmp_path / "state", records)
    assert len(store.range(1, RECORDS)) >= RECORDS - 8
    assert store.repaired is not None and store.repaired.unknown
    store.close()


def test_a_broken_page_costs_nothing_of_a_log_that_is_broken_too(ram: Path) -> None:
    """SQLite removes the log when the damaged database is closed to be salvaged; what it ignored is kept before."""
    many(ram / "live", 120)
    store = Store.open(ram / "live", epoch="b", destinations=(PLATFORM,))
    for n in range(121, 181):
        store.append(minute(n), {"n": n})
    shutil.copytree(ram / "live", ram / "state")
    store.close()
    break_log(ram / "state", 30)
    lost = damaged_pages(ram / "state", random.Random(1), pages=4)
    store = Store.open(ram / "state", epoch="c", destinations=(PLATFORM,))
    assert set(range(1, 181)) - {record.seq for record in store.range(1, 180)} <= lost
    assert store.repaired is not None and store.repaired.set_aside is not None
    store.close()


@pytest.mark.parametrize(("at", "told"), [(-2000, True), (None, False)])
def test_a_newest_record_that_rots_in_the_log_is_told_and_one_that_was_not_whole_yet_is_not(
    at: int | None, told: bool, histories: Histories, tmp_path: Path
) -> None:
    """One flipped bit in the log's last page; a power cut in the middle of that page costs nothing that was told."""
    shutil.copytree(histories.cut, tmp_path / "state")
    log = tmp_path / "state" / "records.db-wal"
    content = bytearray(log.read_bytes())
    if at is None:
        del content[-2000:]
    else:
        content[at] ^= 0xFF
    log.write_bytes(content)
    store = goes_on(tmp_path / "state", histories.records)
    assert len(store.range(1, RECORDS)) >= RECORDS - 8
    assert (store.repaired is not None and store.repaired.unknown) == told
    store.close()


def test_a_newest_record_that_is_lost_is_told(ram: Path) -> None:
    """A log's last change that was kept, hurt in a bit, emptied or overwritten: what is lost of it is not silent."""
    live = Store.open(ram / "live", epoch="a", destinations=(PLATFORM,))
    kept = [live.append(minute(n), {"n": n}) for n in range(1, 60)]
    shutil.copytree(ram / "live", ram / "cut")
    live.close()
    rng, log = random.Random(1), (ram / "cut" / "records.db-wal").read_bytes()
    begin = len(log) - 2 * FRAME
    flips = [(at, bytes([log[at] ^ 1 << rng.randrange(8)])) for at in range(begin, len(log), 37)]
    sectors = range(begin // 512 * 512, len(log), 512)
    lost = 0
    for at, new in (*flips, *((at, bytes(512)) for at in sectors), *((at, rng.randbytes(512)) for at in sectors)):
        shutil.copytree(ram / "cut", ram / "hurt")
        (ram / "hurt" / "records.db-wal").write_bytes((log[:at] + new + log[at + len(new) :])[: len(log)])
        store = Store.open(ram / "hurt", epoch="b", destinations=(PLATFORM,))
        missing = store.range(1, 100) != kept
        assert store.repaired is not None or not missing, at
        lost += missing
        store.close()
        shutil.rmtree(ram / "hurt")
    assert lost > 5


def test_a_broken_page_costs_its_own_records_and_they_are_told(histories: Histories, tmp_path: Path) -> None:
    """One destroyed page of a database: the file is set aside, the rest salvaged, the lost seqs named."""
    folder = tmp_path / "state"
    shutil.copytree(histories.clean, folder)
    content = bytearray((folder / "records.db").read_bytes())
    middle = len(content) // 2 // PAGE * PAGE
    content[middle : middle + PAGE] = bytes(PAGE)
    (folder / "records.db").write_bytes(content)
    store = Store.open(folder, epoch="b", destinations=(PLATFORM,))
    kept = {r.seq for r in store.range(1, RECORDS)}  # met when it is read
    repaired = store.take_repair()
    assert repaired is not None
    lost = {n for span in repaired.lost or () for n in range(span.first, span.last + 1)}
    assert kept | lost == set(range(1, RECORDS + 1))
    assert 0 < len(lost) < 20
    assert all(span.epoch == "a" for span in repaired.lost or ())
    assert store.take_repair() is None
    assert store.outbox.unsent_spans(PLATFORM)[0].first == 101
    store.close()


def flipped(body: Any) -> bytes:
    """Return the bytes with one bit in their middle flipped."""
    half = len(body) // 2
    return bytes(body[:half]) + bytes([body[half] ^ 4]) + bytes(body[half + 1 :])


def test_a_flipped_bit_in_a_value_is_noticed(tmp_path: Path) -> None:
    """A value that changed on the disk is never given out: its record is given up and told."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    for n in range(1, 11):
        store.append(minute(n))
    store.close()
    connection = apsw.Connection(str(tmp_path / "records.db"))
    for seq, body in connection.execute("SELECT seq, body FROM record WHERE seq IN (4, 10)").fetchall():
        connection.execute("UPDATE record SET body=? WHERE seq=?", (flipped(body), seq))
    connection.close()
    assert len(check(tmp_path)) == 2
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert [r.seq for r in store.outbox.unsent(PLATFORM)] == [9, 8, 7, 6, 5, 3, 2, 1]
    repaired = store.take_repair()
    assert repaired is not None
    assert repaired.lost == [Span("a", 4, 4), Span("a", 10, 10)]
    assert store.append(minute(11)).seq == 11
    assert store.outbox.count_unsent(PLATFORM) == 9
    store.close()
    assert check(tmp_path) == []


def test_no_database_at_all(tmp_path: Path) -> None:
    """A file that is none, or empty, is set aside and a new store begins."""
    for n, content in enumerate((b"no database at all" * 500, b"SQLite format 3\0" + bytes(5000)), 1):
        (tmp_path / "records.db").write_bytes(content)
        store = Store.open(tmp_path, epoch=f"{n}", destinations=(PLATFORM,))
        assert store.repaired is not None
        assert store.repaired.set_aside == f"records.damaged-{n}.db"
        assert store.append(minute(1)).seq == 1
        store.close()
        assert (tmp_path / f"records.damaged-{n}.db").read_bytes() == content


def test_damage_met_while_running_costs_one_call(tmp_path: Path) -> None:
    """A database that breaks under the daemon is salvaged there and then, and no number is given twice."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    for n in range(1, 2001):
        store.append(minute(n), {"n": n})
    store.close()
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    content = bytearray((tmp_path / "records.db").read_bytes())
    for page in range(20, len(content) // PAGE, 7):
        content[page * PAGE : page * PAGE + PAGE] = bytes(PAGE)
    with (tmp_path / "records.db").open("r+b") as file:
        file.write(content)
    found = store.range(1, 2000)
    assert store.repaired is not None
    assert len(found) + sum(s.last - s.first + 1 for s in store.repaired.lost or ()) == 2000
    assert store.append(minute(2001)).seq == 2001
    store.close()
    assert check(tmp_path) == []


def test_pictures_are_found_again(tmp_path: Path) -> None:
    """A salvaged store sends the pictures whose files are there, even where their rows were lost."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    name = "ab" * 32
    body = {"picture": name, "camera": "mast", "bytes": 7, "thumbnail": "cd" * 32, "thumbnail_bytes": 3}
    picture = NewPicture(name, "mast", PicturePart(7, name), PicturePart(3, "cd" * 32))
    (tmp_path / "pictures" / f"{name}.jpg").write_bytes(b"picture")
    (tmp_path / "pictures" / f"{name}.thumb.jpg").write_bytes(b"pic")
    store.append(event(Kind.PICTURE, 1, body), picture=picture)
    store.close()
    connection = apsw.Connection(str(tmp_path / "records.db"))
    connection.execute("DROP TABLE piece; DROP TABLE delivery; PRAGMA user_version = 1")
    connection.close()
    content = bytearray((tmp_path / "records.db").read_bytes())
    content[100:108] = b"\xff" * 8
    (tmp_path / "records.db").write_bytes(content)
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    store.append(minute(2))
    found = store.pictures.next_pieces(PLATFORM, 9)
    assert [(piece.part, piece.size, piece.seq) for piece in found] == [("thumbnail", 3, 1), ("full", 7, 1)]
    store.close()
