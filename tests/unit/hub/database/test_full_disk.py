"""What commands say on a disk that is full: the file that has no room, in one line, and nothing half stays behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.backup import backup
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import SinkError
from tests.kits.command import minshan
from tests.kits.postgres import Cluster
from tests.kits.sink_kit import delivery, kept, row
from tests.kits.small_disk import BALLAST, empty, fill, small_disk

CHINESE = {"LC_ALL": "zh_CN.UTF-8", "LANGUAGE": ""}


@pytest.fixture(name="disk")
def a_small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as made:
        yield made


def keep(database: Path) -> Path:
    """Keep some minutes in a database. Return a hub's file that names it."""
    sink = DatabaseSink(opened(f"sqlite://{database}"))
    sink.commit(delivery(*(row(seq) for seq in range(1, 500))))
    sink.close()
    config = database.parent.parent / "hub.toml"
    config.write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "sqlite://{database}"\n'
        f'[pictures]\ndir = "{config.parent}/pictures"\n'
    )
    return config


@pytest.mark.slow
def test_a_backup_or_an_export_that_finds_no_room_names_its_own_file(tmp_path: Path, disk: Path) -> None:
    """Not the database, whose disk has room; nothing of it stays, and where there is room again it is written."""
    (tmp_path / "own").mkdir()
    config = keep(tmp_path / "own" / "hub.db")
    minutes = ("export", "--station", "s", "--from", "2026-01-01", "--to", "2026-01-01", "--format")
    fill(disk)
    for words, sentence in (
        (("backup",), "No space is left for {out}"),
        *(((*minutes, form), "{out} cannot be used: No space left on device") for form in ("csv", "xlsx", "jsonl")),
    ):
        out, before = disk / "out", sorted(disk.iterdir())
        command = ("hub", *words, "--config", str(config), "--out", str(out))
        said = minshan(*command)
        assert (said.code, said.out) == (6, ""), said
        assert said.err.strip().removeprefix("Error: ").rstrip(".") == sentence.format(out=out)
        assert sorted(disk.iterdir()) == before
        assert str(out) in minshan(*command, env=CHINESE).err
    empty(disk)
    assert minshan("hub", "backup", "--config", str(config), "--out", str(disk / "out")).code == 0


def test_a_dump_that_finds_no_room_names_its_file(disk: Path, cluster: Cluster) -> None:
    """As a backup of SQLite does; PostgreSQL's program names none."""
    url = cluster.database()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 500))))
    fill(disk)
    with closing(opened(url)) as engine, pytest.raises(SinkError, match=f"^no space is left for {disk}/out$"):
        backup(engine, url, None, disk / "out")
    assert [file.name for file in disk.iterdir()] == [BALLAST]
    sink.close()


def test_status_says_that_the_disk_of_a_servers_records_is_full(tmp_path: Path, cluster: Cluster) -> None:
    """Though it is a disk of theirs alone, and all that is there can be read and changed; not where there is room."""
    (tmp_path / "own").mkdir()
    config = keep(tmp_path / "own" / "hub.db")
    url = cluster.database()
    name, folder = url.rpartition("/")[2], cluster.folder / "small"
    config.write_text(config.read_text().replace(f"sqlite://{tmp_path}/own/hub.db", url))
    with closing(DatabaseSink(opened(url))) as sink, small_disk(folder) as disk:
        (disk / "own").mkdir()
        shutil.chown(disk / "own", cluster.folder.owner())
        cluster.run(f"CREATE TABLESPACE small LOCATION '{disk}/own'")
        cluster.run("ALTER TABLE record SET TABLESPACE small", name)
        sink.commit(delivery(row(1)))
        for fills, said in ((fill, True), (empty, False)):
            fills(disk)
            status = minshan("hub", "status", "--config", str(config)).out
            assert ("no space is left on the disk of PostgreSQL" in status, "s: last heard" in status) == (said, True)
        cluster.run("ALTER TABLE record SET TABLESPACE pg_default", name)
        cluster.run("DROP TABLESPACE small")


def test_a_restore_that_finds_no_room_changes_nothing(tmp_path: Path, disk: Path) -> None:
    """The file that it names is the database, and that one is as it was."""
    for folder in (tmp_path / "own", disk / "own"):
        folder.mkdir()
        config = keep(folder / "hub.db")
    with closing(opened(f"sqlite://{tmp_path}/own/hub.db")) as engine:
        backup(engine, f"sqlite://{tmp_path}/own/hub.db", None, tmp_path / "backup")
    fill(disk)
    said = minshan("hub", "restore", "--config", str(config), "--from", str(tmp_path / "backup"))
    assert (said.code, said.err.strip()) == (6, f"Error: No space is left for {disk}/own/hub.db")
    empty(disk)
    assert not [file for file in (disk / "own").iterdir() if file.name.startswith(".")]
    assert len(kept(f"sqlite://{disk}/own/hub.db")) == 499


def test_a_database_on_a_full_disk_says_that_there_is_no_room(disk: Path) -> None:
    """Even to read it SQLite wants some room beside it: each command that looks into it says so, in one line."""
    (disk / "own").mkdir()
    config, database = keep(disk / "own" / "hub.db"), disk / "own" / "hub.db"
    fill(disk)
    for words in (("status",), ("gaps",), ("user", "list")):
        said = minshan("hub", *words, "--config", str(config))
        assert (said.code, said.err.strip().removeprefix("Error: ")) == (6, f"No space is left for {database}"), words
    assert f"{database} 所在磁盘已满" in minshan("hub", "status", "--config", str(config), env=CHINESE).err
    empty(disk)
    assert "499 received" in minshan("hub", "gaps", "--day", "2026-01-01", "--config", str(config)).out
