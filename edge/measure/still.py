"""When a quantity must move; for how long a channel has not changed, and for how long it normally does not."""

from collections.abc import Sequence

import msgspec

HOUR = 3600.0
GAP = 600.0  # s without a value after which a run begins anew
LEARNT = 12 * HOUR  # s of moving after which a channel's own habit counts
HALF_LIFE = 72 * HOUR  # s in which the longest run is forgotten by half
# s of wind. Air that flows down a slope by night turns by 5 degrees (Pasquill's stable classes), and stays within one
# of eight sectors until the morning's wind comes up the valley (ours).
WIDE_S = 12 * HOUR
TIMES, SHORTEST = 3.0, 1200.0  # so many times its longest run, and never under 20 minutes


class MovementRule(msgspec.Struct, frozen=True):
    """When a quantity must move.

    `least`: by so much in an hour (None: by the device's own step); judged only of devices with steps up to
    `finest`, and in minutes whose mean lies within `low`..`high`. `share`: or by so much of the most that it told.
    One with a step over `wide` may stand still for `WIDE_S`.
    """

    least: float | None
    finest: float
    low: float = float("-inf")
    high: float = float("inf")
    share: float | None = None
    wide: float = float("inf")


RULES = {
    "air_temperature": MovementRule(None, 0.1),
    "relative_humidity": MovementRule(None, 0.5, high=95.0),  # Z
    "air_pressure": MovementRule(None, 0.15),  # C; a device that tells whole hPa stands still for hours
    # Z; but the air of a sheltered place goes between 0.1 and 0.5 m/s for a whole night, as only sonics tell (ours)
    "wind_speed": MovementRule(0.5, 0.5, low=0.1, share=0.5),
    "wind_from_direction": MovementRule(10.0, 45.0, wide=30.0),  # Z; its wind is asked apart
    "illuminance": MovementRule(None, 10.0, low=1200.0),  # not by night, nor of a lamp (`sun`)
    "solar_irradiance": MovementRule(None, 1.0, low=100.0),  # a step of 1 W/m2 is little of more alone
    "co2": MovementRule(None, 1.0),  # after two hours, as a coarse thermometer
    "pm1": MovementRule(None, 1.0, low=30.0),  # clean air is a row of equal small counts
    "pm2p5": MovementRule(None, 1.0, low=30.0),
    "pm10": MovementRule(None, 1.0, low=30.0),
}


class StillDoubt(msgspec.Struct):
    """What is kept of a run in doubt: its length, s, its first sample, its least and most."""

    seconds: float
    first: float
    low: float
    high: float


class Habit(msgspec.Struct):
    """How long a channel stands still by itself: its longest run, s, slowly forgotten, of so many s watched."""

    longest: float = 0.0
    watched: float = 0.0

    def pass_(self, seconds: float) -> None:
        """Let so many seconds of moving weather pass."""
        self.watched += seconds
        self.longest *= 0.5 ** (seconds / HALF_LIFE)

    def limit(self, times: float = TIMES, shortest: float = SHORTEST, most: float = HOUR) -> float:
        """Return after how many seconds standing still is strange: `most` (Zahumensky: an hour) until more is known."""
        return most if self.watched < LEARNT else min(most, max(shortest, times * self.longest))


class StillRun(msgspec.Struct):
    """How long all samples have lain within `least` of each other. `moved`: when they last did not, s, or None.

    `doubted`: it stood still while the world moved, and has not moved since. `share`: see `MovementRule`.
    """

    least: float
    circular: bool = False
    share: float | None = None
    seconds: float = 0.0
    begin: float = 0.0
    end: float = 0.0
    moved: float | None = None
    first: float = 0.0
    low: float = 0.0
    high: float = 0.0
    doubted: bool = False
    habit: Habit = msgspec.field(default_factory=Habit)

    def take(self, begin: float, end: float, samples: Sequence[float]) -> None:
        """Add a minute with its samples (one at least)."""
        if self.seconds and begin - self.end > GAP and not self.doubted:
            self.rest()
        if not self.seconds:
            self.begin, self.first = begin, samples[0]
            self.low, self.high = self.low_high(samples)
        low, high = self.low_high(samples)
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.seconds += end - begin
        self.end = end
        self.habit.pass_(end - begin)
        if self.high - self.low >= (self.enough if self.doubted else self.least) - 1e-6:
            self.moved = end
            if not self.doubted:  # else a fault would be taken for a habit, and the next one found later
                self.habit.longest = max(self.habit.longest, self.seconds)
            self.rest()

    @property
    def enough(self) -> float:
        """By how much it must move to be in no doubt: by `least`, or by `share` of the most that it told."""
        return self.least if self.share is None else min(self.least, self.share * self.high)

    def stood(self, seconds: float) -> bool:
        """Return whether it lasts for so long, and did not move enough meanwhile."""
        return self.seconds >= seconds - 1.0 and self.high - self.low < self.enough - 1e-6

    def rest(self) -> None:
        """Begin anew: what stands still now may do so."""
        self.seconds = 0.0
        self.doubted = False

    def resume(self, kept: StillDoubt, begin: float) -> None:
        """Go on with a run in doubt at the instant `begin`, s."""
        self.seconds, self.begin, self.end, self.doubted = kept.seconds, begin - kept.seconds, begin, True
        self.first, self.low, self.high = kept.first, kept.low, kept.high

    def keep(self) -> StillDoubt:
        """Return what must be kept of it."""
        return StillDoubt(self.seconds, self.first, self.low, self.high)

    def low_high(self, samples: Sequence[float]) -> tuple[float, float]:
        """Return the least and most of the samples; of directions, as turned from the run's first one."""
        if self.circular:
            samples = [(sample - self.first + 180.0) % 360.0 - 180.0 for sample in samples]
        return min(samples), max(samples)
