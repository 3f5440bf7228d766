"""What befalls broker and platform, one by one: the station notices, and the platform ends with everything once."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.sim.faults import Mishap, Schedule
from tests.kits.stations import HOUR, configured, live
from tests.soak import VANE

MISHAPS = {
    "an old copy of the database": ((1000.0, Mishap.COPIED), (4000.0, Mishap.RESTORED)),
    "the same copy twice": ((1000.0, Mishap.COPIED), (3000.0, Mishap.RESTORED), (5000.0, Mishap.RESTORED)),
    "a broker that forgets": ((1500.0, Mishap.FORGETS), (4500.0, Mishap.FORGETS)),
    "a receiver away for an hour": ((1000.0, Mishap.LEAVES), (4600.0, Mishap.RETURNS)),
    "a broker that forgets while the receiver is away": (
        (1000.0, Mishap.LEAVES),
        (2500.0, Mishap.FORGETS),
        (4600.0, Mishap.RETURNS),
    ),
    "a copy put in place while the receiver is away": (
        (1000.0, Mishap.COPIED),
        (2500.0, Mishap.LEAVES),
        (3000.0, Mishap.RESTORED),
        (4600.0, Mishap.RETURNS),
    ),
}
QUICK = ("the same copy twice", "a broker that forgets while the receiver is away")  # all kinds of mishap are in them


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in MISHAPS if n not in QUICK)]
)
def test_what_befalls_the_platform_costs_nothing(tmp_path: Path, name: str) -> None:
    """Two hours, the broker away for ten minutes of them: nothing lost, nothing twice, nothing wrongly proven."""
    outcome = live(configured(tmp_path, VANE), Schedule(away=((600.0, 1200.0),), mishaps=MISHAPS[name]), 2 * HOUR)
    assert outcome.complaints == []
    assert len(outcome.minutes()) == 120
    if Mishap.RESTORED in {what for _, what in MISHAPS[name]}:
        names = [(record.epoch, record.seq, record.revision) for record in outcome.arrived]
        assert len(names) - len(set(names)) >= 15, "what the old copy lacked was sent again"


def test_the_network_breaks_connections_and_repeats_messages(tmp_path: Path) -> None:
    """Three quiet hours: several connections, records that arrive twice, and each is kept once."""
    outcome = live(configured(tmp_path, VANE), Schedule(), 3 * HOUR)
    assert outcome.complaints == []
    assert outcome.connections >= 3
    assert len(outcome.arrived) > len(outcome.kept)
