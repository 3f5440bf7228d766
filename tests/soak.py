"""Simulated station-days by the hundred, or one box for a year: `make soak`, ARGS="--days 200", "--months 1", "--year".

ARGS="--seasons 20": so many made springs of alarms instead, by seed, of two nights each, one of them cold;
"--nights 8": of so many, half of them cold.

A box has one sensor, stands before a rough network and the real receiver, and suffers all the faults, by seed. Of the
days by the hundred each four are a life of their own, with a camera and somebody who asks it for things. A year is
lived on one store and one platform, week after week, with a line for each month. What the checkers complain of is
counted by the promise that was broken. Memory and CPU are those of the whole simulation, the weather, the broker and
the receiver among it, but for what that takes to read all of its files at its own starts. What a year's CPU grew by is
told from what there was to send: the last month's is compared with what the months before took for as many bytes.
Exit code 1: there is a complaint.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import logging
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, mean

from edge.sim.faults import draw
from tests.kits.alarm_season import drawn
from tests.kits.long_life import LongLife, Week
from tests.kits.season_checks import Checked
from tests.kits.stations import DAY, SMALL, configured, live, without
from tests.kits.store_kit import memory_folder

LIFE_DAYS = 4.0
MONTH_DAYS, WEEKS = 30.0, 4
FLAT = 1.25  # times the first month's: what a busy machine's measure of CPU and memory varies by
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
    with memory_folder() as folder:
        config = configured(folder, VANE)
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


def lives(days: float, first_seed: int) -> Counter[str]:
    """Live station-days by seed, two boxes at a time, and print what came of them. Return the complaints' count."""
    wanted = max(1, round(days / LIFE_DAYS))
    began, broken = time.monotonic(), Counter[str]()
    lived_all: list[Lived] = []
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        for one in pool.imap_unordered(lived, range(first_seed, first_seed + wanted)):
            lived_all.append(one)
            print(f"seed {one.seed}: {one.kept} records, {len(one.complaints)} complaints", flush=True)
            tell(one.complaints, broken)
    counts = ", ".join(f"{sum(getattr(one, name) for one in lived_all)} {name}" for name in COUNTED)
    print(f"{wanted * LIFE_DAYS:g} station-days in {time.monotonic() - began:.0f} s: {counts}")
    print(counted(broken))
    return broken


def months(wanted: int, seed: int) -> Counter[str]:
    """Live one box for so many months, and print a line for each. Return the complaints' count."""
    logging.disable(logging.CRITICAL)
    all_broken, costs, lived_weeks = Counter[str](), list[tuple[float, float]](), list[Week]()
    with memory_folder() as folder:
        box = LongLife(folder, VANE, seed)
        for month in range(1, wanted + 1):
            weeks = [box.live(MONTH_DAYS / WEEKS * DAY) for _ in range(WEEKS)]
            lived_weeks += weeks
            memory = resident()
            broken = Counter[str]()
            tell([*(complaint for week in weeks for complaint in week.complaints), *box.wrongly_proven()], broken)
            all_broken += broken
            cpu = sum(week.cpu for week in weeks) / (MONTH_DAYS * DAY / 60)
            costs.append((memory, cpu))
            print(
                f"month {month}: {counted(broken)}; {sum(week.starts for week in weeks)} starts, "
                f"{sum(week.kept for week in weeks)} records, {sum(week.sent for week in weeks) / 1e6:.1f} MB sent, "
                f"{memory:.0f} MB resident, {1000 * cpu:.2f} ms of CPU a minute",
                flush=True,
            )
    for what, each in zip(("memory", "CPU a minute"), zip(*costs, strict=True), strict=True):
        first, last = each[0], each[-1]
        print(f"{what}: {'flat' if last <= FLAT * first else 'grew'}, {last / first:.2f} times the first month's")
    if wanted > 1:
        print(beside_what_was_sent(lived_weeks[:-WEEKS], lived_weeks[-WEEKS:]))
    return all_broken


def beside_what_was_sent(before: Sequence[Week], last: Sequence[Week]) -> str:
    """Return whether the last weeks took more CPU than the weeks before did for as many bytes sent.

    A week's CPU is some for its minutes and some for each MB that it sends: a straight line through the weeks before,
    a level one where those that sent more took less. Beyond what those weeks sent it is a guess, and says so.
    """
    a_byte = max(0.0, linear_regression([week.sent for week in before], [week.cpu for week in before]).slope)
    a_week = mean(week.cpu - a_byte * week.sent for week in before)
    grown = sum(week.cpu for week in last) / sum(a_week + a_byte * week.sent for week in last)
    minutes = MONTH_DAYS / WEEKS * DAY / 60
    most_before, most = (max(week.sent for week in part) for part in (before, last))
    beyond = f"; but a week sent {most / 1e6:.1f} MB, none before more than {most_before / 1e6:.1f}"
    return (
        f"CPU beside what was sent: {'flat' if grown <= FLAT else 'grew'}, {grown:.2f} times the months before, "
        f"which took {1000 * a_week / minutes:.2f} ms a minute and {1e6 * a_byte:.2f} s for each MB"
        f"{beyond if most > most_before else ''}"
    )


def seasons(wanted: int, first_seed: int, nights: int) -> int:
    """Live springs of alarms by seed, half of their nights cold, and print what came of each. Return how many
    complaints there are."""
    logging.disable(logging.CRITICAL)
    count = 0
    for seed in range(first_seed, first_seed + wanted):
        with memory_folder() as folder:
            season = drawn(folder, seed, nights, nights // 2)
            season.live()
            found = Checked(season)
            complaints = found.complaints()
            season.close()
        count += len(complaints)
        print(
            f"seed {seed}: {len(found.alarms)} alarms, {len(season.got)} lines, {len(complaints)} complaints",
            flush=True,
        )
        for complaint in complaints[:5]:
            print(f"    {complaint}", flush=True)
    return count


def tell(complaints: Sequence[str], broken: Counter[str]) -> None:
    """Print the first few complaints, and count all by the promise that was broken."""
    for complaint in complaints[:5]:
        print(f"    {complaint}", flush=True)
    broken.update(complaint.partition(":")[0] for complaint in complaints)


def counted(broken: Counter[str]) -> str:
    """Return how often each promise was broken."""
    return ", ".join(f"{broken[promise]} {promise}" for promise in PROMISES)


def resident() -> float:
    """Return this process's resident memory, MB, after what is not used any more was let go."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # glibc keeps what the checkers have freed for the next week's
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Live what the arguments want. Return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=200.0, help="station-days, by seed")
    parser.add_argument("--months", type=int, help="one box for so many months instead")
    parser.add_argument("--year", action="store_const", const=12, dest="months", help="one box for twelve months")
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first of the seeds")
    parser.add_argument("--seasons", type=int, help="so many springs of alarms instead")
    parser.add_argument("--nights", type=int, default=2, help="of each of these springs")
    wanted = parser.parse_args()
    if wanted.seasons:
        return 1 if seasons(wanted.seasons, wanted.seed, wanted.nights) else 0
    broken = months(wanted.months, wanted.seed) if wanted.months else lives(wanted.days, wanted.seed)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
