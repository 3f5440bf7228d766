"""`minshan demo` before its audience: a low window, Ctrl-C, a capture that is none, a broker of its own that ends."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import httpx
import pytest

from tests.kits.broker import until
from tests.kits.command import ENGLISH, minshan
from tests.kits.sink_kit import query
from tests.kits.system import paths
from tests.kits.window import shown

DEMO = [sys.executable, "-m", "provisioning.main", "demo"]
BETWEEN_FRAMES = re.compile(r"\r?(?:\x1b\[2K\x1b\[1A)+\x1b\[2K")


def started(*words: str) -> subprocess.Popen[str]:
    """Start a demo whose output is read at its end."""
    env = paths() | ENGLISH | {"COLUMNS": "40"}  # of no window: a program reads it
    return subprocess.Popen([*DEMO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


@pytest.mark.parametrize(
    ("words", "code"),
    [((), 0), *(pytest.param(words, 130, marks=pytest.mark.slow) for words in (("--for", "2h"), ("--until-sent",)))],
)
def test_ctrl_c_ends_it_with_a_summary(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """An endless demo is ended by Ctrl-C and all is well; one that has an end did not reach it, and says so by 130."""
    with started("--state", str(tmp_path / "state"), *words) as demo:
        until((tmp_path / "state" / "minshan.sock").exists, 30)
        time.sleep(1)
        demo.send_signal(signal.SIGINT)
        said, wrong = demo.communicate(timeout=60)
    assert (demo.returncode, wrong) == (code, "")
    unsent = r"(everything is sent|\d+ (is|are) unsent)"
    assert re.search(rf"\nStopped: \d+ records? (was|were) made, {unsent}, \d+ pictures? (was|were) taken\.\n", said)
    assert "lines were read" not in said, "there is no capture whose lines could be counted"
    assert "(11 sensors), sending to its broker.\n" in said, "a line is whole where no window is"


def on_a_terminal(columns: int, *words: str) -> tuple[int, int]:
    """Start a demo on a terminal of that many columns and 24 lines. Return its process and our end of the line."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(paths() | ENGLISH | {"TERM": "xterm-256color"})
        os.environ.pop("COLUMNS")
        time.sleep(0.2)
        os.execv(sys.executable, [*DEMO, *words])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return child, terminal


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "length"), [(80, "5m"), (40, "2m")])
def test_a_table_in_a_low_window(columns: int, length: str, tmp_path: Path) -> None:
    """On 24 lines no picture is higher than the window, each row comes on some page whole, and how to stop is shown."""
    child, terminal = on_a_terminal(columns, "--speed", "60", "--for", length, "--state", str(tmp_path))
    written = b"".join(iter(lambda: more(terminal), b"")).decode().replace("\r\n", "\n")
    _, code = os.waitpid(child, 0)
    os.close(terminal)
    assert code == 0
    frames = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame) for frame in BETWEEN_FRAMES.split(written)[2:-1]]
    assert all(frame.count("\n") < 24 for frame in frames)
    gap = "   " if columns == 80 else "\n"
    head = rf"^岷山 Minshan  Maoxian demo orchard{gap}2026-04-05 \d\d:\d\d   60x$"
    assert all(re.search(head, frame, re.MULTILINE) for frame in frames)
    assert all("Ctrl-C stops it" in frame for frame in frames)
    assert "…" not in "".join(frames)
    shown = " ".join("".join(frames).split())
    if columns < 80:
        return
    for whole in ("Air temperature ", "Relative humidity (field)", "Wind speed (orchard-cups)", "PM10 (field)"):
        assert whole in shown
    assert re.search(r"\n1–\d+ of 25 rows; the next ones follow", frames[0])
    assert re.search(r"\n\d+–25 of 25 rows; the next ones follow", "".join(frames)), "the last page never came"


def test_a_terminal_that_cannot_redraw_gets_a_line_a_record(tmp_path: Path) -> None:
    """A plain terminal, as that of an editor, is told each minute while it passes, as a file is."""
    words = ("demo", "--speed", "600", "--for", "2m", "--state", str(tmp_path))
    code, said = shown(200, 50, *words, env=ENGLISH | {"TERM": "dumb"})
    assert code == 0
    assert re.search(r"^demo 2026-\S+ minute air_temperature=", said, re.MULTILINE)


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:
    """Nobody looks any more: the demo ends in order, also where no signal tells it, and leaves nothing behind."""
    child, terminal = on_a_terminal(80, "--state", str(tmp_path / "state"))
    seen = b""
    while b"Ctrl-C stops it" not in seen:
        seen += more(terminal)
    broker = broker_of(child)
    os.close(terminal)
    _, code = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(code) == 0
    assert broker is not None
    assert not Path(f"/proc/{broker}").exists()


