"""A station's store and its other platforms: their lanes step by step, or as a process that may be killed.

    python -m tests.kits.station_forwards FILE MINUTES

keeps so many minutes more, one each 20 ms, passes them on meanwhile, and goes on until it is ended.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edge.budget.budget import Budget, Terms
from edge.clock.anchors import EARLIEST, Anchor
from edge.clock.clock import SystemClock, system_utc
from edge.config.file import load
from edge.config.sections import Config
from edge.daemon import open_store
from edge.forward.forwarding import Forwarding
from edge.forward.lane import ForwardLane
from edge.lanes import Lanes
from edge.records.record import Kind, Record
from edge.store.store import Store
from edge.store.times import Redating
from edge.uplink.destination import REAL_WAY
from tests.kits.store_kit import event, minute
from tests.unit.edge.config.test_config import STATION

PATIENCE_S = 90.0
PROCESS_MINUTES = 60


def file_of(folder: Path, *sections: str) -> Path:
    """Write a station's file with these destinations; return it."""
    file = folder / "station.toml"
    file.write_text(STATION.replace("/var/lib/minshan", str(folder / "state")) + "\n".join(sections))
    return file


def http(name: str, url: str, more: str = "") -> str:
    """Return a destination behind HTTP."""
    head = f'[[forward]]\nname = "{name}"\nkind = "http-json"\nurl = "{url}"\nretry_max_s = 1\ntimeout_s = 1\n'
    return head + "batch = 8\n" + more


class DrivenStation:
    """A store and a lane a destination, in the file's order; `start` is what each start of the daemon does."""

    def __init__(self, file: Path, epoch: str = "e1", budget: Budget | None = None) -> None:
        self.config: Config = load(file)
        clock = SystemClock()
        self.store: Store = open_store(self.config, epoch)
        self.budget = budget or Budget(Terms(), clock, lambda: None)
        self.forwarding = Forwarding(self.config, self.store, clock, self.budget, system_utc, REAL_WAY)
        self.lanes = _Kept(clock)
        self.forwarding.start(self.lanes)

    def minutes(self, *numbers: int, dated: bool = True) -> list[Record]:
        """Keep minutes."""
        return [self.store.append(minute(number, timed=dated)) for number in numbers]

    def event(self, number: int) -> None:
        """Keep what is no minute."""
        self.store.append(event(Kind.HEALTH, number, {"falls": {}}))

    def steps(self, count: int, place: int = 0) -> None:
        """Do so many steps of a destination's lane."""
        for _ in range(count):
            self.lanes.kept[place].step()

    def until(self, holds: Callable[[], object], place: int = 0) -> None:
        """Do steps of a destination's lane until something holds; fails where it does not in time."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"did not come about in time: {self.forwarding.queues[place].snapshot}"
            self.steps(1, place)

    def waits(self, place: int = 0) -> int:
        """Return how many records wait for a destination."""
        return self.store.outbox.count_unsent(self.forwarding.queues[place].dest)

    def close(self) -> None:
        """End it."""
        for lane in self.lanes.kept:
            lane.close()
        self.store.close()


class _Kept(Lanes):
    """Lanes that are kept, not run."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.kept: list[ForwardLane] = []

    def start(self, name: str, run: Callable[[], None]) -> None:
        """Keep the lane."""
        self.kept.append(run.__self__)  # type: ignore[attr-defined]  # it is a bound method


class StationProcess:
    """The same as a process; started again, it is the same station under another epoch."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        words = [sys.executable, "-m", "tests.kits.station_forwards", str(self._file), str(PROCESS_MINUTES)]
        self._process = subprocess.Popen(words)

    def kill(self) -> None:
        """End it by SIGKILL; nothing happens where it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def main() -> None:
    """Keep minutes and pass them on until killed; each start dates those of the one before it anew."""
    config = load(Path(sys.argv[1]))
    clock = SystemClock()
    store: Store = open_store(config)
    lanes = Lanes(clock)
    Forwarding(config, store, clock, Budget(Terms(), clock, lambda: None), system_utc, REAL_WAY).start(lanes)
    last = store.last(Kind.MINUTE)
    for number in range(int(sys.argv[2])):
        store.append(minute(number, boot=store.epoch))
        if last is not None and number == 10:
            redate(store, last.stamp.boot)
        clock.sleep_until(clock.now() + 0.02)
    clock.sleep_until(clock.now() + 3600.0)


def redate(store: Store, boot: str) -> None:
    """Date a boot's records anew, so that each has a higher revision."""
    store.times.redate(Redating(boot, (Anchor(boot, 0.0, EARLIEST, "ntp", 0.05),)))


if __name__ == "__main__":
    main()
