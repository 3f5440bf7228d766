"""On a Chinese screen stands no English word: names and units aside, over the help, the reports and wrong inputs.

Covered: `--help` of every command; `sensors` (list, test, decode, read), `doctor` with its broker, `run --check`, what
`status` and `doctor` make of a running station's answer, what `remote` shows of a result; the journal of a station with
faults, and each of its lines; `demo` with its `watch` at work; more than 200 wrong inputs to all commands.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drivers.catalog import catalog
from drivers.devices.profiles import names
from drivers.reason import Reason
from drivers.twins.twin import Fault
from edge.config.file import load
from edge.config.sections import BrokerSection, CameraSection, Config, SensorSection, SiteSection
from edge.control.status import plain_status
from edge.daemon import open_store
from edge.language import texts
from edge.language.log_lines import LogFormatter
from edge.pictures.judge import FAULTS
from edge.sim.faults import DeviceFault, Schedule
from edge.sim.scenario import Life
from edge.wire.contract import Result
from provisioning.commands.remote import print_result
from provisioning.commands.status import lines
from provisioning.doctor.sensors import sensors_of
from provisioning.main import COMMANDS
from tests.kits.command import minshan
from tests.kits.stations import BEGIN, SMALL
from tests.kits.wrong_inputs import wrong_files, wrong_words
from tests.unit.edge.config.test_config import STATION
from tests.unit.edge.language.test_locale import tool

WORD = re.compile(r"[A-Za-z]{4,}")
# What is no word of a sentence: options, paths, addresses, settings, commands in backticks, what was typed.
TOKEN = re.compile(
    r"`[^`]*`|“[^”]*”|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|sudo [\w -]+"
    r"|\S*[/_=\\@]\S*|--?[\w-]+|[\w.]+(?:-[\w.]+)+|\w*\d\w*|\w+\.\w+"
)
# Names of things: of programs, protocols, forms, makers and units.
NAMES = {
    *(
        "minshan",
        "Minshan",
        "JSON",
        "TOML",
        "HTTP",
        "MQTT",
        "mqtt",
        "mqtts",
        "JPEG",
        "Modbus",
        "CRC",
        "basic",
        "digest",
    ),
    *("Picamera", "doctor", "init", "status", "maintenance", "remote", "watch", "demo", "sensors", "picture"),
    *("list", "gaps", "read", "test", "decode", "Ctrl", "true", "false", "committed", "broker", "sudo", "chrony"),
    *("dmesg", "journalctl", "export", "backup", "restore", "xlsx", "jsonl"),
    *("PostgreSQL", "SQLite"),
    *("NMEA", "QARTOD", "UTF", "Linux", "config", "GNSS", "RTSP", "NTP", "proof", "usermod", "dialout", "gpio", "GPIO"),
}


@cache
def known() -> frozenset[str]:
    """Return the names of drivers, profiles and of the settings' keys."""
    found = {*catalog(), *names(), *NAMES}
    for info in catalog().values():
        found |= info.settings.model_fields.keys()
    for section in (SensorSection, CameraSection, SiteSection, BrokerSection, Config):
        found |= section.model_fields.keys()
    return frozenset(found)


def english(text: str, typed: str = "") -> list[str]:
    """Return the English words of four letters and more in a text; `typed` is what the person wrote."""
    for word in sorted(set(WORD.findall(typed)), key=len, reverse=True):
        text = re.sub(rf"\b{word}\b", " ", text)
    return [word for word in WORD.findall(TOKEN.sub(" ", text)) if word not in known()]


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
    """Check that what is printed for these holds no English word. Return how many of them were refused."""
    wrong = []
    answers = spoken(inputs)
    for one, answer in zip(inputs, answers):
        assert "Traceback" not in answer["said"], one
        if found := english(answer["said"], " ".join([*one["words"], one.get("typed", "")])):
            wrong.append((one["words"], found, answer["said"]))
    assert not wrong, "\n".join(f"{words}: {found}\n{said}" for words, found, said in wrong)
    return sum(answer["code"] != 0 for answer in answers)


def test_every_help_is_chinese() -> None:
    """`--help` of each command and of those below it."""
    below = [("sensors", name) for name in ("list", "read", "decode", "test")] + [("remote", "x", "picture")]
    below += [("hub", name) for name in ("init", "run", "status", "gaps", "export", "backup", "restore")]
    check([{"words": [*words, "--help"]} for words in [(), *((name,) for name in COMMANDS), *below]])


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


class Told(NamedTuple):
    """A station's file, its status, and the lines of its journal."""

    config: Config
    status: dict[str, Any]
    journal: list[str]


