"""The daemon's beat, which systemd waits for: it ends where the station takes more memory than it ever needs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.test_store_start import configured

TAKING = """
import sys
import edge.daemon
from provisioning.entry import main
kept = b"x" * {taken}
edge.daemon.BEAT_S = 0.2
sys.argv = ["minshan", "run", "--config", {config!r}]
main()
"""


@pytest.mark.parametrize(("taken", "beats"), [(0, True), (210_000_000, False)], ids=["as ever", "grown"])
def test_a_station_that_takes_too_much_memory_is_left_to_the_watchdog(tmp_path: Path, taken: int, beats: bool) -> None:
    """Where the kernel does not hold the unit's MemoryMax, as on a Pi, the watchdog restarts what has grown."""
    program = TAKING.format(taken=taken, config=str(configured(tmp_path)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        station = subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        assert station.stderr is not None
        try:
            while systemd.recv(1000) != b"READY=1":
                pass
            if beats:
                assert systemd.recv(1000) == b"WATCHDOG=1"
            else:
                grown = (line for line in station.stderr if "MB of memory" in line)
                assert "the watchdog ends it" in next(grown)
                assert "the watchdog ends it" in next(grown)
            station.terminate()
            station.communicate(timeout=60)
            assert beats or systemd.recv(1000) == b"STOPPING=1"  # and no beat before
        finally:
            station.kill()
            station.wait()
