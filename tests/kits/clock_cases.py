"""What may happen to a box's clocks, and what its records must say then: for tables of scenarios in simulated time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from edge.records.record import Kind
from edge.sim.faults import Outage, Schedule
from edge.sim.times import Teller
from edge.store.times import ARRIVAL, BOUNDS
from tests.kits.clock_days import ClockDay, codes, judged, worst
from tests.kits.stations import BEGIN, HOUR
from tests.kits.store_kit import memory_folder


@dataclass(frozen=True)
class ClockCase:
    """So many hours of a box with these sources of time.

    `told`: the codes of what happened to the time, each once, as they first came; `most`: the largest error, s, that
    the last two hours may state; `undated`, `bounded`: minutes that have no time in the end, and none but bounds.
    """

    tellers: tuple[Teller, ...]
    hours: float
    told: tuple[str, ...] = ()
    most: float = 0.2
    undated: int = 0
    bounded: int = 0
    outages: tuple[Outage, ...] = ()
    ppm: float = 0.0
    watched: bool = False
    begin: int = BEGIN
    crystals: tuple[float, ...] = ()
    suspends: tuple[tuple[float, float], ...] = ()


def listed(cases: Mapping[str, ClockCase], fast: tuple[str, ...]) -> list[object]:
    """Return the names of the cases as parameters of a test; all but the fast ones are slow."""
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in cases]


def lived(case: ClockCase) -> tuple[list[str], tuple[tuple[str, ...], int, int], float]:
    """Return the checkers' complaints, what was told with the minutes undated and bounded, and the largest error."""
    schedule = Schedule(tellers=case.tellers, outages=case.outages, ppm=case.ppm, watched=case.watched)
    with memory_folder() as folder:
        day = ClockDay(folder, schedule, begin=case.begin, crystals=case.crystals, suspends=case.suspends)
        records = day.live(case.hours * HOUR)
    minutes = [record for record in records if record.kind == Kind.MINUTE]
    without = [sum(minute.clock.source == source for minute in minutes) for source in (ARRIVAL, BOUNDS)]
    return judged(day, records), (tuple(dict.fromkeys(codes(records))), without[0], without[1]), worst(records)


def stands(case: ClockCase) -> None:
    """Check that no minute is wrong, there twice or lost, and that what happened is told, no more and no less."""
    complaints, found, most = lived(case)
    assert complaints == []
    assert found == (case.told, case.undated, case.bounded)
    assert most <= case.most
