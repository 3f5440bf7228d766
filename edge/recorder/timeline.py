"""The recorder's idea of time: the boot's anchors, and the minute in hand.

Minutes follow UTC where it is known and the boot's own 60 s where it is not; when the time becomes known the
minute in hand is closed short and the next one runs to the UTC minute's end. Where a minute ends is reckoned from
the anchors at its begin, so no crystal carries the edges away, however long the boot lasts. A whole minute keeps
its label when an anchor moves the time a little: what it moved by is part of the error stated.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from drivers.reason import Reason
from edge.clock.anchors import DRIFT, Anchor, believable, day_of, error_of, time_of
from edge.records.record import ClockMark, Record
from edge.store.errors import StoreError
from edge.store.store import Store

log = logging.getLogger("minshan.time")
GRACE = 1.0  # s after a minute's end in which its readings may still come in
MINUTE = 60_000_000  # microseconds
STEP = 1.0  # s; an anchor that far from the time kept so far cuts the minute in hand
SECOND_LOOK = 600.0  # s after which one source that still says what cannot be is believed; another one is at once
LOOK_BACK = 500  # records read at once in search of a known time


class Timeline:
    """`begin` and `end` of the minute in hand are s of this boot, `begin_utc` and `end_utc` the same in UTC or None.

    Both are whole microseconds, as all times of a record are: columns of whole numbers hold them.

    `doubt`: what a source said that is not believed (for now); None where none did.
    """

    def __init__(self, store: Store, boot: str, now: float) -> None:
        self._store = store
        self._boot = boot
        self._anchors = [anchor for anchor in store.times.anchors(boot) if believable(anchor)]
        self._cut = False
        self._doubted: Anchor | None = None
        self._newest: Record | None = None
        self._looked = False
        self.doubt: Reason | None = None
        self.begin = whole(now)
        self.begin_utc, self.begin_mark = self.time_at(self.begin)
        self.end, self.end_utc = self._window_end(self.begin_utc)

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """UTC (microseconds) of an instant of this boot and how it is known."""
        return time_at(boottime, self._anchors)

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """What is known of this boot's time."""
        return tuple(self._anchors)

    @property
    def settled(self) -> bool:
        """True where the time is known and nobody contradicts it: the sources need not be asked soon."""
        return bool(self._anchors) and self.doubt is None

    @property
    def offset(self) -> float | None:
        """Seconds to add to an instant of the minute in hand for UTC; None while nobody knows."""
        return None if self.begin_utc is None else self.begin_utc / 1e6 - self.begin

    @property
    def duration(self) -> float:
        """Length of the minute in hand in the boot's seconds: with its begin it gives the next one's exactly."""
        return round(self.end - self.begin, 6)

    def start(self) -> tuple[int | None, ClockMark]:
        """Return the time of the minute's beginning, by all that is known now."""
        return (self.begin_utc, self.begin_mark) if self.begin_utc is not None else self.time_at(self.begin)

    def learn(self, anchor: Anchor, now: float) -> None:
        """Take in that the time is known: date what waited for it, and cut the minute where its edges move.

        An anchor that cannot be right, or that the store refuses, changes nothing.
        """
        if anchor.boot != self._boot or not believable(anchor):
            self._doubts(
                Reason(
                    "time_cannot_be",
                    "{source} says {day}, which cannot be: it is not believed",
                    source=anchor.source,
                    day=day_of(anchor.utc),
                )
            )
            return
        contradicts = self._contradicts(anchor)
        if contradicts and not self._said_again(anchor):
            self._doubts(
                Reason(
                    "time_before_newest",
                    "{source} says {day}, before the newest record: it is asked again",
                    source=anchor.source,
                    day=day_of(anchor.utc),
                )
            )
            return
        kept = time_of(anchor.boottime, self._anchors)
        if kept is not None and not contradicts and error_of(anchor) >= (kept[1].error or 0.0):
            self._trusts(anchor)
            return  # it tells nothing that is not known better
        try:
            dated = self._store.times.add_anchor(anchor)
        except StoreError as trouble:  # the next one is tried again; measuring does not wait
            log.warning("the time is known by %s but cannot be kept: %s", anchor.source, trouble)
            return
        stepped = kept is None or abs(anchor.utc - kept[0]) > STEP * 1e6
        earlier = [] if stepped else self._anchors  # a clock that was set says nothing of the time from now on
        self._anchors = sorted([*earlier, anchor], key=lambda a: a.boottime)
        if contradicts:
            self._doubted = None  # it was said again
        self._trusts(anchor)
        self.bound_lost_boots()
        if stepped:
            log.info("time known by %s to %.3f s; %d records dated", anchor.source, error_of(anchor), dated)
            self._cut_at(max(now, self.begin))

    def next(self) -> None:
        """Begin the next minute where this one ends."""
        planned = None if self._cut else self.end_utc
        self._cut = False
        self.begin = self.end
        utc, mark = self.time_at(self.begin)
        self.begin_utc, self.begin_mark = utc, mark
        if utc is not None and planned is not None and abs(utc - planned) <= STEP * 1e6:
            moved = abs(utc - planned) / 1e6
            self.begin_utc = planned
            self.begin_mark = msgspec.structs.replace(mark, error=round((mark.error or 0.0) + moved, 6))
        self.end, self.end_utc = self._window_end(utc)

    def cut_short(self, now: float) -> bool:
        """End the minute in hand now, for good; False where nothing of it has passed."""
        if whole(now) <= self.begin:
            return False
        self.end = min(whole(now), self.end)
        if self.begin_utc is not None:
            self.end_utc = self.begin_utc + round((self.end - self.begin) * 1e6)
        return True

    def bound_lost_boots(self) -> None:
        """Let go of what earlier boots measured without ever knowing the time: between what came before and now.

        Nobody can tell more of them: their records go out with the last time known before and this boot's begin.
        """
        now, _mark = self.time_at(0.0)
        if now is None:
            return
        try:
            for lost in self._store.times.boots_without_time():
                if lost.boot != self._boot:
                    before = known_before(self._store, lost.first)
                    self._store.times.bound(lost.boot, before if before is None or before <= now else None, now)
        except StoreError as trouble:  # they wait for the next anchor or start; measuring does not
            log.warning("what was measured without a time stays undated for now: %s", trouble)

    # -- what is believed ------------------------------------------------------------------------------------------

    def _contradicts(self, anchor: Anchor) -> bool:
        """Whether it lies before the newest record by more than both errors."""
        newest, mark = self.time_at(self.begin)
        said = anchor.utc + (self.begin - anchor.boottime) * 1e6
        if newest is None:
            record = self._last_known()
            if record is None or record.start is None:
                return False
            newest, mark = record.start + round(record.duration * 1e6), record.clock
            said = anchor.utc
        return said < newest - (error_of(anchor) + (mark.error or 0.0) + STEP) * 1e6

    def _last_known(self) -> Record | None:
        """Return the newest record of earlier boots whose time is known; looked for once."""
        if not self._looked:
            try:
                self._newest = newest_known(self._store, self._store.next_seq)
                self._looked = True
            except StoreError as trouble:
                log.warning("the newest record cannot be read: %s", trouble)
        return self._newest

    def _said_again(self, anchor: Anchor) -> bool:
        """Whether another source, or this one long after, says what was doubted; if not, this is what is doubted."""
        first = self._doubted
        if first is not None:
            since = anchor.boottime - first.boottime
            apart = abs((anchor.utc - first.utc) / 1e6 - since)
            if apart <= error_of(anchor) + error_of(first) + DRIFT * abs(since) + STEP:
                return anchor.source != first.source or since >= SECOND_LOOK
        self._doubted = anchor
        return False

    def _doubts(self, why: Reason) -> None:
        """Tell once that a source is not believed."""
        if self.doubt is None:
            log.warning("%s", why)
            self.doubt = why

    def _trusts(self, anchor: Anchor) -> None:
        """Forget what was doubted where its source takes it back, or has not said it again."""
        first = self._doubted
        if first is None or first.source == anchor.source or anchor.boottime - first.boottime > SECOND_LOOK:
            self.doubt = self._doubted = None

    # -- the minute's edges ----------------------------------------------------------------------------------------

    def _cut_at(self, now: float) -> None:
        """Close the minute in hand short; one that has hardly begun is dated instead, from its beginning."""
        if now - self.begin < GRACE:
            self.begin_utc, self.begin_mark = self.time_at(self.begin)
            self.end, self.end_utc = self._window_end(self.begin_utc)
        else:
            self._cut = True
            self.end, self.end_utc = whole(now), None

    def _window_end(self, utc: int | None) -> tuple[float, int | None]:
        """Where the minute that begins now, at `utc` by the anchors, ends: the UTC minute's end, or 60 s on."""
        if utc is None or self.begin_utc is None:
            return whole(self.begin + 60.0), None
        edge = (self.begin_utc // MINUTE + 1) * MINUTE
        return whole(self.begin + (edge - utc) / 1e6), edge


def whole(seconds: float) -> float:
    """Return an instant of a boot in whole microseconds."""
    return round(seconds, 6)


def time_at(boottime: float, anchors: Sequence[Anchor]) -> tuple[int | None, ClockMark]:
    """Return the UTC (microseconds) of an instant of a boot by its anchors, and how it is known."""
    return time_of(boottime, anchors) or (None, ClockMark("arrival"))


def known_before(store: Store, seq: int) -> int | None:
    """Return the end (microseconds UTC) of the newest record before `seq` whose time is known; None: none is."""
    record = newest_known(store, seq)
    return None if record is None or record.start is None else record.start + round(record.duration * 1e6)


def newest_known(store: Store, seq: int) -> Record | None:
    """Return the newest record before `seq` whose time is known; None where none is."""
    for last in range(seq - 1, max(0, seq - 100 * LOOK_BACK), -LOOK_BACK):
        timed = [r for r in store.range(max(1, last - LOOK_BACK + 1), last) if r.start is not None]
        if timed:
            return timed[-1]
    return None
