"""Both databases: a new file of SQLite, and a new database in a PostgreSQL that one worker's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.postgres import Cluster


@pytest.fixture(name="url", params=["sqlite", "postgresql"])
def an_empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/hub.db"
    found: Cluster = request.getfixturevalue("cluster")
    return found.emptied()


@pytest.fixture(name="sink")
def an_empty_sink(url: str) -> Iterator[DatabaseSink]:
    """Give a sink over an empty database."""
    sink = DatabaseSink(opened(url))
    yield sink
    sink.close()
