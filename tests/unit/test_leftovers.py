"""What a session of tests leaves behind is seen, so that it can fail for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kits import leftovers, real_parts
from tests.kits.broker import until
from tests.kits.store_kit import memory_folder


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_a_process_is_seen_whoever_is_its_parent() -> None:
    """A process whose starter has ended is still the session's, and is seen until it ends."""
    shell = subprocess.run(["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, check=True)
    orphan = int(shell.stdout)
    assert leftovers.processes()[orphan] == "sleep 600"
    os.kill(orphan, signal.SIGKILL)
    assert not [line for line in leftovers.after_a_while() if f"process {orphan}:" in line]


KILLED = """
import time
from tests.conftest import *

def test_of_a_session_that_is_killed(cluster):
    print("folder", cluster.folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.slow  # it makes a PostgreSQL of its own
def test_a_session_that_is_killed_leaves_neither_process_nor_folder(tmp_path: Path) -> None:
    """A run of tests that is killed takes its PostgreSQL and the database's folder with it."""
    (tmp_path / "test_killed.py").write_text(KILLED)
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        tmp_path / "own",
        tmp_path,
    ]
    with subprocess.Popen([*map(str, words)], cwd=leftovers.ROOT, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        folder = next(Path(line.split()[-1]) for line in session.stdout if "folder" in line)
        running = ["pgrep", "-f", str(folder)]
        there = folder.exists() and subprocess.run(running, check=False, stdout=subprocess.DEVNULL).returncode == 0
        session.kill()
    assert there
    until(lambda: not folder.exists(), 30)
    assert subprocess.run(running, check=False).returncode == 1


def test_a_file_beside_pytests_own_is_seen(tmp_path: Path) -> None:
    """What lies in the session's temporary folder is named."""
    named = f"file {tmp_path}/minshan-demo-x"
    assert named not in leftovers.files(tmp_path)
    (tmp_path / "minshan-demo-x").mkdir()
    assert named in leftovers.files(tmp_path)


def test_a_folder_in_memory_is_seen_while_it_is_there(tmp_path: Path) -> None:
    """A test's folder beside pytest's own is known as this session's, and is gone with the test."""
    with memory_folder() as folder:
        assert f"file {folder}" in leftovers.files(tmp_path)
    assert f"file {folder}" not in leftovers.files(tmp_path)


def test_a_missing_part_fails_where_all_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI set a missing broker is a failure with its name, otherwise a skip with it."""
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="a real part is missing: mosquitto"):
        real_parts.missing("mosquitto")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="a real part is missing: mosquitto"):
        real_parts.missing("mosquitto")
