"""Power cuts under a hub's SQLite file: what a receipt would stand on is there, whatever of the rest is."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from edge.records.spans import Span
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.database.sqlite import SqliteEngine
from tests.kits.power import Disk, Tape
from tests.kits.sink_kit import delivery, kept, row

COMMITS = 12
E = frozenset({"e"})
names = itertools.count()


@pytest.mark.parametrize("cuts", [25, pytest.param(300, marks=pytest.mark.slow)])
def test_what_was_committed_outlives_a_power_cut(tmp_path: Path, cuts: int) -> None:
    """Cut at any instant, with what was not synced there, gone, torn or rubbish: each delivery whose commit had
    returned is there, the last one whole or not at all, and the ledger names what is there."""
    live, nothing = tmp_path / "live", tmp_path / "nothing"
    live.mkdir()
    nothing.mkdir()
    tape = Tape(f"hub-tape-{next(names)}", live)
    sink = DatabaseSink(SqliteEngine(f"{live}/hub.db", tape.vfs_name))
    done = []  # the number of changes after each commit
    for number in range(COMMITS):
        sink.commit(delivery(*(row(seq) for seq in range(number * 20 + 1, number * 20 + 21))))
        done.append(len(tape.ops))
    sink.close()
    rng = random.Random(cuts)
    for cut in range(cuts):
        at = rng.randrange(done[0], len(tape.ops) + 1)
        disk = Disk(nothing)
        for op in tape.ops[:at]:
            disk.play(op)
        disk.cut(tmp_path / f"cut{cut}", rng)
        url = f"sqlite://{tmp_path}/cut{cut}/hub.db"
        again = DatabaseSink(opened(url))
        there = len(kept(url))
        assert there >= 20 * sum(end <= at for end in done), f"cut {cut} after {at} changes"
        assert there % 20 == 0
        assert again.held("s", E) == [Span("e", 1, there)]
        assert again.compare() == 0
        again.close()
