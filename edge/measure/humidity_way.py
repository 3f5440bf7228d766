"""A thermometer with a resolution of tenths that stands still while humidity varies: their usual relation, learnt.

In seconds such a thermometer has no habit that holds for both night and day: it stands still for 100 minutes of a calm
night and for two at noon. In the path length of humidity meanwhile (the sum of its ups and downs) it has one. So a run
is doubted in which humidity covered twice the longest path of earlier runs, at least 2 %, in at least twenty minutes,
and not in fog. Changes under half a percent, and under five steps of the hygrometer, are noise and not counted.

By day it does not stand still as long as by night either, because sunlight stirs the air. So a run has a second habit,
the sunlight that it received, and is doubted as well at twice the most of that, if humidity covered its 2 % meanwhile.

On 640 days of a real station (repository Loongle/weather-data) in groups of five, by their minutes: beyond the other
rules humidity alone doubted 0.013 % of the good ones, and of a stuck thermometer's wrong ones 23 % passed as good, not
30 %. On 450 days the sunlight doubted none of 625,166 more good ones, and of 119,309 wrong ones 19 % passed, not 22 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.measure.still import LEARNT, Habit

TIMES, LEAST, LEAST_S = 2.0, 2.0, 1200.0  # times the longest path, %, s
BAND, BAND_STEPS = 0.5, 5.0  # %, steps of the hygrometer
LEAST_SUN_S = 480.0  # s of sun in the zenith


class HumidityWay(msgspec.Struct):
    """The path of humidity in the current run, %, and the longest path of a run that was not doubted (`habit`).

    `step`: the hygrometer's resolution, %; `mark`: its value at the last change that counted. `sunlit`: the sunlight of
    the run, as s of sun in the zenith; `by_day`: the most of a run, watched and forgotten while the sun is up.
    """

    step: float
    gone: float = 0.0
    mark: float | None = None
    habit: Habit = msgspec.field(default_factory=Habit)
    sunlit: float = 0.0
    by_day: Habit = msgspec.field(default_factory=Habit)

    def pass_(self, seconds: float, sun: float | None) -> None:
        """Add seconds of the run under a sun of this elevation (its sine); None if unknown."""
        self.habit.pass_(seconds)
        if sun:
            self.by_day.pass_(seconds)
            self.sunlit += seconds * sun

    def take(self, samples: Sequence[float]) -> None:
        """Add a minute of the run with humidity's samples (at least one)."""
        mean = sum(samples) / len(samples)
        if self.mark is None:
            self.mark = mean
        elif abs(mean - self.mark) >= max(BAND, BAND_STEPS * self.step) - 1e-6:
            self.gone, self.mark = self.gone + abs(mean - self.mark), mean

    def end(self, doubted: bool) -> None:
        """End the run; nothing is learnt from a doubted one."""
        if not doubted:
            self.habit.longest = max(self.habit.longest, self.gone)
            self.by_day.longest = max(self.by_day.longest, self.sunlit)
        self.gone, self.mark, self.sunlit = 0.0, None, 0.0

    def tells(self, seconds: float) -> bool:
        """Return whether a thermometer that stood still for so long must have changed."""
        if self.habit.watched < LEARNT or seconds < LEAST_S - 1.0 or self.gone < LEAST - 1e-6:
            return False
        if self.by_day.watched >= LEARNT and self.sunlit >= max(LEAST_SUN_S, TIMES * self.by_day.longest):
            return True
        return self.gone >= TIMES * self.habit.longest - 1e-6
