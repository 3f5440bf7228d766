"""PostgreSQL's own programs: what they say of a database is told in their words, and what they wrote is looked at."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from hub import dump
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import SinkError
from tests.kits.postgres import Cluster, program
from tests.kits.sink_kit import delivery, kept, row


def instead_of_pg_dump(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program of that name first in the PATH."""
    made = folder / "bin" / "pg_dump"
    made.parent.mkdir()
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(made.parent), os.environ["PATH"]]))


def test_what_hinders_a_dump_is_told_and_is_no_full_disk(cluster: Cluster, tmp_path: Path) -> None:
    """Whoever is told of a full disk deletes files, though the database is another one."""
    with pytest.raises(SinkError, match='database "nowhere" does not exist'):
        dump.write(cluster.url("nowhere"), None, tmp_path / "backup")


def test_a_dump_that_is_cut_short_is_no_backup(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that ends well though its last bytes never reached the disk leaves what cannot be restored."""
    url = cluster.database()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1)))
    sink.close()
    instead_of_pg_dump(tmp_path, monkeypatch, f'"{program("pg_dump")}" "$@" | head -c 2000')
    with pytest.raises(SinkError, match="pg_restore"):
        dump.write(url, None, tmp_path / "backup")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo NOTICE: much >&2; echo 'pg_dump: error: no way' >&2; echo more >&2; exit 1", "pg_dump: error: no way"),
        ("echo 'first of two' >&2; echo second >&2; exit 1", "first of two"),
        ("exit 7", "exit code 7"),
        ('echo "error: in $LC_ALL:$LANGUAGE:" >&2; exit 1', "error: in C.UTF-8::"),
        ('echo "error: as $PGPASSWORD" >&2; exit 1', "error: as secret"),
    ],
)
def test_a_program_that_fails_is_told_by_its_own_line(
    script: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In English, whatever the person speaks, as its words are told apart; the password is in no list of processes."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh")
    instead_of_pg_dump(tmp_path, monkeypatch, script)
    with pytest.raises(SinkError) as refused:
        dump.write("postgresql://nobody@nowhere/x", "secret", tmp_path / "backup")
    assert str(refused.value) == told


def test_a_connection_that_is_ending_is_waited_for(cluster: Cluster, tmp_path: Path) -> None:
    """Whoever has just stopped the hub restores at once."""
    url = cluster.database()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1)))
    dump.write(url, None, tmp_path / "backup")
    sink.commit(delivery(row(2)))
    ending = threading.Timer(1.0, sink.close)
    ending.start()
    dump.restore(url, None, tmp_path / "backup")
    ending.join()
    assert len(kept(url)) == 1


def test_a_backup_that_is_damaged_within_its_records_is_undone(cluster: Cluster, tmp_path: Path) -> None:
    """It is found while it is played: the program that plays it is ended, and all is as before."""
    url = cluster.database()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq) for seq in range(1, 3000))))
    sink.close()
    dump.write(url, None, tmp_path / "backup")
    whole = bytearray((tmp_path / "backup").read_bytes())
    at = len(whole) * 3 // 4  # behind the list of what it holds
    whole[at : at + 64] = bytes(64)
    (tmp_path / "backup").write_bytes(whole)
    with pytest.raises(SinkError, match="is not a backup of a hub: pg_restore"):
        dump.restore(url, None, tmp_path / "backup")
    assert len(kept(url)) == 2999
