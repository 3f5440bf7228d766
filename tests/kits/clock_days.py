"""A box without sensors over days: its clock, its sources of time, recorder and store, in simulated time.

day = ClockDay(folder, Schedule(tellers=(...), outages=(...), ppm=50.0))
records = day.live(24 * HOUR)
judged(day, records)         complaints of the same checkers that judge whole stations
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.clock.timekeeper import Timekeeper
from edge.measure.minute import Minutes
from edge.measure.sun import Site
from edge.recorder.recorder import Recorder
from edge.records.record import Kind, Record
from edge.sim.clock import SimClock
from edge.sim.faults import BOOTING, Outage, Schedule
from edge.sim.lane import SimLane
from edge.sim.record_checkers import Truth, doubled, lost_from_the_store, mistimed, told_twice
from edge.sim.scenario import DaemonRun
from edge.sim.times import Boot, BootTeller
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.stations import BEGIN

SEED = 1


@dataclass
class ClockDay:
    """One box: `runs` are its starts; what it recorded is what `live` returns."""

    folder: Path
    schedule: Schedule
    runs: list[DaemonRun] = field(default_factory=list)

    def live(self, length: float) -> list[Record]:
        """Live so many true seconds, with the schedule's outages; return all records, oldest first."""
        outages = [*self.schedule.outages, Outage(length, 0.0, True)]
        now, boot = 0.0, self._boot(0.0)
        for outage in outages:
            self._run(boot, now, outage)
            now = outage.at + outage.length
            boot = self._boot(now) if outage.power else boot
        store = Store.open(self.folder, epoch="end", destinations=(PLATFORM,))
        try:
            return store.range(1, store.next_seq)
        finally:
            store.close()

    def _boot(self, now: float) -> Boot:
        begin = BEGIN + round((now - BOOTING) * 1e6)
        return Boot(f"boot-{len(self.runs)}", begin, self.schedule.ppm)

    def _run(self, boot: Boot, begin: float, outage: Outage) -> None:
        """Run the daemon from its start until it is killed."""
        clock = SimClock(boot.boottime(BEGIN + round(begin * 1e6)))
        store = Store.open(self.folder, epoch=f"epoch-{len(self.runs)}", destinations=(PLATFORM,))
        inbox = clock.inbox(100)
        recorder = Recorder(
            Minutes([], Site(31.68, 103.85, 1590.0, 8.0)),
            store,
            clock,
            inbox,
            boot.id,
            keep=dict,
            appended=lambda _r: None,
        )
        sources: list[Any] = [BootTeller(teller, boot, BEGIN, SEED) for teller in self.schedule.tellers]
        keeper = Timekeeper(
            sources,
            boot.id,
            clock,
            inbox,
            settled=lambda: recorder.snapshot.settled,
            system=(lambda: sources[0].system_utc(clock.now())) if self.schedule.watched else None,
        )
        for anchor in keeper.look():
            recorder.learn(anchor)
        recorder.event(Kind.START, {})
        first = boot.utc_at(clock.now())
        lanes = [clock.lane("recorder", recorder.run), clock.lane("time", keeper.run)]
        end = BEGIN + round(outage.at * 1e6)
        clock.run_until(boot.boottime(end))
        for lane in lanes:
            assert isinstance(lane, SimLane)
            lane.kill()
        clock.run_until(clock.now())
        store.close()
        known = float("inf")  # whether a time had to be known is for the test to say
        self.runs.append(DaemonRun(store.epoch, boot, first, end, "power" if outage.power else "killed", known))


def judged(day: ClockDay, records: list[Record]) -> list[str]:
    """Return what the checkers find: minutes lost, doubled, or further from the truth than they state."""
    truth = Truth(None, lambda _t: {}, BEGIN, tuple(day.runs), (), day.schedule.tellers)  # type: ignore[arg-type]  # no file
    return [
        *lost_from_the_store(truth, records),
        *doubled(records),
        *told_twice(records),
        *mistimed(truth, records),
    ]
