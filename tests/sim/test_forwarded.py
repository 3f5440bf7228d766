"""What a simulated station passes on to another platform, by seed: nothing lost, and nothing under two keys."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from edge.records.record import Kind
from edge.sim.faults import Outage, Schedule
from tests.kits.forwarding_end import COUNTY, ForwardingEnd
from tests.kits.stations import HOUR, SIMULATED, configured, live
from tests.soak import VANE

LENGTH = 1.5 * HOUR


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 5))])
def test_another_platform_has_all_of_it_once(tmp_path: Path, seed: int) -> None:
    """The station is killed, its power is cut, its time becomes known late, requests and answers get lost: the county
    has each minute in its last revision, each revision under one key, and the station's own platform lacks nothing."""
    rng = random.Random(f"forwarded {seed}")
    outages = tuple(
        Outage(at + rng.uniform(0, 900), rng.uniform(5, 300), rng.random() < 0.5, rng.choice((0.0, 400.0)))
        for at in (600.0, 2000.0, 3500.0)
    )
    schedule = Schedule(outages=outages, away=((1500.0, 2500.0),), known_after=rng.choice((0.0, 900.0)))
    ends: list[ForwardingEnd] = []

    class End(ForwardingEnd):
        """The one that this life stands before."""

        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            ends.append(self)

    outcome = live(configured(tmp_path, VANE, SIMULATED + COUNTY), schedule, LENGTH, seed=seed, end=End)
    assert outcome.complaints == []
    (end,) = ends
    assert all(len(keys) == 1 for keys in end.county.keys.values())
    kept = {(r.epoch, r.seq, r.revision) for r in outcome.kept if r.kind == Kind.MINUTE and r.seq <= end.settled}
    assert kept <= end.county.keys.keys()
    assert len(kept) > LENGTH / 60 * 0.7
