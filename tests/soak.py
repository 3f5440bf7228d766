"""Simulated station-days by the hundred: `make soak` (ARGS="--days 200"). A small station, all the faults, by seed.

Each life is four days of a box with one sensor before a rough network and the real receiver; what the checkers
complain of is counted by the promise that was broken. Exit code 1: there is a complaint.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edge.sim.faults import draw
from tests.kits.stations import DAY, SMALL, configured, live, without

LIFE_DAYS = 4.0
FIRST_SEED = 1000
CORES = 2
PROMISES = ("lost", "doubled", "mistimed", "wrongly good", "wrongly proven", "not whole")
VANE = without(SMALL, "shelter", "light", "second", "rain485", "field").replace("interval = 10.0", "interval = 20.0")


@dataclass(frozen=True)
class Lived:
    """One life: its seed, what was kept, how often it arrived, how often the box connected and started."""

    seed: int
    kept: int
    arrived: int
    connections: int
    starts: int
    complaints: tuple[str, ...]


def lived(seed: int) -> Lived:
    """Live one life and judge it."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="minshan-soak-") as folder:
        config = configured(Path(folder), VANE)
        outcome = live(config, draw(seed, config.sensor, LIFE_DAYS * DAY), LIFE_DAYS * DAY, seed=seed)
    starts = len(outcome.life.runs)
    return Lived(seed, len(outcome.kept), len(outcome.arrived), outcome.connections, starts, tuple(outcome.complaints))


def main() -> int:
    """Live them all, two at a time, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first of the seeds")
    wanted = parser.parse_args()
    lives = max(1, round(wanted.days / LIFE_DAYS))
    began, broken = time.monotonic(), Counter[str]()
    kept = arrived = connections = starts = 0
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        for one in pool.imap_unordered(lived, range(wanted.seed, wanted.seed + lives)):
            kept, arrived = kept + one.kept, arrived + one.arrived
            connections, starts = connections + one.connections, starts + one.starts
            print(f"seed {one.seed}: {one.kept} records, {len(one.complaints)} complaints", flush=True)
            for complaint in one.complaints[:5]:
                print(f"    {complaint}", flush=True)
            broken.update(complaint.partition(":")[0] for complaint in one.complaints)
    print(f"{lives * LIFE_DAYS:g} station-days, {starts} starts, {kept} records, {connections} connections,")
    print(f"{arrived} arrivals of records, in {time.monotonic() - began:.0f} s")
    print(", ".join(f"{broken[promise]} {promise}" for promise in PROMISES))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
