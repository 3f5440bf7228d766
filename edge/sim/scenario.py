"""A box's life under a schedule of faults: its boots, its daemon's starts, its twins, one after the other.

    life = Life(config, seed, begin, schedule, open_store)
    life.run(24 * 3600.0)      simulated seconds; may be called again
    life.end()                 in order: the minute in hand is kept

What happened is then in `runs`, for the checkers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

from edge.clock.belief import SECOND_LOOK
from edge.config.sections import Config
from edge.sim.asks import CommandSending
from edge.sim.faults import BOOTING, FOREVER, Mishap, Outage, Schedule, inject
from edge.sim.rig import Rig
from edge.sim.times import Boot, BootTeller
from edge.station import Station
from edge.store.store import Store

WEATHER_S = 5.0  # s between two moments of the weather: long lives cost less, and no device here notices
GRACE = 2.0  # s after an end at which the last minute is surely closed
Ended = Literal["runs", "killed", "power", "stopped"]


class FarEnd(Protocol):
    """The network and the platform before a station. All but `serve` are called while no lane runs.

    `waited`: by the station's start, the longest time, s, from a question to an answer that may have told the time.
    """

    waited: dict[str, float]

    def serve(self, rig: Rig) -> None:
        """Be there in this boot's time from now on, and give the rig its way there."""

    def reachable(self, there: bool) -> None:
        """Let the broker go or come back."""

    def befall(self, what: Mishap) -> None:
        """Let something happen to the platform or to the broker."""

    def ask(self, what: CommandSending) -> None:
        """Ask the station for something."""

    def settle(self, rig: Rig) -> None:
        """Let time pass, and nothing go wrong any more, until the platform has proven all that the station can send."""


@dataclass(slots=True)
class DaemonRun:
    """One start of the daemon: true UTC, microseconds, of its begin and end, and how it ended."""

    epoch: str
    boot: Boot
    begin: int
    end: int = 0
    ended: Ended = "runs"
    known_from: float = 0.0  # s of the boot


@dataclass(slots=True)
class Life:
    """A box over its outages.

    `begin`: the true UTC (microseconds) of the daemon's first start; `boots`: how often the box has booted;
    `broker`: called when the broker goes (False) and comes back (True).
    """

    config: Config
    seed: int
    begin: int
    schedule: Schedule
    open_store: Callable[[Config], Store]
    speed: float | None = None
    platform: FarEnd | None = None
    broker: Callable[[bool], None] = lambda there: None
    setup: Callable[[Rig], None] = lambda rig: None
    boots: int = 0
    runs: list[DaemonRun] = field(default_factory=list)
    _now: float = 0.0
    _events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _rig: Rig | None = None

    def __post_init__(self) -> None:
        for outage in self.schedule.outages:
            self._events.append((outage.at, partial(self._outage, outage)))
        for gone, back in self.schedule.away:
            self._events.append((gone, partial(self._broker, False)))
            self._events.append((back, partial(self._broker, True)))
        for at, mishap in self.schedule.mishaps:
            self._events.append((at, partial(self._befall, mishap)))
        for ask in self.schedule.asks:
            self._events.append((ask.at, partial(self._ask, ask)))
        self._events.sort(key=lambda event: event[0])
        self._boot(self.schedule.known_after)

    @property
    def rig(self) -> Rig:
        """The rig of the present boot."""
        assert self._rig is not None
        return self._rig

    @property
    def station(self) -> Station:
        """The running station."""
        assert self.rig.station is not None
        return self.rig.station

    def run(self, length: float) -> None:
        """Let `length` simulated seconds pass."""
        until = self._now + length
        while self._events and self._events[0][0] <= until:
            at, event = self._events.pop(0)
            self._pass(max(at, self._now))
            event()
        self._pass(until)

    def end(self) -> None:
        """End the daemon in order at this instant, and its world."""
        instant = self.rig.clock.now()
        self._pass(self._now + GRACE)
        self.rig.stop_measuring(instant)
        self.runs[-1].end, self.runs[-1].ended = self.rig.boot.utc_at(instant), "stopped"
        if self.platform is not None:
            self.platform.settle(self.rig)
        self.rig.power_off()
        self.rig.close()

    # -- the box -------------------------------------------------------------------------------------------------

    def _boot(self, known_after: float) -> None:
        """Boot the box: a new boot, new twins, the daemon."""
        now = self.begin + round(self._now * 1e6)
        ppm, tellers = self.schedule.ppm, self.schedule.tellers
        boot = Boot(f"boot-{self.seed}-{self.boots}", now - round(BOOTING * 1e6), ppm)
        self.boots += 1
        self._rig = rig = Rig(
            self.config,
            boot,
            now,
            self.seed,
            speed=self.speed,
            known_from=BOOTING + (self._told_after() if tellers else known_after),
            weather_s=WEATHER_S,
        )
        rig.tellings = [BootTeller(teller, boot, self.begin, self.seed) for teller in tellers]
        rig.watched = self.schedule.watched
        self.setup(rig)
        inject(rig, self.schedule.device_faults, BOOTING - self._now)
        if self.platform is not None:
            self.platform.serve(rig)
        self._start()

    def _told_after(self) -> float:
        """Return how long after now a teller tells the time, and has said it a second time."""
        spans = [span for teller in self.schedule.tellers for span in teller.spans if span[1] > self._now]
        return min([max(begin - self._now, 0.0) for begin, *_ in spans], default=FOREVER) + SECOND_LOOK

    def _start(self) -> None:
        station = self.rig.power_on(self.open_store)
        now = self.rig.boot.utc_at(self.rig.clock.now())
        self.runs.append(DaemonRun(station.epoch, self.rig.boot, now, known_from=self.rig.time.known_from))

    def _outage(self, outage: Outage) -> None:
        """Kill the daemon, or power the box off, for a while."""
        run = self.runs[-1]
        run.end, run.ended = self.rig.boot.utc_at(self.rig.clock.now()), "power" if outage.power else "killed"
        self.rig.kill()
        if outage.power:
            self.rig.close()
            self._now += outage.length
            self._boot(outage.known_after)
        else:
            self._pass(self._now + outage.length)
            self._start()

    def _broker(self, there: bool) -> None:
        if self.platform is not None:
            self.platform.reachable(there)
        self.broker(there)

    def _befall(self, mishap: Mishap) -> None:
        if self.platform is not None:
            self.platform.befall(mishap)

    def _ask(self, what: CommandSending) -> None:
        if self.platform is not None:
            self.platform.ask(what)

    def _pass(self, until: float) -> None:
        boottime = self.rig.boot.boottime(self.begin + round(until * 1e6))
        self.rig.clock.run_until(boottime)
        self._now = until
