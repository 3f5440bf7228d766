"""What cannot be written holds up nothing, and is itself told of by a record."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import apsw
import pytest

from edge.alerts.alerts import Alerts
from edge.clock.clock import SystemClock
from edge.lanes import Lanes
from edge.measure.minute import Minutes
from edge.recorder import journal as journals
from edge.recorder.journal import MOST_WAITING, Journal
from edge.recorder.recorder import Recorder
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.stations import configured
from tests.kits.store_kit import BadDisk, memory_folder

KNOWN = ClockMark("ntp", 0.05)
T = TypeVar("T")


@pytest.fixture(name="folder")
def a_folder() -> Iterator[Path]:
    """Give a folder whose syncs cost nothing."""
    with memory_folder() as folder:
        yield folder


@pytest.fixture(name="disk")
def bad_disk() -> Iterator[BadDisk]:
    """Give a disk that can be made to refuse."""
    disk = BadDisk(f"journal-disk-{os.getpid()}")
    yield disk
    disk.unregister()


def good(n: int) -> Draft:
    return Draft(Kind.MINUTE, Stamp("b", 60.0 * n), 60.0, 1_790_000_000_000_000 + 60_000_000 * n, KNOWN, {"n": n})


BAD = (
    Draft(Kind.MINUTE, Stamp("b", 0.0), 60.0, 10**30, KNOWN, {"n": -1}),
    Draft(Kind.MINUTE, Stamp("b", 0.0), 60.0, -(2**63) - 1, KNOWN, {"n": -1}),
    Draft(Kind.HEALTH, Stamp("b", 0.0), 0.0, 0, KNOWN, {"what": object()}),
    Draft(Kind.MINUTE, Stamp("b", float("nan")), 60.0, 0, KNOWN, {"n": -1}),
    Draft(Kind.MINUTE, Stamp("b", 0.0), 60.0, 0, ClockMark("ntp", float("inf")), {"n": -1}),
    Draft(Kind.HEALTH, Stamp("b", 0.0), 0.0, 0, KNOWN, {"text": "\ud800"}),
    Draft(Kind.PICTURE, Stamp("b", 0.0), 0.0, 0, KNOWN, {"camera": "south"}),
)


@pytest.mark.parametrize(
    "bad", BAD, ids=["year 31,000", "int64", "object", "no instant", "no error", "surrogate", "half a picture"]
)
def test_a_draft_that_cannot_be_written_holds_up_no_other(folder: Path, disk: BadDisk, bad: Draft) -> None:
    """Among what waits for a disk that refuses is one that can never be written: all others are kept, in order."""
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,), vfs=disk.vfs_name)
    journal = Journal(store, SystemClock(), dict, lambda record: None)
    store.append(good(0))
    disk.refuse, disk.after = apsw.IOError, 0
    for draft in (good(1), bad, good(2)):
        assert journal.append(draft) is None
    disk.refuse = None
    last = journal.append(good(3))
    assert last is not None and last.fields() == {"n": 3}
    assert [record.fields()["n"] for record in store.range(1, 99)] == [0, 1, 2, 3]
    assert [kind for kind, _cause in journal.spoiled] == [bad.kind]
    store.close()


def test_a_lost_draft_is_told_by_a_record(folder: Path) -> None:
    """The recorder goes on with the next minute, and says what was lost and why."""
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
    clock = SystemClock()
    told: list[Record] = []
    keep: dict[str, Any] = {}
    recorder = Recorder(Minutes([]), store, clock, clock.inbox(9), "b", keep=lambda: keep, appended=told.append)
    recorder.handle(BAD[0])
    recorder.close_minute()
    assert [record.kind for record in told] == [Kind.MINUTE, Kind.LOSS]
    loss = told[1].fields()
    assert (loss["what"], loss["count"], loss["kind"]) == ("records", 1, "minute")
    assert "OverflowError" in loss["cause"]["text"]
    recorder.close_minute()
    assert [record.kind for record in told[2:]] == [Kind.MINUTE]
    store.close()


def a_fault_that_nobody_has_found() -> None:
    """Fail."""
    raise IndexError("a rule has no such limit")


def test_a_rule_that_fails_does_not_end_measuring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what is made of the minutes ends the recorder's lane at each of them; they are kept all the same, and
    the watchdog sees it, so that nobody restarts the box for it."""
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
    clock = SimClock(0.0)
    recorder = Recorder(Minutes([]), store, clock, clock.inbox(9), "b", keep=dict, appended=lambda _record: None)
    recorder.alerts = Alerts(configured(folder), store, None)
    monkeypatch.setattr(recorder.alerts, "turned", a_fault_that_nobody_has_found)
    lanes = Lanes(clock)
    lanes.start("recorder", recorder.run)
    clock.run_until(20 * 60.0)
    assert lanes.falls["recorder"] >= 10
    assert [record.duration for record in store.range(1, 99)] == [60.0] * 19
    assert recorder.snapshot.alive(clock.now())
    lanes.stop()
    clock.run_until(clock.now())
    store.close()


