"""A terminal that speaks GBK or ASCII shows what it can, and no command ends in an error because of a sign."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kits.command import ENGLISH, minshan
from tests.kits.window import shown as shown_to
from tests.kits.window import shown_by
from tests.unit.edge.config.test_config import BME, STATION


def shown(encoding: str, *words: str) -> tuple[int, str, str]:
    """Return the code and both outputs of a command on a terminal of that encoding."""
    env = {**os.environ, **ENGLISH, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-m", "provisioning.main", *words], env=env, capture_output=True, timeout=60, check=False
    )
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


def test_a_gbk_terminal_is_spoken_to_in_chinese() -> None:
    """Units and marks that GBK lacks are written by their nearest signs."""
    code, said, wrong = shown("gbk", "--lang", "zh", "sensors", "test", "plantower")
    assert (code, wrong) == (0, "")
    assert "√" in said
    assert "?" not in said


def test_an_ascii_terminal_is_spoken_to_in_english(tmp_path: Path) -> None:
    """Where no Chinese can be shown, English is spoken; every sign is one that the terminal has."""
    file = tmp_path / "station.toml"
    file.write_text(STATION.replace("/var/lib/minshan", str(tmp_path / "茂县")) + BME)
    code, said, _wrong = shown("ascii", "--lang", "zh", "run", "--check", "--config", str(file))
    assert (code, said) == (0, f'{file} is right: station "maoxian-1", 1 sensor.\n')
    code, said, _wrong = shown("ascii", "sensors", "test", "bme280")
    assert code == 0
    assert said.startswith("+ ")


def test_a_path_that_the_locale_cannot_write_is_named_with_the_remedy(tmp_path: Path) -> None:
    """It is the locale that is to be changed; Minshan itself is not at fault."""
    file = tmp_path / "station.toml"
    file.write_text(STATION.replace("/var/lib/minshan", str(tmp_path / "茂县")) + BME)
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = minshan("status", "--json", "--config", str(file), env=locale)
    assert said.code == 2
    assert json.loads(said.out)["error"]["code"] == 2
    assert "the terminal's encoding, ascii, lacks characters of this path" in said.err
    assert "export LANG=zh_CN.UTF-8" in said.err


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_json_keeps_every_sign(encoding: str, tmp_path: Path) -> None:
    """A program reads back what stands in the file, whatever the terminal can show."""
    folder = tmp_path / "µ岷"
    folder.mkdir()
    code, said, _wrong = shown(encoding, "run", "--check", "--json", "--config", str(folder / "none.toml"))
    assert code == 3
    assert json.loads(said)["error"]["code"] == 3
    assert str(folder) in json.loads(said)["error"]["sentences"][0]


@pytest.mark.parametrize("name", ["zh_CN", "zh-CN.UTF-8", "cn", "chinese", "中文"])
def test_a_language_is_known_by_its_other_names(name: str) -> None:
    """Who writes a locale or the language's own name is understood."""
    done = subprocess.run(
        [sys.executable, "-m", "provisioning.main", "--lang", name, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "用法" in done.stdout


EVERY_SIGN = """
import sys
from edge.language.speech import catalogue
from provisioning.main import main
try:
    main(["--version"])
except SystemExit:
    told = catalogue("zh")._catalog.items()
    texts = [text for key, text in told if key] if sys.argv[1] == "zh" else [str(key) for key, _text in told]
    print("".join({sign for text in texts for sign in text} - {"?", "？"}))
"""


@pytest.mark.parametrize(("encoding", "lang"), [("ascii", "en"), ("gbk", "zh")])
def test_no_sign_of_any_text_is_lost(encoding: str, lang: str) -> None:
    """A minus that became a question mark would be another number."""
    command = [sys.executable, "-c", EVERY_SIGN, lang]
    env = {**os.environ, **ENGLISH, "PYTHONIOENCODING": encoding}
    said = subprocess.run(command, env=env, capture_output=True, timeout=60, check=True).stdout.decode(encoding)
    assert len(said) > 60
    assert "?" not in said


PAGED = r"""
from pathlib import Path
from provisioning.braille import curve
from provisioning.folding import page
from provisioning.main import main
try:
    main(["--version"])
except SystemExit:
    page([*["\u2212 \u00b5 \u00b1"] * 30, *curve([(0.0, 1.0), None, (0.0, 0.0)], 1, 0.0, 1.0)])
"""


def test_a_pager_gets_what_the_terminal_can_show() -> None:
    """Where the text is long another program writes it; a curve is drawn by dots and colons, a gap is a blank."""
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code, said = shown_by(80, 24, "-c", PAGED, env={**ENGLISH, **locale, "PAGER": "cat", "TERM": "xterm"})
    assert code == 0
    lines = said.rstrip().splitlines()
    assert (lines[-2], lines[-1]) == ("- u +/-", ":.")


TOLD = """
import os
from drivers.quantity import QUANTITIES
from edge.language import texts
from provisioning.main import main
try:
    main(["--version"])
except SystemExit:
    print("".join(texts.unit(quantity.unit) for quantity in QUANTITIES.values()))
"""


TITLED = """
from provisioning.commands.status import head
from provisioning.main import main
from tests.kits.statuses import status
import msgspec
try:
    main(["--version"])
except SystemExit:
    print(head(msgspec.structs.replace(status(), station="orchard-1", title="上寨果园"), 8.0))
"""


@pytest.mark.parametrize(("encoding", "title"), [("ascii", "orchard-1"), ("gbk", "上寨果园")])
def test_a_title_that_the_terminal_lacks_is_replaced_by_the_stations_name(encoding: str, title: str) -> None:
    """Rows of question marks name no station."""
    env = {**os.environ, **ENGLISH, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", TITLED], env=env, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode(encoding).splitlines()[-1].startswith(f"Station {title}")


@pytest.mark.parametrize(("encoding", "degree"), [("ascii", "degC"), ("gbk", "°C"), ("utf-8", "°C")])
def test_units_are_drawn_as_wide_as_they_are_shown(encoding: str, degree: str) -> None:
    """A table on an ASCII terminal is laid out with the signs that stand there, so that its columns stay in line."""
    env = {**os.environ, **ENGLISH, "PYTHONIOENCODING": f"{encoding}:backslashreplace"}
    said = subprocess.run([sys.executable, "-c", TOLD], env=env, capture_output=True, timeout=60, check=True).stdout
    text = said.decode(encoding)
    assert degree in text
    assert text.isascii() == (encoding == "ascii")


def test_words_that_the_terminal_writes_in_another_encoding_are_told_as_that() -> None:
    """A Windows terminal often speaks GBK to a box of UTF-8: no station is asked, Minshan is not at fault."""
    words: list[str | bytes] = [
        sys.executable,
        "-m",
        "provisioning.main",
        "maintenance",
        "20m",
        "清洗雨量筒".encode("gbk"),
    ]
    ran = subprocess.run(words, env={**os.environ, **ENGLISH}, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert ran.stderr.decode().splitlines() == [
        "Error: The terminal sends characters that are not UTF-8, which is the encoding of its locale.",
        "  → Use a UTF-8 terminal: export LANG=zh_CN.UTF-8 (or C.UTF-8).",
    ]


def test_a_file_whose_name_is_in_another_encoding_is_found(tmp_path: Path) -> None:
    """It bears that name on the disk, whatever the terminal shows of it."""
    file = os.fsencode(tmp_path) + "/录制".encode("gbk")
    with open(file, "wb") as record:
        record.write(b"x" * 100)
    words: list[str | bytes] = [sys.executable, "-m", "provisioning.main", "sensors", "decode", "plantower", file]
    ran = subprocess.run(words, env={**os.environ, **ENGLISH}, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 4 and b"0 frames read" in ran.stdout


def test_an_answer_in_another_encoding_is_asked_for_again(tmp_path: Path) -> None:
    """All answers before it stay given."""
    words = ("init", "--station", "orchard-1", "--state", "/tmp/s", "--out", str(tmp_path / "station.toml"))
    keys = "上寨果园\n".encode("gbk") + b"Upper orchard\n\x04"
    code, said = shown_to(200, 40, *words, keys=keys)
    assert "The terminal sends characters that are not UTF-8" in said
    assert "Unexpected error" not in said and code == 130
    assert said.count("What people call it") == 2
