"""Whose database it is, and what people see in it."""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.records.record import Kind
from edge.records.spans import Span
from hub.database import schema
from hub.database.engine import opened
from hub.database.errors import DatabaseRefusedError
from hub.database.sink import DatabaseSink
from hub.dump import is_unused
from hub.sink import RowFate, SinkError
from tests.kits.command import minshan
from tests.kits.postgres import Cluster, program, running_cluster
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery, kept, query, row


def refusal(url: str) -> str:
    """Return the sentence with which a database is refused."""
    with pytest.raises(DatabaseRefusedError) as refused:
        DatabaseSink(opened(url))
    return str(refused.value)


def test_a_newer_hubs_database_is_refused_and_not_changed(sink: DatabaseSink, url: str) -> None:
    """Installing an older hub again names the version and changes nothing."""
    newer = len(schema.MIGRATIONS) + 1
    query(url, f"UPDATE minshan_hub SET version = {newer}")
    query(url, "DROP VIEW minute")
    said = refusal(url)
    assert f"version {newer} of its tables" in said
    assert "install that hub again" in said
    assert query(url, "SELECT version FROM minshan_hub") == [(newer,)]
    assert "minute" not in opened(url).tables()


@pytest.mark.slow  # eleven commands, a process each
def test_no_command_writes_into_a_newer_hubs_database(tmp_path: Path) -> None:
    """Whatever is asked of it, an older hub says the version and leaves each byte as it is."""
    url = f"sqlite://{tmp_path}/hub.db"
    made = ("--broker", "mqtt://127.0.0.1:9", "--database", url, "--pictures", str(tmp_path / "p"))
    assert minshan("hub", "init", *made, "--out", str(tmp_path / "hub.toml")).code == 0
    query(url, f"UPDATE minshan_hub SET version = {len(schema.MIGRATIONS) + 1}")
    query(url, "PRAGMA wal_checkpoint(TRUNCATE)")
    before = (tmp_path / "hub.db").read_bytes()
    commands: tuple[tuple[str, ...], ...] = (
        ("run",),
        ("status",),
        ("gaps",),
        ("export", "--station", "s", "--from", "2026-01-01", "--to", "2026-01-02", "--format", "csv"),
        ("user", "add", "lin", "--role", "admin"),
        ("user", "list"),
        ("token", "add", "office", "--role", "operator"),
        ("person", "list"),
        ("alerts", "list"),
        ("visits",),
        ("backup", "--out", str(tmp_path / "backup.db")),
    )
    for words in commands:
        group = 2 if words[0] in ("user", "token", "person", "alerts") else 1
        said = minshan("hub", *words[:group], "--config", str(tmp_path / "hub.toml"), *words[group:])
        assert said.code != 0, words
        assert "was written by a newer hub" in said.err, (words, said.err)
        query(url, "PRAGMA wal_checkpoint(TRUNCATE)")
        assert (tmp_path / "hub.db").read_bytes() == before, words


def test_another_programs_database_is_refused(url: str) -> None:
    """A database with foreign tables is named and left as it is, also where they bear names of ours."""
    query(url, "CREATE TABLE record (id INTEGER)")
    assert "another program's database (it has record)" in refusal(url)
    assert opened(url).tables() == {"record"}


def test_a_database_that_is_refused_is_let_go_of_at_once(cluster: Cluster) -> None:
    """Whatever still holds the error: a connection that stayed open would be a running hub to a restore."""
    url = cluster.emptied()
    query(url, "CREATE TABLE record (id INTEGER)")
    with pytest.raises(DatabaseRefusedError) as held:
        DatabaseSink(opened(url))
    look = opened(url)
    assert is_unused(look), held
    look.close()


def test_a_hub_that_is_ending_is_waited_for(cluster: Cluster) -> None:
    """Who stops the hub and restores at once is not told that it runs: a connection is listed a little longer."""
    url = cluster.emptied()
    hub, look = opened(url), opened(url)
    assert hub.query("SELECT 1") == [(1,)]
    ending = threading.Timer(0.5, hub.close)
    ending.start()
    assert is_unused(look)
    ending.join()
    look.close()


