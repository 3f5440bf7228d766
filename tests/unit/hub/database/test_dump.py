"""PostgreSQL's own programs: what they say of a database is told in their words, and what they wrote is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub import dump
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import SinkError
from tests.kits.postgres import Cluster, program
from tests.kits.sink_kit import delivery, row


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
    short = tmp_path / "bin" / "pg_dump"
    short.parent.mkdir()
    short.write_text(f'#!/bin/sh\n"{program("pg_dump")}" "$@" | head -c 2000\n')
    short.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(short.parent), os.environ["PATH"]]))
    with pytest.raises(SinkError, match="pg_restore"):
        dump.write(url, None, tmp_path / "backup")
