"""Detect that the system's clock is set (stepped) or slewed.

Disciplining the system's clock without a step slews the boot's clock with it, by up to 10 % (adjtimex(2)); only a step
shifts one against the other. CLOCK_MONOTONIC_RAW counts the crystal that drives both and is never slewed. The last
readings are saved, so that a restart during a slew finds out how much was slewed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from drivers.clock import Clock
from edge.clock.anchors import DRIFT, FAST, LEAST_ERROR, MOST_DRIFT, NOTICED, KeptClock, Slewed

STEADY = 600.0  # s; long enough to measure the rate of the boot's clock against the crystal
MOST_SLEWED = 2000  # slews in a run that are reported from NOTICED on; each costs a write to the card
COARSE = 2.0  # s; after that many, the smallest slew that is reported, as when an error of an hour is slewed


class SystemTime(msgspec.Struct, frozen=True):
    """The system's clock: `utc` returns its UTC (microseconds since 1970), `crystal` unslewed seconds."""

    utc: Callable[[], int]
    crystal: Callable[[], float]


class ClockSet(msgspec.Struct, frozen=True):
    """The system's clock was set by `seconds`."""

    seconds: float


class _Reading(msgspec.Struct, frozen=True):
    """The clocks at one instant of the boot (s), and the time (s) within which they were read."""

    at: float
    utc: float
    crystal: float
    unsure: float


class ClockWatch:
    """Compares the boot's clock with the system's UTC and with the crystal.

    `kept`: the last result of `keep`. `missed`: the slew since then, if it is of this boot.
    """

    def __init__(self, clock: Clock, system: SystemTime, boot: str, kept: KeptClock | None = None) -> None:
        self._clock = clock
        self._system = system
        self._boot = boot
        self._rate, self._unsure = 1.0, MOST_DRIFT  # s of the boot per s of the crystal, and its uncertainty
        self._slewed = 0
        self._before = self._read()
        self._steady = [self._before]  # the readings from the last one up to which all is accounted for
        self.missed = self._since(kept)

    def keep(self) -> KeptClock:
        """Return the state to save across restarts."""
        last = self._steady[-1]
        return KeptClock(self._boot, last.at, last.crystal, self._rate, self._unsure)

    def _since(self, kept: KeptClock | None) -> Slewed | None:
        """Continue from the end of an earlier run of this boot. Return the slew since then."""
        if kept is None or kept.boot != self._boot or not (kept.at < self._before.at and 0.9 < kept.rate < 1.1):
            return None
        self._rate, self._unsure = kept.rate, kept.unsure
        self._steady = [_Reading(kept.at, self._before.utc, kept.crystal, 0.0)]
        return self._compared(self._before)

    def begin(self) -> None:
        """Detect steps of the system's UTC from now on: the sources of the time have just been probed."""
        self._before = self._read()

    def look(self) -> ClockSet | Slewed | None:
        """Return a step since `begin`, or a slew since the last one; None if there was neither."""
        now = self._read()
        step = (now.utc - now.at) - (self._before.utc - self._before.at)
        if abs(step) > LEAST_ERROR + self._before.unsure + now.unsure:
            self._before = now
            return ClockSet(round(step, 3))
        return self._compared(now)

    def _compared(self, now: _Reading) -> Slewed | None:
        """Return the slew since the reading up to which all is accounted for, by the crystal; None if there is none."""
        begin = self._steady[0]
        length = now.at - begin.at
        slewed = self._gained(begin, now) > self._unsure * length
        if not slewed and length < (FAST if self._unsure > DRIFT else STEADY):
            self._steady.append(now)
            return None
        if slewed:  # it began after the last reading from which it shows: until then the clock ran normally
            begin = next((one for one in reversed(self._steady) if self._gained(one, now) > 0), begin)
        found = Slewed(begin.at, now.at, self._counted(begin, now))
        if not found.fast and now.crystal > begin.crystal:
            rate = (now.at - begin.at) / (now.crystal - begin.crystal)
            if abs(rate - 1) <= MOST_DRIFT:  # otherwise it was slewed unobserved
                self._rate, self._unsure = rate, DRIFT
        self._steady = [now]
        if not slewed:
            return None
        self._slewed += 1
        return msgspec.structs.replace(found, unnoticed=self._noticed, kept=self.keep())

    @property
    def _noticed(self) -> float:
        """The smallest slew that is reported, s."""
        return NOTICED if self._slewed < MOST_SLEWED else COARSE

    def _gained(self, since: _Reading, now: _Reading) -> float:
        """Return by how many s beyond the detection limit the boot's clock was slewed; negative if it was not."""
        return abs(self._counted(since, now) - (now.at - since.at)) - self._noticed - since.unsure - now.unsure

    def _counted(self, since: _Reading, now: _Reading) -> float:
        """Return how many s the boot's clock would have counted at its usual rate."""
        return (now.crystal - since.crystal) * self._rate

    def _read(self) -> _Reading:
        begin = self._clock.now()
        utc, crystal = self._system.utc() / 1e6, self._system.crystal()
        end = self._clock.now()
        return _Reading((begin + end) / 2, utc, crystal, end - begin)
