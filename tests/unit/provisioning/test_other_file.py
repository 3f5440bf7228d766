"""A hub's file is no station's, and the other way round: whoever takes one for the other is told so, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kits.command import minshan
from tests.unit.edge.config.test_config import STATION

HUB = '[broker]\nurl = "mqtt://h"\n[database]\nurl = "sqlite:///x.db"\n[pictures]\ndir = "p"\n'


@pytest.mark.parametrize(
    ("words", "text", "en", "zh"),
    [
        (("run", "--check"), HUB, "this is the file of a hub: name that of a station", "请指定站的配置文件"),
        (("hub", "status"), STATION, "this is the file of a station: name that of a hub", "请指定中心的配置文件"),
    ],
)
def test_the_file_of_another_program_is_named_as_that(
    words: tuple[str, ...], text: str, en: str, zh: str, tmp_path: Path
) -> None:
    """Not a line for each of its tables."""
    file = tmp_path / "some.toml"
    file.write_text(text)
    said = minshan(*words, "--config", str(file))
    assert (said.code, said.err) == (3, f"Error: {file}: {en}\n")
    assert minshan(*words, "--config", str(file), "--lang", "zh").err.endswith(f"：{zh}\n")
