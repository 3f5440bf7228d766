"""Rain from a counter that is never cleared: the increase of the device's own running total.

Why not the last reading minus the first: what falls between two minutes would belong to none. A counter's rise
is taken from the last reading before, whichever minute that was in, so the minutes of a day add up to what the
gauge counted.

A total that does not go on from the last one tells of another level. A level is believed when readings go on from it:
two where it is likely (a restart from zero, a level that was left before), three otherwise. Until then nothing is
counted, so that a few wrong readings cost nothing when the counter is back; levels that were left are remembered for
an hour, with what was counted since, so that a late return counts nothing twice. What was counted too much is owed
and taken from the rain that follows: the sums become right again, and the minutes say so.
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
GAP_S = 90.0  # a rise after a longer silence may have fallen in minutes that are past
AT_ONCE = 2 * SUSPECT_MM_PER_MIN  # mm in a minute; more waits for the reading that confirms it
RECORD_MM, RECORD_POWER = 422.0, 0.475  # most in so many hours anywhere: 422 h^0.475 (Jennings, world records of rain)
UNKNOWN_MM = 1000.0  # most that is believed of a gap that nobody can measure; no place of ours has it in a year
RESTART_MM = 1.0  # a counter that began again from zero tells little: a few tips, and what a heavy rain brings
WRAP_MM = 100.0  # most that is told as a wrap over a gap; more is likelier a restart
REMEMBERED_S = 3600.0  # how long a level that was left may come back
LEAST = 1e-6  # mm; less is the arithmetic's
KEPT = 3  # levels of each kind


class OtherTotal(msgspec.Struct):
    """A total that readings told beside the one that is counted from.

    `kind`: "odd" (fits nothing yet), "left" (was counted from until another was believed), "before" (the total
    before a rise). `first`: its first total, of a known one the last counted; `since`: mm counted since it was left,
    `step`: the greatest rise of them.
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
    """What must outlive a restart: the device's last total, when, the sum of all rises (mm), what is owed, levels.

    `at`: s of the boot whose id is `boot`; `utc`: the same instant in UTC s. None where it is not known.
    """

    last: float | None = None
    at: float | None = None
    utc: float | None = None
    total: float = 0.0
    boot: str | None = None
    owed: float = 0.0
    levels: list[OtherTotal] = []


class Rise(msgspec.Struct, frozen=True):
    """What one reading adds: millimetres, why it is doubted (None: it is not), whether it still waits for a next."""

    amount: float
    doubt: Reason | None = None
    unsettled: bool = False


