"""Setting up, where it does not get to its end: what a person reads last is what to do, in his language."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.data import CHECKOUT

NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_without_a_network_it_ends_with_what_to_do(tmp_path: Path) -> None:
    """The reason is the installer's own; behind it stands one sentence, and nothing of the script's inside.

    So it is the first time, and each time that somebody tries again in what the first time has left.
    """
    for language, first, last in (
        ("zh_CN.UTF-8", "正在准备", "软件包没有装好，原因见上。若是网络不通，恢复后再运行一次 make。"),
        ("C.UTF-8", "Setting up", "the reason is above. If the network was down, run make again."),
    ):
        done = subprocess.run(
            [CHECKOUT / "scripts/setup", "run"],
            env={**os.environ, **NOWHERE, "VENV": str(tmp_path / "venv"), "LC_ALL": language},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        lines = done.stderr.splitlines()
        assert done.returncode != 0
        assert any(line.startswith(first) for line in lines) and lines[-1].endswith(last)
        assert "pip-failed" not in done.stderr and any("editables" in line for line in lines)


def said(language: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Return what a command of the checkout ends with, for a person of that locale."""
    env = {name: text for name, text in os.environ.items() if name not in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")}
    return subprocess.run(
        words, cwd=CHECKOUT, env={**env, "LANG": language}, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize("script", ["scripts/setup", "scripts/install"])
@pytest.mark.parametrize(
    ("language", "encoding", "begin"),
    [("zh_CN.UTF-8", "utf-8", "请写 "), ("zh_CN.GBK", "gbk", "请写 "), ("C.UTF-8", "utf-8", "Say ")],
)
def test_a_script_speaks_as_the_person_does(script: str, language: str, encoding: str, begin: str) -> None:
    """In the terminal's own encoding too."""
    done = said(language, script, "nonsense")
    assert done.returncode == 1
    assert done.stderr.decode(encoding).startswith(begin)
    assert "nonsense" in done.stderr.decode(encoding)


@pytest.mark.parametrize(("language", "line"), [("zh_CN.UTF-8", "本列表"), ("C.UTF-8", "this list")])
def test_the_list_of_targets_is_in_the_persons_language(language: str, line: str) -> None:
    """Each target of the Makefile has its line, and none holds the other language."""
    lines = said(language, "make", "help").stdout.decode().splitlines()
    targets = re.findall(r"^([a-z-]+):.*## ", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    shown = [found[1] for one in lines if (found := re.match(r"  make ([a-z-]+)", one))]
    assert shown == targets
    assert f"  make help         {line}" in lines
    assert not any(" | " in one for one in lines)


def test_whatever_a_script_says_it_says_in_both_languages() -> None:
    """Each call has an English text and a Chinese one, or twice the same command; nothing is said in another way."""
    for script in ("setup", "install", "lock"):
        text = (CHECKOUT / "scripts" / script).read_text(encoding="utf-8").replace("\\\n", " ")
        calls = re.findall(
            r"\b(?:tell|die)\s+(\"(?!\$@)(?:[^\"\\]|\\.|\$\([^)]*\))*\")\s+(\"(?:[^\"\\]|\\.|\$\([^)]*\))*\")", text
        )
        assert len(calls) == len(re.findall(r"^[^#\n]*\b(?:tell|die) +\"(?!\$@)", text, re.MULTILINE)) > 0, script
        for english, chinese in calls:
            assert english == chinese or re.search("[\u4e00-\u9fff]", chinese), english
        assert not re.search(r"^\s*(echo|printf) .*>&2", re.sub(r"printf '\\r.*", "", text), re.MULTILINE), script
