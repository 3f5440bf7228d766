"""A station with a budget under faults: what is thinned arrives later, and everything arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.budget.meter import Meter, Use
from edge.daemon import open_store
from edge.sim.faults import Outage, Schedule
from tests.kits.stations import HOUR, configured, live

NARROW = '[broker]\nurl = "mqtts://simulated"\n[budget]\nmb_per_month = 3\n'


@pytest.mark.slow
def test_a_small_budget_loses_nothing(tmp_path: Path) -> None:
    """Minutes go some at a time, the count goes on over a cut of the power, and every record arrives once it may."""
    schedule = Schedule(outages=(Outage(2000.0, 60.0),), away=((2600.0, 3800.0),))
    config = configured(tmp_path, broker=NARROW)
    outcome = live(config, schedule, 1.5 * HOUR)
    assert outcome.complaints == []
    first = [t for t in outcome.topics if t.endswith("/live")]
    assert len(first) < 60  # of 90 minutes, some of them in rain that makes them urgent
    store = open_store(config)
    used = Meter(store.state()["budget"]).used()
    store.close()
    assert used[Use.LIVE] + used[Use.URGENT] > len(first) * 200
    assert sum(used.values()) > used[Use.LINK] > 6_000 * 2  # of two starts at least
