"""Rain from a counter that is never cleared: the increase of the device's own running total.

Why not the last reading minus the first: rain between two minutes would belong to none. A counter's rise is computed
from the preceding reading, whichever minute that was in, so the minutes of a day add up to what the gauge counted.

A total that does not continue from the last one is another level. A level is believed once readings continue from it:
two if it is likely (a restart from zero, a level that was left before), three otherwise. Until then nothing is counted,
so a few wrong readings cost nothing if the counter recovers; levels that were left are remembered for an hour, with the
amount counted since, so that a late return counts nothing twice. An amount counted in excess is owed and subtracted
from the following rain: the sums become right again, and the minutes say so.
"""

import math
from typing import Literal

import msgspec

from drivers.reason import Reason
from edge.measure.limits import MOST_MM_PER_MIN, SUSPECT_MM_PER_MIN

FELL_UNKNOWN = Reason(
    "fell_before_restart", "fell at some time since the last reading before a restart, nobody knows how long ago"
)
CAME_BACK = Reason("counter_came_back", "the gauge's counter showed a different total for a while and has recovered")
UNSETTLED = Reason(
    "counter_unsettled",
    "the gauge's last total does not fit the totals before; its rain is counted if the total persists",
)
GAP_S = 90.0  # s; a rise after a longer silence may have fallen in earlier minutes
AT_ONCE = 2 * SUSPECT_MM_PER_MIN  # mm in a minute; more waits for the reading that confirms it
RECORD_MM, RECORD_POWER = 422.0, 0.475  # most rain in h hours anywhere: 422 h^0.475 (Jennings, world records of rain)
UNKNOWN_MM = 1000.0  # the most that is believed after a gap of unknown length; no place of ours has it in a year
RESTART_MM = 1.0  # a counter that restarted from zero shows little: a few tips, plus what a heavy rain brings
WRAP_MM = 100.0  # the most that counts as a wrap across a gap; more is likelier a restart
REMEMBERED_S = 3600.0  # s for which a level that was left may come back
LEAST = 1e-6  # mm; less is a rounding error
KEPT = 3  # levels of each kind


class OtherTotal(msgspec.Struct):
    """A level that readings showed beside the current one.

    `kind`: "odd" (fits nothing yet), "left" (was the current one until another was believed), "before" (the total
    before a rise). `first`: its first total, of a known level the last one counted; `since`: mm counted since it was
    left, `step`: the greatest single rise among them.
    """

    kind: Literal["odd", "left", "before"]
    first: float
    last: float
    at: float
    base: float | None = None
    readings: int = 0
    since: float = 0.0
    step: float = 0.0


class CounterState(msgspec.Struct):
    """The state saved across restarts: the device's last total, when, the sum of all rises (mm), what is owed, levels.

    `at`: s of the boot whose id is `boot`; `utc`: the same instant in UTC s. None if unknown.
    """

    last: float | None = None
    at: float | None = None
    utc: float | None = None
    total: float = 0.0
    boot: str | None = None
    owed: float = 0.0
    levels: list[OtherTotal] = []


class Rise(msgspec.Struct, frozen=True):
    """What one reading adds: mm, why it is doubted (None: it is not), whether it still waits for a confirming one."""

    amount: float
    doubt: Reason | None = None
    unsettled: bool = False


