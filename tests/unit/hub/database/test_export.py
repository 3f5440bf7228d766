"""An export holds each minute once, in a form that spreadsheets and programs read rightly, or is not there at all."""

from __future__ import annotations

import csv
import io
import json
import resource
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest

from edge.spreadsheet import guarded
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.export import Export, ExportSelection
from hub.export_files import heading
from hub.lines_sink import LinesSink
from hub.record_files import RecordFiles
from tests.kits.command import Said, minshan
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery
from tests.kits.window import shown
from tests.unit.hub.database.test_hours import minute, setup

DAYS = ("--from", "2026-01-01", "--to", "2026-01-02")


@pytest.fixture(name="config")
def a_hubs_file(url: str, tmp_path: Path) -> Path:
    """Give hub.toml of this database."""
    file = tmp_path / "hub.toml"
    file.write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "{url}"\n[pictures]\ndir = "{tmp_path}/pictures"\n'
    )
    return file


def exported(config: Path, form: str, *words: str, station: str = "007") -> Said:
    """Run the command."""
    found = words if "--from" in words else (*DAYS, *words)
    return minshan("hub", "export", "--config", str(config), "--station", station, "--format", form, *found)


def filled(sink: DatabaseSink) -> list[Any]:
    """Commit minutes of a station whose clock is 8 hours ahead: frost, a doubt, a gap, one that is undated."""
    body = {
        "values": {"air_temperature": -5.3, "rainfall_amount": None, "=1+1": 3.25},
        "quality": {"air_temperature": 3, "rainfall_amount": 9, "=1+1": 2},
    }
    rows = [minute(seq, 60 * seq - 480, body, station="007") for seq in range(2, 50)]
    undated = json.loads(rows[0].raw) | {"seq": 99, "start": None, "clock": {"source": "arrival"}}
    last = msgspec.structs.replace(came(json.dumps(undated).encode(), "007"), arrived=UTC0 + 9_000_000)
    outside = minute(100, 3 * 1440, body, station="007")
    sink.commit(delivery(msgspec.structs.replace(setup(1, 8), station="007"), *rows, last, outside))
    return [*rows[:46], last]


def test_the_columns_are_those_of_the_minutes(sink: DatabaseSink, url: str) -> None:
    """Columns are known from the hours that were counted; they are those that a look at each minute gives, and a
    channel that is measured on another day has none."""
    body = {"values": {"air_temperature": 1.5, "wind_speed": None}, "quality": {"air_temperature": 1}}
    other = {"values": {"co2": 400.0}, "quality": {"co2": 1}}
    rows = [minute(seq, 60 * seq, body, station="007") for seq in range(2, 20)]
    sink.commit(delivery(*rows, minute(100, 5 * 1440, other, station="007")))
    engine = opened(url)
    export = Export(engine, ExportSelection("007", date(2026, 1, 1), date(2026, 1, 2)))
    assert set(export.channels()) == export._counted() == export._looked_up() == {"air_temperature", "wind_speed"}
    engine.close()


def test_csv_is_read_back(sink: DatabaseSink, config: Path, tmp_path: Path) -> None:
    """A number below zero is a number, a name that looks like a formula is none, times are UTC and the station's; in a
    file a byte order mark tells Excel that it is UTF-8."""
    rows = filled(sink)
    out = tmp_path / "o.csv"
    said = exported(config, "csv", "--out", str(out))
    assert (said.code, said.err) == (0, "47 minutes written.\n")
    assert out.read_bytes().startswith(b"\xef\xbb\xbfstation,")
    found = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"), newline="")))
    assert len(found) == len(rows)
    assert (found[0]["station"], found[0]["start_utc"]) == ("007", "2025-12-31T18:00:00Z")
    assert (found[0]["start_local"], found[0]["utc_offset_h"]) == ("2026-01-01 02:00:00", "8.0")
    assert (found[0]["air_temperature (degC)"], found[0]["air_temperature quality"]) == ("-5.3", "3")
    assert (found[0]["rainfall_amount (mm)"], found[0]["'=1+1"]) == ("", "3.25")
    assert found[-1]["clock"] == "arrival"
    piped = exported(config, "csv", "--quantity", "air_temperature")
    assert piped.out.startswith("station,")
    assert "rainfall" not in piped.out
    assert exported(config, "csv", "--quantity", "气温").out == piped.out, "a quantity's name does too"
    assert list(tmp_path.glob(".*")) == []


def test_xlsx_is_read_back(sink: DatabaseSink, config: Path, tmp_path: Path) -> None:
    """Typed cells: 007 is a text, -5.3 a number, a time a time, what is missing empty; a year has its sheet."""
    filled(sink)
    out = tmp_path / "o.xlsx"
    said = exported(config, "xlsx", "--from", "2025-12-31", "--to", "2026-01-02", "--out", str(out))
    assert said.code == 0, said.err
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["2026"]
    head, first, *_ = book["2026"].iter_rows(values_only=True)
    line = dict(zip(head, first))
    assert (line["station"], line["air_temperature (degC)"], line["rainfall_amount (mm)"]) == ("007", -5.3, None)
    assert (str(line["start_local"]), line["=1+1"]) == ("2026-01-01 02:00:00", 3.25)
    assert book["2026"].max_row == 48


