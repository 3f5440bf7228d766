"""The recorder's lane: readings in, minute records and events on the disk.

It is the only room that knows both measuring and the store. Minutes follow UTC where it is known and the boot's
own 60 s where it is not; when the time becomes known the minute in hand is closed short and the next one runs
to the UTC minute's end. A minute is closed `GRACE` after its end, so that readings on their way still count.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from drivers.clock import Clock, Inbox, Stopped
from edge.anchors import Anchor, time_of
from edge.measure.minute import Minutes
from edge.measure.quality import Flag
from edge.record import ClockMark, Draft, Kind, Record, Stamp
from edge.sampler import Taken, Went
from edge.store.pictures import NewPicture, Part
from edge.store.store import Store
from edge.store.trouble import StoreTrouble

log = logging.getLogger("minshan.recorder")
GRACE = 1.0  # s
MINUTE = 60_000_000  # microseconds
STEP = 1.0  # s; an anchor that far from the time kept so far cuts the minute in hand
LOOK_BACK = 500  # records read at once in search of a known time
MOST_WAITING = 1440  # drafts kept in memory while the disk refuses them: a day of minutes


class Maintenance(msgspec.Struct, frozen=True):
    """Readings until the instant `until` (s of this boot) are kept and flagged: somebody works on the box."""

    until: float
    text: str


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
    ) -> None:
        self._minutes = minutes
        self._store = store
        self._clock = clock
        self._inbox = inbox
        self._boot = boot
        self._keep = keep
        self._appended = appended
        self._anchors = store.anchors(boot)
        self._waiting: list[tuple[Draft, dict[str, Any] | None]] = []
        self._cut: Anchor | None = None
        self._setup: int | None = None
        self.troubles: dict[str, str] = {}
        self.maintenance: Maintenance | None = None
        self.latest: Record | None = None
        self.store_trouble: str | None = None
        self.last_instant = float("inf")  # a simulation's end, s: no minute is begun after it
        self.begin = clock.now()
        self.begin_utc, self.begin_mark = self.time_at(self.begin)
        self.end, self.end_utc = self._window_end()

    # -- time ------------------------------------------------------------------------------------------------

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """UTC (microseconds) of an instant of this boot and how it is known."""
        return time_of(boottime, self._anchors) or (None, ClockMark("arrival"))

    def _window_end(self) -> tuple[float, int | None]:
        """Where the minute that begins now ends: the UTC minute's end, or 60 s on."""
        if self.begin_utc is None:
            return self.begin + 60.0, None
        edge = (self.begin_utc // MINUTE + 1) * MINUTE
        return self.begin + (edge - self.begin_utc) / 1e6, edge

    def _anchor(self, anchor: Anchor) -> None:
        """The time is known, or known anew: cut the minute in hand where that changes its edges."""
        kept = time_of(anchor.boottime, self._anchors)
        if kept is not None and not _worth(anchor, kept[1]):
            return
        self._anchors = sorted([*self._anchors, anchor], key=lambda a: a.boottime)
        retimed = self._store.add_anchor(anchor)
        self.bound_lost_boots()
        if kept is None or abs(anchor.utc - kept[0]) > STEP * 1e6:
            log.info("time known by %s to %.3f s; %d records dated", anchor.source, anchor.error, retimed)
            self._cut_here(anchor)

    def _cut_here(self, anchor: Anchor) -> None:
        """Close the minute in hand short now; one that has hardly begun is dated instead, from its beginning."""
        now = max(self._clock.now(), self.begin)
        if now - self.begin < GRACE:
            self.begin_utc, self.begin_mark = self.time_at(self.begin)
            self.end, self.end_utc = self._window_end()
        else:
            self._cut = anchor
            self.end, self.end_utc = now, None

    def bound_lost_boots(self) -> None:
        """Let go of what earlier boots measured without ever knowing the time: between what came before and now.

        Nobody can tell more of them: their records go out with the last time known before and this boot's begin.
        """
        now, _mark = self.time_at(0.0)
        for lost in self._store.boots_without_time():
            if lost.boot != self._boot and now is not None:
                self._store.bound(lost.boot, known_before(self._store, lost.first), now)

    # -- the lane --------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Record for ever; a `Stopped` closes the minute in hand short and ends."""
        try:
            while True:
                item = self._inbox.get(self.end + GRACE)
                if item is not None:
                    self.take(item)
                elif self._clock.now() >= self.end + GRACE:
                    self.close_minute()
        except Stopped:
            self._close_short()
            raise

    def alive(self, now: float) -> bool:
        """True while minutes are closed when they should be (for the watchdog)."""
        return now < self.end + GRACE + 60.0

    def take(self, item: Any) -> None:
        """One item of the inbox."""
        match item:
            case Taken(sensor, reading):
                self._minutes.take(sensor, reading)
                if reading.at >= self.end + GRACE:
                    self.close_minute()
            case Went(sensor, str() as reason, _):
                self.troubles[sensor] = reason
            case Went(sensor, None, _):
                self.troubles.pop(sensor, None)
            case Anchor():
                self._anchor(item)
            case Draft():
                self.append(item)
            case Maintenance():
                self.maintenance = item

    def close_minute(self) -> None:
        """Close the minute in hand, put it on the disk, begin the next."""
        offset = None if self.begin_utc is None else self.begin_utc / 1e6 - self.begin
        body = self._minutes.close(self.begin, self.end, offset, self.troubles)
        self._mark_maintenance(body)
        duration = self.end - self.begin
        if self.begin_utc is not None and self.end_utc is not None:
            duration = (self.end_utc - self.begin_utc) / 1e6
        start, mark = (self.begin_utc, self.begin_mark) if self.begin_utc is not None else self.time_at(self.begin)
        stamp = Stamp(self._boot, self.begin)
        draft = Draft(Kind.MINUTE, stamp, round(duration, 3), start, mark, body, self._setup)
        self._next_window()
        if duration > 0:
            self.append(draft, self._keep())

    def _next_window(self) -> None:
        cut, self._cut = self._cut, None
        self.begin = self.end
        utc, self.begin_mark = self.time_at(self.begin)
        self.begin_utc = utc if cut is not None or self.end_utc is None else self.end_utc
        self.end, self.end_utc = self._window_end()

    def _close_short(self) -> None:
        """The daemon ends: what is in the inbox still counts, and the minute in hand ends now."""
        while len(self._inbox):
            item = self._inbox.get(float("-inf"))
            if item is not None:
                self.take(item)
        now = min(self._clock.now(), self.last_instant)
        if now > self.begin:
            if self.begin_utc is not None:
                self.end_utc = self.begin_utc + round((min(now, self.end) - self.begin) * 1e6)
            self.end = min(now, self.end)
            self.close_minute()

    def _mark_maintenance(self, body: dict[str, Any]) -> None:
        """Somebody works on the box: values stay as they are, and none counts as weather."""
        work = self.maintenance
        if work is None:
            return
        for channel, value in body["values"].items():
            if value is not None:
                body["quality"][channel] = int(Flag.FAIL)
                body["reasons"][channel] = f"maintenance: {work.text}"
        if self.end >= work.until:
            self.maintenance = None

    # -- the disk --------------------------------------------------------------------------------------------

    def event(self, kind: Kind, body: dict[str, Any]) -> Record | None:
        """Append an event of this instant; what must outlive a restart is kept with it."""
        now = self._clock.now()
        start, mark = self.time_at(now)
        return self.append(Draft(kind, Stamp(self._boot, now), 0.0, start, mark, body, self._setup), self._keep())

    def setup(self, body: dict[str, Any]) -> None:
        """Append the setup record that the coming minutes are made under."""
        record = self.event(Kind.SETUP, body)
        self._setup = record.seq if record is not None else None

    def append(self, draft: Draft, keep: dict[str, Any] | None = None) -> Record | None:
        """Put a draft on the disk; one that the disk refuses waits, bounded, and is tried with the next."""
        self._waiting.append((draft, keep))
        record: Record | None = None
        while self._waiting:
            try:
                first, kept = self._waiting[0]
                record = self._clock.outside(partial(self._store.append, first, kept, picture_of(first)))
            except StoreTrouble as trouble:
                self._refused(trouble)
                return None
            del self._waiting[0]
            self._written(record)
        return record

    def _written(self, record: Record) -> None:
        if self.store_trouble is not None:
            log.info("the store takes records again")
            self.store_trouble = None
        if record.kind is Kind.MINUTE:
            self.latest = record
        self._appended(record)

    def _refused(self, trouble: StoreTrouble) -> None:
        if self.store_trouble is None:
            log.error("the store refuses records, they wait in memory: %s", trouble)
        self.store_trouble = str(trouble)
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[0]


def _worth(anchor: Anchor, kept: ClockMark) -> bool:
    """True where an anchor tells more than what is kept: a smaller error, or a time far off it."""
    return kept.error is None or anchor.error < kept.error


def picture_of(draft: Draft) -> NewPicture | None:
    """The picture that a picture record tells of, for the rows that send it."""
    if draft.kind is not Kind.PICTURE:
        return None
    body = draft.body
    full = Part(body["bytes"], body["picture"])
    return NewPicture(body["picture"], body["camera"], full, Part(body["thumbnail_bytes"], body["thumbnail"]))


def known_before(store: Store, seq: int) -> int | None:
    """The end (microseconds UTC) of the newest record before `seq` whose time is known; None where none is."""
    for last in range(seq - 1, max(0, seq - 100 * LOOK_BACK), -LOOK_BACK):
        timed = [r for r in store.range(max(1, last - LOOK_BACK + 1), last) if r.start is not None]
        if timed and timed[-1].start is not None:
            return timed[-1].start + round(timed[-1].duration * 1e6)
    return None
