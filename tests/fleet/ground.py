"""What a fleet sends to: a real Mosquitto, a real PostgreSQL, two hubs, and stations in processes beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kits.broker import Broker
from tests.kits.hub_process import Hub
from tests.kits.postgres import Cluster, running_cluster

TICK = os.sysconf("SC_CLK_TCK")
PROCESSES = 20  # that the stations live in; more of them in one interpreter wait for each other, not for the hub
# The time of each commit is kept, so that it is known afterwards when a minute was committed.
POSTGRES = ("track_commit_timestamp=on", "shared_buffers=128MB", "max_wal_size=2GB")
# A broker writes all that it holds at each save: with the messages of a fleet it must not do so at every message.
BROKER = "autosave_on_changes false\nautosave_interval 1800"


class Stations:
    """One process of stations: what it told last."""

    def __init__(self, folder: Path, url: str, first: int, count: int, minutes: int) -> None:
        words = [sys.executable, "-m", "tests.fleet.stations", folder, url, first, count, minutes]
        self.made, self.unsent, self.open, self.told = 0, count * minutes, count * minutes, False
        self._process = subprocess.Popen([*map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def go_on(self) -> None:
        """Let them begin; the next time, end the minutes, and want receipts at once."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.told = False

    def end(self) -> None:
        """End the process, in order."""
        self._process.communicate(timeout=120)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.made, self.unsent, self.open = map(int, line.split())
            self.told = True


class Ground:
    """All of it. `folder` is taken away by who gave it."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        self.broker = Broker(folder, BROKER, persistent=True).start()
        self.url = cluster.database()
        self.hubs = [Hub(folder, self.broker.url, self.url, name) for name in ("a", "b")]
        self.cost = Cost(self)
        self.stations: list[Stations] = []

    def start_stations(self, count: int, minutes: int) -> None:
        """Start them, with a backlog of so many minutes."""
        share = -(-count // PROCESSES)
        for first in range(0, count, share):
            some = min(share, count - first)
            self.stations.append(Stations(self.folder / "stations", self.broker.url, first, some, minutes))

    @property
    def connected(self) -> int:
        """How often a hub has connected to the broker, or keeps again what arrives; both print to one file."""
        said = self.hubs[0].said
        return said.count("connected to") + said.count("kept again")

    @property
    def made(self) -> int:
        """How many minutes the stations have made since they were started."""
        return sum(one.made for one in self.stations)

    @property
    def unsent(self) -> int:
        """How many records the broker has not taken."""
        return sum(one.unsent for one in self.stations)

    @property
    def open(self) -> int:
        """How many records no receipt has closed."""
        return sum(one.open for one in self.stations)

    @property
    def told(self) -> bool:
        """Whether all of them run, and have told how many there are."""
        return all(one.told for one in self.stations)

    def close(self) -> None:
        """End what still runs."""
        for one in self.stations:
            one.kill()
        for hub in self.hubs:
            hub.kill()
        self.broker.stop()


class Cost:
    """The CPU of each part, s, and the most memory that a hub took, bytes; what a killed process took too."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._spent: dict[str, dict[int, float]] = {}
        self.peak = 0

    def look(self) -> None:
        """Take in what runs now; to be called every few seconds."""
        for name, pids in self._parts().items():
            for pid in pids:
                known = self._spent.setdefault(name, {})
                known[pid] = max(known.get(pid, 0.0), spent(pid))
        for hub in self._ground.hubs:
            self.peak = max(self.peak, 0 if hub.pid is None else peak(hub.pid))

    def seconds(self) -> dict[str, float]:
        """Return the CPU seconds of each part."""
        return {name: sum(by_pid.values()) for name, by_pid in self._spent.items()}

    def _parts(self) -> dict[str, list[int]]:
        ground = self._ground
        found: dict[str, list[int | None]] = {
            "stations": [one.pid for one in ground.stations],
            "broker": [ground.broker.running],
            **{f"hub {name}": [hub.pid] for name, hub in zip("ab", ground.hubs)},
        }
        parts = {name: [pid for pid in pids if pid is not None] for name, pids in found.items()}
        return {**parts, "PostgreSQL": ground.cluster.pids()}


def spent(pid: int) -> float:
    """Return the CPU seconds of a process and of its ended children; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICK


def peak(pid: int) -> int:
    """Return the most memory that a process has had resident, bytes; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


@contextmanager
def standing(folder: Path) -> Iterator[Ground]:
    """Give all of it; hubs and stations are not started."""
    with running_cluster(*POSTGRES) as cluster:
        ground = Ground(folder, cluster)
        try:
            yield ground
        finally:
            ground.close()
