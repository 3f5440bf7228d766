"""What is left of a database whose file was lost is thrown away by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.backup import backup, restore
from hub.database.engine import opened
from hub.database.errors import DatabaseRefusedError
from hub.database.sink import DatabaseSink
from tests.kits.sink_kit import delivery, kept, row


@pytest.mark.parametrize("empty", [True, False])
def test_the_log_of_a_lost_database_is_kept(tmp_path: Path, empty: bool) -> None:
    """A card may leave an empty file, or none, beside a full log, which SQLite deletes when it opens the file.

    Nothing opens it then; a restore gives the log another name first.
    """
    url, database, log = f"sqlite://{tmp_path}/hub.db", tmp_path / "hub.db", tmp_path / "hub.db-wal"
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1)))
    backup(opened(url), url, None, tmp_path / "backup")
    sink.commit(delivery(*(row(seq) for seq in range(2, 400))))
    of_log = log.read_bytes()
    sink.close()
    database.unlink()
    if empty:
        database.touch()
    log.write_bytes(of_log)
    for attempt in (lambda: DatabaseSink(opened(url)), lambda: kept(url)):
        with pytest.raises(DatabaseRefusedError, match=r"its log .*hub\.db-wal holds data"):
            attempt()
    assert log.read_bytes() == of_log
    aside = restore(url, None, tmp_path / "backup")
    assert (len(kept(url)), aside) == (1, tmp_path / "hub.db-wal.before-restore")
    assert aside is not None and aside.read_bytes() == of_log
    assert restore(url, None, tmp_path / "backup") is None