def test_another_programs_file_keeps_each_byte(tmp_path: Path) -> None:
    """Its way of writing is its own: looking at it makes it no file of ours."""
    file = tmp_path / "theirs.db"
    theirs = apsw.Connection(str(file))
    theirs.execute("PRAGMA auto_vacuum=FULL; CREATE TABLE record (id INTEGER)")
    theirs.close()
    before = file.read_bytes()
    assert "another program's database" in refusal(f"sqlite://{file}")
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Somebody's text stays somebody's text; a folder that is not there is named."""
    file = tmp_path / "notes.txt"
    file.write_text("no database at all, " * 100)
    assert "is not an SQLite database" in refusal(f"sqlite://{file}")
    assert file.read_text().startswith("no database at all")
    with pytest.raises(SinkError, match="its folder"):
        DatabaseSink(opened(f"sqlite://{tmp_path}/nowhere/hub.db"))


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite://hub.db", "mysql://x/y", "", "sqlite:///folder/"])
def test_an_address_that_is_none(url: str) -> None:
    """It is refused with the two forms that there are."""
    with pytest.raises(DatabaseRefusedError, match="must be sqlite:///FILE"):
        opened(url)


def test_a_postgresql_that_is_not_there_or_does_not_let_in(cluster: Cluster) -> None:
    """One clear line, and no password in it."""
    nowhere = f"postgresql://minshan:SECRET@127.0.0.1:{cluster.port}/nowhere"
    with pytest.raises(SinkError, match='database "nowhere" does not exist') as trouble:
        DatabaseSink(opened(nowhere))
    assert "SECRET" not in str(trouble.value)
    with pytest.raises(SinkError, match="Connection refused") as trouble:
        DatabaseSink(opened("postgresql://minshan:SECRET@127.0.0.1:9/x"))
    assert "SECRET" not in str(trouble.value)
    with pytest.raises(DatabaseRefusedError):
        opened("postgresql://[::1/x")


def test_a_wrong_password_of_postgresql_says_where_the_login_stands() -> None:
    """A technician is told which lines of the file to look at; a server that is not there is no matter of a login."""
    with running_cluster() as cluster:
        cluster.run("CREATE ROLE hub LOGIN PASSWORD 'apple'")
        (cluster.folder / "data" / "pg_hba.conf").write_text("host all hub all scram-sha-256\nhost all all all trust\n")
        cluster.run("SELECT pg_reload_conf()")
        address = cluster.url().replace("minshan@", "hub@")
        for password in ("pear", ""):
            with pytest.raises(SinkError, match=r"The login stands in \[database\]: url, and password_file"):
                opened(address, password).tables()
    with pytest.raises(SinkError) as trouble:
        opened("postgresql://hub@127.0.0.1:9/x", "apple").tables()
    assert "login" not in str(trouble.value)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "EUC_CN", "LATIN1"])
def test_a_postgresql_that_keeps_no_utf_8_is_refused(cluster: Cluster, encoding: str) -> None:
    """A server that was made in no language, or in another's, keeps text that stations write as something else, or not
    at all: it is named with the command that makes a good one, and nothing is made in it."""
    name = f"e{encoding.lower()}"
    cluster.run(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    assert f"/{name} keeps text as {encoding}" in (said := refusal(cluster.url(name)))
    assert "createdb -E UTF8 -T template0" in said
    assert cluster.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(0,)]
    cluster.run(f"DROP DATABASE {name}")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_what_people_write_is_kept_whatever_the_hubs_own_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that sets another encoding for PostgreSQL's programs does not change what a hub sends."""
    monkeypatch.setenv("PGCLIENTENCODING", "GBK")
    sink = DatabaseSink(opened(url))
    told = {"values": {"air_temperature": 1.0}, "quality": {}, "reasons": {"air_temperature": "苹果 🍎"}}
    sink.commit(delivery(row(1, told)))
    assert sink.held("s", frozenset({"e"})) == [Span("e", 1, 1)]
    assert query(url, "SELECT reason FROM minute") == [({"air_temperature": "苹果 🍎"},)]
    sink.close()