class Counter:
    """Follows one device's running total (mm). `state` is saved with each minute and restored at a start.

    `boot`: the current boot's id, to distinguish instants of other boots.
    """

    def __init__(self, state: CounterState | None = None, boot: str | None = None) -> None:
        self.state = state or CounterState()
        self._boot = boot
        self._here = False  # whether the last reading was taken since this start: then `at` measures the gap
        self._dated = False  # whether the levels have instants of this boot

    def take(self, value: float, at: float, wraps_at: float | None, utc: float | None) -> Rise:
        """Return the rise that this reading brings.

        `at`: s of this boot; `utc`: s, if known (for gaps across a restart).
        """
        state, gap = self.state, self._gap(at, utc)
        if state.last is None:
            self._move(value, at, utc)
            return Rise(0.0)
        for level in () if self._dated else state.levels:  # restored levels get an instant of this boot
            level.at = at
        self._dated = True
        rise = value - state.last
        rise = 0.0 if abs(rise) < LEAST else rise
        if not 0 <= value <= (wraps_at or value):
            return Rise(0.0, unsettled=True)  # more, or less, than the device can show
        continues = any(level.kind == "odd" and _continues(level, value, at) for level in state.levels)
        if rise < 0 and wraps_at is not None and rise + wraps_at <= _most_wrapped(gap) and not continues:
            return self._wrapped(rise + wraps_at, value, at, utc, gap)
        if 0 <= rise <= _believed(gap) and not self._comes_back(rise, value, at, gap):
            if rise > 0:
                self._new("before", state.last, at)
            away = self._forget_odd()
            found = self._counted(rise, value, at, utc, gap)
            return found if away < 2 or found.doubt else Rise(found.amount, CAME_BACK)
        return self._odd(rise, value, at, utc, gap)

    def _wrapped(self, rise: float, value: float, at: float, utc: float | None, gap: float | None) -> Rise:
        self._new("left", self.state.last or 0.0, at)
        found = self._counted(rise, value, at, utc, gap)
        if gap is not None and gap <= GAP_S:
            return found
        doubt = Reason(
            "wrapped_unread",
            "the gauge's counter began again while nobody read it: {amount:.2f} mm if from its top, {least:.2f} if not",
            amount=rise,
            least=value,
        )
        return Rise(found.amount, doubt)

    def _counted(self, rise: float, value: float, at: float, utc: float | None, gap: float | None) -> Rise:
        owed = self.state.owed
        amount = self._add(rise)
        self._move(value, at, utc)
        if rise > 0 and owed > 0:
            return Rise(amount, CAME_BACK)
        if rise > 0 and gap is None:
            return Rise(amount, FELL_UNKNOWN)
        if rise > 0 and gap is not None and gap > GAP_S:
            return Rise(
                amount,
                Reason("fell_before", "fell at some time in the {seconds:.0f} s before, without readings", seconds=gap),
            )
        return Rise(amount)

    def _add(self, rise: float) -> float:
        """Add a rise to the sum, less what is owed; a negative rise becomes owed. Return the amount added."""
        state = self.state
        for level in state.levels:
            level.since, level.step = level.since + rise, max(level.step, rise)
        balance = rise - state.owed
        state.owed = 0.0 if balance > -1e-9 else -balance
        state.total += max(0.0, balance)
        return max(0.0, balance)

    def _odd(self, rise: float, value: float, at: float, utc: float | None, gap: float | None) -> Rise:
        """Keep a total that does not continue from the last one, until enough readings have confirmed its level."""
        level = self._level(value, at, gap)
        level.readings += 1
        level.base = value if level.base is None and level.readings == 2 else level.base
        level.last, level.at = value, at
        likely = level.kind != "odd" or (rise < 0 and _restarted(level.first, gap))
        likely = likely or 0 < rise <= _most(gap)
        if level.readings < (2 if likely else 3):
            return Rise(0.0, unsettled=True)
        return self._believe(level, rise, value, at, utc, gap)

    def _forget_odd(self) -> int:
        """Drop the levels in between: the old level continues. Return how many readings showed them."""
        away = sum(level.readings for level in self.state.levels)
        self.state.levels = [level for level in self.state.levels if level.kind != "odd"]
        for level in self.state.levels:
            level.readings, level.last = 0, level.first
        return away

    def _comes_back(self, rise: float, value: float, at: float, gap: float | None) -> bool:
        """Return whether a level that was left explains this total with less than half of the rain of this rise.

        A gauge that restarted climbs past its old total in the steps of its rain, during a gap in several at once,
        past a total of a few tips with the first; one that was wrong for a while jumps back.
        """
        rains = gap is not None and gap > GAP_S  # if it rained on this level, the rest may have fallen in the gap
        fits = (level for level in self.state.levels if level.kind == "left" and _continues(level, value, at))
        left = (v for v in fits if v.first > RESTART_MM and rise > v.step + LEAST and not (rains and v.step))
        return any(v.at + REMEMBERED_S >= at and 2 * (value - v.first) + LEAST < rise for v in left)

    def _level(self, value: float, at: float, gap: float | None) -> OtherTotal:
        """Return the level from which a total continues, a new one if there is none."""
        levels = self.state.levels
        levels[:] = [level for level in levels if abs(at - level.at) <= REMEMBERED_S]
        fits = [
            level for level in levels if _continues(level, value, at) and not self._has_restarted(level, value, gap)
        ]
        leapt = 0 < value < (self.state.last or 0.0)  # 0 is a restart, not the end of a jump
        for kinds in (("odd", "left"), ("before",) if leapt else ()):
            known = [level for level in fits if level.kind in kinds]
            if known:  # the one that implies the least rain
                return max(known, key=lambda level: level.last)
        return self._new("odd", value, at)

    def _has_restarted(self, level: OtherTotal, value: float, gap: float | None) -> bool:
        """Return whether a total is that of a restarted gauge that has passed this level: what came since was rain."""
        last = self.state.last or 0.0
        rained = last <= level.since + LEAST if level.kind == "left" else level.step <= RESTART_MM
        return level.kind != "odd" and value < last and _restarted(value, gap) and rained

    def _believe(
        self, level: OtherTotal, rise: float, value: float, at: float, utc: float | None, gap: float | None
    ) -> Rise:
        """Make another level the current one. Return what it adds."""
        last = self.state.last or 0.0
        fell = value - (level.base or value)
        if level.kind != "odd":
            fell = value - level.first - level.since
        elif rise < 0 and _restarted(level.first, gap):
            fell = value
        elif 0 < rise <= (UNKNOWN_MM if gap is None else _most(gap)):
            fell = rise
        self.state.levels = [other for other in self.state.levels if other is not level and other.kind == "left"]
        if level.kind == "odd":
            self._new("before" if fell == rise else "left", last, at)  # if a known level returns, the last was wrong
        if fell == rise and fell >= 0:
            return self._counted(rise, value, at, utc, gap)
        amount = self._add(fell)
        self._move(value, at, utc)
        return Rise(amount, CAME_BACK if level.kind != "odd" else _why(level, rise, last, gap))

    def _new(self, kind: Literal["odd", "left", "before"], value: float, at: float) -> OtherTotal:
        made = OtherTotal(kind, value, value, at if kind == "odd" or not self._here else self.state.at or at)
        levels = [*self.state.levels, made]
        same = [level for level in levels if level.kind == kind][:-KEPT]
        self.state.levels = [level for level in levels if not any(level is old for old in same)]
        return made

    def _move(self, value: float, at: float, utc: float | None) -> None:
        self.state.last, self.state.at, self.state.utc, self.state.boot = value, at, utc, self._boot
        self._here = True

    def _gap(self, at: float, utc: float | None) -> float | None:
        """Return the seconds since the last reading, None if unknown; steps of the clock are not included."""
        state = self.state
        if state.at is not None and (self._here or (self._boot is not None and state.boot == self._boot)):
            return max(0.0, at - state.at)
        if state.utc is not None and utc is not None:
            return max(0.0, utc - state.utc)
        return None  # another boot, and no time to measure by


