"""What is remembered of records that were dated anew: never less than was, and no more than a bounded note."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.store.moves import MOST, Moves


@given(st.lists(st.integers(1, 1_000_000), min_size=MOST - 1, max_size=3 * MOST), st.integers(0, 3 * MOST))
def test_whoever_asks_is_told_of_every_record_that_was_dated_anew_since(firsts: list[int], known: int) -> None:
    """Of the last changes exactly, of older ones at least; what is kept of them does not grow with their number."""
    told = Moves()
    for first in firsts:
        told = told.and_from(first)
    since = firsts[known:]
    found = told.since(known)
    assert len(told.firsts) <= MOST
    assert (found is None) == (not since)
    if found is not None:
        assert found <= min(since)
        assert found == min(since) or len(since) >= MOST