class Journal(logging.Handler):
    """Keeps the lines as `run` would write them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.setFormatter(LogFormatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Give what a station tells two of whose sensors are away, one of which was, and whose broker is not there."""
    folder = tmp_path_factory.mktemp("running")
    file = folder / "station.toml"
    file.write_text(SMALL.format(state=folder, broker=""))
    config = load(file)
    faults = (
        DeviceFault(100, 900, "field", Fault.SILENT),
        DeviceFault(100, 900, "shelter", Fault.UNPLUGGED),
        DeviceFault(150, 200, "vane", Fault.OTHER_ADDRESS),
        DeviceFault(100, 900, "second", Fault.NOISE),
    )
    journal, station = Journal(), logging.getLogger("minshan")
    station.addHandler(journal)
    before = station.level
    station.setLevel(logging.INFO)
    texts.speak("zh")
    life = Life(config, 1, BEGIN, Schedule(faults), open_store)
    life.run(500)
    found = json.loads(json.dumps(plain_status(life.station.parts)))
    life.end()
    station.removeHandler(journal)
    station.setLevel(before)
    texts.speak("en")
    yield Told(config, found, journal.lines)


def test_a_running_stations_trouble_is_chinese(answer: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status` and `doctor` tell in Chinese why sensors are silent and what became of each channel."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    config, found = answer.config, answer.status
    shown = [*lines(found), *(line for f in sensors_of(config, found) for line in (f.sentence, f.remedy))]
    assert any("无应答" in line for line in shown)
    typed = " ".join([found["title"], found["station"], *(sensor.name for sensor in config.sensor), "w1_slave"])
    assert [(line, words) for line in shown if (words := english(line, typed))] == []


def test_its_journal_is_chinese(answer: Told) -> None:
    """The lines that the station logged meanwhile tell in Chinese which sensor went and why, and which is back."""
    assert any("传感器“vane”恢复了" in line for line in answer.journal)
    assert any(line.startswith("警告 minshan.sampler: 传感器“shelter”") for line in answer.journal)
    typed = " ".join(sensor.name for sensor in answer.config.sensor) + " sim"
    assert [(line, words) for line in answer.journal if (words := english(line, typed))] == []


def test_each_line_of_the_journal_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens to a station or a receiver: no template of a line leaves an English word."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    told = [texts._(text) for _where, text in tool().log_lines()]
    assert [(line, words) for line in told if (words := english(re.sub(r"%[\d.]*[a-z]", "", line)))] == []


def test_a_remote_result_is_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What came of a command, and the facts that came with it."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    reason = FAULTS["dark"].builtins()
    taken = Reason("picture_taken", "{width} x {height} taken by {camera}", camera="north", width=640, height=480)
    facts = {"camera": "north", "width": 640, "quality": 3, "reasons": [reason], "figures": {"blur": 0.3, "edges": 1.5}}
    print_result(Result(1, "c", "s", "done", "taken", {"why": taken.builtins(), **facts}), as_json=False)
    shown = capsys.readouterr().out
    assert "摄像头：north" in shown
    assert english(shown, "north") == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_demo_at_work_is_chinese(tmp_path: Path) -> None:
    """A demo with faults, its report, and what its receiver writes: names of sensors and addresses aside."""
    words = ["demo", "--for", "30m", "--speed", "max", "--faults", "3", "--state", str(tmp_path), "--lang", "zh"]
    ran = minshan(*words, timeout=240, env={"COLUMNS": "400"})
    received = (tmp_path / "watch.log").read_text().splitlines()
    shown = "\n".join([ran.out, ran.err, *(line for line in received if not line.startswith("demo 20"))])  # records
    assert "缺测" in shown
    assert "条记录" in shown
    sensors = " ".join(re.findall(r'name = "([^"]+)"', (tmp_path / "station.toml").read_text()))
    assert [(line, found) for line in shown.splitlines() if (found := english(line, sensors))] == []


def test_the_check_finds_english() -> None:
    """A word that was left untranslated is found; names, options, addresses and what was typed are none."""
    assert english("错误：no answer from the bus") == ["answer", "from"]
    assert english("请运行 `minshan doctor`，port 要写 /dev/ttyUSB0，BME280（i2c）--config mqtt://host:1883 JSON") == []
    assert english("没有驱动“bmx”；rubbish", "rubbish") == []


def test_wrong_inputs_are_answered_in_chinese(tmp_path: Path) -> None:
    """More than 200 command lines and files that are refused, and what is said to them is Chinese."""
    inputs: list[dict[str, Any]] = [{"words": words} for words in wrong_words(tmp_path)]
    for number, text in enumerate(wrong_files()):
        file = tmp_path / f"station-{number}.toml"
        file.write_text(text)
        inputs.append({"words": ["run", "--check", "--config", str(file)], "typed": text})
    assert check(inputs) > 200
