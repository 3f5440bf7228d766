"""Start here: the station, wired like the design's picture.

    device --driver--> Reading --quality--> flagged Reading --minute--> Record --store--> uplink --MQTT--> platform
    camera --camera process--> spool --shelf--> Picture -----------------^

Everything that waits gets the clock, everything that touches a bus gets the opener: on a box they are real, in a
simulation they are not, and this module does not know which.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.clock import Clock
from edge.alerts.alerts import Alerts
from edge.budget.budget import Budget, terms_of
from edge.budget.urgency import LASTS_S
from edge.clock.timekeeper import Timekeeper, TimeSource
from edge.clock.watch import ClockWatch, SystemTime
from edge.config.sections import Config
from edge.lanes import Lanes
from edge.measure.minute import Minutes
from edge.measure.sun import Site
from edge.recorder.channels import KeptDevices, channel_lines, kept_doubts
from edge.recorder.events import setup_body, start_body
from edge.recorder.hours import Hours
from edge.recorder.recorder import Recorder
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.sampler import BusLane, Opener, by_bus
from edge.store.errors import StoreError
from edge.store.store import Store
from edge.store.times import CLOCK

if TYPE_CHECKING:
    from edge.alerts.horn import HornLane
    from edge.delivery.message import Sender
    from edge.notify.lane import NotifyLane
    from edge.pictures.schedule import PictureLane
    from edge.services import Services
    from edge.uplink.destination import Way

log = logging.getLogger("minshan.station")
MEASURING = ("bus ", "pictures", "health", "horn")  # lanes that end first
INBOX = 20_000  # items; at 30 readings a second ten minutes of a disk that hangs. Full: a counted loss


class Station:
    """A whole station: its lanes and its store."""

    def __init__(  # noqa: PLR0913 - all that a station touches is handed to it here
        self,
        config: Config,
        store: Store,
        clock: Clock,
        opener: Opener,
        sources: list[TimeSource],
        boot: str,
        way: Way | None = None,
        system: SystemTime | None = None,
        senders: Mapping[str, Sender] | None = None,
    ) -> None:
        self.config, self.store, self.clock, self.boot = config, store, clock, boot
        self.epoch = store.epoch
        self.stopped_by: str | None = None  # saved with the last minute, so that the next start knows why
        self.lanes = Lanes(clock)
        self.inbox = clock.inbox(INBOX)
        kept = store.state()
        self._devices = KeptDevices(store.notes, config, kept)
        self._lines = channel_lines(config, kept, boot, self._devices.had)
        self._hours = Hours(config, store, kept.get("hours"))
        self._alerts = Alerts(config, store, kept.get("alerts"))
        site = Site(config.site.latitude, config.site.longitude, config.site.altitude_m, config.site.utc_offset_h)
        self._minutes = Minutes(self._lines, site, kept_doubts(config, kept, self._devices.had))
        self.budget = Budget(terms_of(config), clock, self.utc, kept.get("budget"))
        parts = self._minutes, store, clock, self.inbox, boot
        self.recorder = Recorder(*parts, keep=self._keep, appended=self._appended, hours=self._hours)
        self.recorder.alerts = self._alerts
        clocks = store.times.clock(boot, kept.get(CLOCK))
        self._watch = None if system is None else ClockWatch(clock, system, boot, clocks)
        self.timekeeper = self._make_timekeeper(sources, self._watch)
        self.buses = [BusLane(group, opener, clock, self.inbox) for group in by_bus(config.sensor).values()]
        self.pictures = self._make_pictures()
        self.horn = self._make_horn(opener)
        self.notify = self._make_notify(senders)
        self._way = way
        self._services: Services | None = None

    def _make_timekeeper(self, sources: list[TimeSource], watch: ClockWatch | None) -> Timekeeper:
        """Probe the time once before anything is recorded: if it is known, no record has to be dated later."""
        recorder = self.recorder
        if watch and watch.missed:
            recorder.resume(watch.missed)
        keeper = Timekeeper(
            sources, self.boot, self.clock, self.inbox, settled=lambda: recorder.snapshot.settled, watch=watch
        )
        for anchor in keeper.look():
            recorder.learn(anchor)
        return keeper

    def _make_pictures(self) -> PictureLane | None:
        if not self.config.camera:
            return None
        from edge.pictures.schedule import PictureLane  # few boxes have it, and only those load it
        from edge.pictures.spool import Spool
        from edge.store.picture_files import Shelf

        return PictureLane(
            self.config.camera,
            self.config.site,
            self.config.station.id,
            self.clock,
            Spool(self.config.state_dir / "spool"),
            Shelf(self.config.state_dir),
            utc=lambda: self.recorder.snapshot.time_at(self.clock.now()),
            boot=self.boot,
            post=self.inbox.offer,
        )

    def _make_horn(self, opener: Opener) -> HornLane | None:
        if self.config.horn is None:
            return None
        from edge.alerts.horn import HornLane

        horn = HornLane(
            self.config.horn,
            opener,
            self.clock,
            self.store.notes,
            self.boot,
            post=self.inbox.offer,
            time_at=self._time_at,
        )
        horn.demand(self._alerts.now, self._alerts.end)
        return horn

    def _make_notify(self, senders: Mapping[str, Sender] | None) -> NotifyLane | None:
        """Return the lane that notifies people; `senders` None: those of the file, each in a process of its own."""
        if not self.config.channel:
            return None
        from edge.notify.child import in_children
        from edge.notify.lane import NotifyLane

        own = in_children(self.config.channel, self.clock, self._time_at) if senders is None else senders
        parts = self.config, self.store, self.clock, self.boot, own
        return NotifyLane(*parts, post=self.inbox.offer, time_at=self._time_at)

    @property
    def services(self) -> Services:
        """The services that send and answer. Raise RuntimeError before the start."""
        if self._services is None:
            raise RuntimeError("a station serves nobody before its start")
        return self._services

    # -- life ------------------------------------------------------------------------------------------------

    def start(self, ready: Callable[[], None] = lambda: None) -> None:
        """Record the start and the setup, then start all lanes; `ready` is called when the measuring ones run."""
        self.recorder.event(Kind.START, start_body(self.store, self.recorder, self.boot))
        self._set_strays_aside()
        begin = self.recorder.timeline.begin
        self.recorder.journal.tidy(Stamp(self.boot, begin), *self.recorder.time_at(begin))
        self.recorder.setup(setup_body(self.config))
        self.lanes.start("recorder", self.recorder.run)
        for bus in self.buses:
            self.lanes.start(f"bus {bus.name}", bus.run)
        self.lanes.start("time", self.timekeeper.run)
        for name, lane in (("pictures", self.pictures), ("horn", self.horn), ("notify", self.notify)):
            if lane is not None:
                self.lanes.start(name, lane.run)
        ready()
        self._services = self._make_services()
        self._services.start()

    def _make_services(self) -> Services:
        """Return the services; this loads 70 modules that measuring does not need."""
        from edge.services import Services

        return Services(self, self._way)

    def _set_strays_aside(self) -> None:
        """Set picture files without a row aside; that must not prevent the start, and only a person can judge them."""
        try:
            names = self.store.pictures.set_strays_aside()
        except (OSError, StoreError) as trouble:
            log.error("picture files that belong to no record stay where they are: %s", trouble)
            return
        if names:
            log.warning("%d picture files belong to no record: moved to %s", len(names), self.store.pictures.strays)

    def stop_measuring(self, await_end: Callable[[list[str]], list[str]], last_instant: float = float("inf")) -> None:
        """Stop measuring first, then recording (the current minute is closed short); sending continues.

        `await_end` waits for these lanes and returns those that have not ended. The current minute ends at
        `last_instant` (s of the boot) if that is before now, and is stored with who stopped it.
        """
        self.stopped_by = "person"
        self.recorder.last_instant = min(self.recorder.last_instant, last_instant)
        measuring = [name for kind in MEASURING for name in self.lanes.names(kind)]
        self._end(measuring, await_end)
        self._end(self.lanes.names("recorder"), await_end)

    def stop(self, await_end: Callable[[list[str]], list[str]]) -> None:
        """Stop everything in order, sending last, and close the store."""
        self.stop_measuring(await_end)
        self._end(self.lanes.names(), await_end)
        self.store.close()

    def _end(self, names: list[str], await_end: Callable[[list[str]], list[str]]) -> None:
        if names:
            self.lanes.stop(*names)
            for name in await_end(names):
                log.warning("%s did not stop when told to", name)

    def _keep(self) -> dict[str, Any]:
        """Return the state to save across restarts, stored in the transaction of each minute."""
        counters = {line.name: msgspec.to_builtins(line.counter.state) for line in self._lines if line.counter}
        doubts = msgspec.to_builtins(self._minutes.keep())
        derived = {"hours": self._hours.keep(), "alerts": self._alerts.keep(), "budget": self.budget.keep()}
        kept = {"stopped_by": self.stopped_by, "devices": self._devices.sum, "counters": counters, "doubts": doubts}
        clock = {} if self._watch is None else {CLOCK: msgspec.to_builtins(self._watch.keep())}
        return kept | derived | clock

    def utc(self) -> int | None:
        """Return the current time, microseconds UTC; None if unknown. Callable from any lane."""
        return self._time_at(self.clock.now())[0]

    def _time_at(self, instant: float) -> tuple[int | None, ClockMark]:
        """Return the UTC of an instant of this boot and how it is known. Callable from any lane."""
        return self.recorder.snapshot.time_at(instant)

    def _appended(self, record: Record) -> None:
        self.budget.urgency.minute(record)
        if any(alert.step for alert in self._alerts.now):
            self.budget.urgency.matters_until(self.clock.now() + LASTS_S)
        if self.pictures is not None and record.kind == Kind.PICTURE:
            self.pictures.recorded(record.fields()["picture"])
        if self.horn is not None:
            self.horn.demand(self._alerts.now, self._alerts.end)
        if self.notify is not None:
            self.notify.wake()
        if self._services is not None:
            self._services.recorded(record)
