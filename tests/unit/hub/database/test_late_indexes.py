"""An index that an older hub's database lacks is built while records come: however many there are, nothing waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest

from edge.clock.clock import SystemClock
from hub.database import late_indexes
from hub.database.engine import opened
from hub.database.lease import INDEXES, Lease
from hub.database.sink import DatabaseSink
from hub.upkeep import Upkeep
from tests.kits.broker import until
from tests.kits.postgres import Cluster
from tests.kits.sink_kit import delivery, kept, query, row, set_back

ALL = sorted(late_indexes.INDEXES)
BUILDING = "SELECT phase FROM pg_stat_progress_create_index"


@pytest.fixture(name="url")
def a_database_of_before(cluster: Cluster) -> str:
    """Return the address of a PostgreSQL that a hub has filled which did not know the indexes."""
    url = cluster.emptied()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 101))))
    sink.close()
    set_back(url, 2)
    return url


@contextmanager
def held_up(url: str) -> Iterator[None]:
    """Let whoever builds an index wait: somebody reads in a transaction that does not end."""
    with psycopg.connect(url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM record")
        yield
        reader.rollback()


def whole(url: str) -> list[str]:
    """Return the late indexes that are there and whole."""
    with closing(opened(url)) as engine:
        return sorted(set(ALL) - set(late_indexes.missing(engine)))


def built(url: str, hub: str = "one") -> bool:
    """Build one that is missing, as the hub of that name. Return whether all are there."""
    with closing(opened(url)) as engine:
        return late_indexes.build(engine, Lease(engine, hub, SystemClock(), INDEXES))


def test_a_new_database_has_all_indexes_at_once(cluster: Cluster) -> None:
    """Where no record is, nothing is to be built behind live."""
    url = cluster.emptied()
    DatabaseSink(opened(url)).close()
    assert whole(url) == ALL


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_records_are_received_while_the_indexes_are_built(url: str) -> None:
    """Somebody writes into the table for as long as he likes: the hub starts, commits before and during the building,
    answers once its ledger is compared, and has the indexes in the end."""
    upkeep = Upkeep(lambda: opened(url, make=False), "one", SystemClock())
    with psycopg.connect(url) as writer:
        writer.execute("DELETE FROM conflict")
        writer.execute("UPDATE record SET wrong = 'x' WHERE seq = 1")
        sink = DatabaseSink(opened(url), may_answer=upkeep.is_compared)
        assert not sink.speaks()
        assert whole(url) == []
        upkeep.start()
        until(lambda: query(url, BUILDING), 60)
        sink.commit(delivery(*(row(seq) for seq in range(101, 201))))
        assert sink.speaks()
        assert whole(url) == []
        writer.rollback()
    until(lambda: whole(url) == ALL, 60)
    sink.commit(delivery(row(201)))
    assert len(kept(url)) == 201
    upkeep.stop(10)
    sink.close()


def test_what_a_killed_build_has_left_is_built_anew(url: str) -> None:
    """PostgreSQL keeps an index that is not whole, which nothing reads: it is found, taken away and built."""
    DatabaseSink(opened(url)).close()
    with held_up(url):
        failed = threading.Thread(target=lambda: _fails(url))
        failed.start()
        until(lambda: query(url, BUILDING), 60)
        query(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index")
        failed.join(60)
    assert query(url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(1,)]
    assert [built(url) for _ in ALL] == [False, False, True]
    assert whole(url) == ALL
    assert query(url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_several_hubs_build_each_index_once(url: str) -> None:
    """One of them builds; the others come back later, and none stands in its way."""
    DatabaseSink(opened(url)).close()
    hubs = [Upkeep(lambda: opened(url, make=False), f"hub {number}", SystemClock()) for number in range(4)]
    with held_up(url):
        for hub in hubs:
            hub.start()
        until(lambda: query(url, BUILDING), 60)
        assert not any(built(url, f"hub {number}") for number in range(4))
        assert query(url, BUILDING.replace("phase", "count(*)")) == [(1,)]
    until(lambda: whole(url) == ALL, 60)
    for hub in hubs:
        hub.stop(10)
    assert query(url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_a_build_that_goes_on_after_its_hub_was_killed_is_left_alone(url: str) -> None:
    """The server has not noticed that nobody waits: whoever comes looks again later, and finds the index whole."""
    DatabaseSink(opened(url)).close()
    with held_up(url):
        orphan = threading.Thread(target=lambda: _orphan(url))
        orphan.start()
        until(lambda: query(url, BUILDING), 60)
        assert not built(url)
        assert query(url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(1,)]
    orphan.join(60)
    assert whole(url) == ["record_undated"]
    assert [built(url) for _ in ALL] == [False, True, True]


def _fails(url: str) -> None:
    with suppress(Exception):
        built(url)


def _orphan(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        name = "record_undated"
        connection.execute(f"CREATE INDEX CONCURRENTLY {name} ON {late_indexes.INDEXES[name]}".encode())
