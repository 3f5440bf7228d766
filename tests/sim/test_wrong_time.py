"""A source of time that lies for ten minutes and is right then: whole stations believe the truth alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.clock.anchors import Anchor
from edge.sim.faults import Outage, Schedule
from edge.sim.rig import Rig
from edge.sim.times import Boot
from edge.store.times import ARRIVAL
from tests.kits.stations import BEGIN, SMALL, configured, live, without

LIES_S = 600.0
FEW = without(SMALL, "light", "second", "rain485", "vane", "field")


class Liar:
    """Says that wrong UTC (or what is `off` by so many microseconds) until ten minutes after the beginning."""

    def __init__(self, boot: Boot, said: int | None, off: int) -> None:
        self._boot, self._said, self._off = boot, said, off
        self.known_from = boot.boottime(BEGIN) + LIES_S

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Return the lie, then the truth."""
        true = self._boot.utc_at(boottime)
        if boottime >= self.known_from:
            return Anchor(boot, boottime, true, "gnss", 0.05)
        return Anchor(boot, boottime, true + self._off if self._said is None else self._said, "gnss", 0.001)


@pytest.mark.parametrize(
    ("said", "off"),
    [(0, 0), (None, -619_315_200_000_000), (10**17, 0), (-(10**18), 0), (2**63, 0), (10**30, 0)],
    ids=["1970", "GPS rollover", "year 5138", "before all", "int64", "no number"],
)
def test_a_time_that_cannot_be_dates_nothing(tmp_path: Path, said: int | None, off: int) -> None:
    """Nothing is dated by it, nothing falls over it, and when the source is right all gets its true time."""

    def setup(rig: Rig) -> None:
        rig.time = Liar(rig.boot, said, off)  # type: ignore[assignment]  # a source as good as any

    outcome = live(configured(tmp_path, FEW), Schedule(), 1800.0, setup=setup)
    assert outcome.complaints == []
    lied = [record for record in outcome.arrived if (record.start or BEGIN) < BEGIN or (record.start or 0) > 2 * BEGIN]
    assert lied == []
    assert {minute.clock.source for minute in outcome.minutes()} == {"gnss"}
    assert [record for record in outcome.arrived if record.clock.source == ARRIVAL] != []


def test_a_time_before_the_newest_record_is_not_believed_for_a_while(tmp_path: Path) -> None:
    """After a power cut the source is an hour back for ten minutes: the boot's minutes get the true time alone."""

    def setup(rig: Rig) -> None:
        if rig.boot.boottime(BEGIN) < 0:  # the second boot
            rig.time = Liar(rig.boot, None, -3_600_000_000)  # type: ignore[assignment]  # a source as good as any
            rig.time.known_from = rig.clock.now() + LIES_S

    outcome = live(configured(tmp_path, FEW), Schedule(outages=(Outage(900.5, 60.0, True),)), 2400.0, setup=setup)
    assert outcome.complaints == []
    starts = [minute.start for minute in outcome.minutes()]
    assert len(set(starts)) == len(starts)
