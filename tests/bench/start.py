"""How long a command takes to start, with its modules compiled, beside an interpreter that imports click alone.

CPU is user and system time of the process; the daemon is ready when it tells systemd so, and measures then.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select

from tests.bench.figures import Row, repeated, row
from tests.bench.memory import feed, station

RUN = [sys.executable, "-m", "provisioning.main"]
BARE = [sys.executable, "-c", "import click"]
MOST = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""
AWAY = "mqtt://127.0.0.1:1"  # a broker that is not there
REPEATS, STARTS = 11, 5
READY = b"READY=1"
ENV = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        ending = threading.Event()
        told.bind(str(Path(name) / "notify.sock"))
        config = station(Path(name), feed(ending), AWAY)
        try:
            yield from timed("minshan --help", [*RUN, "--help"])
            yield row("minshan --help, most memory (MB)", most_memory([*RUN, "--help"]), aim="<= 25")
            with ready(config, told, []):
                yield from timed("minshan status", [*RUN, "status", "--config", str(config)])
            took = list[float]()
            for _ in range(STARTS):
                with ready(config, told, took):
                    pass
            yield repeated("minshan run, ready after (s)", took, aim="<= 0.3")
        finally:
            ending.set()


def timed(what: str, command: list[str]) -> Iterator[Row]:
    """Yield the wall time and the CPU of a command, each beside the bare interpreter's, one after the other."""
    ours, peer = list[tuple[float, float]](), list[tuple[float, float]]()
    once(command)
    for _ in range(REPEATS):
        ours.append(once(command))
        peer.append(once(BARE))
    for number, how in enumerate(("s", "s of CPU")):
        aim = "" if number else "<= 0.15"
        yield repeated(f"{what} ({how})", [one[number] for one in ours], [one[number] for one in peer], aim)


def once(command: list[str]) -> tuple[float, float]:
    """Run a command. Return its seconds on the wall and of CPU."""
    before, began = children_cpu(), time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=ENV, check=True)
    return time.monotonic() - began, children_cpu() - before


def children_cpu() -> float:
    """Return the CPU seconds of all that was started here and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def most_memory(command: list[str]) -> float:
    """Return the most that a command has resident, MB; what starts it is smaller than it, and would count else."""
    told = subprocess.run([sys.executable, "-c", MOST, *command], stdout=subprocess.PIPE, env=ENV, check=True)
    return int(told.stdout) / 1000


@contextmanager
def ready(config: Path, told: socket.socket, took: list[float]) -> Iterator[None]:
    """Start the daemon, and note after how many seconds it is ready; it ends with the block."""
    env = ENV | {"NOTIFY_SOCKET": told.getsockname()}
    began = time.monotonic()
    with subprocess.Popen([*RUN, "run", "--config", str(config)], stderr=subprocess.DEVNULL, env=env) as daemon:
        while READY not in told.recv(1000):
            pass
        took.append(time.monotonic() - began)
        try:
            yield
        finally:
            daemon.terminate()
            daemon.wait()
            while select([told], [], [], 0)[0]:  # what it said besides is not the next one's
                told.recv(1000)
