"""The minutes of a boot: where the current one begins and ends, and which time it has.

Minutes follow UTC if it is known, otherwise the boot's own 60 s; when the time becomes known, the current minute is
closed short and the next one runs to the end of the UTC minute. The end of a minute is computed from the anchors known
at its begin, so the edges do not drift with the crystal. A whole minute keeps its label when an anchor shifts the time
slightly: the shift becomes part of the stated error.
"""

from __future__ import annotations

import msgspec

from edge.clock.anchors import Anchor, Slewed
from edge.clock.belief import KnownTime
from edge.recorder.boot_time import STEP, BootTime
from edge.records.record import ClockMark
from edge.store.store import Store

GRACE = 1.0  # s after a minute's end during which its readings may still arrive
MINUTE = 60_000_000  # microseconds


class Timeline:
    """`begin` and `end` of the current minute are s of this boot, `begin_utc` and `end_utc` the same in UTC or None.

    All are whole microseconds, like all times of a record, which are stored as integers.

    `time`: what is known of the boot's time.
    """

    def __init__(self, store: Store, boot: str, now: float) -> None:
        self.time = BootTime(store, boot)
        self.begin = round_to_us(now)
        self.begin_utc, self.begin_mark = self.time_at(self.begin)
        self.end, self.end_utc = self._window_end(self.begin_utc)

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """Return the UTC (microseconds) of an instant of this boot and how it is known."""
        return self.time.known.time_at(boottime)

    @property
    def offset(self) -> float | None:
        """Seconds to add to an instant of the current minute for UTC; None while unknown."""
        return None if self.begin_utc is None else self.begin_utc / 1e6 - self.begin

    @property
    def duration(self) -> float:
        """Length of the current minute in the boot's seconds: begin plus length is exactly the next begin."""
        return round(self.end - self.begin, 6)

    def start(self) -> tuple[int | None, ClockMark]:
        """Return the time of the current minute's begin, by all that is known now."""
        if self.begin_utc is None:
            return self.time_at(self.begin)
        return self.begin_utc, self.time.known.widened(self.begin, self.begin_utc, self.begin_mark)

    def learn(self, anchor: Anchor, now: float) -> None:
        """Process an anchor, and end the current minute if its edges move."""
        moved = self.time.learn(anchor)
        if moved is not None:
            self._redate_and_cut(moved, now)

    def carry(self, slewed: Slewed) -> None:
        """Process a slew of the boot's clock: the current minute still ends with the UTC minute."""
        self.time.carry(slewed)
        utc, _mark = self.time_at(slewed.until)
        if utc is not None and self.end_utc is not None and self.end > slewed.until:
            self.end = round_to_us(slewed.until + max(0.0, (self.end_utc - utc) / 1e6))

    def resume(self, slewed: Slewed) -> None:
        """Process, at the start, a slew since an earlier run of this boot, and date the current minute by it."""
        self.time.carry(slewed)
        self._redate()

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
        """End the current minute now, finally; False if nothing of it has passed."""
        if round_to_us(now) <= self.begin:
            return False
        self.end = min(round_to_us(now), self.end)
        return True

    def _redate_and_cut(self, known: KnownTime, now: float) -> None:
        """Re-date the current minute and end it now."""
        if self.begin_utc is not None:
            self.begin_utc, self.begin_mark = known.time_at(self.begin)
        self._cut_at(max(now, self.begin))

    def _cut_at(self, now: float) -> None:
        """End the current minute early; one that has hardly begun is re-dated from its begin instead."""
        if now - self.begin < GRACE:
            self._redate()
        else:
            self.end, self.end_utc = round_to_us(now), None

    def _redate(self) -> None:
        """Re-date the current minute from its begin, by all that is known now."""
        self.begin_utc, self.begin_mark = self.time_at(self.begin)
        self.end, self.end_utc = self._window_end(self.begin_utc)

    def _window_end(self, utc: int | None) -> tuple[float, int | None]:
        """Return the end of the minute that begins now (`utc` by the anchors): the UTC minute's end, or 60 s later."""
        if utc is None or self.begin_utc is None:
            return round_to_us(self.begin + 60.0), None
        edge = (self.begin_utc // MINUTE + 1) * MINUTE
        return round_to_us(self.begin + (edge - utc) / 1e6), edge


def round_to_us(seconds: float) -> float:
    """Return an instant of a boot in whole microseconds."""
    return round(seconds, 6)
