"""A box that lives for months on one store and before one platform: a week of faults after the other, each judged.

At a week's end nothing goes wrong any more until all is proven, and the box is switched off in order; what is judged
then is forgotten, so that a year needs no more memory than a week. What has no time yet is judged in the week in which
it gets one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge.records.record import Record
from edge.sim.faults import draw
from edge.sim.record_checkers import (
    Truth,
    doubled,
    highest,
    lost_from_the_store,
    lost_on_the_way,
    mistimed,
    told_twice,
    unsettled,
    wrongly_proven,
)
from edge.sim.scenario import DaemonRun, Life
from edge.sim.value_checker import value_checks
from edge.store.store import Store
from edge.store.times import ARRIVAL
from tests.kits.far_end import FarEnd
from tests.kits.stations import BEGIN, DAY, configured, opener, proven

WEEK = 7 * DAY
OFF = 60_000_000  # microseconds from a week's end to the next one's begin
SLICE = 10_000  # records of the store that are judged at once


@dataclass(frozen=True)
class Week:
    """What came of a week: records kept and arrived, connections, starts, bytes sent, CPU seconds, complaints.

    The receiver reads all of its files at each of its starts: that time is left out.
    """

    kept: int
    arrived: int
    connections: int
    starts: int
    sent: int
    cpu: float
    complaints: tuple[str, ...]


class LongLife:
    """The box: its station's file with the state in `folder`, and the seed of all that befalls it."""

    def __init__(self, folder: Path, text: str, seed: int) -> None:
        self._config = configured(folder, text)
        self._platform = folder / "platform"
        self._seed, self._weeks, self._boots = seed, 0, 0
        self._begin, self._next = BEGIN, 1
        self._open_store = opener(seed)
        self._runs: tuple[DaemonRun, ...] = ()
        self._undated: tuple[int, ...] = ()  # numbers of the records that had no time yet when their week was judged

    def live(self, length: float = WEEK) -> Week:
        """Live a week, and judge what came of it."""
        drawn = self._seed * 1000 + self._weeks
        schedule = replace(draw(drawn, self._config.sensor, length), asks=())
        platform = FarEnd(self._platform, drawn, tells_time=schedule.tells_time)
        life = Life(
            self._config, self._seed, self._begin, schedule, self._open_store, platform=platform, boots=self._boots
        )
        before = time.process_time()
        life.run(length)
        life.end()
        cpu = time.process_time() - before - platform.own_cpu
        self._weeks, self._boots = self._weeks + 1, life.boots
        self._begin = life.rig.boot.utc_at(life.rig.clock.now()) + OFF
        self._runs += tuple(life.runs)
        first = self._next
        complaints = self._judge(Truth.of(life), platform)
        connections = platform.network.connections
        sent = sum(link.bytes_sent for link in connections)
        kept = self._next - first
        return Week(kept, len(platform.arrived), len(connections), len(life.runs), sent, cpu, complaints)

    def wrongly_proven(self) -> list[str]:
        """Return what the station counts as proven, of all its life, and the platform does not have."""
        database = FarEnd(self._platform, self._seed).database()
        store = self._open_store(self._config)
        try:
            return list(wrongly_proven(proven(store, self._all(store)), database))
        finally:
            store.close()

    def _all(self, store: Store) -> Iterator[Record]:
        for first in range(1, store.next_seq, SLICE):
            yield from store.range(first, first + SLICE)

    def _judge(self, truth: Truth, platform: FarEnd) -> tuple[str, ...]:
        store = self._open_store(self._config)
        try:
            first, self._next = self._next, store.next_seq
            mine = store.range(first, self._next)
            kept = [*(r for seq in self._undated for r in store.range(seq, seq + 1)), *mine]
            closed = list(proven(store, kept))
        finally:
            store.close()
        self._undated = tuple(record.seq for record in kept if record.clock.source == ARRIVAL)
        newest = highest(platform.arrived).values()
        return (
            *lost_from_the_store(truth, mine, first),
            *lost_on_the_way(kept, platform.arrived),
            *doubled(platform.arrived),
            *told_twice(newest),
            *mistimed(replace(truth, runs=self._runs), newest),
            *value_checks(truth, mine),
            *wrongly_proven(closed, platform.database()),
            *unsettled(kept, closed),
        )
