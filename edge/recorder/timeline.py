"""The minutes of a boot: where the current one begins and ends, and which time it has.

Minutes follow UTC where it is known and the boot's own 60 s where it is not; when the time becomes known the
minute in hand is closed short and the next one runs to the UTC minute's end. Where a minute ends is reckoned from
the anchors at its begin, so no crystal carries the edges away, however long the boot lasts. A whole minute keeps
its label when an anchor moves the time a little: what it moved by is part of the error stated.
"""

from __future__ import annotations

import msgspec

from edge.clock.anchors import Anchor, Slewed
from edge.clock.belief import KnownTime
from edge.recorder.boot_time import STEP, BootTime
from edge.records.record import ClockMark
from edge.store.store import Store

GRACE = 1.0  # s after a minute's end in which its readings may still come in
MINUTE = 60_000_000  # microseconds


class Timeline:
    """`begin` and `end` of the minute in hand are s of this boot, `begin_utc` and `end_utc` the same in UTC or None.

    Both are whole microseconds, as all times of a record are: columns of whole numbers hold them.

    `time`: what is known of the boot's time.
    """

    def __init__(self, store: Store, boot: str, now: float) -> None:
        self.time = BootTime(store, boot)
        self.begin = round_to_us(now)
        self.begin_utc, self.begin_mark = self.time_at(self.begin)
        self.end, self.end_utc = self._window_end(self.begin_utc)

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """UTC (microseconds) of an instant of this boot and how it is known."""
        return self.time.known.time_at(boottime)

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
        if self.begin_utc is None:
            return self.time_at(self.begin)
        return self.begin_utc, self.time.known.widened(self.begin, self.begin_utc, self.begin_mark)

    def learn(self, anchor: Anchor, now: float) -> None:
        """Take in what a source says, and cut the minute in hand where its edges move."""
        moved = self.time.learn(anchor)
        if moved is not None:
            self._moves(moved, now)

    def carry(self, slewed: Slewed) -> None:
        """Take in that the boot's clock was slewed: the minute in hand ends with the UTC minute all the same."""
        self.time.carry(slewed)
        utc, _mark = self.time_at(slewed.until)
        if utc is not None and self.end_utc is not None and self.end > slewed.until:
            self.end = round_to_us(slewed.until + max(0.0, (self.end_utc - utc) / 1e6))

    def resume(self, slewed: Slewed) -> None:
        """Take in at the start what was slewed since an earlier run of this boot: the minute in hand begins with it."""
        self.time.carry(slewed)
        self._date_anew()

    def next(self) -> None:
        """Begin the next minute where this one ends."""
        planned = self.end_utc
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
        if round_to_us(now) <= self.begin:
            return False
        self.end = min(round_to_us(now), self.end)
        return True

    def _moves(self, known: KnownTime, now: float) -> None:
        """Date the minute in hand anew and end it now."""
        if self.begin_utc is not None:
            self.begin_utc, self.begin_mark = known.time_at(self.begin)
        self._cut_at(max(now, self.begin))

    def _cut_at(self, now: float) -> None:
        """Close the minute in hand short; one that has hardly begun is dated instead, from its beginning."""
        if now - self.begin < GRACE:
            self._date_anew()
        else:
            self.end, self.end_utc = round_to_us(now), None

    def _date_anew(self) -> None:
        """Date the minute in hand from its beginning, by all that is known now."""
        self.begin_utc, self.begin_mark = self.time_at(self.begin)
        self.end, self.end_utc = self._window_end(self.begin_utc)

    def _window_end(self, utc: int | None) -> tuple[float, int | None]:
        """Where the minute that begins now, at `utc` by the anchors, ends: the UTC minute's end, or 60 s on."""
        if utc is None or self.begin_utc is None:
            return round_to_us(self.begin + 60.0), None
        edge = (self.begin_utc // MINUTE + 1) * MINUTE
        return round_to_us(self.begin + (edge - utc) / 1e6), edge


def round_to_us(seconds: float) -> float:
    """Return an instant of a boot in whole microseconds."""
    return round(seconds, 6)
