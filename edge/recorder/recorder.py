"""The recorder's lane: readings in, minute records and events on the disk.

It is the only package that knows both measuring and the store. A minute is closed `GRACE` after its end, so that
readings in transit still count; `timeline` determines the minute, `journal` stores it.
"""

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from drivers.clock import Clock, Inbox, Stopped
from drivers.reason import Reason
from edge.alerts.alerts import Alerts
from edge.alerts.turns import in_words
from edge.clock.anchors import Anchor, Slewed
from edge.clock.belief import KnownTime
from edge.measure.minute import Minutes
from edge.recorder.hour_counts import HourCounts
from edge.recorder.hours import Hours
from edge.recorder.journal import Journal
from edge.recorder.maintenance import Maintenance, MaintenanceMark
from edge.recorder.timeline import GRACE, Timeline
from edge.records.bodies import Stage, plain
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.sampler import Sampled, SensorChanged
from edge.snapshots import AlertNow
from edge.store.store import Store

log = logging.getLogger("minshan.recorder")
LATE = 60.0  # s after a minute is due to close; then the recorder counts as stuck
INBOX_FULL = Reason("inbox_full", "the inbox was full")
TIDY_EVERY = 60  # minutes between two sweeps of the store


class RecorderSnapshot(msgspec.Struct, frozen=True):
    """What the recorder publishes: the newest minute, what is wrong, and what it knows of the time."""

    boot: str
    latest: Record | None
    hour: Record | None  # the newest hour's
    alerts: tuple[AlertNow, ...]
    maintenance: Reason | None
    doubt: Reason | None  # a source's time that is not believed
    trouble: Reason | None  # why the disk refuses records, or the store's files are not in place
    waiting: int  # records that are only in memory until the disk accepts them
    mended: Reason | None  # the last repair of the store in this run
    settled: bool
    due: float  # s of the boot at which the current minute is to be closed
    known: KnownTime

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """Return the UTC (microseconds) of an instant of this boot and how it is known."""
        return self.known.time_at(boottime)

    def alive(self, now: float) -> bool:
        """Return whether minutes are closed when they should be (for the watchdog)."""
        return now < self.due + LATE