def test_a_commit_waits_for_the_disk_whatever_the_server_was_told(cluster: Cluster) -> None:
    """A server with synchronous_commit off still has what was receipted on its disk."""
    url = cluster.emptied()
    cluster.run("ALTER DATABASE shared SET synchronous_commit = off")
    engine = opened(url)
    with engine.transaction():
        assert engine.query("SHOW synchronous_commit") == [("on",)]
    assert engine.query("SHOW synchronous_commit") == [("off",)]
    engine.close()
    cluster.run("ALTER DATABASE shared RESET synchronous_commit")


def test_a_dump_that_was_put_back_by_hand_is_noticed(cluster: Cluster, tmp_path: Path) -> None:
    """A restored dump holds an older ledger: the next answer names what is there and no more, so stations send the
    rest again."""
    url = cluster.database()
    name = url.rpartition("/")[2]
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 101))))
    dump = subprocess.run([program("pg_dump"), "-Fc", url], check=True, capture_output=True).stdout
    sink.commit(delivery(*(row(seq) for seq in range(101, 601))))
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")
    cluster.run(f"CREATE DATABASE {name}")
    subprocess.run([program("pg_restore"), "-d", url], input=dump, check=True, capture_output=True)
    for _ in range(2):
        with suppress(SinkError):  # the connection to what was dropped
            sink.look()
    assert sink.held("s", frozenset({"e"})) == [Span("e", 1, 100)]
    sink.commit(delivery(*(row(seq) for seq in range(50, 601))))
    assert len(kept(url)) == 600
    assert sink.compare() == 0
    sink.close()


def test_a_restore_changes_the_generation(sink: DatabaseSink, url: str) -> None:
    """Another number, which running hubs see at their next look; the ledger's id stays."""
    before = sink.id, sink.generation
    assert not sink.look()
    other = opened(url)
    schema.renew_generation(other)
    other.close()
    assert sink.look()
    assert not sink.look()
    assert sink.id == before[0]
    assert 0 < sink.generation < 2**53
    assert sink.generation != before[1]


ZONES: list[tuple[Any, ...]] = [("UTC",), ("Asia/Shanghai",), ("America/Los_Angeles",)]


def test_people_see_the_stations_day(sink: DatabaseSink, url: str) -> None:
    """A minute is in the day of its begin by the station's own clock, whatever zone the reader's session has."""
    setup = {"site": {"utc_offset_h": 8.0}, "sensors": [], "flags": "QARTOD", "configuration": "x"}
    sink.commit(delivery(row(1, setup, kind=Kind.SETUP)))
    day = 24 * 60
    for seq in (day - 8 * 60 - 1, day - 8 * 60, day - 1):
        record = row(seq).raw.replace(b'"setup":null', b'"setup":1')
        sink.commit(delivery(came(record)))
    engine = opened(url)
    for zone in ZONES:
        if engine.postgres:
            engine.query("SELECT set_config('TimeZone', %s, false)", zone)
        found_days = engine.query("SELECT seq, day, start_local, start_us, end_us, value FROM minute ORDER BY seq")
        days = [str(line[1]) for line in found_days]
        assert days == ["2026-01-01", "2026-01-02", "2026-01-02"]
        assert [str(line[2]).replace("T", " ") for line in found_days][1] == "2026-01-02 00:00:00"
        assert [line[4] - line[3] for line in found_days] == [60_000_000] * 3
        assert found_days[1][3] == UTC0 + 16 * 3600 * 1_000_000
        assert engine.query("SELECT utc_offset_s FROM setup") == [(28800,)]
    engine.close()


@pytest.mark.parametrize(
    "site", [None, {}, *({"utc_offset_h": offset} for offset in ("x", 1e300, [1], -(2**63), 2**63, -24, 24))], ids=str
)
def test_a_setup_that_says_nonsense_blocks_no_reader_and_no_commit(sink: DatabaseSink, url: str, site: Any) -> None:
    """The views answer whatever a station says of its place, and minutes that were made under it are counted."""
    sink.commit(delivery(row(1, {"site": site}, kind=Kind.SETUP), row(2)))
    under_it = came(row(3).raw.replace(b'"setup":null', b'"setup":1'))
    assert sink.commit(delivery(under_it, row(4, station="t"))).fates == (RowFate.NEW,) * 2
    sink.look()
    assert query(url, "SELECT utc_offset_s FROM setup") == [(None,)]
    for view in ("minute", "setup", "event", "station"):
        assert query(url, f"SELECT * FROM {view}")
