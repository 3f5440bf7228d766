"""A box without sensors over days: its clock, its sources of time, recorder and store, in simulated time.

day = ClockDay(folder, Schedule(tellers=(...), outages=(...), ppm=50.0))
records = day.live(24 * HOUR)
judged(day, records)         complaints of the same checkers that judge whole stations
codes(records)               what happened to the time, as they tell it
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from edge.clock.timekeeper import Timekeeper
from edge.clock.watch import ClockWatch, SystemTime
from edge.measure.minute import Minutes
from edge.measure.sun import Site
from edge.recorder.recorder import Recorder
from edge.records.record import Kind, Record
from edge.sim.clock import SimClock
from edge.sim.faults import BOOTING, Outage, Schedule
from edge.sim.lane import SimLane
from edge.sim.record_checkers import Truth, doubled, lost_from_the_store, mistimed, told_twice
from edge.sim.scenario import DaemonRun
from edge.sim.times import FOREVER, Boot, BootTeller, Teller
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.store.times import CLOCK
from tests.kits.stations import BEGIN

SEED = 1


class SleepingClock(SimClock):
    """A simulated clock whose machine can be suspended."""

    def suspend(self, seconds: float) -> None:
        """Let so many seconds pass in which nothing runs."""
        self._now += seconds


@dataclass
class ClockDay:
    """One box: `runs` are its starts; what it recorded is what `live` returns.

    `begin`: true UTC (microseconds) from which all times count. `crystals`: the ppm of each boot where they differ: the
    card was moved to another box. `suspends`: (at, length) in s. `slews`: (begin, end, s gained per s) of each boot, in
    which something slews its clock. `name`: that of the box, where there are several.
    """

    folder: Path
    schedule: Schedule
    runs: list[DaemonRun] = field(default_factory=list)
    begin: int = BEGIN
    crystals: tuple[float, ...] = ()
    suspends: tuple[tuple[float, float], ...] = ()
    name: str = ""
    slews: tuple[tuple[float, float, float], ...] = ()

    def live(self, length: float, since: float = 0.0) -> list[Record]:
        """Live until that true second, with the schedule's outages; return all records, oldest first."""
        outages = [*(one for one in self.schedule.outages if one.at > since), Outage(length, 0.0, True)]
        now, boot = since, self._boot(since)
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
        begin, number = self.begin + round((now - BOOTING) * 1e6), len(self.runs)
        ppm = self.crystals[number % len(self.crystals)] if self.crystals else self.schedule.ppm
        return Boot(f"{self.name}boot-{number}", begin, ppm, self.slews)

    def _run(self, boot: Boot, begin: float, outage: Outage) -> None:
        """Run the daemon from its start until it is killed."""
        clock = SleepingClock(boot.boottime(self._true(begin)))
        store = Store.open(self.folder, epoch=f"{self.name}epoch-{len(self.runs)}", destinations=(PLATFORM,))
        inbox = clock.inbox(100)
        sources: list[Any] = [BootTeller(teller, boot, self.begin, SEED) for teller in self.schedule.tellers]
        watch = (
            self._watch(clock, boot, sources, store.times.clock(boot.id, store.state().get(CLOCK)))
            if self.schedule.watched
            else None
        )
        recorder = Recorder(
            Minutes([], Site(31.68, 103.85, 1590.0, 8.0)),
            store,
            clock,
            inbox,
            boot.id,
            keep=lambda: {} if watch is None else {CLOCK: msgspec.to_builtins(watch.keep())},
            appended=lambda _r: None,
        )
        if watch is not None and watch.missed is not None:
            recorder.resume(watch.missed)
        keeper = Timekeeper(
            sources,
            boot.id,
            clock,
            inbox,
            settled=lambda: recorder.snapshot.settled,
            watch=watch,
        )
        for anchor in keeper.look():
            recorder.learn(anchor)
        recorder.event(Kind.START, {})
        first = boot.utc_at(clock.now())
        lanes = [clock.lane("recorder", recorder.run), clock.lane("time", keeper.run)]
        end = self._true(outage.at)
        for at, length in self.suspends:
            if begin <= at < outage.at:
                clock.run_until(boot.boottime(self._true(at)))
                clock.suspend(length)
        clock.run_until(boot.boottime(end))
        for lane in lanes:
            assert isinstance(lane, SimLane)
            lane.kill()
        clock.run_until(clock.now())
        store.close()
        known = float("inf")  # whether a time had to be known is for the test to say
        self.runs.append(DaemonRun(store.epoch, boot, first, end, "power" if outage.power else "killed", known))

    def _watch(self, clock: SimClock, boot: Boot, sources: list[Any], kept: Any) -> ClockWatch:
        """Watch the system's clock, which somebody sets wrong before each slew, and otherwise the first source."""
        utc = boot.slewed_utc if boot.slews else sources[0].system_utc
        system = SystemTime(lambda: utc(clock.now()), lambda: boot.crystal(clock.now()))
        return ClockWatch(clock, system, boot.id, kept)

    def _true(self, second: float) -> int:
        """Return the true UTC (microseconds) of a second of this life."""
        return self.begin + round(second * 1e6)


def judged(day: ClockDay, records: list[Record]) -> list[str]:
    """Return what the checkers find: minutes lost, doubled, or further from the truth than they state."""
    truth = Truth(None, lambda _t: {}, day.begin, tuple(day.runs), (), day.schedule.tellers)  # type: ignore[arg-type]  # no file
    return [
        *lost_from_the_store(truth, records),
        *doubled(records),
        *told_twice(records),
        *mistimed(truth, records),
    ]


def wrong(source: str, error: float, *spans: tuple[float, float, float], every: float = 0.0) -> Teller:
    """Return a teller that is wrong by `off` s over each (begin, end, off), and right before, between and after."""
    parts, now = [], 0.0
    for begin, end, off in spans:
        parts += [(now, begin, 0.0), (begin, end, off)]
        now = end
    return Teller(source, error, (*parts, (now, FOREVER, 0.0)), every)


def codes(records: list[Record]) -> list[str]:
    """Return the codes of what happened to the time, as the records tell it."""
    events = [r for r in records if r.kind == Kind.HEALTH and r.fields().get("event") == "time"]
    return [event.fields()["reason"]["code"] for event in events]


def worst(records: list[Record]) -> float:
    """Return the largest error, s, that the last two hours' minutes state."""
    minutes = [r for r in records if r.kind == Kind.MINUTE]
    return max(minute.clock.error or 0.0 for minute in minutes[-120:])
