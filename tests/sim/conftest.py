"""Simulated lives keep their stores in memory: none of them is about what a disk does when it is told to flush."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.store_kit import memory_folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Return a new folder, in memory where the machine has a file system there."""
    with memory_folder() as folder:
        yield folder
