"""What cannot be written holds up nothing, and is itself told of by a record."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.clock.clock import SystemClock
from edge.measure.minute import Minutes
from edge.recorder.journal import Journal
from edge.recorder.recorder import Recorder
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import BadDisk

KNOWN = ClockMark("ntp", 0.05)


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
def test_a_draft_that_cannot_be_written_holds_up_no_other(tmp_path: Path, disk: BadDisk, bad: Draft) -> None:
    """Among what waits for a disk that refuses is one that can never be written: all others are kept, in order."""
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,), vfs=disk.vfs_name)
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


def test_a_lost_draft_is_told_by_a_record(tmp_path: Path) -> None:
    """The recorder goes on with the next minute, and says what was lost and why."""
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
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
