"""Words that people type otherwise than a command expects: taken where they are clear, named where they are not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from babel.messages.pofile import read_po

from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.control.arguments import SilenceArguments
from edge.control.commands import CommandEntry, Commands, Outcome, Permission
from edge.control.local_socket import Control
from edge.language import texts
from edge.language.locale.catalog import PO
from edge.language.speech import speaking
from provisioning.commands.answers import Choice
from provisioning.commands.stage import keys
from tests.kits.broker import until
from tests.kits.command import minshan
from tests.unit.edge.config.test_config import BME, STATION


@pytest.mark.parametrize("spec", ["bme280,address=0x76", "bme280，address=0x76", "bme280 address＝0x76"])
def test_a_driver_and_its_settings_are_parted_by_a_colon(spec: str, tmp_path: Path) -> None:
    """The sign that was typed instead is no part of the driver's name."""
    told = minshan("init", "--station", "a", "--sensor", spec, "--out", str(tmp_path / "s.toml"))
    assert told.code == 2
    assert "a colon belongs between the driver and its settings: bme280:address" in told.err


def test_a_station_s_command_that_is_not_given_is_offered() -> None:
    """`minshan remote STATION` alone shows which there are, as `minshan remote` does."""
    told = minshan("remote", "orchard-1")
    assert told.code == 2
    assert "picture" in told.out + told.err and "silence-horn" in told.out + told.err


def test_what_is_done_on_the_station_needs_no_quotes(tmp_path: Path) -> None:
    """The words behind the duration are its text; what is wrong is that no station runs there."""
    told = minshan("maintenance", "1h", "cleaning", "the", "gauge", "--state", str(tmp_path))
    assert (told.code, told.err.splitlines()[0]) == (1, f"Error: No station is running on {tmp_path}.")


@pytest.mark.parametrize("words", ["status --state {}", "show 24h --state {}", "watch --broker mqtt://h --jsonl {}/x"])
def test_a_folder_that_is_not_there_is_named(words: str, tmp_path: Path) -> None:
    """Not as a station that is to be started, nor by a file beside the one that was typed."""
    told = minshan(*words.format(tmp_path / "none").split())
    assert told.err.splitlines() == [f"Error: {tmp_path}/none: this folder is not there"]


def test_no_folder_is_to_be_made_that_is_there() -> None:
    """In one of the kernel's nobody can make a file."""
    told = minshan("init", "--station", "a", "--sensor", "bme280", "--out", "/proc/station.toml")
    assert "/proc/station.toml cannot be written" in told.err and "mkdir" not in told.err


def test_a_secret_without_a_terminal_is_asked_for_in_the_person_s_language(tmp_path: Path) -> None:
    """What Python itself would warn of in its English is said in a sentence, and the answer is taken."""
    code = "import click\nfrom edge.language import texts\nfrom provisioning import terminal\ntexts.speak('zh')\n"
    code += "terminal.heed_interrupts()\nprint('got', click.prompt('令牌', hide_input=True))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input="geheim\n",
        capture_output=True,
        text=True,
        start_new_session=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.endswith("got geheim\n")
    assert "没有连接终端" in ran.stderr and "Warning" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("crop", "rule", "told"),
    [
        ("苹菓", "", True),
        ("kiwi", '[[alert]]\nname = "gale"\nchannel = "air_temperature"\nabove = [40.0]\n', True),
        ("kiwi", '[[alert]]\nname = "frost"\nchannel = "air_temperature"\nbelow = [0.0]\n', False),
        ("kiwi", '[[alert]]\nname = "frost"\ncrop = "apple"\n', False),
        ("红富士苹果", "", False),
    ],
)
def test_a_crop_whose_frost_nobody_knows_is_noted(crop: str, rule: str, told: bool, tmp_path: Path) -> None:
    """`init` writes no rule of frost for it: who planted it, or mistyped it, would wait for an alert in vain."""
    file = tmp_path / "s.toml"
    file.write_text(STATION.replace("[site]", f'[site]\ncrop = "{crop}"') + BME + rule)
    said = minshan("run", "--check", "--config", str(file), "--lang", "zh")
    assert said.code == 0, said.err
    assert ("没有霜冻告警规则" in said.out + said.err) is told
    assert ("苹果、甜樱桃、李、枇杷" in said.out + said.err) is told


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Error: Missing option '--format': Which format. There are: 'csv', 'xlsx', 'jsonl'."),
        ("zh", "错误：缺少选项“--format”：格式。可用：“csv”、“xlsx”、“jsonl”。"),
    ],
)
def test_a_missing_choice_is_one_sentence(lang: str, said: str) -> None:
    """What the option is, and what there is to choose, on the same line."""
    told = minshan("hub", "export", "--station", "a", "--from", "2026-04-01", "--to", "2026-04-02", "--lang", lang)
    assert (told.code, told.err.splitlines()[-1]) == (2, said)


