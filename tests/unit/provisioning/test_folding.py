"""What commands say is legible in a narrow window: folded between words, whole on a file, in pages where it is long."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from provisioning.folding import CLOSING, OPENING, STOPS, WIDE, as_typed, fold
from tests.kits.command import minshan
from tests.kits.window import shown, shown_by
from tests.test_house import modules
from tests.unit.edge.config.test_config import BME, STATION

PIECES = ["风速", "无应答", "：", "，", "（", "）", "–", "PM2.5", "µg/m³", "port", "`ls /dev`", " ", "  ", "12"]
ANYTHING = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(
    st.characters(categories=["L", "N", "P", "S"])
)
UNPARTED = re.compile(
    rf"[{OPENING}\s]*(`[^`]*`|“minshan [^”]*”|[+±−-]?\d[\d.]* \S+|[^\s`{WIDE}]+|[{WIDE}`])?[{CLOSING}{STOPS}]*"
)


@given(ANYTHING, st.integers(8, 120))
def test_nothing_is_lost_and_no_line_is_too_wide(text: str, columns: int) -> None:
    """Each sign is there in its order; only what cannot be parted is wider than the window."""
    folded = fold(text, columns)
    assert "".join(folded.split()) == "".join(text.split())
    wide = [line.strip() for line in folded.splitlines() if cell_len(line) > columns]
    assert [line for line in wide if not UNPARTED.fullmatch(line)] == []


@given(st.lists(st.sampled_from(PIECES[:6]), max_size=40).map("".join))
def test_a_chinese_line_begins_and_ends_as_it_should(text: str) -> None:
    """No comma, stop or closing bracket begins a line, no opening one ends it."""
    lines = fold("x" + text, 12).splitlines()
    assert not any(line.strip()[0] in CLOSING for line in lines[1:])
    assert not any(line[-1] in OPENING for line in lines[:-1])


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("湿球温度 7.8 °C、干湿球温差 3.0 K", 30, ["湿球温度 7.8 °C、干湿球温差", "  3.0 K"]),
        ("没有数据：共 21 小时 22 分钟。", 20, ["没有数据：共 21 小时", "  22 分钟。"]),
        ("About 407 MB a month; 7.5 MB used", 24, ["About 407 MB a month;", "  7.5 MB used"]),
        (
            "Join its group first (sudo adduser li minshan, then log in again).",
            40,
            ["Join its group first", "  (sudo adduser li minshan, then log in", "  again)."],
        ),
        (
            "请把它交给站的用户：sudo chown -R minshan /srv/x；或另写一个。",
            40,
            ["请把它交给站的用户：", "  sudo chown -R minshan /srv/x；或另写一", "  个。"],
        ),
        ("要看帮助，请运行“minshan stage --help”。", 28, ["要看帮助，请运行", "  “minshan stage --help”。"]),
    ],
)
def test_what_is_read_as_one_stays_together(text: str, columns: int, lines: list[str]) -> None:
    """A number and its unit, a command and its option."""
    assert fold(text, columns).splitlines() == lines


def test_a_stop_stays_with_the_command_before_it() -> None:
    """A command is as long as it is; the stop that ends its sentence is no line of its own."""
    command = "`minshan hub run --config /srv/minshan/hub.toml`"
    assert fold(f"Next: {command}.", 40).splitlines() == ["Next:", f"  {command}."]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_a_path_is_told_as_a_shell_reads_it(path: str) -> None:
    """Whatever is in its name, a command that is copied from the screen names that file."""
    assert shlex.split(as_typed(path)) == [path]


def test_commands_to_copy_name_a_path_with_blanks(tmp_path: Path) -> None:
    """What `init` says comes next can be pasted; a Chinese name without blanks stands without quotes."""
    folder = tmp_path / "my files"
    folder.mkdir()
    words = ("--station", "a", "--sensor", "bme280", "--broker", "")
    assert f"`minshan run --config '{folder}/s.toml'`" in minshan("init", "--out", f"{folder}/s.toml", *words).out
    assert f"--config {tmp_path}/茂县.toml`" in minshan("init", "--out", f"{tmp_path}/茂县.toml", *words).out


def test_every_sentence_is_folded() -> None:
    """Commands print by `say` and `page`; what is printed as it is, is for programs: JSON, a secret, a record."""
    found = {
        module.where
        for module in modules("provisioning")
        for call in module.nodes
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("click.echo", "click.secho", "print")
    }
    as_it_is = ("main", "folding", "commands/options", "commands/hub_people", "commands/watch_screen")
    assert found == {f"provisioning/{name}.py" for name in as_it_is}


def letters(said: str) -> str:
    """Return what was said without spaces, nor the free room on the disk, which others change between two runs."""
    return re.sub(r"[0-9.]+GB", "GB", "".join(said.split()))


@pytest.mark.parametrize("columns", [34, 40, 80])
def test_a_line_is_as_wide_as_the_terminal_shows_it(columns: int) -> None:
    """An ASCII terminal writes "+/-" for "±" and "deg" for "°": the line is folded with those."""
    text = " ".join(f"±{n}° →" for n in range(60))
    code = f"from provisioning import folding, terminal; terminal.make_legible(); folding.say({text!a})"
    ended, said = shown_by(columns, 24, "-c", code, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert (ended, said.split()) == (0, text.translate({177: "+/-", 176: "deg", 8594: "->"}).split())
    assert max(map(len, said.splitlines())) <= columns


def test_a_line_that_is_folded_for_a_table_keeps_its_signs() -> None:
    """While rich draws one, another object stands for the standard output and tells no encoding."""
    code = "from rich.live import Live\nfrom provisioning import folding, terminal\nterminal.make_legible()\n"
    code += "with Live():\n    print(ascii(folding.fold('\\u6c14\\u6e29 ±', 20)))"
    assert "'\\u6c14\\u6e29 \\xb1'" in shown_by(80, 24, "-c", code)[1]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_doctor_in_a_window_of_40_columns(lang: str, tmp_path: Path) -> None:
    """No word is broken, no line is wider than the window; into a file each sentence is one line."""
    file = tmp_path / "s.toml"
    file.write_text(STATION.replace("/var/lib/minshan", str(tmp_path)) + BME)
    words = ("--lang", lang, "doctor", "--config", str(file))
    code, said = shown(40, 60, *words)
    assert code == 1
    cut = [line for line in said.splitlines() if cell_len(line) > 40 and " " in line.strip()]
    assert cut == []
    plain = minshan(*words)
    assert letters(said) == letters(plain.out)
    assert all(re.match("[✓!✗]|  → |$", line) for line in plain.out.splitlines()[:-1])


def test_what_is_not_well_is_in_sight_at_the_end(tmp_path: Path) -> None:
    """In a low window the findings have scrolled away: those that are to be seen to stand below the summary again."""
    file = tmp_path / "s.toml"
    file.write_text(STATION.replace("/var/lib/minshan", str(tmp_path)) + BME)
    _code, said = shown(80, 12, "doctor", "--config", str(file))
    _above, _summary, below = re.split(r"(\d things? needs? attention\.\n)", said)
    assert "✗ sensor" in below
    _code, said = shown(80, 60, "doctor", "--config", str(file))
    assert re.search(r"\d things? needs? attention\.\n$", said)


def test_a_long_list_comes_in_pages() -> None:
    """What has more rows than the window goes through the pager; what has fewer, and a file, does not."""
    env = {"LC_ALL": "C.UTF-8", "PAGER": "sed s/^/paged:/"}
    assert shown(80, 24, "sensors", env=env)[1].startswith("paged:")
    assert "paged:" not in shown(200, 200, "sensors", env=env)[1]
    assert "paged:" not in minshan("sensors", env=env).out


def test_the_pager_shows_chinese_where_the_box_lacks_the_person_s_locale() -> None:
    """A LANG that came over SSH and is not installed here: the signs themselves, and how the pager is left."""
    env = {"LC_ALL": "", "LC_CTYPE": "", "LANGUAGE": "", "LANG": "zh_CN.UTF-8", "PYTHONUTF8": "1", "PAGER": "less"}
    _code, said = shown(80, 24, "sensors", env={**env, "TERM": "xterm"}, keys=b"q")
    assert "（串口）" in said and "Space = next page, q = quit" in said
    assert "<EF>" not in said


def test_a_command_that_is_not_on_the_path_is_told_by_where_it_is(tmp_path: Path) -> None:
    """After `make run` in a checkout the shell would not find `minshan watch`: what is told can be typed as it is."""
    script = tmp_path / "my farm/bin/minshan"
    script.parent.mkdir(parents=True)
    code = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r}); from provisioning.folding import program; print(program())"
    )
    script.write_text(f"#!{sys.executable}\n{code}\n")
    script.chmod(0o755)
    elsewhere = os.environ | {"PATH": "/usr/bin:/bin"}
    found = os.environ | {"PATH": f"{script.parent}:/usr/bin:/bin"}
    for where, environment, typed in (
        (script.parent.parent, elsewhere, "bin/minshan"),
        (tmp_path, elsewhere, "'my farm/bin/minshan'"),
        (Path("/usr"), elsewhere, f"'{script}'"),
        (Path("/"), found, "minshan"),
    ):
        ran = subprocess.run([script], cwd=where, env=environment, capture_output=True, text=True, check=True)
        assert ran.stdout == f"{typed}\n"
