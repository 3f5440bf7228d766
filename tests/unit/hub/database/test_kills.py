"""Kills, full disks and databases that go away: what was not committed is not said to be, and nothing is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from edge.records.spans import Span
from hub.database import schema
from hub.database.engine import opened
from hub.database.postgres import DEADLINE, Bounded, PostgresEngine
from hub.database.sink import DatabaseSink
from hub.database.sqlite import SqliteEngine
from hub.sink import SinkError
from tests.kits.broker import until
from tests.kits.committer import Committer
from tests.kits.postgres import Cluster, running_cluster
from tests.kits.recount import check_hours
from tests.kits.sink_kit import delivery, kept, row
from tests.kits.store_kit import BadDisk

E = frozenset({"e"})


def check(url: str, committer: Committer) -> None:
    """See that all that was said to be committed is there, once, that the ledger names the rows that are there, and
    that hours and days are what these come to, of minutes dated anew meanwhile too."""
    seqs = sorted(seq for _, _, seq in kept(url))
    assert seqs == list(range(1, len(seqs) + 1))
    assert seqs[-1] >= committer.last
    sink = DatabaseSink(opened(url))
    assert sink.held("s", E) == [Span("e", 1, seqs[-1])]
    assert sink.compare() == 0
    sink.close()
    check_hours(url)


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_a_hub_killed_in_the_middle_of_commits(url: str, kills: int) -> None:
    """Whatever instant it dies at, each delivery is there whole or not at all, and what it had confirmed is."""
    rng = random.Random(kills)
    committer = Committer(url)
    for _ in range(kills):
        committer.hear(rng.randrange(1, 4))
        time.sleep(rng.uniform(0, 0.02))
        committer.kill()
        check(url, committer)
        committer.again()
    committer.kill()


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_postgresql_killed_in_the_middle_of_commits(cluster: Cluster, kills: int) -> None:
    """All its processes killed, it comes back, and the hub goes on by itself with the delivery whose fate it did not
    know."""
    url = cluster.database()
    committer = Committer(url)
    for _ in range(kills):
        committer.hear(5)
        cluster.kill()
        cluster.start()
        committer.hear(5)
    committer.kill()
    check(url, committer)


def test_a_postgresql_that_hangs_is_an_error_in_time(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that holds the connection and answers nothing is given up, within a transaction and without one, and
    the same sink works when it is back."""
    sink = DatabaseSink(opened(cluster.emptied()))
    steps: tuple[Callable[[], object], ...] = sink.look, lambda: sink.commit(delivery(row(2)))
    for step in steps:
        sink.commit(delivery(row(1)))
        monkeypatch.setattr("hub.database.postgres.DEADLINE", 0.5)
        sink.commit(delivery(row(1)))  # the deadline counts from the next statement on
        cluster.freeze()
        try:
            with pytest.raises(SinkError, match="cannot be used: it has given no answer for"):
                step()
        finally:
            cluster.thaw()
        monkeypatch.undo()
        step()
    assert sink.held("s", E) == [Span("e", 1, 2)]
    sink.close()


