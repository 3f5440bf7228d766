"""What SQLite reads no more, of a database or of its log, is read leaf by leaf: all of it that is whole."""

from __future__ import annotations

import shutil
import struct
from contextlib import closing
from pathlib import Path
from random import Random

import apsw
import pytest

from edge.records.record import Kind
from edge.store.carve import FRAME, LEAF, WAL_HEADER, ends_badly, frames, pages, records
from edge.store.folder import DATABASE, LOG
from edge.store.outbox import PLATFORM
from edge.store.schema import PAGE
from edge.store.store import Store
from tests.kits.store_kit import event, folder_in_memory, minute
from tests.unit.edge.store.test_store_damage import RECORDS, filled
from tests.unit.edge.store.test_store_salvage import hurt_file

__all__ = ["folder_in_memory"]  # a fixture


def leaves(content: bytearray) -> list[int]:
    """Return where the leaves with several rows begin."""
    return [at for at in range(0, len(content), PAGE) if content[at] == LEAF and content[at + 4] > 4]


def test_a_log_that_breaks_after_an_earlier_loss_gives_back_what_is_behind(tmp_path: Path) -> None:
    """What was lost the first time is known to be gone; what came after it is not."""
    filled(tmp_path / "live", clean=True)
    file = tmp_path / "live" / DATABASE
    content = bytearray(file.read_bytes())
    middle = leaves(content)[30]
    content[middle : middle + PAGE] = bytes(PAGE)
    file.write_bytes(content)
    store = Store.open(tmp_path / "live", epoch="b", destinations=(PLATFORM,))
    before = len(store.range(1, RECORDS))
    assert RECORDS - 40 < before < RECORDS and store.take_repair()
    newest = [store.append(minute(n)) for n in range(1000, 1200)]
    shutil.copytree(tmp_path / "live", tmp_path / "cut")
    store.close()
    hurt_file(tmp_path / "cut", tmp_path / "state", DATABASE + LOG, WAL_HEADER + 50 * FRAME + 2000, 9, "zeroed")
    store = Store.open(tmp_path / "state", epoch="c", destinations=(PLATFORM,))
    assert len(store.range(1, newest[-1].seq)) >= before + len(newest) - 8
    store.close()


def test_records_that_no_way_leads_to_any_more_are_all_read_long_ones_too(tmp_path: Path) -> None:
    """The root of their table is gone: each leaf is read by itself, and long setups from all of their pages."""
    filled(tmp_path / "state", clean=True)
    store = Store.open(tmp_path / "state", epoch="a", destinations=(PLATFORM,))
    for size in (*range(1000, 9000, 100), 20_000):
        store.append(event(Kind.SETUP, size, {"sensors": Random(size).randbytes(size).hex()}))
    records = store.range(1, RECORDS + 81)
    store.close()
    file = tmp_path / "state" / DATABASE
    with closing(apsw.Connection(str(file))) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'record'").get
    content = bytearray(file.read_bytes())
    content[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    file.write_bytes(content)
    store = Store.open(tmp_path / "state", epoch="b", destinations=(PLATFORM,))
    store.range(1, RECORDS)  # by which the damage is met
    assert store.range(1, RECORDS + 81) == records and len(records) == RECORDS + 81
    store.close()


def test_what_a_broken_log_has_lost_for_good_is_named(tmp_path: Path) -> None:
    """All versions of one page are gone: its records are said to be lost, and all others are there."""
    records = filled(tmp_path / "state", clean=False)
    file = tmp_path / "state" / (DATABASE + LOG)
    content = bytearray(file.read_bytes())
    for start in range(WAL_HEADER, len(content), FRAME):
        if int.from_bytes(content[start : start + 4], "big") == 34:  # the page's number: a leaf of the records
            content[start + FRAME - PAGE : start + FRAME] = bytes(PAGE)
    file.write_bytes(content)
    store = Store.open(tmp_path / "state", epoch="b", destinations=(PLATFORM,))
    missing = {record.seq for record in records} - {record.seq for record in store.range(1, RECORDS)}
    told = store.take_repair()
    store.close()
    assert told is not None and 0 < len(missing) < 20
    assert {n for span in told.lost or () for n in range(span.first, span.last + 1)} == missing
    assert {span.epoch for span in told.lost or ()} == {"a"}


def test_each_row_of_a_log_is_read_whatever_its_length_and_number(tmp_path: Path) -> None:
    """Lengths up to and beyond what a page holds, byte by byte, on several pages of the log; numbers of three bytes."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    letters, rng = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", Random(5)
    lengths = [*range(PAGE - 260, PAGE + 20), *range(9000, 9010), 30_000]
    for number, length in enumerate(lengths):
        store.append(event(Kind.SETUP, number, {"sensors": "".join(rng.choices(letters, k=length))}))
    written = {record.seq for record in store.range(1, len(lengths))}
    log = (tmp_path / (DATABASE + LOG)).read_bytes()
    store.close()
    assert len(written) == len(lengths)
    assert {row[0] for page, read in frames(log) for row in records(page, read)} == written


@pytest.mark.slow
def test_records_beyond_the_sixteen_thousandth_are_read(tmp_path: Path) -> None:
    """Their numbers have three bytes in SQLite's own form, the middle one without any bit of the number."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    last = [store.append(minute(n)) for n in range(16_400)][-1].seq
    store.close()
    rows = {row[0] for page, read in pages(tmp_path / DATABASE) for row in records(page, read)}
    assert rows == set(range(1, last + 1))


@pytest.mark.parametrize(
    ("first", "second", "badly"),
    [
        (-1, b"else", False),
        (-1000, b"else", False),
        (-1, b"same", True),
        (1, b"else", True),
        (-(1 << 21), b"else", True),
    ],
)
def test_what_an_earlier_round_of_a_log_left_is_no_damage_and_rubbish_is(
    first: int, second: bytes, badly: bool
) -> None:
    """Each round's first salt is one more than the last one's, and its second one is drawn: so rubbish is known."""
    salt = 0x80000000
    header = bytes(16) + struct.pack(">I4s", salt, b"same") + bytes(WAL_HEADER - 24)
    frame = struct.pack(">2II4s", 7, 0, salt + first, second) + bytes(8) + b"\x01" * PAGE
    assert ends_badly(header + frame, 0) is badly
