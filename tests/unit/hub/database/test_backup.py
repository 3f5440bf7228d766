"""A backup can be opened and holds what was committed; putting it back loses nothing that a station still keeps."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from edge.records.spans import Span
from hub.backup import backup, restore
from hub.database import schema
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import SinkError
from tests.kits.broker import until
from tests.kits.command import minshan
from tests.kits.postgres import Cluster, program
from tests.kits.recount import check_hours
from tests.kits.sink_kit import delivery, kept, query, row

E = frozenset({"e"})
NEWER = len(schema.MIGRATIONS) + 1


def backed_up(url: str, out: Path) -> None:
    """Write a backup."""
    engine = opened(url, make=False)
    backup(engine, url, None, out)
    engine.close()


def ahead_of_its_backup(folder: Path) -> str:
    """Make a database of SQLite with a record that its backup, `backup` beside it, lacks. Return its address."""
    url = f"sqlite://{folder}/hub.db"
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1)))
    backed_up(url, folder / "backup")
    sink.commit(delivery(row(2)))
    sink.close()
    return url


def others_backup(url: str, out: Path) -> None:
    """Write what another program's database is backed up to."""
    if url.startswith("sqlite"):
        query(f"sqlite://{out}", "CREATE TABLE somebodys (thing)")
        query(f"sqlite://{out}", "PRAGMA journal_mode=DELETE")
        return
    query(url, "CREATE SCHEMA somebodys")
    query(url, "CREATE TABLE somebodys.things (thing text)")
    subprocess.run([program("pg_dump"), "-Fc", "-n", "somebodys", "-f", str(out), "-d", url], check=True)
    query(url, "DROP SCHEMA somebodys CASCADE")


def test_what_is_put_back_has_another_generation(url: str, tmp_path: Path) -> None:
    """The ledger names what the backup held and no more, so stations send the rest; its id stays."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 101))))
    backed_up(url, tmp_path / "backup")
    sink.commit(delivery(*(row(seq) for seq in range(101, 201))))
    before = sink.id, sink.generation
    with pytest.raises(SinkError, match="in use: stop the hub"):
        restore(url, None, tmp_path / "backup")
    assert len(kept(url)) == 200, "a restore that is refused has changed nothing"
    sink.close()
    restore(url, None, tmp_path / "backup")
    sink = DatabaseSink(opened(url))
    assert sink.held("s", E) == [Span("e", 1, 100)]
    assert (sink.id, sink.compare()) == (before[0], 0)
    assert sink.generation != before[1]
    sink.commit(delivery(*(row(seq) for seq in range(50, 201))))
    assert len(kept(url)) == 200
    sink.close()
    check_hours(url)
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith(".")) == []


def test_a_backup_while_the_hub_commits(url: str, tmp_path: Path) -> None:
    """Each opens, and has a ledger that names its rows."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1)))
    ended = threading.Event()

    def commit() -> None:
        first = 2
        while not ended.is_set():
            sink.commit(delivery(*(row(seq) for seq in range(first, first + 50))))
            first += 50

    thread = threading.Thread(target=commit)
    thread.start()
    try:
        for number in range(3):
            backed_up(url, tmp_path / f"backup{number}")
    finally:
        ended.set()
        thread.join(30)
        sink.close()
    for number in range(3):
        restore(url, None, tmp_path / f"backup{number}")
        sink = DatabaseSink(opened(url))
        assert sink.compare() == 0
        assert sink.held("s", E)[0].last == len(kept(url)) > 0
        sink.close()