def test_readings_that_are_lost_while_a_loss_is_written_are_in_the_next_one(folder: Path) -> None:
    """A slow disk fills the inbox again while it takes the record of what was lost: each reading is counted once."""
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
    clock = SystemClock()
    inbox, told = clock.inbox(1), list[dict[str, Any]]()

    def appended(record: Record) -> None:
        if record.kind == Kind.LOSS:
            told.append(record.fields())
            for _ in range(2 if len(told) == 1 else 0):
                inbox.offer("a reading")

    recorder = Recorder(Minutes([]), store, clock, inbox, "b", keep=dict, appended=appended)
    for _ in range(4):
        inbox.offer("a reading")
    for _ in range(3):
        recorder._tidy()
    assert [(loss["what"], loss["count"]) for loss in told] == [("readings", 3), ("readings", 2)]
    store.close()


def test_a_disk_that_refuses_is_told_once_and_so_is_its_end(
    folder: Path, disk: BadDisk, caplog: pytest.LogCaptureFixture
) -> None:
    """Not with each minute, for hours; what waits is counted, and all of it is kept once the disk takes it."""
    caplog.set_level(logging.INFO)
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,), vfs=disk.vfs_name)
    journal = Journal(store, SystemClock(), dict, lambda record: None)
    assert (journal.waiting, journal.lost) == (0, 0)
    disk.refuse = apsw.IOError
    for n in range(3):
        assert journal.append(good(n)) is None
    shown = journal.trouble
    assert shown is not None
    assert journal.waiting == 3
    disk.refuse = None
    for n in (3, 4):
        journal.append(good(n))
    assert journal.trouble is None
    assert (journal.waiting, journal.lost) == (0, 0)
    told = [one.getMessage() for one in caplog.records if one.name == "minshan.recorder"]
    assert [one.partition(":")[0] for one in told] == [
        "the store refuses records, they wait in memory",
        "the store takes records again",
    ]
    store.close()


def test_minutes_that_a_disk_refused_for_too_long_are_counted_and_told_of(
    folder: Path, disk: BadDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of them waits; of more the oldest go, and a record says how many, once."""
    assert MOST_WAITING == 24 * 60
    monkeypatch.setattr(journals, "MOST_WAITING", 3)
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,), vfs=disk.vfs_name)
    journal = Journal(store, SystemClock(), dict, lambda record: None)
    disk.refuse = apsw.IOError
    for n in range(5):
        journal.append(good(n))
    assert (journal.waiting, journal.lost) == (3, 2)
    disk.refuse = None
    journal.append(good(5))
    for _ in range(2):
        journal.tidy(Stamp("b", 400.0), None, KNOWN)
    *minutes, loss = [record.fields() for record in store.range(1, 99)]
    assert [minute["n"] for minute in minutes] == [2, 3, 4, 5]
    assert (loss["what"], loss["count"], loss["cause"]["code"]) == ("records", 2, "refused_for_long")
    store.close()


class MakesRoom(SystemClock):
    """A clock that lets the disk work again after the first call that may take long: what a sweep has freed."""

    def __init__(self, disk: BadDisk) -> None:
        super().__init__()
        self._disk = disk

    def outside(self, run: Callable[[], T]) -> T:
        """Run it."""
        try:
            return super().outside(run)
        finally:
            self._disk.refuse = None


def test_what_goes_from_a_full_disk_for_a_new_minute_is_told_in_a_record_and_in_the_log(
    folder: Path, disk: BadDisk, caplog: pytest.LogCaptureFixture
) -> None:
    """The minute is kept at once, in place of the oldest ones."""
    told: list[Record] = []
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,), vfs=disk.vfs_name, records_bytes=1)
    journal = Journal(store, MakesRoom(disk), dict, told.append)
    for n in range(5):
        journal.append(good(n))
    disk.refuse = apsw.FullError
    record = journal.append(good(5))
    assert record is not None and record.fields() == {"n": 5}
    assert [one.kind for one in told[5:-1]] == [Kind.LOSS] * len(told[5:-1])
    assert told[-1] == record
    assert [one.getMessage() for one in caplog.records if "to make room" in one.getMessage()] == [
        f"records {loss['first']} to {loss['last']} were deleted to make room (quota)"
        for loss in (one.fields() for one in told[5:-1])
    ]
    assert len(told) > 6
    store.close()
