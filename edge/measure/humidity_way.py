"""A thermometer in tenths that stands still while humidity goes its way: the habit of the two, learnt from themselves.

In seconds such a thermometer has no habit that holds for night and day: it stands still for 100 minutes of a calm
night and for two at noon. In the way that humidity goes meanwhile, up and down, it has one. So a run is doubted in
which humidity went twice the longest way of such runs, 2 % at least, in twenty minutes at least, and not in fog.
Changes under half a percent, and under five steps of the hygrometer, are its noise and no way.

Nor does one stand still by day for as long as by night: sunlight stirs the air. So a run has a second habit, how much
sunlight it saw, and is doubted as well at twice the most of that, where humidity went its 2 % meanwhile.

Of a real station (repository Loongle/weather-data) on 640 days in groups of five, by their minutes: beyond the other
rules humidity alone doubted 0.013 % of the good ones, and of a stuck thermometer's wrong ones 23 % passed as good, not
30 %. On 450 days the sunlight doubted none of 625,166 good ones more, and of 119,309 wrong ones 19 % passed, not 22 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.measure.still import LEARNT, Habit

TIMES, LEAST, LEAST_S = 2.0, 2.0, 1200.0  # of the longest way, %, s
BAND, BAND_STEPS = 0.5, 5.0  # %, steps of the hygrometer
LEAST_SUN_S = 480.0  # s of sun overhead


class HumidityWay(msgspec.Struct):
    """How far humidity went in the run under way, %, and the longest way of a run that was in no doubt (`habit`).

    `step`: the hygrometer's own, %; `mark`: where it stood last. `sunlit`: the sunlight of the run, as s of sun
    overhead, and `by_day` the most of a run; forgotten, and watched, while the sun is up.
    """

    step: float
    gone: float = 0.0
    mark: float | None = None
    habit: Habit = msgspec.field(default_factory=Habit)
    sunlit: float = 0.0
    by_day: Habit = msgspec.field(default_factory=Habit)

    def pass_(self, seconds: float, sun: float | None) -> None:
        """Let so many seconds of the run pass under a sun of this height, its sine; None where that is not known."""
        self.habit.pass_(seconds)
        if sun:
            self.by_day.pass_(seconds)
            self.sunlit += seconds * sun

    def take(self, samples: Sequence[float]) -> None:
        """Add a minute of the run with humidity's samples (one at least)."""
        mean = sum(samples) / len(samples)
        if self.mark is None:
            self.mark = mean
        elif abs(mean - self.mark) >= max(BAND, BAND_STEPS * self.step) - 1e-6:
            self.gone, self.mark = self.gone + abs(mean - self.mark), mean

    def end(self, doubted: bool) -> None:
        """End the run; one that was in doubt teaches nothing."""
        if not doubted:
            self.habit.longest = max(self.habit.longest, self.gone)
            self.by_day.longest = max(self.by_day.longest, self.sunlit)
        self.gone, self.mark, self.sunlit = 0.0, None, 0.0

    def tells(self, seconds: float) -> bool:
        """Return whether a thermometer that stood still for so long must have moved."""
        if self.habit.watched < LEARNT or seconds < LEAST_S - 1.0 or self.gone < LEAST - 1e-6:
            return False
        if self.by_day.watched >= LEARNT and self.sunlit >= max(LEAST_SUN_S, TIMES * self.by_day.longest):
            return True
        return self.gone >= TIMES * self.habit.longest - 1e-6
