"""`init` and then `run` in real time, on a pty that another process feeds, as a technician does it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kits.broker import Broker

MINSHAN = [sys.executable, "-m", "provisioning.main"]
FEEDER = """
import os, pty, time, tty
near, far = pty.openpty()
tty.setraw(far)
print(os.ttyname(far), flush=True)
line = b"A0743B135C0000D0012E0000F0006G1588H1588I0000J0006K0610L0271M909N10022,017,025,026,017,025,026,*0F"
while True:
    os.write(near, line + b"\\r\\n")
    time.sleep(3)
"""


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def await_lines(path: Path, holds: Callable[[list[dict[str, Any]]], object], seconds: float) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    while not holds(found := lines(path)):
        assert time.monotonic() < deadline, f"did not come about; {path.name} holds {found}"
        time.sleep(0.2)
    return found


def run(config: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*MINSHAN, "run", "--config", str(config)], stderr=subprocess.PIPE)


@pytest.mark.slow  # it waits for the edges of real minutes
def test_a_killed_station_loses_the_minute_in_hand_and_says_so(tmp_path: Path) -> None:
    """Minutes arrive; a SIGKILL loses at most the minute in hand; the start record says what is missing and why."""
    broker = Broker(tmp_path).start()
    feeder = subprocess.Popen([sys.executable, "-c", FEEDER], stdout=subprocess.PIPE)
    assert feeder.stdout is not None
    port = feeder.stdout.readline().decode().strip()
    config, jsonl, events = tmp_path / "station.toml", tmp_path / "minutes.jsonl", tmp_path / "events.jsonl"
    init = ["init", "--station", "pole-1", "--sensor", f"ascii-station:port={port}", "--broker", broker.url]
    subprocess.run([*MINSHAN, *init, "--state", str(tmp_path / "state"), "--out", str(config)], check=True, timeout=30)
    config.write_text(config.read_text() + "\n[clock]\ntrust_system_clock = true\n")  # where no time server is reached
    watch = subprocess.Popen(
        [*MINSHAN, "watch", "--broker", broker.url, "--jsonl", str(jsonl), "--events", str(events)],
        stdout=subprocess.DEVNULL,
    )
    station = run(config)
    try:
        before = await_lines(jsonl, lambda found: any(row["duration_s"] == 60 for row in found), 150)
        whole = next(row for row in before if row["duration_s"] == 60)
        assert whole["values"]["air_temperature"] == 27.1
        assert whole["values"]["wind_speed"] == 1.2
        assert whole["quality"]["relative_humidity"] == 1
        time.sleep(5)
        station.send_signal(signal.SIGKILL)
        station.wait()
        station = run(config)
        starts = await_lines(events, lambda found: len([e for e in found if e.get("kind") == "start"]) > 1, 30)
        again = [e["body"] for e in starts if e.get("kind") == "start" and "previous_epoch" in e["body"]][-1]
        assert again["reason"]["code"] == "killed"
        assert again["previous_epoch"] == before[-1]["epoch"]
        missing = (again["missing"]["to"] - again["missing"]["from"]) / 1e6
        assert 0 < missing < 60 + 15, "more than the minute in hand is missing"
        await_lines(jsonl, lambda found: found[-1]["epoch"] != before[-1]["epoch"], 90)
        station.send_signal(signal.SIGTERM)
        said = station.communicate(timeout=20)[1]
        assert station.returncode == 0
        assert b"Traceback" not in said
    finally:
        for process in (station, watch, feeder):
            process.kill()
            process.wait()
        broker.stop()


def test_two_daemons_never_share_a_state_folder(tmp_path: Path) -> None:
    """The second one ends at once with a sentence that names the folder; the first measures on, and logs in Chinese."""
    config = tmp_path / "station.toml"
    words = ["init", "--station", "pole-1", "--sensor", f"ascii-station:port={tmp_path}/none"]
    words += ["--broker", "mqtt://127.0.0.1:9", "--state", str(tmp_path / "state"), "--out", str(config)]
    subprocess.run([*MINSHAN, *words], check=True, timeout=30, stdout=subprocess.DEVNULL)
    chinese = tmp_path / "chinese.toml"
    chinese.write_text(config.read_text().replace("[station]\n", '[station]\nlanguage = "zh"\n'))
    first = run(chinese)
    try:
        deadline = time.monotonic() + 20
        while not (tmp_path / "state" / "minshan.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        again = [*MINSHAN, "run", "--config", str(config)]
        second = subprocess.run(again, capture_output=True, check=False, timeout=30)
        assert second.returncode == 6
        assert b"is in use by another minshan" in second.stderr
        assert b"Traceback" not in second.stderr
        assert first.poll() is None
    finally:
        first.terminate()
        said = first.communicate(timeout=20)[1].decode()
    assert first.returncode == 0
    assert f"{tmp_path}/none" in said, "a missing port is one line in the log"
    assert "警告 minshan.sampler: 传感器“ascii-station”" in said
    assert "mqtt://127.0.0.1:9 拒绝连接" in said
    assert len([line for line in said.splitlines() if f"{tmp_path}/none" in line]) == 1


def test_a_station_runs_where_proc_is_not_mounted(tmp_path: Path) -> None:
    """In a bare container it measures, and answers whoever asks."""
    if os.geteuid() or shutil.which("unshare") is None:
        pytest.skip("only root may take /proc away, and only by unshare (util-linux)")
    config, ready = tmp_path / "station.toml", tmp_path / "state" / "minshan.sock"
    words = ["init", "--station", "pole-1", "--sensor", f"ascii-station:port={tmp_path}/none"]
    subprocess.run([*MINSHAN, *words, "--state", str(ready.parent), "--out", str(config)], check=True, timeout=60)
    bare = ["unshare", "-m", "sh", "-c", 'umount -l /proc && exec "$@"', "-"]
    station = subprocess.Popen([*bare, *MINSHAN, "run", "--config", str(config)], stderr=subprocess.PIPE)
    try:
        while not ready.exists():
            assert station.poll() is None
            time.sleep(0.1)
        ask = [*bare, *MINSHAN, "status", "--state", str(ready.parent), "--lang", "en"]
        said = subprocess.run(ask, capture_output=True, check=False, timeout=60)
        assert said.stdout.startswith(b"Station pole-1"), said
    finally:
        station.terminate()
        told = station.communicate(timeout=60)[1]
    assert station.returncode == 0, told