def test_statements_that_were_given_up_do_not_wait_on_at_the_server(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody holds a table, each try ends at the server too: otherwise an hour of tries would take all the
    connections that it has."""
    url = cluster.emptied()
    sink = DatabaseSink(opened(url))
    monkeypatch.setattr("hub.database.postgres.DEADLINE", 0.5)
    with psycopg.connect(url) as somebody:
        somebody.execute("LOCK TABLE record")
        for _ in range(3):
            with pytest.raises(SinkError, match="no answer"):
                sink.commit(delivery(row(1)))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: cluster.run(waiting) == [(0,)], 10)
    monkeypatch.undo()
    sink.commit(delivery(row(1)))
    assert sink.held("s", E) == [Span("e", 1, 1)]
    sink.close()


def test_the_patience_of_a_migration_ends_with_it(cluster: Cluster) -> None:
    """What is asked after it, outside any transaction, has the deadline of every statement."""
    engine = PostgresEngine(cluster.emptied())
    schema.migrate(engine)
    assert engine._connection().longest == DEADLINE
    engine.close()


def test_a_commit_whose_answer_is_lost_is_done_again(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks after COMMIT went out: it is an error, and the same delivery again changes nothing."""
    sink = DatabaseSink(opened(cluster.emptied()))
    wait = Bounded.wait
    broken: list[bool] = []

    def lost(self: Bounded, *words: Any) -> object:
        found = wait(self, *words)
        if not broken and cluster.run("SELECT 1 FROM record", "shared"):
            broken.append(True)
            self.close()
            raise psycopg.OperationalError("the answer is lost")
        return found

    monkeypatch.setattr(Bounded, "wait", lost)
    with pytest.raises(SinkError):
        sink.commit(delivery(row(1), row(2)))
    assert broken
    assert [fate.value for fate in sink.commit(delivery(row(1), row(2))).fates] == ["double", "double"]
    sink.close()


@pytest.mark.parametrize("syncs", [False, True])
@pytest.mark.parametrize("after", [0, 1, 2, 5, 9])
def test_a_full_disk_under_sqlite(tmp_path: Path, syncs: bool, after: int) -> None:
    """Whichever write or sync fails, nothing is said to be committed, and it is taken when there is room again."""
    disk = BadDisk(f"full-{after}-{syncs}")
    sink = DatabaseSink(SqliteEngine(f"{tmp_path}/hub.db", disk.vfs_name))
    sink.commit(delivery(row(1)))
    disk.syncs, disk.after, disk.refuse = syncs, after, apsw.FullError
    rows = delivery(*(row(seq) for seq in range(2, 300)))
    try:
        sink.commit(rows)
    except SinkError as trouble:
        assert "no space is left" in str(trouble)
        disk.refuse = None
        assert sink.held("s", E) == [Span("e", 1, 1)]
    disk.refuse = None
    sink.commit(rows)
    assert sink.held("s", E) == [Span("e", 1, 299)]
    assert sink.compare() == 0
    sink.close()


def test_a_database_that_may_not_grow_under_sqlite(url: str, tmp_path: Path) -> None:
    """At its limit of pages the file takes no more: an error that says so, and nothing half."""
    engine = SqliteEngine(f"{tmp_path}/small.db")
    sink = DatabaseSink(engine)
    ((pages,),) = engine.query("PRAGMA page_count")
    engine.query(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(SinkError, match="no space is left"):
        sink.commit(delivery(*(row(seq) for seq in range(1, 300))))
    assert sink.held("s", E) == []
    engine.query("PRAGMA max_page_count = 100000")
    sink.commit(delivery(*(row(seq) for seq in range(1, 300))))
    assert sink.held("s", E) == [Span("e", 1, 299)]
    sink.close()


@pytest.mark.slow
def test_a_full_disk_under_postgresql() -> None:
    """Where a table's file cannot grow nothing is committed, and the same sink goes on when it can again."""
    with running_cluster() as cluster:
        sink = DatabaseSink(opened(cluster.url()))
        sink.commit(delivery(row(1)))
        cluster.stop()
        cluster.start(largest_file=1024 * 1024)
        with pytest.raises(SinkError, match="cannot be used"):
            sink.held("s", E)  # the connection is gone, and made anew by the next
        rows = [delivery(*(row(seq) for seq in range(first, first + 1000))) for first in range(2, 20_000, 1000)]
        with pytest.raises(SinkError, match=r"no room|cannot be used"):
            for part in rows:
                sink.commit(part)
        there = sink.held("s", E)
        assert len(kept(cluster.url())) == there[0].last
        cluster.stop()
        cluster.start()
        for part in (delivery(), *rows):
            with suppress(SinkError):
                sink.commit(part)
        assert sink.held("s", E) == [Span("e", 1, 20_001)]
        assert sink.compare() == 0
        sink.close()