class Counter:
    """Follows one device's running total (mm). `state` is kept with each minute and given back at a start.

    `boot`: the present boot's id, by which seconds of another boot are not taken for this one's.
    """

    def __init__(self, state: CounterState | None = None, boot: str | None = None) -> None:
        self.state = state or CounterState()
        self._boot = boot
        self._here = False  # whether the last reading was taken since this start: then `at` measures the gap
        self._dated = False  # whether the levels have instants of this boot

    def take(self, value: float, at: float, wraps_at: float | None, utc: float | None) -> Rise:
        """Return the rise that this reading brings.

        `at`: s of this boot; `utc`: s where known (for gaps over a restart).
        """
        state, gap = self.state, self._gap(at, utc)
        if state.last is None:
            self._move(value, at, utc)
            return Rise(0.0)
        for level in () if self._dated else state.levels:  # those of another boot begin at this one's seconds
            level.at = at
        self._dated = True
        rise = value - state.last
        rise = 0.0 if abs(rise) < LEAST else rise
        if not 0 <= value <= (wraps_at or value):
            return Rise(0.0, unsettled=True)  # more, or less, than the device can tell
        goes_on = any(level.kind == "odd" and _goes_on(level, value, at) for level in state.levels)
        if rise < 0 and wraps_at is not None and rise + wraps_at <= _most_wrapped(gap) and not goes_on:
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
        """Add a rise to the sum, less what is owed; what a return takes back (below 0) is owed. Return what came in."""
        state = self.state
        for level in state.levels:
            level.since, level.step = level.since + rise, max(level.step, rise)
        balance = rise - state.owed
        state.owed = 0.0 if balance > -1e-9 else -balance
        state.total += max(0.0, balance)
        return max(0.0, balance)

    def _odd(self, rise: float, value: float, at: float, utc: float | None, gap: float | None) -> Rise:
        """Keep a total that does not go on from the last one, until readings enough have told its level."""
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
        """Drop what was told in between: the level is the same as before. Return how many readings told it."""
        away = sum(level.readings for level in self.state.levels)
        self.state.levels = [level for level in self.state.levels if level.kind != "odd"]
        for level in self.state.levels:
            level.readings, level.last = 0, level.first
        return away

    def _comes_back(self, rise: float, value: float, at: float, gap: float | None) -> bool:
        """Return whether a level that was left needs less than half of the rain that this rise would be.

        A gauge that began anew climbs past its old total by the steps of its rain, in a gap by many, past one of a few
        tips by the first; one that had erred leaps back.
        """
        rains = gap is not None and gap > GAP_S  # where it rained on this level, the gap may have had the rest
        fits = (level for level in self.state.levels if level.kind == "left" and _goes_on(level, value, at))
        left = (v for v in fits if v.first > RESTART_MM and rise > v.step + LEAST and not (rains and v.step))
        return any(v.at + REMEMBERED_S >= at and 2 * (value - v.first) + LEAST < rise for v in left)

    def _level(self, value: float, at: float, gap: float | None) -> OtherTotal:
        """Return the level that a total goes on from, a new one where it goes on from none."""
        levels = self.state.levels
        levels[:] = [level for level in levels if abs(at - level.at) <= REMEMBERED_S]
        fits = [level for level in levels if _goes_on(level, value, at) and not self._began_anew(level, value, gap)]
        leapt = 0 < value < (self.state.last or 0.0)  # 0 is a restart, not a leap that is over
        for kinds in (("odd", "left"), ("before",) if leapt else ()):
            known = [level for level in fits if level.kind in kinds]
            if known:  # the one that needs the least rain
                return max(known, key=lambda level: level.last)
        return self._new("odd", value, at)

    def _began_anew(self, level: OtherTotal, value: float, gap: float | None) -> bool:
        """Return whether a total fell to where any gauge comes by that begins again: what came since was rain."""
        last = self.state.last or 0.0
        rained = last <= level.since + LEAST if level.kind == "left" else level.step <= RESTART_MM
        return level.kind != "odd" and value < last and _restarted(value, gap) and rained

    def _believe(
        self, level: OtherTotal, rise: float, value: float, at: float, utc: float | None, gap: float | None
    ) -> Rise:
        """Count from another level from now on; return what it adds."""
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
            self._new("before" if fell == rise else "left", last, at)  # what a known level comes back from was wrong
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
        """Return the seconds since the last reading, None where nobody can tell; a step of the clock adds none."""
        state = self.state
        if state.at is not None and (self._here or (self._boot is not None and state.boot == self._boot)):
            return max(0.0, at - state.at)
        if state.utc is not None and utc is not None:
            return max(0.0, utc - state.utc)
        return None  # another boot, and no time to measure by


def _minutes(gap: float | None) -> float:
    return max(1.0, (gap or 0.0) / 60.0)


def _most(gap: float | None) -> float:
    """Return the most rain, mm, that any sky has given in so many seconds."""
    minutes = _minutes(gap)
    return min(MOST_MM_PER_MIN * minutes, max(MOST_MM_PER_MIN, RECORD_MM * math.pow(minutes / 60.0, RECORD_POWER)))


def _believed(gap: float | None) -> float:
    """Return the most rain, mm, that one reading alone is believed."""
    return min(_most(gap), MOST_MM_PER_MIN if gap is None else AT_ONCE * _minutes(gap))


def _most_wrapped(gap: float | None) -> float:
    return MOST_MM_PER_MIN if gap is None else min(WRAP_MM, AT_ONCE * _minutes(gap))


def _restarted(value: float, gap: float | None) -> bool:
    """Return whether a total is what a gauge tells that began again from zero since the last reading."""
    return value <= (MOST_MM_PER_MIN if gap is None else RESTART_MM + SUSPECT_MM_PER_MIN * gap / 60.0)


def _goes_on(level: OtherTotal, value: float, at: float) -> bool:
    """Return whether a total may follow a level's last one."""
    gap = max(0.0, at - level.at)
    most = RESTART_MM + SUSPECT_MM_PER_MIN * gap / 60.0 if level.kind == "odd" else _believed(gap)
    return -LEAST < value - level.last <= most


def _why(level: OtherTotal, rise: float, last: float, gap: float | None) -> Reason:
    """Return why what another level adds is in doubt."""
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
