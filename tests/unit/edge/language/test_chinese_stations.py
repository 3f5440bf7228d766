"""What a Chinese screen says of a running station holds no English word and no mark of English: names and units aside.

Covered: what `status` and `doctor` make of a station's answer, what `remote` shows of a result; the journal of a
station with faults, and each of its lines; the table and the lines of `watch`; `demo` with its `watch` at work.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from rich.console import Console

from drivers.reason import Reason
from drivers.twins.twin import Fault
from edge.clock.clock import system_utc
from edge.config.file import load
from edge.config.sections import Config
from edge.control.status import plain_status
from edge.daemon import open_store
from edge.language import texts
from edge.language.log_lines import LogFormatter
from edge.pictures.reasons import FAULTS
from edge.records.bodies import raw
from edge.sim.faults import DeviceFault, Schedule
from edge.sim.scenario import Life
from edge.snapshots import StationStatus, read
from edge.wire.contract import Result, Status, Topic, encode, topic
from provisioning.commands.remote import print_result
from provisioning.commands.status import lines
from provisioning.commands.watch_screen import Plain, table
from provisioning.doctor.sensors import sensors_of
from tests.kits.chinese_marks import foreign
from tests.kits.command import minshan
from tests.kits.receiver_kit import UTC0, Desk, minute
from tests.kits.stations import BEGIN, SMALL
from tests.unit.edge.language.test_locale import tool


class Told(NamedTuple):
    """A station's file, its status, and the lines of its journal."""

    config: Config
    status: StationStatus
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
    found = read(json.loads(json.dumps(plain_status(life.station.services.parts))))
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
    typed = " ".join([found.title, found.station, *(sensor.name for sensor in config.sensor), "w1_slave"])
    assert [(line, words) for line in shown if (words := foreign(line, typed))] == []


def test_its_journal_is_chinese(answer: Told) -> None:
    """The lines that the station logged meanwhile tell in Chinese which sensor went and why, and which is back."""
    assert any("传感器“vane”恢复了" in line for line in answer.journal)
    assert any(line.startswith("警告 minshan.sampler: 传感器“shelter”") for line in answer.journal)
    typed = " ".join(sensor.name for sensor in answer.config.sensor) + " sim"
    assert [(line, words) for line in answer.journal if (words := foreign(line, typed))] == []


def test_each_line_of_the_journal_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens to a station or a receiver: no template of a line leaves an English word."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    told = [texts._(text) for _where, text in tool().log_lines()]
    assert [(line, words) for line in told if (words := foreign(re.sub(r"%[\d.]*[a-z]", "", line)))] == []


def test_a_remote_result_is_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What came of a command, and the facts that came with it."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    reason = FAULTS["dark"].builtins()
    taken = Reason("picture_taken", "{width} x {height} taken by {camera}", camera="north", width=640, height=480)
    facts = {"camera": "north", "width": 640, "quality": 3, "reasons": [reason], "figures": {"blur": 0.3, "edges": 1.5}}
    print_result(Result(1, "c", "s", "done", "taken", {"why": taken.builtins(), **facts}), as_json=False)
    shown = capsys.readouterr().out
    assert "摄像头：north" in shown and "质量：可疑" in shown
    assert foreign(shown, "north") == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_demo_at_work_is_chinese(tmp_path: Path) -> None:
    """A demo with faults and its report: names of sensors, addresses and a password by chance aside.

    A record is a line for programs, in the contract's names.
    """
    words = ["demo", "--for", "30m", "--speed", "max", "--faults", "3", "--state", str(tmp_path), "--lang", "zh"]
    ran = minshan(*words, timeout=240, env={"COLUMNS": "400"})
    shown, passwords = re.subn(r"密码 \S+", "密码", f"{ran.out}\n{ran.err}")
    assert passwords == 1
    shown, records = re.subn(r"(?m)^demo \d{4}-\S+Z \w+ .*$", "", shown)
    assert records >= 30
    assert "缺测" in shown
    assert "条记录" in shown
    sensors = " ".join(re.findall(r'name = "([^"]+)"', (tmp_path / "station.toml").read_text()))
    assert [(line, found) for line in shown.splitlines() if (found := foreign(line, sensors))] == []


@pytest.fixture(name="desk")
def a_receiver_with_troubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give a receiver that lacks records, has doubtful and strange ones, and gives no receipts."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    desk = Desk(tmp_path, receipts=False)
    record = minute(8, start=UTC0 + 180_000_000, air_temperature=4.6, relative_humidity=99.0, rainfall_amount=None)
    flags = {"quality": {"air_temperature": 3, "relative_humidity": 1, "rainfall_amount": 9}}
    flagged = msgspec.structs.replace(record, body=raw(record.fields() | flags))
    desk.records(minute(1), minute(4), minute(7, start=None))
    desk.records(minute(4, air_temperature=99.0), flagged)
    desk.take((topic("s", Topic.STATUS), encode(Status(1, "s", "offline", "e"))))
    desk.take((topic("s", Topic.BACKFILL), b'{"v":1,"station":"s","records":[{"epoch":"e","seq":9,"kind":"dream"}]}'))
    desk.take((topic("s", Topic.BACKFILL), b'{"v":1,"station":"t","records":[]}'))
    yield desk
    texts.speak("en")


@pytest.mark.parametrize("width", [140, 50])
@pytest.mark.parametrize("away", [False, True], ids=["connected", "broker away"])
def test_the_table_of_watch_is_chinese(desk: Desk, width: int, away: bool) -> None:
    """The heads, the states and ages, flags, what was not received, and all that stands below the table."""
    if away:
        desk.receiver.troubles.reason = Reason("broker_acknowledges_nothing", "", where="mqtt://127.0.0.1:9")
    console = Console(width=width, force_terminal=False)
    with console.capture() as shown:
        console.print(table(desk.receiver, system_utc() + 240_000_000, width, {"s": 7200.0}))
    said = shown.get()
    for word in ("可疑", "离线", "无法处理", "回执", "主题"):
        assert word in said, said
    typed = f"{desk.folder} dream"
    assert [(line, found) for line in said.splitlines() if (found := foreign(line, typed))] == []


def test_the_lines_of_watch_are_chinese(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a record, where a program reads them, has the contract's names; a kind that is not known is told."""
    Plain().seen("s", minute(5, start=UTC0, air_temperature=4.6))
    Plain().seen("s", msgspec.structs.replace(minute(6), kind="dream"))
    line, unknown = capsys.readouterr().out.splitlines()
    assert line == "s 2026-01-01T00:00:00Z minute air_temperature=4.60"
    assert foreign(unknown, "dream air_temperature") == []
