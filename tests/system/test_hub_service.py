"""An office's hub as `make install-hub` leaves it, under a real systemd, with a real broker beside it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data import CHECKOUT
from tests.kits.booted import Booted, bootable

pytestmark = pytest.mark.timeout(600)  # the first of them installs
FILES = "/var/lib/minshan-hub"
HEALTH = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/api/v1/health').status)"
PYTHON = """\
#!/bin/sh
echo "$@" >>"$LOG"
if [ "$2" = venv ]; then for last; do :; done; mkdir -p "$last/bin" && cp "$0" "$last/bin/python"; fi
"""


@pytest.fixture(name="office", scope="module")
def installed_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """Boot this machine's own Debian with a broker, the hub installed and set up as the guide says."""
    bootable()
    box = Booted(tmp_path_factory.mktemp("office"))
    words = ["make", "install-hub", "PYTHON=/usr/bin/python3", f"DESTDIR={box.upper}"]
    laid = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, timeout=600, check=False)
    assert laid.returncode == 0, laid.stdout + laid.stderr
    with box:
        box.run("systemd-sysusers")
        box.run("systemd-tmpfiles", "--create")
        box.run("systemd-run", "-q", "--unit=broker", "/usr/sbin/mosquitto", "-p", "1883")
        box.run("sh", "-c", "echo frost-at-four-in-the-morning >/root/password")
        made = box.run(
            *("minshan", "hub", "init", "--broker", "mqtt://127.0.0.1:1883", "--http", "127.0.0.1:8080"),
            *("--out", "/etc/minshan-hub/hub.toml"),
        )
        assert "Next: `sudo systemctl start minshan-hub`." in made
        yield box


def is_up(box: Booted) -> None:
    """Wait until the hub answers."""
    box.until("python3", "-c", HEALTH, answers=("200",), seconds=60)


def value(box: Booted, name: str) -> str:
    """Return a property of the unit."""
    return box.run("systemctl", "show", "--value", "-p", name, "minshan-hub").strip()


@pytest.mark.slow
def test_what_root_sets_up_the_hub_can_write(office: Booted) -> None:
    """`init`, `user add`, `backup` and `restore` are root's, the database is the service's: it runs after each."""
    office.run("systemctl", "start", "minshan-hub")
    is_up(office)
    added = office.run("minshan", "hub", "user", "add", "root", "--role", "admin", "--password-file", "/root/password")
    assert "Error" not in added, added
    told = office.run("minshan", "hub", "status", "--json")
    assert json.loads(told.splitlines()[0])["trouble"] is None, told
    assert "Error" not in office.run("minshan", "hub", "backup", "--out", "/root/backup")
    office.run("systemctl", "stop", "minshan-hub")
    assert "Error" not in office.run("minshan", "hub", "restore", "--from", "/root/backup")
    owners = office.run("stat", "-c", "%U", FILES, f"{FILES}/hub.db", f"{FILES}/pictures").split()
    assert owners == ["minshan-hub"] * 3
    office.run("systemctl", "start", "minshan-hub")
    is_up(office)
    assert "root" in office.run("minshan", "hub", "user", "list")
    journal = office.run("journalctl", "-u", "minshan-hub", "-o", "cat")
    assert not re.search("Traceback|cannot|denied|read-only", journal), journal


@pytest.mark.slow
def test_a_hub_that_is_killed_or_hangs_is_started_anew(office: Booted) -> None:
    """A kill is answered within seconds; the watchdog runs once the database is open, and the receiver feeds it."""
    office.run("systemctl", "start", "minshan-hub")
    is_up(office)
    before = value(office, "MainPID")
    office.run("systemctl", "kill", "-s", "KILL", "minshan-hub")
    office.until("systemctl", "show", "-p", "NRestarts", "minshan-hub", answers=("NRestarts=1",), seconds=60)
    is_up(office)
    assert value(office, "MainPID") not in ("0", before)
    office.until("systemctl", "show", "-p", "WatchdogUSec", "minshan-hub", answers=("=10min",), seconds=30)
    fed = value(office, "WatchdogTimestampMonotonic")
    office.until(
        "sh",
        "-c",
        f"test $(systemctl show --value -p WatchdogTimestampMonotonic minshan-hub) -gt {fed} && echo fed",
        answers=("fed",),
        seconds=60,
    )


@pytest.mark.slow
def test_the_hub_reads_its_own_passwords_and_no_one_else_does(office: Booted) -> None:
    """A password that root puts beside the hub's file is open to the hub alone, whatever root's own umask gives it."""
    office.run("sh", "-c", "umask 027; echo secret >/etc/minshan-hub/broker.password")
    read = ("setpriv", "--clear-groups", "--reuid", "minshan-hub", "--regid", "minshan-hub", "cat")
    assert office.run(*read, "/etc/minshan-hub/broker.password").strip() == "secret"
    stranger = ("setpriv", "--clear-groups", "--reuid", "nobody", "--regid", "nogroup", "cat")
    for file in ("/etc/minshan-hub/broker.password", "/etc/minshan-hub/hub.toml", f"{FILES}/hub.db"):
        assert "Permission denied" in office.run(*stranger, file)


@pytest.mark.parametrize(("there", "lock"), [("hub", "hub"), ("station", "station")])
def test_a_new_release_has_what_each_service_of_the_machine_needs(tmp_path: Path, there: str, lock: str) -> None:
    """An update of the station, on a machine that has a hub too, takes none of the hub's libraries away."""
    root, log, python = tmp_path / "root", tmp_path / "log", tmp_path / "python"
    python.write_text(PYTHON)  # it says what it was asked to do
    python.chmod(0o755)
    install = str(CHECKOUT / "scripts/install")
    settings = {"DESTDIR": str(root), "PYTHON": str(python), "LOG": str(log)}
    for words in ((there, "files"), ("station",)):
        subprocess.run([install, *words], env={"PATH": "/usr/bin:/bin", **settings}, cwd=CHECKOUT, check=False)
    assert f"-r requirements/{lock}.lock" in log.read_text()
