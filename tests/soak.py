"""Simulated station-days by the hundred: `make soak` (ARGS="--days 200"). A small station, all the faults, by seed.

Each life is four days of a box with one sensor and a camera before a rough network and the real receiver, and somebody
asks it for things; what the checkers complain of is counted by the promise that was broken. Exit code 1: there is a
complaint.
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
PROMISES = ("lost", "doubled", "mistimed", "wrongly good", "wrongly proven", "wrongly done", "not whole")
# four samples a minute: three are needed, where a label moves by a moment an edge may pass one of them
VANE = without(SMALL, "shelter", "light", "second", "rain485", "field").replace("interval = 10.0", "interval = 15.0")

COUNTED = ("starts", "kept", "arrived", "connections", "pictures", "evicted", "asked")


@dataclass(frozen=True)
class Lived:
    """One life: its seed, what was kept, how often it arrived, how often the box connected and started.

    `pictures`: how many were taken; `evicted`: parts of them that the station keeps no longer; `asked`: commands.
    """

    seed: int
    kept: int
    arrived: int
    connections: int
    starts: int
    pictures: int
    evicted: int
    asked: int
    complaints: tuple[str, ...]


def lived(seed: int) -> Lived:
    """Live one life and judge it."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="minshan-soak-") as folder:
        config = configured(Path(folder), VANE)
        if seed % 2:  # a card so small that pictures go for want of room, some before anybody has them
            config = config.model_copy(update={"state": config.state.model_copy(update={"pictures_mb": 1})})
        outcome = live(config, draw(seed, config.sensor, LIFE_DAYS * DAY), LIFE_DAYS * DAY, seed=seed)
    taken, left = len(outcome.pictures.truth), len(outcome.pictures.kept)
    return Lived(
        seed,
        len(outcome.kept),
        len(outcome.arrived),
        outcome.connections,
        len(outcome.life.runs),
        taken,
        2 * taken - left,
        len(outcome.asked),
        tuple(outcome.complaints),
    )


def main() -> int:
    """Live them all, two at a time, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first of the seeds")
    wanted = parser.parse_args()
    lives = max(1, round(wanted.days / LIFE_DAYS))
    began, broken = time.monotonic(), Counter[str]()
    lived_all: list[Lived] = []
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        for one in pool.imap_unordered(lived, range(wanted.seed, wanted.seed + lives)):
            lived_all.append(one)
            print(f"seed {one.seed}: {one.kept} records, {len(one.complaints)} complaints", flush=True)
            for complaint in one.complaints[:5]:
                print(f"    {complaint}", flush=True)
            broken.update(complaint.partition(":")[0] for complaint in one.complaints)
    counts = ", ".join(f"{sum(getattr(one, name) for one in lived_all)} {name}" for name in COUNTED)
    print(f"{lives * LIFE_DAYS:g} station-days in {time.monotonic() - began:.0f} s: {counts}")
    print(", ".join(f"{broken[promise]} {promise}" for promise in PROMISES))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
