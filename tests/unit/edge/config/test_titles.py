"""What people call a station stands in lines of messages, of a page and of a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.file import load
from hub.config import checked
from tests.unit.edge.config.test_config import STATION

HUB = '[broker]\nurl = "mqtt://h"\n[database]\nurl = "sqlite:///x/h.db"\n[pictures]\ndir = "/x/p"\n[alarms.names]\n'


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (r"上寨\n果园", "上寨 果园"),
        (r"\t上寨\r\n\u0000\u001b[31m果园 ", "上寨 [31m果园"),
        (r"上寨\u202e园果", "上寨 园果"),
        (r"上寨\u2028\u2066果园", "上寨 果园"),
        ("长" * 60, "长" * 60),
        ("مەۋلان باغ", "مەۋلان باغ"),
        ("རྡོ་རྗེ", "རྡོ་རྗེ"),
        ("👩\u200d🌾的园", "👩\u200d🌾的园"),
        ("=1+1, <b>*_'", "=1+1, <b>*_'"),
    ],
)
def test_a_name_is_one_line_of_signs_that_are_seen(tmp_path: Path, typed: str, shown: str) -> None:
    """A line end in it would begin another line of a message, an escape colour a terminal; all else is the people's."""
    file = tmp_path / "station.toml"
    file.write_text(STATION.replace("[site]", f'title = "{typed}"\n[site]'), encoding="utf-8")
    assert load(file).station.title == shown
    assert checked("hub.toml", f'{HUB}a-1 = "{typed}"\n').alarms.names == {"a-1": shown}
