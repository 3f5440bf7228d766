"""What the hub's commands say of what is not there: a station, a minute, an option; and of names that are wrong."""

from __future__ import annotations

import socket
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
    assert told.code != 0 and 'There is no "county<U+202E>"' in told.err


def made_hub(folder: Path, *words: str) -> str:
    """Return the file of a new hub."""
    out = folder / "hub.toml"
    words = ("--broker", "mqtt://127.0.0.1:9", "--pictures", str(folder / "pictures"), *words)
    made = minshan("hub", "init", "--database", f"sqlite://{folder}/hub.db", *words, "--out", str(out))
    assert made.code == 0, made.err
    return str(out)


def test_a_hub_that_has_nothing_yet_says_so(tmp_path: Path) -> None:
    """Nothing to show is a sentence, not an empty screen."""
    file = made_hub(tmp_path)
    assert "No station has sent anything yet.\n" in minshan("hub", "status", "--config", file).out
    assert minshan("hub", "gaps", "--config", file).out == "No minute has arrived yet.\n"


def test_a_hub_that_is_not_set_up_is_told_with_what_does_it() -> None:
    """Who names no file is told which one is looked for, and what writes one."""
    for lang, told in (("en", "write one with `minshan hub init`"), ("zh", "用 `minshan hub init` 写一个")):
        said = minshan("--lang", lang, "hub", "status")
        assert said.code == 3
        assert "/etc/minshan-hub/hub.toml" in said.err and told in said.err


def test_a_port_in_use_is_told_with_the_remedy(tmp_path: Path) -> None:
    """A second hub, or another service at the pages' port: in the person's words, with what to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        file = made_hub(tmp_path, "--http", address)
        told = minshan("--lang", "zh", "hub", "run", "--config", file)
    assert told.code == 6
    assert (
        f"错误：{address}：该地址和端口已被其他程序占用\n  → 请在 [http] 的 listen 里写本机的地址和空闲的端口"
        in told.err
    )


def test_a_relative_folder_of_photos_is_doubted(tmp_path: Path) -> None:
    """A hub that systemd starts would look for it below another folder than whoever wrote the file."""
    database, pictures = f"sqlite://{tmp_path}/hub.db", str(tmp_path / "pictures")
    file = tmp_path / "hub.toml"
    given = ("--broker", "mqtt://127.0.0.1:1", "--database", database, "--pictures", pictures, "--out", str(file))
    assert minshan("hub", "init", *given).code == 0
    told = "pictures.dir = pictures: is relative to whatever folder the program is started from"
    assert told not in minshan("hub", "status", "--config", str(file)).out
    file.write_text(file.read_text().replace(pictures, "pictures"))
    assert told in minshan("hub", "status", "--config", str(file)).out
