"""Whole captured days through pty, driver, minutes, store, a real Mosquitto and `watch`, as a user runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.data import shared
from tests.kits.broker import Broker
from tests.kits.days import Day, read_day, written_day

MINSHAN = [sys.executable, "-m", "provisioning.main"]
REFUSED = {  # the README of the captures
    "2019-08-04": 46,
    "2020-12-27": 90,
    "2021-05-04": 67,
    "2021-06-01": 66,
    "2022-07-24": 27,  # 26, and one line that is not a frame
}


def capture(day: str) -> Path:
    return shared(f"station-captures/{day}.txt.gz")


def start(*words: object, out: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*MINSHAN, *map(str, words)], stdout=out, stderr=subprocess.PIPE)


def demo(day: str, state: Path, *words: object) -> subprocess.Popen[bytes]:
    return start("demo", "--capture", capture(day), "--state", state, "--until-sent", *words)


def ended(process: subprocess.Popen[bytes], seconds: float = 240) -> str:
    printed, said = process.communicate(timeout=seconds)
    assert process.returncode == 0, said.decode()
    assert b"Traceback" not in said
    return (printed or b"").decode()


@contextmanager
def watching(broker: Broker, jsonl: Path, *words: object) -> Iterator[None]:
    process = start("watch", "--broker", broker.url, "--jsonl", jsonl, *words)
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


def rows(jsonl: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in jsonl.read_text().splitlines()]


def await_rows(jsonl: Path, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 30
    while not holds(found := rows(jsonl)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def at_the_hub(state: Path) -> list[dict[str, Any]]:
    """Return the minutes that the demo's hub has."""
    words = ("--station", "demo", "--from", "2000-01-01", "--to", "2100-01-01", "--format", "jsonl")
    command = [*MINSHAN, "hub", "export", "--config", str(state / "hub.toml"), *words]
    return [json.loads(line) for line in subprocess.run(command, capture_output=True, check=True).stdout.splitlines()]


def check_day(found: list[dict[str, Any]], day: Day) -> None:
    """Check that every minute of the day is there, each once, with all values as the file has them."""
    names = [(row["station"], row["epoch"], row["seq"], row["revision"]) for row in found]
    assert len(names) == len(set(names))
    by_time = {datetime.fromisoformat(row["time"]): row for row in found}
    assert len(by_time) == len(found)
    assert sorted(by_time) == list(day.minutes)
    wrong = []
    for begin, minute in day.minutes.items():
        row = by_time[begin]
        assert row["duration_s"] == 60
        for channel, value in minute.values(day.long_form).items():
            got = row["values"][channel]
            if got != value and not (got is not None and value is not None and abs(got - value) < 1e-9):
                wrong.append((begin, channel, value, got))
            assert (got is None) == (row["quality"][channel] in (4, 9))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_a_day_at_full_speed_is_what_its_file_says(name: str, tmp_path: Path) -> None:
    """Each captured day gives the minutes that its lines come to, and refuses the lines that its README counts."""
    day = read_day(capture(name))
    report = tmp_path / "report.json"
    broker = Broker(tmp_path).start()
    with watching(broker, tmp_path / "day.jsonl"):
        ended(demo(name, tmp_path / "state", "--speed", "max", "--report", report, "--broker", broker.url))
        found = await_rows(tmp_path / "day.jsonl", lambda got: len(got) >= len(day.minutes))
    broker.stop()
    told = json.loads(report.read_text())
    check_day(found, day)
    assert told["lines_read"] == day.lines
    assert sum(told["lines_refused"].values()) == day.refused == REFUSED[name]
    assert told["unsent"] == 0
    assert told["records"] == told["last_seq"] - told["first_seq"] + 1


