"""The beat that systemd waits for: it ends where a process takes more memory than it ever needs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.pictures.reasons import GROWN
from edge.pictures.spool import Spool
from tests.kits.broker import until
from tests.system.test_store_start import configured
from tests.unit.edge.pictures.test_spool import request

STATION = """
import sys
import edge.daemon
from provisioning.entry import main
kept = b"x" * {taken}
edge.daemon.BEAT_S = 0.2
sys.argv = ["minshan", "run", "--config", {place!r}]
main()
"""
PAGE = """
import sys
import edge.page.server
from provisioning.entry import main
kept = b"x" * {taken}
edge.page.server.BEAT_S = 0.2
sys.argv = ["minshan", "page", "--socket", {place!r}, "--listen", "127.0.0.1:0"]
main()
"""
CAMERA = """
import logging
from edge.pictures import worker
logging.basicConfig()
kept = b"x" * {taken}
worker.BEAT = 0.2
worker.main(["--spool", {place!r}])
"""
SWELLING = """
import time
from edge.pictures import worker

def capture(request, spool):
    kept = b"x" * 310_000_000
    time.sleep(60)

worker.capture = capture
worker.main(["--spool", {place!r}])
"""


@contextmanager
def notifying(program: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """Give a program that is ready, and what systemd hears of it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        process = subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        try:
            while systemd.recv(1000) != b"READY=1":
                pass
            yield process, systemd
            process.terminate()
            process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    ("program", "taken"),
    [
        (STATION, 0),
        (PAGE, 0),
        (CAMERA, 0),
        (STATION, 210_000_000),
        (PAGE, 160_000_000),
        (CAMERA, 310_000_000),
    ],
    ids=["station", "page", "camera", "grown station", "grown page", "grown camera"],
)
def test_what_takes_too_much_memory_is_left_to_the_watchdog(tmp_path: Path, program: str, taken: int) -> None:
    """Where the kernel does not hold the unit's MemoryMax, as on a Pi, the watchdog restarts what has grown."""
    place = str(configured(tmp_path)) if program == STATION else str(tmp_path / "spool")
    with notifying(program.format(taken=taken, place=place), tmp_path) as (process, systemd):
        if not taken:
            assert systemd.recv(1000) == b"WATCHDOG=1"
            return
        assert process.stderr is not None
        grown = (line for line in process.stderr if "MB of memory" in line)
        assert "the watchdog ends it" in next(grown)
        assert "the watchdog ends it" in next(grown)
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):
            systemd.recv(1000)  # no beat


def test_a_picture_that_takes_too_much_memory_is_ended_and_told(tmp_path: Path) -> None:
    """A decoder that a broken picture leads astray costs that picture; the process goes on."""
    spool = Spool(tmp_path / "spool")
    with notifying(SWELLING.format(place=str(spool.folder)), tmp_path) as (process, _systemd):
        asked = request()
        spool.put(asked)
        until(lambda: (answer := spool.answer(asked.id)) is not None and answer.reason == GROWN, 30)
        assert process.poll() is None
