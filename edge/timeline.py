"""The recorder's idea of time: the boot's anchors, and the minute in hand.

Minutes follow UTC where it is known and the boot's own 60 s where it is not; when the time becomes known the
minute in hand is closed short and the next one runs to the UTC minute's end. Edges are planned in UTC, so that
minutes join without a gap however the anchors wander.
"""

from __future__ import annotations

import logging

from edge.anchors import Anchor, time_of
from edge.record import ClockMark
from edge.store.store import Store
from edge.store.trouble import StoreTrouble

log = logging.getLogger("minshan.time")
GRACE = 1.0  # s after a minute's end in which its readings may still come in
MINUTE = 60_000_000  # microseconds
STEP = 1.0  # s; an anchor that far from the time kept so far cuts the minute in hand
LOOK_BACK = 500  # records read at once in search of a known time


class Timeline:
    """`begin` and `end` of the minute in hand are s of this boot, `begin_utc` and `end_utc` the same in UTC or None."""

    def __init__(self, store: Store, boot: str, now: float) -> None:
        self._store = store
        self._boot = boot
        self._anchors = store.anchors(boot)
        self._cut = False
        self.begin = now
        self.begin_utc, self.begin_mark = self.time_at(now)
        self.end, self.end_utc = self._window_end()

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """UTC (microseconds) of an instant of this boot and how it is known."""
        return time_of(boottime, self._anchors) or (None, ClockMark("arrival"))

    @property
    def offset(self) -> float | None:
        """Seconds to add to an instant of the minute in hand for UTC; None while nobody knows."""
        return None if self.begin_utc is None else self.begin_utc / 1e6 - self.begin

    @property
    def duration(self) -> float:
        """Length of the minute in hand, s; exact where its edges are UTC's."""
        if self.begin_utc is not None and self.end_utc is not None:
            return (self.end_utc - self.begin_utc) / 1e6
        return round(self.end - self.begin, 3)

    def start(self) -> tuple[int | None, ClockMark]:
        """The time of the minute's beginning, by all that is known now."""
        return (self.begin_utc, self.begin_mark) if self.begin_utc is not None else self.time_at(self.begin)

    def learn(self, anchor: Anchor, now: float) -> None:
        """The time is known, or known anew: date what waited for it, and cut the minute where its edges move."""
        kept = time_of(anchor.boottime, self._anchors)
        if kept is not None and kept[1].error is not None and anchor.error >= kept[1].error:
            return  # it tells nothing that is not known better
        self._anchors = sorted([*self._anchors, anchor], key=lambda a: a.boottime)
        dated = self._store.add_anchor(anchor)
        self.bound_lost_boots()
        if kept is None or abs(anchor.utc - kept[0]) > STEP * 1e6:
            log.info("time known by %s to %.3f s; %d records dated", anchor.source, anchor.error, dated)
            self._cut_at(max(now, self.begin))

    def next(self) -> None:
        """Begin the next minute where this one ends."""
        self.begin = self.end
        utc, self.begin_mark = self.time_at(self.begin)
        self.begin_utc = utc if self._cut or self.end_utc is None else self.end_utc
        self._cut = False
        self.end, self.end_utc = self._window_end()

    def cut_short(self, now: float) -> bool:
        """End the minute in hand now, for good; False where nothing of it has passed."""
        if now <= self.begin:
            return False
        self.end = min(now, self.end)
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
            for lost in self._store.boots_without_time():
                if lost.boot != self._boot:
                    self._store.bound(lost.boot, known_before(self._store, lost.first), now)
        except StoreTrouble as trouble:  # they wait for the next anchor or start; measuring does not
            log.warning("what was measured without a time stays undated for now: %s", trouble)

    def _cut_at(self, now: float) -> None:
        """Close the minute in hand short; one that has hardly begun is dated instead, from its beginning."""
        if now - self.begin < GRACE:
            self.begin_utc, self.begin_mark = self.time_at(self.begin)
            self.end, self.end_utc = self._window_end()
        else:
            self._cut = True
            self.end, self.end_utc = now, None

    def _window_end(self) -> tuple[float, int | None]:
        """Where the minute that begins now ends: the UTC minute's end, or 60 s on."""
        if self.begin_utc is None:
            return self.begin + 60.0, None
        edge = (self.begin_utc // MINUTE + 1) * MINUTE
        return self.begin + (edge - self.begin_utc) / 1e6, edge


def known_before(store: Store, seq: int) -> int | None:
    """The end (microseconds UTC) of the newest record before `seq` whose time is known; None where none is."""
    for last in range(seq - 1, max(0, seq - 100 * LOOK_BACK), -LOOK_BACK):
        timed = [r for r in store.range(max(1, last - LOOK_BACK + 1), last) if r.start is not None]
        if timed and timed[-1].start is not None:
            return timed[-1].start + round(timed[-1].duration * 1e6)
    return None