class Recorder:
    """Closes minutes and appends all records, its own and those of other lanes (`Draft`s in its inbox)."""

    def __init__(
        self,
        minutes: Minutes,
        store: Store,
        clock: Clock,
        inbox: Inbox,
        boot: str,
        *,
        keep: Callable[[], dict[str, Any]],
        appended: Callable[[Record], None],
        hours: Hours | None = None,
    ) -> None:
        self._minutes = minutes
        self._clock = clock
        self._inbox = inbox
        self._boot = boot
        self._hours = hours
        self._setup: int | None = None
        self._closed = 0
        self._counts = HourCounts(store)
        self.timeline = Timeline(store, boot, clock.now())
        self.journal = Journal(store, clock, keep, appended)
        self.troubles: dict[str, Reason] = {}
        self.maintenance = MaintenanceMark(store.notes, boot, clock.now(), self.time_at(clock.now())[0])
        self.alerts: Alerts | None = None
        self.latest: Record | None = None
        self.hour: Record | None = store.last(Kind.HOUR)
        self.last_instant = float("inf")  # a simulation's end, s: no minute is begun after it
        self.snapshot = self._snapshot()

    def run(self) -> None:
        """Record until `Stopped`, which closes the current minute short. Raise Stopped."""
        self.timeline.time.bound_lost_boots()  # if the time is known from the start, a better anchor may never come
        self._record_time_events()
        try:
            while True:
                item = self._inbox.get(self.timeline.end + GRACE)
                if item is not None:
                    self.handle(item)
                elif self._clock.now() >= self.timeline.end + GRACE:
                    self.close_minute()
        except Stopped:
            self._close_short()
            raise

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """Return the UTC (microseconds) of an instant of this boot and how it is known."""
        return self.timeline.time_at(boottime)

    def resume(self, slewed: Slewed) -> None:
        """Process, at the start, a slew since an earlier run of this boot."""
        self.timeline.resume(slewed)
        self.snapshot = self._snapshot()

    def learn(self, anchor: Anchor) -> None:
        """Process an anchor: the time is known, or known better."""
        now = self._clock.now()
        self.timeline.learn(anchor, now)
        self.maintenance.learn(now, self.time_at(now)[0])
        self.snapshot = self._snapshot()

    def _snapshot(self) -> RecorderSnapshot:
        line, work = self.timeline, self.maintenance.present
        return RecorderSnapshot(
            self._boot,
            self.latest,
            self.hour,
            () if self.alerts is None else self.alerts.now,
            None if work is None else work.what,
            line.time.doubt,
            self.journal.trouble or self.journal.displaced,
            self.journal.waiting,
            self.journal.mended,
            line.time.settled,
            line.end + GRACE,
            line.time.known,
        )

    def handle(self, item: Any) -> None:
        """Process one item of the inbox."""
        match item:
            case Sampled(sensor, reading):
                self._minutes.take(sensor, reading)
                if reading.at >= self.timeline.end + GRACE:
                    self.close_minute()
            case SensorChanged(sensor, Reason() as reason, _):
                self.troubles[sensor] = reason
            case SensorChanged(sensor, None, _):
                self.troubles.pop(sensor, None)
            case Anchor():
                self.learn(item)
                self._record_time_events()
            case Slewed():
                self.timeline.carry(item)
                self.snapshot = self._snapshot()
            case Draft():
                self.journal.append(item)
                self.snapshot = self._snapshot()
            case Stage():
                self.event(Kind.STAGE, plain(item))
            case Maintenance():
                now = self._clock.now()
                self.maintenance.begin(item, now, self.time_at(now)[0])
                self.snapshot = self._snapshot()

    def close_minute(self) -> None:
        """Close the current minute, store it, begin the next."""
        line = self.timeline
        worked = self.maintenance.is_on(line.begin, line.end)
        body = plain(self._minutes.close(line.begin, line.end, line.offset, self.troubles, worked))
        self.maintenance.mark(body, line.begin, line.end)
        start, mark = line.start()
        draft = Draft(Kind.MINUTE, Stamp(self._boot, line.begin), line.duration, start, mark, body, self._setup)
        line.next()
        if draft.duration > 0:
            self.latest = self.journal.append(draft) or self.latest
        self.snapshot = self._snapshot()  # the watchdog must see that minutes are closed even if a rule below fails
        self._record_spoiled()
        self._record_alerts()
        self._record_hours()
        self._clock.outside(self._counts.count)
        self._closed += 1
        if self._closed % TIDY_EVERY == 0:
            self._tidy()
        self.journal.look(*self._now())
        self.snapshot = self._snapshot()

    def _record_hours(self) -> None:
        """Record the hours that this minute ended, including those of a gap before it."""
        if self._hours is not None:
            for hour in self._hours.ended(self.time_at(self.timeline.begin)[0] is not None):
                self.hour = self.event(Kind.HOUR, plain(hour)) or self.hour

    def _record_alerts(self) -> None:
        """Record the alerts that changed with this minute."""
        if self.alerts is not None:
            for turn in self.alerts.turned():
                log.warning("alert %s", in_words(turn))
                self.event(Kind.ALERT, plain(turn))

    def _record_time_events(self) -> None:
        """Record each change of the time as an event."""
        while self.timeline.time.events:
            self.event(Kind.HEALTH, {"event": "time", "reason": self.timeline.time.events.popleft().builtins()})

    def _record_spoiled(self) -> None:
        """Record each draft that could not be written as a loss."""
        while self.journal.spoiled:
            kind, cause = self.journal.spoiled.popleft()
            if self.event(Kind.LOSS, {"what": "records", "count": 1, "kind": kind, "cause": cause.builtins()}) is None:
                return  # the disk refuses: this loss waits with the other drafts

    def _tidy(self) -> None:
        if lost := self._inbox.lost:
            self.event(Kind.LOSS, {"what": "readings", "count": lost, "cause": INBOX_FULL.builtins()})
            self._inbox.lost -= lost  # more may have been lost while this was written
        self.journal.tidy(*self._now())

    def _now(self) -> tuple[Stamp, int | None, ClockMark]:
        """Return the stamp, time and clock mark of this instant, for an event."""
        now = self._clock.now()
        return Stamp(self._boot, now), *self.time_at(now)

    def event(self, kind: str, body: dict[str, Any]) -> Record | None:
        """Append an event of this instant."""
        stamp, start, mark = self._now()
        return self.journal.append(Draft(kind, stamp, 0.0, start, mark, body, self._setup))

    def setup(self, body: dict[str, Any]) -> None:
        """Append the setup record for the following minutes."""
        record = self.event(Kind.SETUP, body)
        self._setup = record.seq if record is not None else None

    def _close_short(self) -> None:
        """End the current minute now, because the daemon stops; items in the inbox still count."""
        while len(self._inbox):
            item = self._inbox.get(float("-inf"))
            if item is not None:
                self.handle(item)
        if self.timeline.cut_short(min(self._clock.now(), self.last_instant)):
            self.close_minute()
