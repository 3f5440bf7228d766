"""How a command says that it cannot do what was asked: in English as a sentence that begins as one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.reason import Reason
from provisioning.commands.exits import CommandError, Exit

ROOT = Path(__file__).parents[3]
FULL = Reason("no_room_for", "no space is left for {file}", file="hub.db")


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (FULL, "No space is left for hub.db"),
        (Reason("no_sqlite", "{file} is not an SQLite database", file="notes"), "notes is not an SQLite database"),
        (Reason("said", "{text}", text="pg_dump: error: no room"), "pg_dump: error: no room"),
    ],
    ids=str,
)
def test_what_a_part_refuses_begins_as_a_sentence(reason: Reason, sentence: str) -> None:
    """A name that stands first stays as it is, and so do another program's words."""
    assert CommandError(Exit.STORE, reason).sentence == sentence


def test_no_refusal_of_a_command_begins_with_a_small_letter() -> None:
    """Neither one of its own words nor one that it has rendered itself."""
    wrong = re.compile(r"CommandError\(\s*[\w.]+,\s*(_\(\s*f?['\"][a-z]|(texts\.)?render\()")
    files = sorted((ROOT / "provisioning").rglob("*.py"))
    assert [f"{file.name}: {hit[0]}" for file in files for hit in wrong.finditer(file.read_text())] == []
