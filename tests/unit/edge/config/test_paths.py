"""Paths that no file can have, or that have another kind of thing at them, are refused in every key that is a path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from drivers.catalog import catalog
from drivers.paths import possible
from edge.config.delivery import CHANNELS
from edge.config.forward import FORWARDS
from edge.config.sections import Config
from hub.config import HubConfig
from tests.unit.edge.config.test_config import STATION, mistakes
from tests.unit.edge.config.test_wrong_values import hub_mistake

PATHS = ("dir", "path", "port", "chip", "profile")
# A table of a station's file with a path in it, and the path's key.
FILES = (
    ('[broker]\nurl = "mqtts://h"\n', "password_file"),
    ('[broker]\nurl = "mqtts://h"\n', "ca_file"),
    ('[[camera]]\nname = "c"\ndriver = "http"\nurl = "http://h/x"\n', "password_file"),
    ('[[forward]]\nname = "f"\nkind = "http-json"\nurl = "https://h/x"\n', "secret_file"),
    ('[[forward]]\nname = "f"\nkind = "mqtt-json"\nurl = "mqtts://h"\n', "ca_file"),
    ('[[channel]]\nname = "g"\nkind = "wecom"\n', "key_file"),
    ('[[channel]]\nname = "m"\nkind = "mail"\nurl = "smtp://h"\nsender = "a@b"\n', "ca_file"),
)
DEVICES = (
    ('[[sensor]]\nname = "t"\ndriver = "w1-therm"\n', "path"),
    ('[[sensor]]\nname = "n"\ndriver = "nmea"\n', "port"),
    ('[[sensor]]\nname = "m"\ndriver = "modbus"\nport = "/dev/x"\n', "profile"),
    ('[[sensor]]\nname = "p"\ndriver = "pulses"\nline = 4\nkind = "rain"\n', "chip"),
)
NEVER = (
    ("", "must not be empty"),
    (r"/a\u0000b.toml", "it contains a character that no path can contain (0x00)"),
    (r"/a\n", "it contains a character that no path can contain (0x0a)"),
    (" /a", "remove the space before or after the path"),
    ("~/a", "write the full path instead of ~, such as /home/..."),
    ("/" + "x" * 256, "is too long: a path has at most 4095 bytes, each name in it 255"),
    ("/" + "山" * 90, "is too long: a path has at most 4095 bytes, each name in it 255"),
    ("/x" * 2100, "is too long: a path has at most 4095 bytes, each name in it 255"),
)


@pytest.mark.parametrize(("table", "key"), [*FILES, *DEVICES])
@pytest.mark.parametrize(("path", "said"), NEVER)
def test_a_path_that_nothing_can_have_is_refused(tmp_path: Path, table: str, key: str, path: str, said: str) -> None:
    """One line, with the file's line, the key, what stands there, and what would be right."""
    text = f'{STATION}{table}{key} = "{path}"\n'
    (found,) = [line for line in mistakes(tmp_path, text) if f".{key} = " in line]
    assert found.startswith(f"station.toml:{text.count(chr(10))}: ") and found.endswith(f": {said}")


@pytest.mark.parametrize(("table", "key"), FILES)
def test_a_file_is_no_folder_and_no_device(tmp_path: Path, table: str, key: str) -> None:
    """A folder, a device and a path below a file are refused where a file is to be; one that is not there is not."""
    (tmp_path / "file").write_text("x")

    def said(path: Path) -> list[str]:
        text = f'{STATION}{table}{key} = "{path}"\n'
        return [line.rpartition(": ")[2] for line in mistakes(tmp_path, text) if f".{key} = " in line]

    assert said(tmp_path) == ["is a folder, not a file"]
    assert said(Path("/dev/null"))[0] == "is not a regular file"
    assert said(tmp_path / "file" / "x") == [f"{tmp_path / 'file'} is not a folder"]


def test_a_password_in_place_of_its_file_is_not_shown(tmp_path: Path) -> None:
    """It would stand on the screen and in the journal; what is wrong with it is said all the same."""
    text = f'{STATION}[broker]\nurl = "mqtts://h"\npassword_file = "hunter2 "\n'
    (said,) = mistakes(tmp_path, text)
    assert said.endswith("remove the space before or after the path") and "hunter2" not in said


@pytest.mark.parametrize("below", ["", "/x", "/x/y"])
def test_the_folder_of_the_data_is_no_file(tmp_path: Path, below: str) -> None:
    """A file where the folder is to be, or on the way to it."""
    file = tmp_path / "file"
    file.write_text("x")
    (said,) = mistakes(tmp_path, STATION.replace("/var/lib/minshan", f"{file}{below}"))
    assert said.startswith('station.toml:8: state.dir = "') and said.endswith(f": {file} is not a folder")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("sqlite:///x.db", "sqlite:///dev/null/x.db", "/dev/null is not a folder"),
        ("sqlite:///x.db", "sqlite:///dev", "is a folder, not a file"),
        ("sqlite:///x.db", "sqlite:///a%00b", "it contains a character that no path can contain (0x00)"),
        ("sqlite:///x.db", "sqlite:///", "must be sqlite:///FILE with a full path, or postgresql://user@host/name"),
        ('dir = "p"', 'dir = "/dev/null"', "/dev/null is not a folder"),
        ('dir = "p"', 'dir = ""', "must not be empty"),
        ('dir = "p"', 'dir = "p"\n[http]\ncert_file = "/dev"\nkey_file = "/x"', "is a folder, not a file"),
        ("[pictures]", 'password_file = "/dev"\n[pictures]', "is a folder, not a file"),
    ],
)
def test_the_paths_of_a_hub_are_bounded_too(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """Its database, its folder of photos, its certificate and its password."""
    assert str(hub_mistake(tmp_path, right, wrong).reason).endswith(said)


def fields(model: Any, seen: set[Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield the model, the name and what bounds it of each field of a file, those of its tables too."""
    for kind in (model, *getattr(model, "__args__", ())):
        if kind is model and not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            continue
        if kind is not model:
            yield from fields(kind, seen)
        elif kind not in seen:
            seen.add(kind)
            for name, field in kind.model_fields.items():
                inner = [field.annotation, *getattr(field.annotation, "__args__", ())]
                bounds = [*field.metadata, *(bound for one in inner for bound in getattr(one, "__metadata__", ()))]
                yield kind.__name__, name, bounds
                yield from fields(field.annotation, seen)


def test_every_key_that_is_a_path_is_bounded_as_one() -> None:
    """A key added tomorrow is bounded too: by its name it is known as a path."""
    models = [Config, HubConfig, *CHANNELS.values(), *FORWARDS.values(), *(one.settings for one in catalog().values())]
    seen: set[Any] = set()
    found = [one for model in models for one in fields(model, seen)]
    named = [one for one in found if (one[1].endswith("_file") or one[1] in PATHS) and one[:2] != ("Config", "path")]
    free = [one[:2] for one in named if not any(getattr(bound, "func", None) is possible for bound in one[2])]
    assert len(named) > 20 and not free
