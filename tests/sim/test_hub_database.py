"""The promise at the hub's database, in simulated time: whatever befalls network, broker and database, by seed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edge.sim.faults import Mishap, Schedule
from tests.kits.database_end import DatabaseEnd
from tests.kits.recount import check_hours
from tests.kits.sink_kit import query
from tests.kits.stations import HOUR, configured, live
from tests.soak import VANE

LENGTH = 2 * HOUR


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 10))])
def test_nothing_is_lost_doubled_or_wrongly_proven(tmp_path: Path, seed: int) -> None:
    """A copy of the database is put back, unnoticed, the hub is away and the broker forgets: all minutes are in the
    database once, receipts spoke of nothing that is not there, and the hours are what the minutes come to."""
    rng = random.Random(f"hub {seed}")
    copied, restored, leaves, forgets = (
        rng.uniform(*span) for span in ((900, 1500), (2400, 3600), (3700, 4500), (1500, 6000))
    )
    mishaps = [
        (copied, Mishap.COPIED),
        (restored, Mishap.RESTORED),
        (leaves, Mishap.LEAVES),
        (leaves + rng.uniform(60, 1200), Mishap.RETURNS),
        (forgets, Mishap.FORGETS),
    ]
    schedule = Schedule(
        away=((600.0, 600.0 + rng.uniform(60, 900)),), mishaps=tuple(sorted(mishaps, key=lambda m: m[0]))
    )
    outcome = live(configured(tmp_path, VANE), schedule, LENGTH, seed=seed, end=DatabaseEnd)
    assert outcome.complaints == []
    url = f"sqlite://{tmp_path}/platform/hub.db"
    minutes = query(url, "SELECT epoch, seq, revision FROM minute")
    assert len(minutes) == len(set(minutes)) == LENGTH / 60
    assert query(url, "SELECT sum(good + suspect + bad + missing) > 0 FROM hour") == [(1,)]
    check_hours(url)
