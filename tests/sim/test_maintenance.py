"""Who works on a box restarts it and takes its power: what is measured meanwhile is marked all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.sim.asks import CommandSending
from edge.sim.command_checkers import under_maintenance
from edge.sim.faults import Outage, Schedule
from tests.kits.stations import configured, live
from tests.soak import VANE

WORK = CommandSending(600.0, "work", "maintenance", {"seconds": 1800.0, "text": "the rain gauge is cleaned"})


@pytest.mark.parametrize(
    "outages",
    [(Outage(1000.0, 20.0),), (Outage(1000.0, 20.0), Outage(1500.0, 30.0, True, 240.0))],
    ids=["a kill", "a kill and a power cut, the time known late"],
)
def test_a_restart_does_not_end_maintenance(tmp_path: Path, outages: tuple[Outage, ...]) -> None:
    """Each minute until the end that was asked for is marked, and none after it."""
    outcome = live(configured(tmp_path, VANE), Schedule((), outages, asks=(WORK,)), 3000.0)
    assert outcome.complaints == []
    names = under_maintenance(outcome.kept)
    marked = [(minute.epoch, minute.seq) in names for minute in outcome.minutes()]
    assert 29 <= sum(marked) <= 33
    assert not any(marked[:9])
    assert not any(marked[-8:])
