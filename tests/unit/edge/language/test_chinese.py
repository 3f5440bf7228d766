"""On a Chinese screen stands no English word and no mark of English, over the help, the reports and wrong inputs.

Covered: `--help` of every command; `sensors` (list, test, decode, read), `doctor` with its broker, `run --check`; more
than 200 wrong inputs to all commands. What is said of a running station is in test_chinese_stations.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from provisioning.main import COMMANDS, group
from tests.kits.chinese_marks import english_marks, foreign
from tests.kits.english_words import english
from tests.kits.wrong_inputs import wrong_files, wrong_words
from tests.unit.edge.config.test_config import STATION


def spoken(inputs: list[dict[str, Any]], timeout: float = 300) -> list[dict[str, Any]]:
    """Return what the command prints for each of these."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.kits.chinese"],
        input=json.dumps(inputs),
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "zh_CN.UTF-8", "COLUMNS": "100"},
        timeout=timeout,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def check(inputs: list[dict[str, Any]]) -> int:
    """Check that what is printed for these holds no English word or mark. Return how many of them were refused."""
    wrong = []
    answers = spoken(inputs)
    for one, answer in zip(inputs, answers):
        assert "Traceback" not in answer["said"], one
        typed = " ".join([*one["words"], one.get("typed", "")])
        if found := foreign(answer["said"], typed):
            wrong.append((one["words"], found, answer["said"]))
    assert not wrong, "\n".join(f"{words}: {found}\n{said}" for words, found, said in wrong)
    return sum(answer["code"] != 0 for answer in answers)


def test_every_help_is_chinese() -> None:
    """`--help` of each command and of all below it; what stands for a value too, but for signs that both have."""
    asked = [{"words": [*words, "--help"]} for words in every(group(), ())]
    assert len(asked) > len(COMMANDS) + 30
    check(asked)
    told = "\n".join(one["said"] for one in spoken(asked))
    assert "; " not in told
    values = set(re.findall(r"^  --[\w-]+ ([A-Z:-]{2,})", told, re.MULTILINE))
    assert values <= {"URL", "MB", "HH:MM-HH:MM"}


def every(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the words of a command and of all below it."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from every(below, (*words, name, *(("x",) if name == "remote" else ())))


def test_what_the_tools_say_is_chinese(tmp_path: Path) -> None:
    """The drivers' list, the suite on a twin, decoded rubbish, a file that is right, and the doctor on a bare box."""
    file = tmp_path / "station.toml"
    port, camera = tmp_path / "none", '[[camera]]\nname = "c"\ndriver = "http"\nurl = "http://127.0.0.1:9/x.jpg"\n'
    drivers = [
        ("bme280", "bus = 9"),
        ("ascii-station", f'port = "{port}"'),
        ("w1-therm", f'path = "{port}"'),
        ("pulses", f'chip = "{port}"\nline = 4\nkind = "rain"'),
        ("plantower", f'port = "{tmp_path}"'),
        ("modbus", 'port = "/dev/null"\nprofile = "rs-fsjt"'),
    ]
    sensors = "".join(
        f'[[sensor]]\nname = "s{n}"\ndriver = "{driver}"\n{keys}\n' for n, (driver, keys) in enumerate(drivers)
    )
    broker = '[broker]\nurl = "mqtt://127.0.0.1:9"\n'
    file.write_text(STATION.replace("/var/lib/minshan", str(tmp_path / "state")) + broker + sensors + camera)
    names = ("ascii-station", "bme280", "nmea", "plantower", "vedirect", "w1-therm")
    recordings = [{"words": ["sensors", "decode", name, "-"], "stdin": "junk \x01\r\nA0743B135\r\n"} for name in names]
    commands = [
        "sensors",
        "sensors list",
        "sensors test vane",
        f"run --check --config {file}",
        f"doctor --config {file}",
    ]
    check([*({"words": command.split()} for command in commands), *recordings])


def test_the_check_finds_english() -> None:
    """A word that was left untranslated is found; names, options, addresses and what was typed are none."""
    assert english("错误：no answer from the bus") == ["answer", "from"]
    assert english("请运行 `minshan doctor`，port 要写 /dev/ttyUSB0，BME280（i2c）--config mqtt://host:1883 JSON") == []
    assert english("没有驱动“bmx”；rubbish", "rubbish") == []


def test_the_check_finds_english_marks() -> None:
    """A blank between sentences, half-width quotes, commas and brackets; code keeps its own."""
    for said in (
        "没有命令。 可用：“a”",
        "b.toml:1: 没有这一项",
        "不在 'a' 之中",
        "波特率 4800, 9600",
        "可疑(未检验)",
        "未知,或低于",
    ):
        assert len(english_marks(said)) == 1, said
    assert english_marks('要填列表，例如 [1, 2]；请写 `a, b`；值如 4.6(suspect)、"a, b"') == []
    assert english_marks("Error: a, b") == []


def test_wrong_inputs_are_answered_in_chinese(tmp_path: Path) -> None:
    """More than 200 command lines and files that are refused, and what is said to them is Chinese."""
    inputs: list[dict[str, Any]] = [{"words": words} for words in wrong_words(tmp_path)]
    for number, text in enumerate(wrong_files()):
        file = tmp_path / f"station-{number}.toml"
        file.write_text(text)
        inputs.append({"words": ["run", "--check", "--config", str(file)], "typed": text})
    assert check(inputs) > 200
