"""A light sensor compared with the sun over hours and days: more than any sky gives, or never as much as one must give.

Too much: the edge of a cloud adds a third for minutes, bright snow a tenth. The mean of an hour of sun over 40 degrees
does not exceed 1.4 times a clear sky (in two years of hours in Kansas, soilwater/pynotes-agriscience, at most 1.31; in
typical years of ten places, synthetic ones included, 1.38), so a sensor that exceeds it has a wrong scale. Its values
under the next cloud are no better: the doubt lasts for 12 hours of high sun.

Too little: no cloud, smoke or shade leaves under 2 % for twelve hours of sun over 20 degrees; a sensor that reports no
more is indoors, or reports W/m2 as lux. In ten days of a tenth of the light a clear or broken sky must occur once: a
sensor whose brightest ten minutes in 80 such hours stayed under 15 % is dirty, shaded, or reports a tenth. A place
without direct sun, behind a mountain, has a tenth of a clear sky's light for weeks, too; but clouds make it brighter,
up to a third. So the brightest must be four times the darkest, which shows that there were clouds: without them it
cannot be decided. A half-covered sensor stays above all these limits, and only a second sensor shows it. The limits are
ours, no source found.
"""

import math
from collections import deque

import msgspec

from drivers.reason import Reason

SPAN = 600.0  # s over which a share of the clear sky is computed
SPANS = 6  # spans in the hour that is compared with the sun
HIGH, HIGHER = math.radians(20.0), math.radians(40.0)
MOST, OVER_S = 1.4, 12 * 3600.0  # times a clear sky; s of high sun for which exceeding that is remembered
LEAST, WATCHED, CHANGES = 0.15, 80 * 3600.0, 4.0  # of a clear sky; s of high sun; ratio of brightest to darkest
NEXT_TO_NOTHING, NOTHING_S = 0.02, 12 * 3600.0


class Seen(msgspec.Struct):
    """The saved state of a light sensor, in shares of a clear sky.

    `seconds` of high sun since it last reported more than `LEAST`, its darkest and brightest since, and the seconds for
    which it has reported next to `nothing`; `times`: the ratio to a clear sky of the last hour that exceeded MOST;
    `over`: s of high sun for which that is still remembered.
    """

    seconds: float = 0.0
    darkest: float = 1.0
    brightest: float = 0.0
    nothing: float = 0.0
    times: float = 0.0
    over: float = 0.0


class Brightness(msgspec.Struct):
    """One sensor's light and the sun's: the saved state, the current span (s, J/m2 reported and expected), the last."""

    seen: Seen = msgspec.field(default_factory=Seen)
    running: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hour: deque[tuple[float, float]] = msgspec.field(default_factory=lambda: deque(maxlen=SPANS))

    def doubt(self, watts: float, clear: float, height: float, seconds: float) -> Reason | None:
        """Add a minute: W/m2 reported and of a clear sky, the sun's height. Return why the sensor is in doubt."""
        if height <= HIGHER:
            self.hour.clear()
        if height <= HIGH:
            self.running = (0.0, 0.0, 0.0)
        else:
            lasted, told, due = self.running
            self.running = (lasted + seconds, told + watts * seconds, due + clear * seconds)
            if self.running[0] >= SPAN - 1.0:
                self._close(*self.running)
                self.running = (0.0, 0.0, 0.0)
        return self._reason()

    def _close(self, lasted: float, told: float, due: float) -> None:
        """Evaluate a span of high sun."""
        seen, share = self.seen, told / due
        self.hour.append((told, due))
        seen.over = max(0.0, seen.over - lasted)
        times = sum(t for t, _ in self.hour) / sum(d for _, d in self.hour)
        if len(self.hour) == SPANS and times > MOST:
            seen.over, seen.times = OVER_S, times
        seen.nothing = seen.nothing + lasted if share <= NEXT_TO_NOTHING else 0.0
        if share > LEAST:
            seen.seconds, seen.darkest, seen.brightest = 0.0, 1.0, 0.0
        else:
            seen.seconds += lasted
            seen.darkest, seen.brightest = min(seen.darkest, share), max(seen.brightest, share)

    def _reason(self) -> Reason | None:
        seen = self.seen
        if seen.over:
            return Reason(
                "over_the_sky",
                "wrong scale? an hour at {times:.2g} times a clear sky",
                times=round(seen.times, 2),
            )
        long = seen.seconds >= WATCHED - 1.0 and seen.brightest >= CHANGES * seen.darkest
        if long or seen.nothing >= NOTHING_S - 1.0:
            return Reason(
                "never_bright",
                "dirty, shaded, or a wrong scale? at most {most:.2g} % of a clear sky in {hours} h of high sun",
                most=round(100 * seen.brightest, 1),
                hours=round(seen.seconds / 3600.0),
            )
        return None
