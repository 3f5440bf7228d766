"""Rain from a counter that is never cleared: the rise of the device's own running total.

Why not the last reading minus the first: what falls between two minutes would belong to none. A counter's rise
is taken from the last reading before, whichever minute that was in, so the minutes of a day add up to what the
gauge counted. A fall is one of three things, told apart by the next reading: a wrap (the device's counter began
again at zero from its top), a restart (it begins again from near zero and stays there) or noise (it is back).
"""

from __future__ import annotations

import msgspec

from drivers.reason import Reason
from edge.measure.limits import MOST_MM_PER_MIN

FELL_UNKNOWN = Reason(
    "fell_before_restart", "fell at some time since the last reading before a restart, nobody knows how long ago"
)
GAP_S = 90.0  # a rise after a longer silence may have fallen in minutes that are past
WRAP_SHARE = 0.1  # a wrap comes from the top tenth of the counter to its lowest tenth


class CounterState(msgspec.Struct):
    """What must outlive a restart: the device's last total, when, the sum of all rises (mm).

    `at`: s of the boot whose id is `boot`; `utc`: the same instant in UTC s. None where it is not known.
    """

    last: float | None = None
    at: float | None = None
    utc: float | None = None
    total: float = 0.0
    boot: str | None = None


class Rise(msgspec.Struct, frozen=True):
    """What one reading adds: millimetres, and why it is doubted (None: it is not)."""

    amount: float
    doubt: Reason | None = None


class Counter:
    """Follows one device's running total (mm). `state` is kept with each minute and given back at a start.

    `boot`: the present boot's id, by which seconds of another boot are not taken for this one's.
    """

    def __init__(self, state: CounterState | None = None, boot: str | None = None) -> None:
        self.state = state or CounterState()
        self._boot = boot
        self._odd: float | None = None  # a total that fits nothing yet: the next reading tells
        self._here = False  # whether the last reading was taken since this start: then `at` measures the gap

    def take(self, value: float, at: float, wraps_at: float | None, utc: float | None) -> Rise:
        """Return the rise that this reading brings.

        `at`: s of this boot; `utc`: s where known (for gaps over a restart).
        """
        state = self.state
        if state.last is None:
            self._move(value, at, utc)
            return Rise(0.0)
        gap = self._gap(at, utc)
        rise = value - state.last
        if rise < 0 and _wrapped(state.last, value, wraps_at):
            rise += wraps_at or 0.0
        if 0 <= rise <= MOST_MM_PER_MIN * max(1.0, (gap or 0.0) / 60.0):
            self._odd = None
            return self._counted(rise, value, at, utc, gap)
        return self._odd_one(rise, value, at, utc, gap)

    def _counted(self, rise: float, value: float, at: float, utc: float | None, gap: float | None) -> Rise:
        self._move(value, at, utc)
        self.state.total += rise
        if rise > 0 and gap is None:
            return Rise(rise, FELL_UNKNOWN)
        if rise > 0 and gap is not None and gap > GAP_S:
            return Rise(
                rise,
                Reason("fell_before", "fell at some time in the {seconds:.0f} s before, without readings", seconds=gap),
            )
        return Rise(rise)

    def _odd_one(self, rise: float, value: float, at: float, utc: float | None, gap: float | None) -> Rise:
        """Judge a fall, or an impossible rise: noise where the next reading is back, real where it stays."""
        odd, self._odd = self._odd, value
        if odd is None or not odd <= value <= odd + MOST_MM_PER_MIN:
            return Rise(0.0)
        self._odd = None
        if rise > 0 and gap is None:  # days may have passed: what the next reading confirms did fall
            return self._counted(rise, value, at, utc, gap)
        self._move(value, at, utc)
        if rise < 0:
            self.state.total += value
            return Rise(value, Reason("counter_restarted", "the gauge's counter started again from zero"))
        doubt = Reason(
            "more_than_any_rain",
            "a rise of {rise:.2f} mm is more than any sky gives ({most:.0f} mm/min)",
            rise=rise,
            most=MOST_MM_PER_MIN,
        )
        return Rise(0.0, doubt)

    def _move(self, value: float, at: float, utc: float | None) -> None:
        self.state.last, self.state.at, self.state.utc, self.state.boot = value, at, utc, self._boot
        self._here = True

    def _gap(self, at: float, utc: float | None) -> float | None:
        """Return the seconds since the last reading, None where nobody can tell; a step of the clock adds none."""
        state = self.state
        same_boot = self._here or (self._boot is not None and state.boot == self._boot)
        if same_boot and state.at is not None:
            return max(0.0, at - state.at)
        if state.utc is not None and utc is not None:
            return max(0.0, utc - state.utc)
        return None  # another boot, and no time to measure by


def _wrapped(last: float, value: float, wraps_at: float | None) -> bool:
    if wraps_at is None:
        return False
    return last > wraps_at * (1 - WRAP_SHARE) and value < wraps_at * WRAP_SHARE
