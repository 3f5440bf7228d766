"""The hub of a demo: what it takes, and what is said where it cannot be set up."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provisioning.demo.hub_setup import HubFacts, prepared
from tests.kits.command import ENGLISH, minshan

LOADED = """
import sys
import provisioning.demo.demo
print(*sorted(name for name in sys.modules if name in {"hub.hub", "hub.database.engine", "tomlkit", "argon2"}))
"""


def test_a_demo_keeps_nothing_in_memory_of_what_sets_up_its_hub() -> None:
    """That is another process's: 20 MB, a quarter of what a demo takes."""
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "is another program's database (it has mine)"), ("zh", "是别的程序的数据库（其中有 mine）")],
)
def test_a_database_of_another_program_ends_a_demo_with_one_line(lang: str, said: str, tmp_path: Path) -> None:
    """The folder is somebody's who has a hub.db of his own: it stays as it is, and the demo says why it ends."""
    with closing(sqlite3.connect(tmp_path / "hub.db")) as other:
        other.execute("CREATE TABLE mine (x)")
        other.commit()
    before = (tmp_path / "hub.db").read_bytes()
    ended = minshan("demo", "--state", str(tmp_path), "--for", "1m", "--lang", lang)
    assert ended.code == 6
    assert said in ended.err and str(tmp_path / "hub.db") in ended.err
    assert len(ended.err.splitlines()) <= 2
    assert (tmp_path / "hub.db").read_bytes() == before


def test_a_demo_whose_hub_has_lost_its_database_ends_as_it_should(tmp_path: Path) -> None:
    """Somebody has deleted it meanwhile: that is said, and the station's own report is there."""
    report = tmp_path / "report.json"
    words = ("demo", "--state", str(tmp_path), "--for", "3m", "--speed", "60", "--report", str(report))
    command = [sys.executable, "-m", "provisioning.main", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | ENGLISH) as demo:
        assert demo.stdout is not None
        while b" minute " not in demo.stdout.readline():
            assert demo.poll() is None
        (tmp_path / "hub.db").unlink()
        _, said = demo.communicate(timeout=60)
    assert (demo.returncode, len(said.splitlines())) == (0, 1), said
    assert f"{tmp_path}/hub.db" in said.decode()
    assert json.loads(report.read_text())["hub"] == []


def test_a_set_up_that_breaks_is_no_success(capfd: pytest.CaptureFixture[str]) -> None:
    """What the process printed goes into the report of an unexpected error, and not to the terminal."""
    no_path: Any = None
    with pytest.raises(RuntimeError, match="ValidationError"):
        prepared(HubFacts(no_path, "", "", "", None, {}, None))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--station", "果园"), "'--station': must be 1 to 32 lower-case letters"),
        (("--station", "all"), "'--station': no station may be called all"),
        (("--broker", "farm"), "'--broker': must be an address such as mqtt://host:1883"),
        (("--report", "/nowhere/report.json"), "/nowhere/report.json: No such file or directory"),
    ],
)
def test_what_is_typed_wrong_is_told_of_the_option_before_anything_runs(words: tuple[str, str], said: str) -> None:
    """Not of a file in a folder that is gone, nor after a whole day was played."""
    ended = minshan("demo", "--for", "1m", *words)
    assert (ended.code in (2, 6), ended.out) == (True, "")
    assert said in ended.err and "minshan-demo-" not in ended.err