def more(terminal: int) -> bytes:
    """Return what comes next; nothing once the other end is gone (Linux says EIO then)."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


@pytest.mark.slow
def test_several_stations_and_their_hub_agree(tmp_path: Path) -> None:
    """Three stations run in one process, and at the end the hub has each record of each, and no minute is a hole."""
    words = ("--speed", "max", "--for", "4m", "--stations", "3", "--until-sent", "--state", str(tmp_path))
    with started(*words, "--report", str(tmp_path / "report.json")) as demo:
        said, wrong = demo.communicate(timeout=90)
    assert (demo.returncode, wrong) == (0, "")
    held = json.loads((tmp_path / "report.json").read_text())["hub"]
    assert [line["station"] for line in held] == ["demo", "demo-2", "demo-3"]
    for line in held:
        assert line["received"] == line["records"] > 5
        assert line["minutes_received"] == line["minutes_measured"] == 4
    assert "demo-3: the hub has" in said
    (arrived,) = query(f"sqlite://{tmp_path}/hub.db", "SELECT max(arrived_us) FROM minute")[0]
    assert 0 <= arrived - query(f"sqlite://{tmp_path}/hub.db", "SELECT max(end_us) FROM minute")[0][0] < 3600e6, (
        "what arrives is dated in the demo's own time"
    )
    of_clock = query(f"sqlite://{tmp_path}/hub.db", """SELECT said FROM alarm WHERE said LIKE '%"what":"clock"%'""")
    assert of_clock == [], "its time is simulated: nobody need set a clock"


@pytest.mark.slow
def test_a_demo_that_goes_on_was_stopped_by_a_person(tmp_path: Path) -> None:
    """One that came to its end, at the end of a minute or within one, was not killed, whatever is left of it."""
    for length in ("2m", "90s", "1m"):
        with started("--speed", "max", "--for", length, "--until-sent", "--state", str(tmp_path)) as demo:
            _, wrong = demo.communicate(timeout=90)
        assert (demo.returncode, wrong) == (0, "")
    starts = query(f"sqlite://{tmp_path}/hub.db", "SELECT body FROM event WHERE kind = 'start' ORDER BY start_us")
    reasons = [json.loads(body)["reason"] for (body,) in starts]
    said = [reason if isinstance(reason, str) else reason["text"] for reason in reasons]
    assert said == ["first start", "stopped by a person", "stopped by a person"]


@pytest.mark.slow  # simulated time at the pace of life, until somebody has logged in
def test_the_administrator_whom_it_names_may_log_in(tmp_path: Path) -> None:
    """The address and the password that are printed open the hub, which knows the demo's station as of now."""
    with started("--state", str(tmp_path)) as demo:
        assert demo.stdout is not None
        head = ""
        while "Press Ctrl-C" not in head:
            head += demo.stdout.readline()
        found = re.search(r"hub's page:\s+(\S+)\s+Log in there as (\S+) with the password\s+(\S+)", head)
        assert found is not None, head
        address, name, password = found.groups()
        with httpx.Client(base_url=address, headers={"origin": address}) as client:
            until(lambda: client.post("/api/v1/login", json={"name": name, "password": password}).is_success, 30)
            until(lambda: client.get("/api/v1/stations").json() != [], 60)
            (station,) = client.get("/api/v1/stations").json()
            assert ">Maoxian demo orchard</a>" in client.get("/").text, "the wall calls it as its own page does"
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=60)
    assert (station["station"], demo.returncode) == ("demo", 0)


@pytest.mark.slow  # a broker has to notice
def test_its_own_broker_comes_back(tmp_path: Path) -> None:
    """When the demo's broker ends, another takes its port, and nothing stays unsent."""
    words = ("--speed", "60", "--for", "20m", "--until-sent", "--state", str(tmp_path / "state"))
    with started(*words) as demo:
        until(lambda: broker_of(demo.pid) is not None, 30)
        first = broker_of(demo.pid)
        assert first is not None
        assert demo.stdout is not None
        assert any(" minute " in line for line in demo.stdout), "nothing is measured"
        os.kill(first, signal.SIGKILL)
        until(lambda: broker_of(demo.pid) not in (None, first), 20)
        said, wrong = demo.communicate(timeout=90)
    assert (demo.returncode, wrong) == (0, "")
    assert "everything is sent" in said


def broker_of(pid: int) -> int | None:
    """Return the process of the demo's broker."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            if "broker" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
    return None


def test_a_capture_that_is_none(tmp_path: Path) -> None:
    """A file that is not there, no gzip file or no capture: one sentence each, in both languages, code 2."""
    broken, text = tmp_path / "broken.gz", tmp_path / "text.txt"
    broken.write_bytes(b"\x1f\x8b\x08\x00half")
    text.write_text("hello\n")
    form = "each line must begin with its time of arrival and a space, as in '2021-06-22T00:00:10 A0743B135C...'"
    for file, english, chinese in (
        (tmp_path / "none.gz", ": cannot be read: No such file or directory", "无法读取：文件或目录不存在\n"),
        (broken, ": not a whole gzip file\n", "不是完整的 gzip 文件\n"),
        (text, f" is not a capture: {form}\n", "不是录制文件：每行应以接收时间和一个空格开头"),
    ):
        said, told = minshan("demo", "--capture", str(file)), minshan("demo", "--lang", "zh", "--capture", str(file))
        assert (said.code, told.code) == (2, 2)
        assert said.err.startswith(f"Error: {file}{english}")
        assert told.err.startswith(f"错误：{file}：{chinese}")
        assert len(said.err.splitlines()) == len(told.err.splitlines()) == 1


def test_two_demos_that_begin_at_once_do_not_both_take_the_usual_port() -> None:
    """The page of the second would never be had, and its address would show the first one's."""
    asks = "from provisioning.demo.processes import usual_port; claim = usual_port(); print(bool(claim), flush=True); "
    words = [sys.executable, "-c", asks + "input()"]
    two = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=paths()) for _ in range(2)]
    said = [process.stdout.readline() for process in two if process.stdout is not None]
    for process in two:
        process.communicate(b"\n", timeout=30)
    assert sorted(said) in ([b"False\n", b"True\n"], [b"False\n", b"False\n"])  # none where another program has it
