"""Random rains with everything that happens to a gauge and its box: the sum is right, or it is said."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import msgspec
import pytest

from edge.measure.counter import Counter, CounterState

TIP = 0.2


class Run(NamedTuple):
    """What fell, what was counted less what is owed, and how many readings were doubted."""

    fell: float
    counted: float
    doubts: list[str]


def rain(rng: Random, most: int = 3, off: float = 80.0) -> Run:
    """Up to `most` wrong totals on end, each `off` mm wrong at least.

    A rain of 60 to 200 readings with wraps, resets, restarts, reboots, gaps, unknown clocks and stray totals."""
    every = rng.choice((3.0, 10.0, 60.0))
    wraps_at = rng.choice((None, None, 300.0, 3276.8, 6553.6))
    raw = rng.uniform(90.0, (wraps_at or 9000.0) - 1.0) // TIP * TIP
    boot, at, utc = 1, rng.uniform(10, 1e5), 1.7e9
    counter = Counter(boot="b1")
    fell, quiet = 0.0, 0
    doubts: list[str] = []
    strays: list[float] = []
    counter.take(raw, at, wraps_at, utc)
    for _ in range(rng.randint(60, 200)):
        step, quiet = every, quiet - 1
        accident = rng.random() if quiet < 0 and not strays else 1.0
        if accident < 0.02:  # nobody reads for up to two hours
            step = rng.uniform(2 * every, 7200.0)
        clear = off + 1.0 < raw < (wraps_at or 1e9) - 110.0  # nearer, nobody can tell a wrap from a stray
        resets = 0.02 <= accident < 0.03 and clear
        tips = 0 if resets else rng.randint(0, 2 if every < 60 else 8) if rng.random() < 0.5 else 0
        tips = min(100, int(tips * step / every), int(step / 3.0)) if step > every else tips
        fell, raw = fell + tips * TIP, raw + tips * TIP
        if wraps_at is not None and raw >= wraps_at:
            raw, quiet = raw - wraps_at, 6
        at, utc = at + step, utc + step
        if resets:  # the gauge begins again from zero, in the dry
            raw, quiet = 0.0, 6
        elif 0.03 <= accident < 0.05:  # the daemon, or the box, begins anew
            boot += accident > 0.04
            known = rng.random() < 0.5
            at = rng.uniform(10, 1e5) if accident > 0.04 else at
            state = msgspec.convert(msgspec.to_builtins(counter.state), CounterState)
            counter, quiet = Counter(state, f"b{boot}"), 6
            utc = utc if known else -1e12
        elif 0.05 <= accident < 0.09 and clear:  # a few wrong readings, alike or not, and back
            one = stray(rng, raw, off)
            strays = [one if rng.random() < 0.6 else stray(rng, raw, off) for _ in range(rng.randint(1, most))]
        told = strays.pop() if strays else raw
        if not strays and told != raw:
            quiet = 6  # the next accident waits until the counter is seen to be back
        found = counter.take(round(told, 1), at, wraps_at, utc if utc > 0 else None)
        if found.doubt or found.unsettled:
            doubts.append(found.doubt.code if found.doubt else "unsettled")
    for _ in range(4):  # the rain ends, and the gauge is read a few times more
        at += every
        found = counter.take(round(raw, 1), at, wraps_at, None)
    return Run(fell, counter.state.total - counter.state.owed, doubts)


def stray(rng: Random, raw: float, off: float) -> float:
    """Return a wrong total, `off` mm off at least: nothing, a full register, a flipped bit, anything."""
    found = raw
    while abs(found - raw) < off:
        flipped = raw + rng.choice((-1, 1)) * 2.0 ** rng.randint(7, 14) * TIP
        found = rng.choice((0.0, 6553.5, flipped, rng.uniform(0, 9000)))
    return found


def wrong(seeds: range, most: int = 3, off: float = 80.0) -> list[tuple[int, Run]]:
    runs = ((seed, rain(Random(seed), most, off)) for seed in seeds)
    return [(seed, run) for seed, run in runs if abs(run.fell - run.counted) > 0.05]


def test_500_rains_add_up() -> None:
    """Whatever happens to the gauge, the line and the box, the sum is what fell."""
    assert wrong(range(500)) == []


@pytest.mark.slow
def test_10_000_rains_add_up() -> None:
    """The same of 10,000 others."""
    assert wrong(range(500, 10_500)) == []


def test_what_nobody_can_know_is_said() -> None:
    """Six wrong totals on end, near the true one, can be taken for rain: seldom, and never without a doubt."""
    lost = wrong(range(500), most=6, off=20.0)
    assert len(lost) <= 10
    assert all(run.doubts for _, run in lost)