def _minutes(gap: float | None) -> float:
    return max(1.0, (gap or 0.0) / 60.0)


def _most(gap: float | None) -> float:
    """Return the most rain, mm, ever recorded in so many seconds."""
    minutes = _minutes(gap)
    return min(MOST_MM_PER_MIN * minutes, max(MOST_MM_PER_MIN, RECORD_MM * math.pow(minutes / 60.0, RECORD_POWER)))


def _believed(gap: float | None) -> float:
    """Return the most rain, mm, that is believed on a single reading."""
    return min(_most(gap), MOST_MM_PER_MIN if gap is None else AT_ONCE * _minutes(gap))


def _most_wrapped(gap: float | None) -> float:
    return MOST_MM_PER_MIN if gap is None else min(WRAP_MM, AT_ONCE * _minutes(gap))


def _restarted(value: float, gap: float | None) -> bool:
    """Return whether a total can be that of a gauge that restarted from zero since the last reading."""
    return value <= (MOST_MM_PER_MIN if gap is None else RESTART_MM + SUSPECT_MM_PER_MIN * gap / 60.0)


def _continues(level: OtherTotal, value: float, at: float) -> bool:
    """Return whether a total may continue from a level's last one."""
    gap = max(0.0, at - level.at)
    most = RESTART_MM + SUSPECT_MM_PER_MIN * gap / 60.0 if level.kind == "odd" else _believed(gap)
    return -LEAST < value - level.last <= most


def _why(level: OtherTotal, rise: float, last: float, gap: float | None) -> Reason:
    """Return why the amount added by another level is in doubt."""
    if rise < 0 and _restarted(level.first, gap):
        return Reason("counter_restarted", "the gauge's counter started again from zero")
    if rise < 0:
        return Reason(
            "counter_fell",
            "the gauge's counter fell from {before:.2f} to {after:.2f} mm, which is not a restart: "
            "the rain in between is unknown",
            before=last,
            after=level.first,
        )
    return Reason(
        "more_than_any_rain",
        "a rise of {rise:.2f} mm is more than any sky gives ({most:.0f} mm/min)",
        rise=rise,
        most=MOST_MM_PER_MIN,
    )
