"""What a minute costs the card, and what may wait for that: closings do, what must be sent again does not."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import apsw

from edge.records.record import Record
from edge.records.spans import Span
from edge.store.carve import FRAME
from edge.store.delivery import LATER
from edge.store.epochs import CLEARED_AFTER
from edge.store.folder import DATABASE, LOG, size
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.bench.store import draft
from tests.kits.store_kit import folder_in_memory

__all__ = ["folder_in_memory"]  # a fixture


def opened(folder: Path, epoch: str) -> Store:
    """Open the folder's store."""
    return Store.open(folder, epoch=epoch, destinations=(PLATFORM,))


def closed(store: Store, first: int, last: int) -> list[Record]:
    """Append these minutes, each sent and proven before the next."""
    records = []
    for n in range(first, last + 1):
        records.append(store.append(draft(n), {"rainfall_amount": n}))
        store.outbox.mark_sent(records[-1:], PLATFORM)
        store.outbox.prove([Span("a", n, n)], PLATFORM)
    return records


def cut(folder: Path) -> Store:
    """Open what a power cut leaves at this instant."""
    shutil.copytree(folder, folder.with_name("cut"))
    return opened(folder.with_name("cut"), "b")


def test_a_minute_writes_mostly_one_page(ram: Path) -> None:
    """A card wears out by what is written: of a minute that is sent and closed under two pages, all in all."""
    store = opened(ram / "s", "a")
    closed(store, 1, 100)
    before = size(ram / "s" / (DATABASE + LOG))
    closed(store, 101, 700)
    pages = (size(ram / "s" / (DATABASE + LOG)) - before) / FRAME
    store.close()
    assert pages / 600 < 2.0


def test_a_proof_alone_is_no_write(ram: Path) -> None:
    """What the platform has is written with the records that follow, not by a flush of its own."""
    store = opened(ram / "s", "a")
    closed(store, 1, 20)
    store.append(draft(21))
    before = size(ram / "s" / (DATABASE + LOG))
    store.outbox.prove([Span("a", 21, 21)], PLATFORM)
    assert size(ram / "s" / (DATABASE + LOG)) == before
    store.close()
    again = opened(ram / "s", "b")
    assert again.outbox.count_unsent(PLATFORM) == 0
    again.close()


def test_a_cut_costs_a_few_proofs_and_no_record(ram: Path) -> None:
    """After a power cut the last few minutes are sent once more, and every record is there."""
    store = opened(ram / "s", "a")
    records = closed(store, 1, 57)
    after = cut(ram / "s")
    assert after.range(1, 100) == records
    assert after.outbox.count_unsent(PLATFORM) <= LATER
    assert after.state() == {"rainfall_amount": 57}
    after.close()
    store.close()


def test_what_the_platform_lacks_is_written_at_once(ram: Path) -> None:
    """It asked for records again: a power cut a moment later must not let them count as proven."""
    store = opened(ram / "s", "a")
    closed(store, 1, 50)
    store.outbox.reopen([Span("a", 3, 5)], PLATFORM)
    after = cut(ram / "s")
    assert {3, 4, 5} <= {record.seq for record in after.outbox.unsent(PLATFORM)}
    after.close()
    store.close()


def test_states_of_older_rows_are_cleared(ram: Path) -> None:
    """The rows of a year hold no year of states, over restarts either."""
    store = opened(ram / "s", "a")
    closed(store, 1, 3 * CLEARED_AFTER // 2)
    store.close()
    store = opened(ram / "s", "b")
    for n in range(1, CLEARED_AFTER):
        store.append(draft(n), {"n": n})
    store.close()
    connection = apsw.Connection(str(ram / "s" / DATABASE))
    assert 0 < int(connection.execute("SELECT count(*) FROM record WHERE state NOT NULL").get) <= CLEARED_AFTER
    connection.close()


def test_an_answer_about_all_records_reads_none_of_them(ram: Path) -> None:
    """A platform's answer speaks of all that a station has: taking it in costs no more after a year than at first."""
    store = opened(ram / "s", "a")
    closed(store, 1, 100)
    before = steps_of_an_answer(store)
    closed(store, 101, 1100)
    assert steps_of_an_answer(store) <= before + 5
    store.close()


def steps_of_an_answer(store: Store) -> int:
    """Return how many times ten steps of SQLite's machine an answer about all records takes."""
    steps = itertools.count()
    with store._db.reading() as connection:
        connection.set_progress_handler(lambda: next(steps) < 0, 10)
        assert store.outbox.reopen([Span("a", 1, store.next_seq - 1)], PLATFORM, newer_than=0) == 0
        connection.set_progress_handler(None)
    return next(steps)
