"""What the hub's commands say of names: near ones of many, signs that turn a line about, a database that was there."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.command import minshan
from tests.kits.sink_kit import delivery, row


@pytest.fixture(name="config")
def a_hub_of_many(tmp_path: Path) -> Path:
    """Give the file of a hub that forty stations have sent a record to, written over the database that is there."""
    sink = DatabaseSink(opened(f"sqlite://{tmp_path}/hub.db"))
    sink.commit(delivery(*(row(1, station=f"orchard-{number}") for number in range(40))))
    sink.close()
    out = tmp_path / "hub.toml"
    words = ("--broker", "mqtt://127.0.0.1:9", "--database", f"sqlite://{tmp_path}/hub.db")
    made = minshan("hub", "init", *words, "--pictures", str(tmp_path / "pictures"), "--out", str(out))
    assert "The database was there already: its 40 records are kept." in made.out, made.out + made.err
    assert "created" not in made.out
    return out


def test_a_wrong_name_among_many_is_one_clear_line(config: Path) -> None:
    """The nearest stations are named, not all; where none is near, the command that lists them."""
    near = minshan("hub", "gaps", "--config", str(config), "--station", "orchrd-7").err
    assert "There are: orchard-7, " in near and near.count("orchard-") == 3
    far = minshan("hub", "gaps", "--config", str(config), "--station", "zzz").err
    assert "`minshan hub status` names all stations." in far and "orchard-" not in far


def test_a_name_that_turns_a_line_about_is_seen_as_what_it_is(config: Path) -> None:
    """A mark from right to left, pasted with a token's name, is written out."""
    told = minshan("hub", "token", "revoke", "county\u202e", "--config", str(config))
    assert told.code != 0 and 'there is no "county<U+202E>"' in told.err
