"""The sink against a plain dict: whatever is delivered, in whatever order and to whichever hub, both hold the same."""

from __future__ import annotations

import threading

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from edge.records import ranges
from edge.records.spans import Span
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Row, RowFate
from tests.kits.broker import until
from tests.kits.postgres import Cluster
from tests.kits.sink_kit import delivery, kept, query, row

STATIONS, EPOCHS = ("s", "t"), ("e", "f\0")
ROWS = st.builds(
    row,
    st.integers(1, 12),
    st.sampled_from([1.5, 2.5]),
    st.integers(0, 2),
    st.sampled_from(STATIONS),
    st.sampled_from(EPOCHS),
)
DELIVERIES = st.lists(st.tuples(st.integers(0, 1), st.lists(ROWS, max_size=10)), max_size=8)


class Model:
    """What the sink is to do, in a dict."""

    def __init__(self) -> None:
        self.here: dict[tuple[str, str, int], Row] = {}
        self.others: set[bytes] = set()

    def take(self, found: Row) -> RowFate:
        """Take a row. Return its fate."""
        key = found.station, found.record.epoch, found.record.seq
        there = self.here.get(key)
        if there is None or there.record.revision < found.record.revision:
            self.here[key] = found
            return RowFate.NEW
        if there.record.revision > found.record.revision or there.raw == found.raw:
            return RowFate.DOUBLE
        self.others.add(found.raw)
        return RowFate.OTHER

    def spans(self, station: str) -> list[Span]:
        """Return what is here of a station."""
        return [
            Span(epoch, *pair)
            for epoch in sorted(EPOCHS)
            for pair in ranges.of(seq for name, e, seq in sorted(self.here) if (name, e) == (station, epoch))
        ]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(deliveries=DELIVERIES)
def test_two_hubs_and_a_dict(sink: DatabaseSink, url: str, deliveries: list[tuple[int, list[Row]]]) -> None:
    """New, double, late, revised and conflicting rows have the fate that a plain dict gives them, by either hub."""
    for table in ("record", "ledger", "epoch", "conflict"):
        query(url, f"DELETE FROM {table}")
    hubs = (sink, DatabaseSink(opened(url)))
    model = Model()
    for which, rows in deliveries:
        assert list(hubs[which].commit(delivery(*rows)).fates) == [model.take(found) for found in rows]
    written = {(s, e.replace("\0", "\\0"), seq): row for (s, e, seq), row in model.here.items()}
    assert kept(url) == {key: (found.record.revision, found.raw) for key, found in written.items()}
    assert {bytes(raw) for (raw,) in query(url, "SELECT raw FROM conflict")} == model.others
    for station in STATIONS:
        assert hubs[0].held(station, frozenset(EPOCHS)) == model.spans(station)
        told = hubs[1].revised(station, model.spans(station))
        seqs = {
            (r.revision, span.epoch, seq) for r in told for span in r.has for seq in range(span.first, span.last + 1)
        }
        here = [found.record for found in model.here.values() if found.station == station]
        assert seqs == {(r.revision, r.epoch, r.seq) for r in here if r.revision}
    hubs[1].close()


def test_hubs_at_once_on_the_same_rows(url: str, cluster: Cluster) -> None:
    """Four hubs are handed the same records at the same time, in opposite orders, on an empty database: each makes no
    tables over another's, none stands still, every record is there once and in the ledger."""
    fates: list[RowFate] = []
    troubles: list[Exception] = []
    all_here = threading.Barrier(4)

    def hub(number: int) -> None:
        try:
            sink = DatabaseSink(opened(url))
            for part in range(5):  # each with many new epochs, whose rows are made as well as locked
                rows = [row(seq, station=f"s{seq % 7}", epoch=f"e{part}-{seq % 700}") for seq in range(900)]
                all_here.wait(60)
                fates.extend(sink.commit(delivery(*(rows if number % 2 else rows[::-1]))).fates)
            sink.close()
        except Exception as trouble:  # noqa: BLE001  # carried to the test's own thread
            troubles.append(trouble)

    threads = [threading.Thread(target=hub, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not troubles
    assert fates.count(RowFate.NEW) == len(kept(url))
    assert set(fates) == {RowFate.NEW, RowFate.DOUBLE}
    sink = DatabaseSink(opened(url))
    assert sink.compare() == 0
    sink.close()
    if url.startswith("postgresql"):
        ((deadlocks,),) = cluster.run("SELECT sum(deadlocks) FROM pg_stat_database")
        assert deadlocks == 0, "hubs take their locks in one order"


def test_a_ledger_row_is_written_where_it_lies(cluster: Cluster) -> None:
    """Commit by commit PostgreSQL keeps the new version of a ledger's row on its page, though that is full of other
    stations' rows, so that the table stays flat."""
    url = cluster.emptied()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(1, station=f"s{number}") for number in range(400))))
    for turn in range(40):  # a tenth of them each time
        sink.commit(delivery(*(row(2 + turn // 10, station=f"s{number}") for number in range(turn % 10, 400, 10))))
    sink.close()
    sql = "SELECT n_tup_hot_upd, n_tup_upd, pg_relation_size(relid) FROM pg_stat_user_tables WHERE relname = 'ledger'"
    until(lambda: query(url, sql)[0][1] >= 1600, 30)
    ((hot, updated, size),) = query(url, sql)
    assert hot >= 0.95 * updated
    assert size <= 10 * 8192


def test_a_delivery_of_nothing(sink: DatabaseSink) -> None:
    """It changes nothing and is no error."""
    assert sink.commit(delivery()).fates == ()


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_a_ledger_stays_small(sink: DatabaseSink, url: str) -> None:
    """However the records come in, what is whole is one row of the ledger."""
    for seq in (*range(1, 100, 2), *range(2, 100, 2)):
        sink.commit(delivery(row(seq)))
    assert query(url, "SELECT first, last FROM ledger") == [(1, 99)]
