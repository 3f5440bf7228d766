"""After a start the ledger is held against the rows behind live; until that is done nothing is proven to anybody."""

from __future__ import annotations

import pytest

from edge.clock.clock import SystemClock
from edge.records.spans import Span
from hub.database import schema
from hub.database.engine import Engine, opened
from hub.database.sink import DatabaseSink
from hub.sink import SinkError
from hub.upkeep import Upkeep
from tests.kits.broker import until
from tests.kits.sink_kit import delivery, query, row


def lost_some(url: str) -> DatabaseSink:
    """Make a database whose ledger names rows that somebody took away. Return the sink that wrote it."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 101)), row(1, epoch="f")))
    query(url, "DELETE FROM record WHERE seq BETWEEN 20 AND 30 AND epoch = 'e'")
    return sink


def test_nothing_is_said_before_the_ledger_is_compared(url: str) -> None:
    """Records are kept meanwhile; what the ledger named in vain is named no longer when the hub begins to speak, and
    the generation is another."""
    lost_some(url).close()
    upkeep = Upkeep(lambda: opened(url, make=False), "one", SystemClock())
    sink = DatabaseSink(opened(url), may_answer=upkeep.is_compared)
    generation = sink.generation
    assert not sink.speaks()
    sink.commit(delivery(row(101)))
    assert not sink.look()
    upkeep.start()
    until(sink.speaks, 60)
    assert sink.look() and sink.generation != generation
    assert sink.held("s", frozenset({"e"})) == [Span("e", 1, 19), Span("e", 31, 101)]
    upkeep.stop(10)
    sink.close()


def test_a_comparison_that_is_cut_short_leaves_no_loss_unsaid(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is not written anew without the generation by which stations see it: a second one finds the loss."""
    sink = lost_some(url)

    def dies(_engine: Engine) -> None:
        raise SinkError(schema.OTHERS)

    with monkeypatch.context() as patched, pytest.raises(SinkError):
        patched.setattr(schema, "renew_generation", dies)
        sink.compare()
    before = sink.generation
    assert sink.compare() == 11
    assert sink.generation != before
    sink.close()
