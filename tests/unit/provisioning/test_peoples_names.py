"""The names of people: whoever lives in the valley can log in, be notified and confirm under their own name."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.command import minshan

NAMES = ["扎西·多吉", "བསོད་ནམས་རྒྱ་མཚོ", "རྡོ་རྗེ", "王䶮", "\U0002c4ee", "Ěrmā-Zisu", "ꀀꀁ", "مەۋلان", "ᠪᠠᠲᠤ", "김철수"]
NO_NAMES = ["张 三", "·扎西", "王😀", "王/三", "张\u202e三", "张\u200b三", "Аnna", "ᠪ\u180e", "김\u3164"]
CHANNEL = '[[channel]]\nname = "voice"\nkind = "webhook"\nurl = "http://127.0.0.1:9/call"\n'


@pytest.fixture(name="hub", scope="module")
def a_hub_with_a_channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a hub, beside it a password."""
    folder = tmp_path_factory.mktemp("hub")
    DatabaseSink(opened(f"sqlite://{folder}/hub.db")).close()
    (folder / "password").write_text("correct horse battery")
    (folder / "hub.toml").write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "sqlite://{folder}/hub.db"\n'
        f'[pictures]\ndir = "{folder}/pictures"\n{CHANNEL}'
    )
    return folder / "hub.toml"


def codes(hub: Path, name: str) -> list[int]:
    """Add somebody who logs in and who is notified, at the hub and at a station; the exit codes."""
    station = hub.with_name("station.toml")
    station.write_text(
        f'[station]\nid = "maoxian-1"\n[site]\nlatitude = 31.68\nlongitude = 103.85\naltitude_m = 1590.0\n'
        f'[state]\ndir = "{hub.parent}"\n{CHANNEL}[[person]]\nname = "{name}"\nphone = "13800000000"\n',
        encoding="utf-8",
    )
    of_hub, password = ("--config", str(hub)), str(hub.with_name("password"))
    return [
        minshan("hub", "user", "add", "--role", "grower", "--password-file", password, name, *of_hub).code,
        minshan("hub", "person", "add", name, "--channel", "voice", "--phone", "13800000000", *of_hub).code,
        minshan("run", "--check", "--config", str(station)).code,
    ]


@pytest.mark.parametrize("name", NAMES)
def test_people_are_written_as_they_are_called(hub: Path, name: str) -> None:
    """With the dot of names that are not Han, in the letters of China's peoples or Latin ones, with rare characters."""
    assert codes(hub, name) == [0, 0, 0]
    assert f"{name}: grower" in minshan("hub", "user", "list", "--config", str(hub)).out
    assert name in minshan("hub", "person", "list", "--config", str(hub)).out


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_is_refused_at_each_place(hub: Path, name: str) -> None:
    """Spaces, signs that are not seen, pictures: two names must not look alike, nor break an address."""
    assert codes(hub, name) == [2, 2, 3]
