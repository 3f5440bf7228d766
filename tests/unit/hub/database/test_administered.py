"""What an administrator does to the database under a hub: settings, rights, locks, a file that is moved away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from edge.records.spans import Span
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import RowFate, SinkError
from tests.kits.postgres import Cluster
from tests.kits.sink_kit import delivery, kept, row

HARMLESS = (
    *("array_nulls = off", "bytea_output = escape", "extra_float_digits = -15", "DateStyle = 'SQL, DMY'"),
    *("standard_conforming_strings = off", "TimeZone = 'Asia/Kathmandu'", "client_encoding = LATIN1"),
    *("default_transaction_isolation = serializable", "plan_cache_mode = force_generic_plan", "row_security = off"),
)
REFUSING = ("statement_timeout = 1", "default_transaction_read_only = on", "search_path = ''")


@contextmanager
def altered(cluster: Cluster, setting: str) -> Iterator[None]:
    """Have the shared database set so."""
    cluster.run(f"ALTER DATABASE shared SET {setting}")
    try:
        yield
    finally:
        cluster.run(f"ALTER DATABASE shared RESET {setting.split(maxsplit=1)[0]}")


@contextmanager
def sink_of(url: str) -> Iterator[DatabaseSink]:
    """Give a hub's sink, on connections of its own."""
    found = DatabaseSink(opened(url))
    try:
        yield found
    finally:
        found.close()


@pytest.mark.parametrize("setting", HARMLESS)
def test_a_setting_of_the_server_changes_nothing_that_is_kept(cluster: Cluster, setting: str) -> None:
    """Records of all shapes go in and are the same bytes, and the ledger names them."""
    url = cluster.emptied()
    rows = [row(1, 2.5), row(2, {"text": "霜 \\ ' \" NULL {}"}, kind="note"), row(3, 0.1 + 0.2)]
    with altered(cluster, setting), sink_of(url) as sink:
        assert sink.commit(delivery(*rows)).fates == (RowFate.NEW,) * 3
        assert sink.compare() == 0
    assert sorted(kept(url).values()) == sorted((0, one.raw) for one in rows)


@pytest.mark.parametrize("setting", REFUSING)
def test_a_setting_that_lets_nothing_be_kept_confirms_nothing_and_is_said(cluster: Cluster, setting: str) -> None:
    """One line says why, in the database's own words; as soon as it is taken back the same records are kept."""
    url = cluster.emptied()
    with sink_of(url) as sink:
        sink.commit(delivery(row(1)))
    with altered(cluster, setting), pytest.raises(SinkError) as caught, sink_of(url) as sink:
        sink.commit(delivery(row(2), row(3)))
    assert str(caught.value.reason).count("\n") == 0 and caught.value.reason.code.startswith("database_")
    with sink_of(url) as sink:
        sink.commit(delivery(row(2), row(3)))
        assert sink.held("s", frozenset({"e"})) == [Span("e", 1, 3)]


def test_a_transaction_that_the_server_ends_for_its_rest_is_an_error(cluster: Cluster) -> None:
    """What was begun is undone and said in one line, and the next one goes through on a connection of its own."""
    engine = opened(cluster.emptied())
    short = altered(cluster, "idle_in_transaction_session_timeout = 1")
    with short, pytest.raises(SinkError) as caught, engine.transaction():
        engine.query("SELECT 1")
        time.sleep(0.2)
        engine.query("SELECT 1")
    assert str(caught.value.reason).count("\n") == 0 and caught.value.reason.code.startswith("database_")
    with engine.transaction():
        assert engine.query("SELECT 1") == [(1,)]
    engine.close()


def test_a_login_without_rights_and_a_table_that_somebody_locks(cluster: Cluster) -> None:
    """Neither keeps half of anything, and neither leaves a statement waiting at the server."""
    url = cluster.emptied()
    with sink_of(url) as sink:
        sink.commit(delivery(row(1)))
    if not cluster.run("SELECT 1 FROM pg_roles WHERE rolname = 'poor'"):
        cluster.run("CREATE ROLE poor LOGIN")
    cluster.run("GRANT USAGE ON SCHEMA public TO poor", "shared")
    with pytest.raises(SinkError) as caught, sink_of(url.replace("minshan@", "poor@")) as sink:
        sink.commit(delivery(row(2)))
    assert caught.value.reason.code == "database_forbids"
    with altered(cluster, "lock_timeout = 200"), psycopg.connect(url) as admin:
        admin.execute("LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SinkError), sink_of(url) as sink:
            sink.commit(delivery(row(2)))
    assert [key[2] for key in kept(url)] == [1]
    with sink_of(url) as sink:
        assert sink.commit(delivery(row(2))).fates == (RowFate.NEW,)


@pytest.mark.parametrize("instead", [False, True], ids=["moved", "replaced"])
def test_a_file_that_is_moved_away_under_a_hub_takes_nothing_more(tmp_path: Path, instead: bool) -> None:
    """What went into it now would be found nowhere: nothing is confirmed, and it goes on when the file is back."""
    file, other = tmp_path / "hub.db", tmp_path / "elsewhere.db"
    with sink_of(f"sqlite://{file}") as sink:
        sink.commit(delivery(row(1)))
        file.rename(other)
        if instead:
            file.write_bytes(b"")
        with pytest.raises(SinkError) as caught:
            sink.commit(delivery(row(2)))
        assert caught.value.reason.code == "database_moved"
        other.replace(file)
        assert sink.commit(delivery(row(2))).fates == (RowFate.NEW,)
    assert sorted(key[2] for key in kept(f"sqlite://{file}")) == [1, 2]
