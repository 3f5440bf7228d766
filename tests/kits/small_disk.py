"""A disk that is soon full: a small file system in memory, where the tests may mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"
PIECES = (65_536, 4096)  # bytes: what is left then is less than a page of SQLite


@contextmanager
def small_disk(folder: Path, megabytes: int = 12, files: int = 0) -> Iterator[Path]:
    """Give an empty disk of that size at `folder`, which is made. `files`: it holds so many, and folders; 0: any."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=0755,nr_inodes={files + 1 if files else 0}"  # one is the root's
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here, which takes root: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mounted(disk: Path, how: str) -> None:
    """Let it be written ("rw") or read alone ("ro"), which no file that is open for writing allows."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Leave no room on it, until `empty`."""
    with (disk / BALLAST).open("wb", buffering=0) as file:
        for size in PIECES:
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:  # no space is left for a piece of this size
                continue


def empty(disk: Path) -> None:
    """Let there be room again."""
    (disk / BALLAST).unlink()
