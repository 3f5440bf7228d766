"""When a quantity must change; for how long a channel has not changed, and for how long it usually does not."""

from collections.abc import Sequence

import msgspec

HOUR = 3600.0
GAP = 600.0  # s without a value after which a run restarts
LEARNT = 12 * HOUR  # s of observation after which a channel's own habit counts
HALF_LIFE = 72 * HOUR  # s in which the longest run decays by half
# s of wind. The direction of air flowing down a slope by night varies by 5 degrees (Pasquill's stable classes), so it
# stays within one of eight sectors until the morning's wind comes up the valley (ours).
WIDE_S = 12 * HOUR
TIMES, SHORTEST = 3.0, 1200.0  # times its longest run, and at least 20 minutes (s)


class MovementRule(msgspec.Struct, frozen=True):
    """When a quantity must change.

    `least`: by so much in an hour (None: by the device's own step); applied only to devices with steps up to `finest`,
    and in minutes whose mean lies within `low`..`high`. `share`: or by this share of its highest value.
    A device with steps over `wide` may stand still for `WIDE_S`.
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
    "air_pressure": MovementRule(None, 0.15),  # C; a device with steps of 1 hPa stands still for hours
    # Z; but at a sheltered place the air varies between 0.1 and 0.5 m/s for a whole night, as only sonics show (ours)
    "wind_speed": MovementRule(0.5, 0.5, low=0.1, share=0.5),
    "wind_from_direction": MovementRule(10.0, 45.0, wide=30.0),  # Z; the wind speed is checked separately
    "illuminance": MovementRule(None, 10.0, low=1200.0),  # not at night, nor in a lamp's light (`sun`)
    "solar_irradiance": MovementRule(None, 1.0, low=100.0),  # only above 100 W/m2 is a step of 1 W/m2 small
    "co2": MovementRule(None, 1.0),  # after two hours, like a coarse thermometer
    "pm1": MovementRule(None, 1.0, low=30.0),  # clean air gives equal small counts
    "pm2p5": MovementRule(None, 1.0, low=30.0),
    "pm10": MovementRule(None, 1.0, low=30.0),
}


class StillDoubt(msgspec.Struct):
    """The saved state of a doubted run: its length, s, its first, lowest and highest sample."""

    seconds: float
    first: float
    low: float
    high: float


class Habit(msgspec.Struct):
    """How long a channel usually stands still: its longest run, s, which decays, and for how many s it was watched."""

    longest: float = 0.0
    watched: float = 0.0

    def pass_(self, seconds: float) -> None:
        """Add seconds of observation."""
        self.watched += seconds
        self.longest *= 0.5 ** (seconds / HALF_LIFE)

    def limit(self, times: float = TIMES, shortest: float = SHORTEST, most: float = HOUR) -> float:
        """Return after how many s standing still is doubted: `most` (Zahumensky: an hour) until the habit is learnt."""
        return most if self.watched < LEARNT else min(most, max(shortest, times * self.longest))


class StillRun(msgspec.Struct):
    """How long all samples have been within `least` of each other. `moved`: when they last were not, s, or None.

    `doubted`: it stood still while others changed, and has not changed since. `share`: see `MovementRule`.
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
        """Add a minute with its samples (at least one)."""
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
            if not self.doubted:  # a fault must not become a habit, or the next one would be found later
                self.habit.longest = max(self.habit.longest, self.seconds)
            self.rest()

    @property
    def enough(self) -> float:
        """The change that ends a doubt: `least`, or `share` of the highest value."""
        return self.least if self.share is None else min(self.least, self.share * self.high)

    def stood(self, seconds: float) -> bool:
        """Return whether it has lasted for so long without enough change."""
        return self.seconds >= seconds - 1.0 and self.high - self.low < self.enough - 1e-6

    def rest(self) -> None:
        """Restart the run, without doubt."""
        self.seconds = 0.0
        self.doubted = False

    def resume(self, kept: StillDoubt, begin: float) -> None:
        """Restore a doubted run at the instant `begin`, s."""
        self.seconds, self.begin, self.end, self.doubted = kept.seconds, begin - kept.seconds, begin, True
        self.first, self.low, self.high = kept.first, kept.low, kept.high

    def keep(self) -> StillDoubt:
        """Return the state to save."""
        return StillDoubt(self.seconds, self.first, self.low, self.high)

    def low_high(self, samples: Sequence[float]) -> tuple[float, float]:
        """Return the lowest and highest sample; of directions relative to the run's first one."""
        if self.circular:
            samples = [(sample - self.first + 180.0) % 360.0 - 180.0 for sample in samples]
        return min(samples), max(samples)