def test_another_programs_database_is_not_replaced_by_a_backup(url: str, tmp_path: Path) -> None:
    """Whoever names a wrong database in the hub's file loses nothing in it."""
    DatabaseSink(opened(url)).close()
    backed_up(url, tmp_path / "backup")
    other = url
    if url.startswith("sqlite"):
        other = f"sqlite://{tmp_path}/other.db"
        query(other, "CREATE TABLE somebodys (thing)")
    else:
        for kind, name in query(
            url,
            "SELECT table_type, table_name FROM information_schema.tables "
            "WHERE table_schema = current_schema() ORDER BY table_type DESC",
        ):
            query(url, f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS {name} CASCADE")
        query(url, "CREATE TABLE somebodys (thing text)")
    with pytest.raises(SinkError, match=r"another program's database \(it has somebodys\)"):
        restore(other, None, tmp_path / "backup")
    assert query(other, "SELECT count(*) FROM somebodys") == [(0,)]
    assert not list(tmp_path.glob("*.before-restore"))


def test_what_is_no_backup_is_refused_and_changes_nothing(url: str, tmp_path: Path) -> None:
    """Somebody's text, half a backup, one of a newer hub, a file that is not there: one clear line each."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1), row(2)))
    sink.close()
    backed_up(url, tmp_path / "good")
    good, newer = (tmp_path / "good").read_bytes(), tmp_path / "newer"
    if url.startswith("sqlite"):
        newer.write_bytes(good)
        query(f"sqlite://{newer}", f"UPDATE minshan_hub SET version = {NEWER}")
        query(f"sqlite://{newer}", "PRAGMA journal_mode=DELETE")
    else:
        query(url, f"UPDATE minshan_hub SET version = {NEWER}")
        backed_up(url, newer)
        query(url, f"UPDATE minshan_hub SET version = {NEWER - 1}")
    (tmp_path / "text").write_text("somebody's notes " * 400)
    (tmp_path / "half").write_bytes(good[: len(good) // 2])
    (tmp_path / "empty").write_bytes(b"")
    others_backup(url, tmp_path / "others")
    holed = bytearray(good)
    holed[len(good) // 2 :] = b"\xff" * len(holed[len(good) // 2 :])
    (tmp_path / "holed").write_bytes(holed)
    said = dict.fromkeys(("text", "half", "holed", "empty", "others"), "is not a backup of a hub: ")
    said |= {"newer": "was written by a newer hub"}
    for name, words in said.items():
        with pytest.raises(SinkError, match=f"^{tmp_path / name} {words}") as refused:
            restore(url, None, tmp_path / name)
        assert len(str(refused.value).splitlines()) == 1
        assert len(kept(url)) == 2
    with pytest.raises(FileNotFoundError, match="nowhere"):
        restore(url, None, tmp_path / "nowhere")
    restore(url, None, tmp_path / "good")
    assert len(kept(url)) == 2


def test_a_lost_or_damaged_file_is_replaced(tmp_path: Path) -> None:
    """Where the file of SQLite is gone, or no database any more, the backup takes its place; the former one stays.

    With its own log: none is played into another file, nor one into the backup that a file deleted by hand has left.
    """
    url = ahead_of_its_backup(tmp_path)
    database, former = tmp_path / "hub.db", tmp_path / "hub.db.before-restore"
    log, former_log = tmp_path / "hub.db-wal", tmp_path / "hub.db.before-restore-wal"
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(2, 400))))
    of_log = log.read_bytes()
    sink.close()
    for file, content in ((database, b"damage" * 1000), (log, of_log), (former_log, b"an older one's")):
        file.write_bytes(content)
    restore(url, None, tmp_path / "backup")
    assert len(kept(url)) == 1
    assert (former.read_bytes()[:6], former_log.read_bytes()) == (b"damage", of_log)
    database.unlink()
    log.write_bytes(of_log)
    restore(url, None, tmp_path / "backup")
    assert len(kept(url)) == 1
    assert former.read_bytes().startswith(b"damage"), "there was no other one to set aside"
    restore(url, None, tmp_path / "backup")
    assert (len(kept(f"{url}.before-restore")), former_log.exists()) == (1, False)


def test_a_restore_that_is_killed_before_its_last_step_leaves_the_former_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At no instant is there no database where the hub looks for one: it would make an empty one, without a word."""
    url = ahead_of_its_backup(tmp_path)
    really = Path.replace

    def die(path: Path, target: Path) -> Path:
        if Path(target).name == "hub.db":
            raise KeyboardInterrupt
        return really(path, target)

    for _ in range(2):  # the second one finds what the first has left
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Path, "replace", die)
            restore(url, None, tmp_path / "backup")
        assert len(kept(url)) == 2
    restore(url, None, tmp_path / "backup")
    assert len(kept(url)) == 1
    assert len(kept(f"{url}.before-restore")) == 2
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_what_a_killed_restore_left_is_not_played_into_the_next(tmp_path: Path) -> None:
    """Its copy and the copy's log lie there; the log has pages of another database, which SQLite takes for newer."""
    url, part = f"sqlite://{tmp_path}/hub.db", tmp_path / ".hub.db.part"
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1)))
    backed_up(url, tmp_path / "backup")
    sink.commit(delivery(*(row(seq) for seq in range(2, 400))))
    for ending in ("", "-wal"):
        shutil.copyfile(f"{tmp_path}/hub.db{ending}", f"{part}{ending}")
    sink.close()
    restore(url, None, tmp_path / "backup")
    assert len(kept(url)) == 1
    for ending in ("", "-wal"):
        (tmp_path / f".other.part{ending}").write_bytes(b"left")
    backed_up(url, tmp_path / "other")
    assert len(kept(f"sqlite://{tmp_path}/other")) == 1


