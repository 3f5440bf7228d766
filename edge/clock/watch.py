"""Notice what is done to the system's clock: that it is set, or slewed until it is right.

Whatever disciplines the system's clock without a step moves the boot's clock with it, by up to 10 % (adjtimex(2)): only
a step changes the one against the other. CLOCK_MONOTONIC_RAW is the crystal that drives both, which nothing slews.
What both said last is kept, so that a start in the midst of a slew shows what was slewed since.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from drivers.clock import Clock
from edge.clock.anchors import DRIFT, FAST, LEAST_ERROR, MOST_DRIFT, NOTICED, KeptClock, Slewed

STEADY = 600.0  # s; so long shows at which rate the boot's clock runs against the crystal
MOST_SLEWED = 2000  # noticed in a run as soon as can be; each costs a write to the card
COARSE = 2.0  # s; a slew is noticed from here on after so many, as of a clock that was set wrong by an hour


class SystemTime(msgspec.Struct, frozen=True):
    """The system's clock: `utc` tells its UTC (microseconds since 1970), `crystal` what nothing slews (s)."""

    utc: Callable[[], int]
    crystal: Callable[[], float]


class ClockSet(msgspec.Struct, frozen=True):
    """The system's clock was set by `seconds`."""

    seconds: float


class _Reading(msgspec.Struct, frozen=True):
    """The clocks at one instant of the boot, and how far apart they may have been read, s."""

    at: float
    utc: float
    crystal: float
    unsure: float


class ClockWatch:
    """Compares the boot's clock with the system's UTC and with the crystal.

    `kept`: what `keep` gave last. `missed`: what was slewed since, where that is of this boot.
    """

    def __init__(self, clock: Clock, system: SystemTime, boot: str, kept: KeptClock | None = None) -> None:
        self._clock = clock
        self._system = system
        self._boot = boot
        self._rate, self._unsure = 1.0, MOST_DRIFT  # s of the boot per s of the crystal, and how sure that is
        self._slewed = 0
        self._before = self._read()
        self._steady = [self._before]  # the readings since the last one up to which all is accounted for
        self.missed = self._since(kept)

    def keep(self) -> KeptClock:
        """Return what must outlive a restart."""
        last = self._steady[-1]
        return KeptClock(self._boot, last.at, last.crystal, self._rate, self._unsure)

    def _since(self, kept: KeptClock | None) -> Slewed | None:
        """Go on where an earlier run of this boot ended. Return what was slewed meanwhile."""
        if kept is None or kept.boot != self._boot or not (kept.at < self._before.at and 0.9 < kept.rate < 1.1):
            return None
        self._rate, self._unsure = kept.rate, kept.unsure
        self._steady = [_Reading(kept.at, self._before.utc, kept.crystal, 0.0)]
        return self._compared(self._before)

    def begin(self) -> None:
        """Look for what is done to the system's UTC from now on: a source of the time has just been asked."""
        self._before = self._read()

    def look(self) -> ClockSet | Slewed | None:
        """Return what was done to the clock since `begin`, or since the last slew; None where nothing was."""
        now = self._read()
        step = (now.utc - now.at) - (self._before.utc - self._before.at)
        if abs(step) > LEAST_ERROR + self._before.unsure + now.unsure:
            self._before = now
            return ClockSet(round(step, 3))
        return self._compared(now)

    def _compared(self, now: _Reading) -> Slewed | None:
        """Compare with the crystal, since the reading up to which all is accounted for."""
        begin = self._steady[0]
        length = now.at - begin.at
        slewed = self._gained(begin, now) > self._unsure * length
        if not slewed and length < (FAST if self._unsure > DRIFT else STEADY):
            self._steady.append(now)
            return None
        if slewed:  # not before the last reading that shows it: until then the clock ran straight on
            begin = next((one for one in reversed(self._steady) if self._gained(one, now) > 0), begin)
        found = Slewed(begin.at, now.at, self._counted(begin, now))
        if not found.fast and now.crystal > begin.crystal:
            rate = (now.at - begin.at) / (now.crystal - begin.crystal)
            if abs(rate - 1) <= MOST_DRIFT:  # else it was slewed while nobody looked
                self._rate, self._unsure = rate, DRIFT
        self._steady = [now]
        if not slewed:
            return None
        self._slewed += 1
        return msgspec.structs.replace(found, unnoticed=self._noticed, kept=self.keep())

    @property
    def _noticed(self) -> float:
        """From how many s on a slew is noticed."""
        return NOTICED if self._slewed < MOST_SLEWED else COARSE

    def _gained(self, since: _Reading, now: _Reading) -> float:
        """Return by how many s more than can be noticed the boot's clock was slewed; negative where it was not."""
        return abs(self._counted(since, now) - (now.at - since.at)) - self._noticed - since.unsure - now.unsure

    def _counted(self, since: _Reading, now: _Reading) -> float:
        """Return how many s the boot's clock would have counted at its usual rate."""
        return (now.crystal - since.crystal) * self._rate

    def _read(self) -> _Reading:
        begin = self._clock.now()
        utc, crystal = self._system.utc() / 1e6, self._system.crystal()
        end = self._clock.now()
        return _Reading((begin + end) / 2, utc, crystal, end - begin)