def test_a_choice_is_refused_as_its_question_writes_it() -> None:
    """Not by what two ways of writing the same have in common."""
    with pytest.raises(click.BadParameter, match="'WGS-84', 'GCJ-02'"):
        Choice(["WGS-84", "GCJ-02"]).convert("BJ-54", None, None)
    assert Choice(["WGS-84", "GCJ-02"]).convert("gcj02", None, None) == "GCJ-02"


def test_a_crop_and_its_stage_are_known_by_their_names_in_both_languages() -> None:
    """`sudo` on a box may speak English to somebody who types Chinese."""
    for lang in ("zh", "en"):
        with speaking(lang):
            assert keys("苹果", "盛花期") == keys("Apple", "full bloom") == ("apple", "full-bloom")


def test_crops_and_stages_are_listed_in_the_person_s_language() -> None:
    """A station that knows no such stage names those that it knows."""
    reason = Reason("unknown_crop", 'no crop "{crop}" is known; there are {crops}', crop="kiwi", crops="apple, plum")
    stages = "full-bloom, post-bloom"
    other = Reason("unknown_stage", "{crop} {stage} {stages}", crop="apple", stage="x", stages=stages)
    with speaking("zh"):
        assert texts.render(reason) == "不认识作物“kiwi”；有：苹果、李"
        assert texts.render(other) == "苹果没有物候期“x”；有：盛花期、谢花后"


def test_a_reader_that_goes_between_two_lines_is_no_fault() -> None:
    """What is written line by line meets it in click, which would end with 1."""
    code = "import sys, click\nfrom provisioning import main\n"
    code += "main.group = lambda: click.Command('x', callback=lambda: [click.echo('y' * 9999) for _ in range(99)])\n"
    code += "main.main([])"
    shell = f'{sys.executable} -c "{code}" | head -c 1; echo ${{PIPESTATUS[0]}}'
    ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("y0\n", "")


def test_a_time_in_chinese_has_no_blank_behind_it() -> None:
    """A time's span ends with a hanzi, so what follows stands beside it: 停 1 分钟后再响."""
    with PO.open("rb") as file:
        said = [
            text
            for one in read_po(file)
            for text in ([one.string] if isinstance(one.string, str) else one.string or ())
        ]
    assert [text for text in said if re.search(r"\{(time|duration)\} [内后]", text)] == []


def test_the_horn_s_rules_are_told_in_words(tmp_path: Path) -> None:
    """What a station calls frost is 霜冻 to whoever silences it."""
    clock = SystemClock()

    def silenced(_parts: Any, _arguments: Any, _request: Any) -> Outcome:
        return Outcome("done", data={"rules": ["frost", "heat"]})

    known = (CommandEntry("silence-horn", SilenceArguments, Permission.READ, silenced),)
    parts: Any = SimpleNamespace(clock=clock)
    lane = clock.lane("control", Control(tmp_path / "minshan.sock", clock, Commands(parts, known)).run)
    until((tmp_path / "minshan.sock").exists)
    told = minshan("horn", "silence", "--by", "张三", "--state", str(tmp_path), "--lang", "zh")
    lane.stop()
    assert lane.join(10)
    assert told.out == "已消音，直到变得更严重或解除：霜冻、高温\n"