def test_jsonl_is_what_watch_writes(sink: DatabaseSink, config: Path, tmp_path: Path) -> None:
    """The very bytes."""
    rows = filled(sink)
    files = RecordFiles(tmp_path / "m.jsonl", tmp_path / "e.jsonl", None)
    LinesSink(files).commit(delivery(*rows))
    said = exported(config, "jsonl")
    assert said.code == 0, said.err
    assert said.out.encode() == (tmp_path / "m.jsonl").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_cannot_be_exported_is_one_clear_line(sink: DatabaseSink, config: Path, tmp_path: Path) -> None:
    """A wrong station, date, quantity, an empty span, no room: a sentence, a code, and no file of that name."""
    filled(sink)
    out = tmp_path / "o.csv"
    for words, said in (
        (("--from", "2026-01-02", "--to", "2026-01-01"), "--from is later than --to."),
        (("--from", "2026-02-30", "--to", "2026-03-01"), "2026-02-30"),
        (("--from", "2024-01-01", "--to", "2024-01-31"), "007 has no minute from 2024-01-01 to 2024-01-31"),
        ((*DAYS, "--quantity", "co2"), 'No "co2" was measured there; there are: =1+1, air_temperature'),
    ):
        found = exported(config, "csv", "--out", str(out), *words)
        assert (found.code, said in found.err) == (2, True), found.err
        assert not out.exists()
    unknown = exported(config, "csv", station="nobody").err
    assert 'No station "nobody" has sent anything.' in unknown
    assert "There are: 007." in unknown
    misspelt = exported(config, "csv", "--quantity", "air_temprature").err
    assert 'No "air_temprature" was measured there: was air_temperature meant?' in misspelt
    nowhere = exported(config, "csv", "--out", str(tmp_path / "none" / "o.csv")).err
    assert f"{tmp_path}/none/o.csv cannot be used: No such file" in nowhere
    assert (
        f"{tmp_path} is a folder: name a file in it, as {tmp_path}/007.csv."
        in exported(config, "csv", "--out", str(tmp_path)).err
    )
    everything = exported(config, "csv", "--from", "0001-01-01", "--to", "9999-12-31")
    assert (everything.code, everything.out.count("\r\n")) == (0, 51)
    assert "needs a file" in exported(config, "xlsx").err
    assert "leave --quantity out" in exported(config, "jsonl", "--quantity", "co2").err
    before = {file.name for file in tmp_path.iterdir()}
    for form in ("csv", "xlsx", "jsonl"):
        command = [sys.executable, "-m", "provisioning.main", "hub", "export", "--config", str(config), *DAYS]
        small = subprocess.run(
            [*command, "--station", "007", "--format", form, "--out", str(tmp_path / f"x.{form}")],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),  # no threads here
            capture_output=True,
            text=True,
            check=False,
        )
        assert (small.returncode, "cannot be used" in small.stderr) == (6, True), (form, small.stderr)
        assert {file.name for file in tmp_path.iterdir()} == before, "nothing of it stays where there is no room"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_is_there_is_not_lost(sink: DatabaseSink, config: Path, tmp_path: Path) -> None:
    """Whoever types the name of another file, the hub's own database even, is asked to say that it is meant."""
    filled(sink)
    out = tmp_path / "o.csv"
    out.write_text("last month")
    found = exported(config, "csv", "--out", str(out))
    assert (found.code, "exists already" in found.err, "--force" in found.err) == (2, True, True)
    assert out.read_text() == "last month"
    assert exported(config, "csv", "--out", str(out), "--force").code == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbfstation,")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_bar_is_seen_where_it_spoils_nothing(sink: DatabaseSink, config: Path, tmp_path: Path) -> None:
    """On the errors' terminal while a file is written, never among minutes; who stops reading is no error."""
    filled(sink)
    command = [sys.executable, "-m", "provisioning.main", "hub", "export", "--config", str(config), *DAYS]
    words = (*command[3:], "--station", "007", "--format", "csv")
    code, to_file = shown(40, 24, *words, "--out", str(tmp_path / "o.csv"))
    assert (code, "Writing" in to_file, to_file.split("\n")[-2][-19:]) == (0, True, "47 minutes written.")
    code, to_screen = shown(80, 24, *words)
    assert (code, "Writing" in to_screen, to_screen.count("\n007,")) == (0, False, 47)
    with subprocess.Popen([*command, "--station", "007", "--format", "jsonl"], stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_text_alone_is_guarded() -> None:
    """Whatever a spreadsheet would reckon with has a ' before it."""
    cells = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "＠x", "x=1", ""]
    assert [guarded(cell) for cell in cells] == [*(f"'{cell}" for cell in cells[:-2]), "x=1", ""]
    assert list(heading(["new"]))[-2:] == ["new", "new quality"]
