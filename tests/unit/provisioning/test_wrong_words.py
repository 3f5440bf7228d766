"""Words that people type otherwise than a command expects: taken where they are clear, named where they are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
