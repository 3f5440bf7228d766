"""The decoders that the county's programmers are given read what is really sent, each in its own language."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.northbound import http_json, mqtt_json
from edge.records.record import MOST, Record
from hub.config import load
from tests import forward_examples
from tests.forward_examples import START, minute, section

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "forward"
JACKSON = [Path(f"/usr/share/java/jackson-{part}.jar") for part in ("core", "annotations", "databind")]
Command = Callable[[], list[str]]


def python() -> list[str]:
    """Return how the decoder in Python is run."""
    return ["python3", str(FOLDER / "decoder.py")]


def javascript() -> list[str]:
    """Return how the one in JavaScript is run; skip where there is no Node."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node here to run decoder.js")
    return ["node", str(FOLDER / "decoder.js")]


def java() -> list[str]:
    """Return how the one in Java is run; skip where there is no JDK or no Jackson."""
    if shutil.which("javac") is None:
        pytest.skip("there is no JDK here to run Decoder.java")
    if not all(jar.exists() for jar in JACKSON):
        pytest.skip("Jackson is not here to run Decoder.java (Debian's libjackson2-databind-java)")
    return ["java", "-cp", ":".join(map(str, JACKSON)), str(FOLDER / "Decoder.java")]


def sent() -> list[Record]:
    """Return what is hard to read right: one minute of two starts, a revision before and behind what it replaces, a
    minute that was not dated and then is, the largest number, values that are doubtful or missing."""
    doubtful = {"code": "stuck", "text": "静止 “stuck”"}
    return [
        minute(1, START, epoch="a", air_temperature=(1.25, 1)),
        minute(1, START, epoch="b", air_temperature=(0.0, 1)),
        minute(2, None, epoch="b", air_temperature=(-5.3, 1)),
        minute(2, START + 60_000_000, 1, epoch="b", air_temperature=(-5.3, 1)),
        minute(3, START + 120_000_000, 2, epoch="b", air_temperature=(2.5, 1)),
        minute(3, START + 119_000_000, 1, epoch="b", air_temperature=(9.5, 1)),
        minute(MOST, START, air_temperature=(3.0, 3, doubtful), wind_speed=(None, 9), rainfall_amount=(0.2, 2)),
    ]


GOOD = [
    (["orchard-1", "a", 1], 0, START, {"air_temperature": 1.25}),
    (["orchard-1", "b", 1], 0, START, {"air_temperature": 0.0}),
    (["orchard-1", "b", 2], 1, START + 60_000_000, {"air_temperature": -5.3}),
    (["orchard-1", "b", 3], 2, START + 120_000_000, {"air_temperature": 2.5}),
    (["orchard-1", "7f3a9c0d51e24b68", MOST], 0, START, {}),
]


@pytest.mark.parametrize("command", [python, javascript, pytest.param(java, marks=pytest.mark.slow)])
def test_a_decoder_keeps_the_right_ones(command: Command) -> None:
    """Of two starts' same minute both are kept, the highest revision wins in whatever order it came, only good values
    are taken, and no number is rounded; over HTTP and over MQTT; also on a computer whose own coding is GBK, and with
    empty lines between, as Windows has them."""
    words, china = command(), os.environ | {"PYTHONIOENCODING": "gbk"}
    batch = http_json.payload([http_json.encode("orchard-1", record) for record in sent()])
    flat = b"\n".join(mqtt_json.encode(section(), "orchard-1", record) for record in sent())
    for said in (batch + b"\r\n\r\n" + batch, flat):
        ran = subprocess.run(words, input=said + b"\n\n", capture_output=True, check=False, timeout=60, env=china)
        assert ran.returncode == 0, ran.stderr.decode()
        told: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.decode().splitlines()]
        assert [(one["key"], one["revision"], one["start_us"], one["good"]) for one in told] == GOOD


@pytest.mark.parametrize("page", forward_examples.PAGES.values(), ids=lambda page: str(page.name))
def test_the_example_of_the_file_is_taken(page: Path, tmp_path: Path) -> None:
    """What the pages show of hub.toml is read as it stands."""
    shown = re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    parts = ('[broker]\nurl = "mqtt://x"', '[database]\nurl = "sqlite:///x"', '[pictures]\ndir = "/x"', *shown)
    (tmp_path / "hub.toml").write_text("\n".join(parts), encoding="utf-8")
    assert [one.name for one in load(tmp_path / "hub.toml").forward] == ["county", "agriculture"]


@pytest.mark.parametrize("lang", forward_examples.PAGES)
def test_the_examples_are_what_is_sent(lang: str) -> None:
    """The messages and the quantities that the pages show are the code's; `python -m tests.forward_examples` writes
    them."""
    text = forward_examples.PAGES[lang].read_text(encoding="utf-8")
    assert text == forward_examples.put_in(text, lang)
    assert len(forward_examples.BLOCK.findall(text)) == 3
    assert len(forward_examples.TABLE.findall(text)) == 1
    assert forward_examples.TRIAL.read_bytes() == forward_examples.lines()