@pytest.mark.slow
def test_a_day_of_its_own_arrives_as_it_was_written(tmp_path: Path) -> None:
    """A capture that this test writes, with rain, gaps, noise and calm, gives the minutes that its lines come to."""
    path = tmp_path / "own.txt"
    path.write_bytes(written_day(minutes=40, seed=11))
    day = read_day(path)
    report = tmp_path / "report.json"
    words = ["demo", "--capture", path, "--state", tmp_path / "state", "--speed", "max", "--until-sent"]
    printed = ended(start(*words, "--report", report, out=subprocess.PIPE))
    found = at_the_hub(tmp_path / "state")
    check_day(found, day)
    shown = re.findall(r"^demo \S+Z minute .*air_temperature=\S+", printed, re.MULTILINE)
    assert len(shown) == len(day.minutes), "a pipe gets each minute with its values"
    told = json.loads(report.read_text())
    assert told["lines_refused"]["checksum"] > 0
    assert re.search(rf"{day.refused} refused\. Why: .*checksum \({told['lines_refused']['checksum']}\)", printed)
    assert (told["lines_read"], sum(told["lines_refused"].values())) == (day.lines, day.refused)
    assert day.refused > 10
    assert any(None in minute.values(day.long_form).values() for minute in day.minutes.values())
    assert sum(minute.rain for minute in day.minutes.values()) > 1


@pytest.mark.slow
def test_records_are_equal_at_every_speed(tmp_path: Path) -> None:
    """Ten minutes at 60, 600 and full speed are the same records, but for the random name of the start."""
    kept = []
    runs = {
        speed: demo("2021-05-04", tmp_path / speed, "--speed", speed, "--for", "10m") for speed in ("60", "600", "max")
    }
    for speed, run in runs.items():
        ended(run)
        found = at_the_hub(tmp_path / speed)
        kept.append([{**row, "epoch": ""} for row in sorted(found, key=lambda row: int(row["seq"]))])
    assert len(kept[0]) == 10
    assert kept[0] == kept[1] == kept[2]


def test_receipts_prove_what_was_measured(tmp_path: Path) -> None:
    """With the platform's receipts as proof nothing is left unsent, and each minute is on the platform's disk."""
    broker = Broker(tmp_path).start()
    jsonl = tmp_path / "proven.jsonl"
    report = tmp_path / "report.json"
    with watching(broker, jsonl, "--receipts"):
        words = ("--speed", "max", "--for", "2h", "--broker", broker.url, "--proof", "committed", "--report", report)
        ended(demo("2019-08-04", tmp_path / "state", *words))
        arrived = rows(jsonl)
    broker.stop()
    assert json.loads(report.read_text())["unsent"] == 0
    assert len({row["time"] for row in arrived}) == 120


def test_children_die_with_a_killed_demo(tmp_path: Path) -> None:
    """A SIGKILL leaves neither the demo's broker nor its camera process behind."""
    station = start("demo", "--state", tmp_path / "state", "--speed", 60)
    deadline = time.monotonic() + 60
    while len(children := _children(station.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    station.kill()
    station.communicate()
    assert len(children) >= 3, "broker, hub and camera process were expected"
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_alive(pid) for pid in children)


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--capture", os.devnull], 2, "not a capture"),
        (["--capture", "/nowhere/day.txt"], 2, "/nowhere/day.txt"),
        (["--speed", "fast"], 2, '"fast" is not a speed'),
        (["--for", "soon"], 2, '"soon" is not a duration'),
        (["--state", "/proc/minshan"], 6, "/proc/minshan"),
        (["--station", "Mao Xian"], 2, "--station"),
    ],
)
def test_bad_words_are_one_clear_line(words: list[str], code: int, sentence: str) -> None:
    """What a demo cannot use ends it with one sentence that names it, and its exit code."""
    demo = [*MINSHAN, "demo", "--for", "1m", "--speed", "max", *words]
    run = subprocess.run(demo, capture_output=True, check=False, timeout=60)
    said = run.stderr.decode()
    assert run.returncode == code, said
    assert sentence in said
    assert "Traceback" not in said