def test_a_copy_with_its_log_is_put_back_whole(tmp_path: Path) -> None:
    """Somebody copied the file of a hub that ran, and its log beside it: the newest minutes are in the log alone."""
    url = f"sqlite://{tmp_path}/hub.db"
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 30))))
    for ending in ("", "-wal"):
        shutil.copyfile(f"{tmp_path}/hub.db{ending}", f"{tmp_path}/copy{ending}")
    sink.close()
    restore(url, None, tmp_path / "copy")
    assert len(kept(url)) == 29


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_killed_restore_of_postgresql_is_undone(url: str, tmp_path: Path) -> None:
    """Whatever was played by then: the transaction ends with the last statement, which nobody sent."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 4000))))
    backed_up(url, tmp_path / "backup")
    sink.commit(delivery(row(4000)))
    sink.close()
    config = tmp_path / "hub.toml"
    config.write_text(f'[broker]\nurl = "mqtt://x"\n[database]\nurl = "{url}"\n[pictures]\ndir = "{tmp_path}/p"\n')
    words = ("hub", "restore", "--config", str(config), "--from", str(tmp_path / "backup"))
    playing = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'psql' AND datname = current_database()"
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as looker:  # neither is a hub
        reader.execute("SELECT count(*) FROM record")  # what reads it holds up who would drop it
        process = subprocess.Popen([sys.executable, "-m", "provisioning.main", *words])
        until(lambda: bool(looker.execute(playing).fetchall()), 60)
        process.kill()
        process.wait()
        reader.rollback()
        until(lambda: not looker.execute(playing).fetchall(), 60)
    assert len(kept(url)) == 4000
    restore(url, None, tmp_path / "backup")
    assert len(kept(url)) == 3999


def test_a_restore_that_the_server_refuses_says_so_and_blames_no_backup(cluster: Cluster, tmp_path: Path) -> None:
    """Whoever reads that his backup is none throws it away."""
    url = cluster.database()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 2000))))
    sink.close()
    backed_up(url, tmp_path / "backup")
    query(url, f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with pytest.raises(SinkError, match=r"^psql.* cannot execute .* read-only transaction$"):
        restore(url, None, tmp_path / "backup")


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    """A backup is not written over another; a restore says what comes next; what is wrong is one line."""
    url, config, out = f"sqlite://{tmp_path}/hub.db", tmp_path / "hub.toml", tmp_path / "b"
    config.write_text(f'[broker]\nurl = "mqtt://x"\n[database]\nurl = "{url}"\n[pictures]\ndir = "{tmp_path}/p"\n')
    DatabaseSink(opened(url)).close()
    words = ("--config", str(config))
    assert minshan("hub", "backup", *words, "--out", str(out)).code == 0
    assert "exists already" in minshan("hub", "backup", *words, "--out", str(out)).err
    assert "will send what it lacks" in minshan("hub", "restore", *words, "--from", str(out)).out
    missing = minshan("hub", "restore", *words, "--from", str(tmp_path / "none"))
    assert (missing.code, "none cannot be used" in missing.err) == (6, True)
    nowhere = minshan("hub", "backup", *words, "--out", str(tmp_path / "no" / "b"))
    assert nowhere.code == 2 and f"{tmp_path}/no/b cannot be written" in nowhere.err and "hub.db" not in nowhere.err
