"""How a command says that it cannot do what was asked, or that something is not yet as it should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.reason import Reason
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from provisioning.commands.exits import CommandError, Exit
from tests.kits.command import minshan
from tests.unit.edge.config.test_config import BME, STATION

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


def test_a_secret_that_is_not_there_is_noted_before_the_start(tmp_path: Path) -> None:
    """Whoever writes the password itself where its file is to stand is told; what is there is no matter."""
    file, secret = tmp_path / "station.toml", tmp_path / "secret"
    secret.touch(0o600)
    text = STATION + BME + f'[broker]\nurl = "mqtt://a@127.0.0.1"\npassword_file = "{secret}"\n'
    file.write_text(text)
    assert "password_file" not in minshan("run", "--check", "--config", str(file)).out
    file.write_text(text.replace(str(secret), "apple7"))
    assert "! password_file = apple7: this file is not there\n" in minshan("run", "--check", "--config", str(file)).out


def test_so_is_one_of_another_platform_and_of_a_channel(tmp_path: Path) -> None:
    """At a station, and at a hub by its status."""
    more = (
        '[[forward]]\nname = "f"\nkind = "http-json"\nurl = "https://h.example/x"\nsecret_file = "/none/secret"\n'
        '[[channel]]\nname = "g"\nkind = "wecom"\nkey_file = "/none/key"\n'
    )
    file = tmp_path / "station.toml"
    file.write_text(STATION + BME + more)
    said = minshan("run", "--check", "--config", str(file)).out
    hub = tmp_path / "hub.toml"
    DatabaseSink(opened(f"sqlite://{tmp_path}/hub.db")).close()
    head = f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "sqlite://{tmp_path}/hub.db"\n'
    hub.write_text(f'{head}[pictures]\ndir = "{tmp_path}/pictures"\n{more}')
    for one in (said, minshan("hub", "status", "--config", str(hub)).out):
        assert "! secret_file = /none/secret: this file is not there\n" in one
        assert "! key_file = /none/key: this file is not there\n" in one
