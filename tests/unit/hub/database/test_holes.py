"""A ledger of very many ranges: a commit, a receipt and what is forwarded read of it what they touch, and no more."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge.records import ranges
from edge.records.spans import Span
from hub.database import forwarded
from hub.database.engine import Engine, opened
from hub.database.sink import DatabaseSink
from hub.sink import RowFate
from tests.kits.sink_kit import delivery, query, row

HOLES = 20_000
LEDGER = ("station", "epoch", "first", "last")
FEW = 1_000_000  # bytes: the ranges of all holes take ten times as much
SEQS = st.sets(st.integers(1, 40), max_size=20)


def peak(act: Callable[[], object]) -> int:
    """Return the bytes that something takes at most while it is done."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def full_of_holes(engine: Engine) -> None:
    """Let a station have every other number."""
    with engine.transaction():
        engine.upsert("epoch", ("station", "epoch"), [("s", "e")], ("station", "epoch"))
        engine.upsert("ledger", LEDGER, [("s", "e", n, n) for n in range(1, 2 * HOLES, 2)], LEDGER[:3])
        there = [("d", "s", "e", n, n) for n in range(1, 2 * HOLES, 2)]
        engine.upsert("forwarded", ("destination", *LEDGER), there, ("destination", *LEDGER[:3]))


def test_a_station_of_holes_costs_a_commit_what_any_other_does(sink: DatabaseSink, url: str) -> None:
    """The newest minute, one that fills a hole, a revised one and their receipt: none reads the station's ledger."""
    engine = opened(url)
    full_of_holes(engine)
    came = [row(HOLES), row(2 * HOLES + 7), row(2 * HOLES + 9, 2.5, revision=1)]
    sink.commit(delivery(row(1, station="warm", revision=1)))
    assert peak(lambda: sink.commit(delivery(*came))) < FEW
    assert peak(lambda: sink.kept("s", [Span("e", HOLES, HOLES + 9)])) < FEW
    assert sink.kept("s", [Span("e", HOLES - 3, HOLES + 4)]) == [
        Span("e", HOLES - 3, HOLES - 3),
        Span("e", HOLES - 1, HOLES + 1),
        Span("e", HOLES + 3, HOLES + 3),
    ]
    with engine.transaction():
        assert peak(lambda: forwarded.add(engine, "d", {("s", "e"): [HOLES]})) < FEW
    assert ranges.contains(forwarded.proven(engine, "d")["s", "e"], HOLES)
    engine.close()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@example(here=[{5, 9}, {4, 6}, {7, 8}], other={2, 5})  # before it, behind it, between two
@given(here=st.lists(SEQS, max_size=3), other=SEQS)
def test_the_ledger_is_as_short_as_can_be_whatever_comes_in_which_order(
    sink: DatabaseSink, url: str, here: list[set[int]], other: set[int]
) -> None:
    """Its rows are the ranges of what came, those of another epoch untouched; a receipt names what is there alone."""
    for table in ("record", "ledger", "epoch", "conflict"):
        query(url, f"DELETE FROM {table}")
    sink.commit(delivery(*(row(seq, epoch="f") for seq in sorted(other))))
    for seqs in here:
        assert RowFate.OTHER not in sink.commit(delivery(*map(row, seqs))).fates
    there, named = ranges.of(sorted(set().union(*here))), ranges.of(sorted(other))
    found = query(url, "SELECT first, last FROM ledger WHERE epoch = 'e' ORDER BY first")
    assert tuple((first, last) for first, last in found) == there
    both = [Span("e", *pair) for pair in ranges.common(there, named)]
    assert sink.kept("s", [Span("e", *pair) for pair in named]) == both
