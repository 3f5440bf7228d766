"""The installed station under a real systemd: what its sandbox lets it know."""

from __future__ import annotations

import ctypes
import errno
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.clock.timekeeper import TIME_ERROR, UNSYNCHRONISED, NotAllowedError, Timex
from tests.data import CHECKOUT
from tests.kits.booted import Booted, bootable

pytestmark = pytest.mark.timeout(600)  # the first of them installs
CONFIG = """\
[station]
id = "boxed"
[site]
latitude = 31.7
longitude = 103.9
altitude_m = 1800.0
[state]
dir = "/var/lib/minshan"
[[sensor]]
name = "dust"
driver = "plantower"
port = "/dev/ttyUSB0"
"""
ADJ_MAXERROR, ADJ_STATUS, STA_UNSYNC = 0x0004, 0x0010, 0x0040
STATUS = Timex.rest.offset + ctypes.sizeof(ctypes.c_long)  # behind esterror


@pytest.fixture(name="box", scope="module")
def installed_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """Boot this machine's own Debian, with the station installed into it."""
    bootable()
    box = Booted(tmp_path_factory.mktemp("box"))
    config = tmp_path_factory.mktemp("config") / "station.toml"
    config.write_text(CONFIG)
    laid = subprocess.run(
        ["make", "install", "PYTHON=/usr/bin/python3", f"DESTDIR={box.upper}", f"CONFIG={config}"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert laid.returncode == 0, laid.stdout + laid.stderr
    with box:
        box.run("systemd-sysusers")
        box.run("systemd-tmpfiles", "--create")
        box.run("systemctl", "start", "minshan")
        yield box


def asked(box: Booted) -> dict[str, Any]:
    """Return what the station knows of the time."""
    said = json.loads(box.until("minshan", "status", "--json", "--state", "/var/lib/minshan", answers=('"clock"',)))
    return dict(said["clock"])


def state_of_clock(modes: int = 0, status: int = 0, maxerror: int = 0) -> tuple[int, int]:
    """Return the kernel's verdict and status bits, after a change where `modes` names one."""
    timex = Timex(modes=modes, maxerror=maxerror)
    ctypes.memmove(ctypes.addressof(timex) + STATUS, ctypes.byref(ctypes.c_int(status)), ctypes.sizeof(ctypes.c_int))
    verdict = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    return verdict, ctypes.c_int.from_address(ctypes.addressof(timex) + STATUS).value


@contextmanager
def synchronised() -> Iterator[None]:
    """Make the kernel believe its clock to be right to 20 ms, as after NTP; undo that at the end."""
    verdict, status = state_of_clock()
    if verdict != TIME_ERROR:  # it is so
        yield
        return
    if state_of_clock(ADJ_STATUS | ADJ_MAXERROR, status & ~STA_UNSYNC, 20_000)[0] == TIME_ERROR:
        pytest.skip("this kernel's clock cannot be called right from here")
    try:
        yield
    finally:
        state_of_clock(ADJ_STATUS | ADJ_MAXERROR, status, 16_000_000)


@pytest.mark.slow
def test_the_installed_station_knows_whether_the_clock_is_right(box: Booted) -> None:
    """Under its own unit the station takes the kernel's word: not synchronised, never "may not ask"; then NTP."""
    if state_of_clock()[0] == TIME_ERROR:
        assert asked(box) == {"source": "arrival", "error": None, "trouble": UNSYNCHRONISED.builtins()}
        doctor = box.run("minshan", "doctor", "--config", "/etc/minshan/station.toml")
        assert "✗ clock: the system's time is not synchronised" in doctor
    with synchronised():
        box.until("minshan", "status", "--json", "--state", "/var/lib/minshan", answers=('"ntp"',), seconds=30.0)
        known = asked(box)
        assert known["trouble"] is None
        assert 0.05 <= known["error"] < 1.0
        assert "✓ clock: 2" in box.run("minshan", "doctor", "--config", "/etc/minshan/station.toml")


@pytest.mark.slow
def test_a_station_that_may_not_ask_says_so(box: Booted) -> None:
    """Where the sandbox forbids to ask the kernel, log, status and doctor name that, in both languages."""
    reason = NotAllowedError(errno.EPERM).reason
    refused = str(reason)
    doctor = ("minshan", "doctor", "--config", "/etc/minshan/station.toml")
    folder = "/etc/systemd/system/minshan.service.d"
    box.run("mkdir", "-p", folder)
    box.run("sh", "-c", f"printf '[Service]\\nProtectClock=yes\\n' >{folder}/closed.conf")
    try:
        afresh(box)
        with synchronised():  # the doctor's own look would find it well
            assert asked(box) == {"source": "arrival", "error": None, "trouble": reason.builtins()}
            said = box.run(*doctor)
            assert f"✗ clock: {refused}" in said
            assert "SystemCallFilter" in said
            assert "✗ 时钟：系统不允许本程序查询时钟是否准确（不允许的操作）" in box.run(*doctor, "--lang", "zh")
        assert refused in box.run("journalctl", "-u", "minshan", "--no-pager")
        assert f"Time: {refused}" in box.run("minshan", "status", "--state", "/var/lib/minshan")
    finally:
        box.run("rm", f"{folder}/closed.conf")
        afresh(box)


def afresh(box: Booted) -> None:
    """Start the station again by the units that lie there now, knowing nothing."""
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "stop", "minshan")
    box.run("sh", "-c", "rm -rf /var/lib/minshan/*")
    box.run("systemctl", "start", "minshan")


@pytest.mark.slow
def test_the_station_cannot_set_the_clock(box: Booted) -> None:
    """What its unit lets it ask it does not let it change."""
    code = (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
        "timex = ctypes.create_string_buffer((16).to_bytes(4, 'little'), 512); "
        "print(libc.adjtimex(timex), ctypes.get_errno())"
    )
    unit = (CHECKOUT / "systemd/minshan.service").read_text()
    said = [line for line in unit.splitlines() if line.startswith(("ProtectClock", "SystemCall", "CapabilityB"))]
    words = [word for line in said for word in ("-p", line)]
    assert box.run("systemd-run", "-q", "--wait", "--pipe", *words, "python3", "-c", code).strip() == "-1 1"


ASKS_FOR_MORE = """
import json, subprocess, sys
sys.path.insert(0, next(iter(__import__("glob").glob("/opt/minshan/lib/python3*/site-packages"))))
from pathlib import Path
from edge.control.client import AskError, Client

def tried(what):
    try:
        return str(what())
    except (AskError, OSError) as error:
        return type(error).__name__

SOCKET = Path("/var/lib/minshan/minshan.sock")

def asked(name, **arguments):
    with Client(SOCKET) as client:
        return client.ask(name, **arguments)

print(json.dumps({
    "status": tried(lambda: asked("status")["station"]),
    "maintenance": tried(lambda: asked("maintenance", seconds=60)),
    "token": tried(lambda: asked("page-token", new="a token of mine")),
    "configuration": tried(lambda: Path("/etc/minshan/station.toml").read_text()),
    "records": tried(lambda: Path("/var/lib/minshan/records.db").read_bytes()[:9]),
    "written": tried(lambda: Path("/var/lib/minshan/x").write_text("x")),
    "home": tried(lambda: Path("/opt/minshan/x").write_text("x")),
    "shell": tried(lambda: subprocess.run(["/bin/sh", "-c", "true"]).returncode),
}))
"""


@pytest.mark.slow
def test_a_page_that_asks_for_more_than_it_may_gets_nothing(box: Booted) -> None:
    """Code that runs in the page's place, under its unit: the state is read; no order, file, shell or secret."""
    box.until("minshan", "status", "--json", "--state", "/var/lib/minshan", answers=('"clock"',))
    unit = (CHECKOUT / "systemd/minshan-page.service").read_text().partition("[Service]")[2].partition("[Install]")[0]
    left = ("ExecStart", "Restart", "Timeout", "#")
    words = [word for line in unit.splitlines() if "=" in line and not line.startswith(left) for word in ("-p", line)]
    told = box.run("systemd-run", "-q", "--wait", "--pipe", *words, "/usr/bin/python3", "-c", ASKS_FOR_MORE)
    got = json.loads(told.splitlines()[-1])
    assert got.pop("status") == "boxed", told
    assert set(got.values()) <= {"AskError", "PermissionError", "OSError", "FileNotFoundError"}, got
    served = box.until("systemctl", "show", "-p", "ActiveState", "minshan-page", answers=("ActiveState",))
    assert "failed" not in served
    box.run("systemctl", "start", "minshan-page")
    box.until("python3", "-c", SERVED, answers=("boxed",), seconds=60.0)


SERVED = (
    "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/api/v1/stations/boxed/now').read().decode())"
)
