"""The commands that talk to a running station, by its socket or over a real broker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock
from edge.wire.contract import Command, Result, Topic, decode, encode, topic
from edge.wire.link import Link
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from tests.kits.broker import Broker, until
from tests.kits.command import ENGLISH, minshan
from tests.kits.system import running_station, section, station, url

CLOCK = SystemClock()


def answered(link: Link, results: list[tuple[str, str]]) -> Command:
    """Play the station: wait for a command and give those results."""
    deadline = time.monotonic() + 20
    while not link.incoming and time.monotonic() < deadline:
        link.wait(CLOCK.now() + 0.1)
    command = decode(link.incoming.pop(0).payload, Command)
    another = Result(1, command.id, "another-1", "done", "what another station says is no answer")
    link.publish(topic("maoxian-1", Topic.RESULT), encode(another))
    for state, text in results:
        result = Result(1, command.id, "maoxian-1", state, text, {"camera": "south"} if state == "done" else {})
        link.publish(topic("maoxian-1", Topic.RESULT), encode(result))
        for _ in range(3):
            link.wait(CLOCK.now() + 0.1)
    return command


@pytest.mark.parametrize(
    ("results", "code", "out", "err"),
    [
        (
            [("accepted", ""), ("done", "")],
            0,
            "The station has accepted the command ...\nDone.\n  camera: south\n",
            "",
        ),
        (
            [("failed", "this station has no camera")],
            7,
            "",
            "Error: The station could not do it: this station has no camera\n",
        ),
    ],
)
def test_a_picture_is_asked_for_over_the_broker(
    login_broker: Broker, results: list[tuple[str, str]], code: int, out: str, err: str
) -> None:
    """`remote STATION picture` sends a command that expires and tells what comes of it."""
    link = connect(section(url(login_broker)), Session("test-station", (topic("maoxian-1", Topic.COMMAND),)))
    words = [sys.executable, "-m", "provisioning.main", "remote", "maoxian-1", "picture"]
    words += ["--camera", "south", "--timeout", "20", "--broker", url(login_broker)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **ENGLISH}
    ) as asked:
        command = answered(link, results)
        said, wrong = asked.communicate(timeout=30)
        assert asked.returncode == code
    link.close()
    assert (command.name, command.args) == ("picture", {"camera": "south"})
    assert command.expires is not None
    assert (said, wrong) == (out, err)


def test_a_station_that_is_unknown_or_silent(login_broker: Broker) -> None:
    """A name that no station ever had on this broker is told at once; the refused login with the broker's code."""
    said = minshan("remote", "nowhere-1", "picture", "--broker", url(login_broker))
    assert (said.code, said.err) == (
        1,
        'Error: No station "nowhere-1" listens on this broker.\n'
        "  → Check how its name is written in its file, and whether it has been off for more than a week.\n",
    )
    said = minshan("remote", "maoxian-1", "picture", "--broker", url(login_broker, "grower:pear@"))
    where = f"mqtt://127.0.0.1:{login_broker.port}"
    assert said.code == 5
    assert said.err == f"Error: {where} refuses the login (not authorized): are user and password right?\n"


@pytest.fixture
def running(tmp_path: Path, login_broker: Broker, port: str) -> Iterator[Path]:
    """Give the file of a station that is running."""
    file = station(tmp_path, port, url(login_broker))
    with running_station(file):
        until((tmp_path / "state" / "minshan.sock").exists, 60)
        yield file


def test_a_running_station_is_asked(running: Path) -> None:
    """status, maintenance and the doctor ask the daemon; SIGTERM ends it with code 0."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = json.loads(minshan("status", "--json", "--config", str(running)).out)
        if answer["sensors"][0]["readings"] and answer["uplink"]["connected"]:
            break
    said = minshan("status", "--config", str(running))
    assert said.code == 0
    assert said.out.startswith("Station maoxian-1, 2")
    assert "All sensors answer.\n" in said.out
    assert "Connected to the broker.\n" in said.out
    chinese = minshan("status", "--lang", "zh", "--state", str(running.parent / "state")).out
    assert "全部传感器都有应答。\n" in chinese
    assert not re.search(r"epoch|\bseq\b|lane|ledger", said.out + chinese)
    looked = minshan("doctor", "--config", str(running)).out
    assert "is running on" in looked
    assert re.search(r"\n✓ sensor dust \(plantower on /dev/pts/\d+\): \d+ readings since the start\n", looked)
    assert "station maoxian-1 measures: 1 sensor on 1 bus\n" in (running.parent / "log").read_text()

    said = minshan("accept-ledger", "--config", str(running))
    assert (said.code, said.err) == (1, "Error: No other receiver has answered this station\n")
    said = minshan("maintenance", "20m", "cleaning the gauge", "--config", str(running))
    ends = f"minshan maintenance 0 --config {running}"
    assert said.out == f"Maintenance for 20 min; it ends by itself, or by `{ends}`.\n"
    assert "Under maintenance: cleaning the gauge." in minshan("status", "--config", str(running)).out
    ended = minshan("maintenance", "0", "--config", str(running)).out
    assert ended == "Maintenance ends with the current minute.\n"


def test_a_folder_in_use_by_another_station_is_refused(running: Path) -> None:
    """A second station on the same folder: one line, code 6, and the first goes on."""
    said = minshan("run", "--config", str(running))
    assert said.code == 6
    state = running.parent / "state"
    assert re.fullmatch(
        rf"Error: State folder {state} is in use by another minshan \(pid \d+\): stop that one first, "
        r"or name another folder\n",
        said.err,
    )
    assert minshan("status", "--config", str(running)).code == 0


def test_a_folder_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    """A state folder that is a file: one line that names the file's line, and code 3."""
    file = station(tmp_path, port, "mqtt://127.0.0.1:9")
    (tmp_path / "state").write_text("mine")
    said = minshan("run", "--config", str(file))
    assert (said.code, len(said.err.splitlines())) == (3, 1)
    assert re.search(rf"station.toml:\d+: state.dir = .*: {tmp_path}/state is not a folder", said.err)
