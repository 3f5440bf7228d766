"""The world's time in a simulation: the boot's crystal, and sources of time that are right, wrong or silent.

A teller says the true UTC, wrong by what its spans say; where none of them holds it says nothing. A source that states
its error honestly is off by less than it states: by how much, its seed says.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec

from edge.clock.anchors import LEAST_ERROR, Anchor

ANCHOR_ERROR = LEAST_ERROR  # s; what a good NTP server over 4G gives
FOREVER = float("inf")
YESTERDAY = 86_400.0  # s; by how much a system clock that nobody has set is wrong


class Boot(msgspec.Struct, frozen=True):
    """A simulated boot of the box: its id and the true UTC (microseconds) at which its clock read zero.

    `ppm`: by how much its crystal runs fast. `slews`: (begin, end, s gained per s) of the boot, in order, over which
    something slews its clock.
    """

    id: str
    utc: int
    ppm: float = 0.0
    slews: tuple[tuple[float, float, float], ...] = ()

    def boottime(self, utc: int) -> float:
        """Return the boot's clock, s, at a true UTC."""
        instant = (utc - self.utc) / 1e6 * (1 + self.ppm * 1e-6)
        for begin, end, gain in self.slews:
            instant += min(max(instant - begin, 0.0) / (1 - gain), end - begin) * gain
        return instant

    def crystal(self, boottime: float) -> float:
        """Return what the boot's clock would say, s, had nothing slewed it."""
        return boottime - sum(min(max(boottime - begin, 0.0), end - begin) * gain for begin, end, gain in self.slews)

    def slewed_utc(self, boottime: float) -> int:
        """Return what the system's clock says: somebody sets it wrong at each slew's begin, and that puts it right."""
        still = sum(gain * (end - begin) for begin, end, gain in self.slews if boottime >= begin)
        return self.utc + round((boottime - still) * 1e6)

    def utc_at(self, boottime: float) -> int:
        """Return the true UTC, microseconds, at an instant of the boot."""
        return self.utc + round(self.crystal(boottime) / (1 + self.ppm * 1e-6) * 1e6)


class SimTime:
    """A time source that knows the simulation's true time from `known_from` (s of the boot) on."""

    def __init__(self, boot: Boot, known_from: float = 0.0) -> None:
        self._boot = boot
        self.known_from = known_from

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Return an anchor for this instant, or None while the time is not known."""
        if boottime < self.known_from:
            return None
        return Anchor(boot, boottime, self._boot.utc_at(boottime), "sim", ANCHOR_ERROR)


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells the time: `spans` are (begin, end, seconds wrong), counted from the simulation's begin.

    `error`: what it states, s; `every`: s between two words, where it is not asked each time.
    """

    source: str
    error: float
    spans: tuple[tuple[float, float, float], ...] = ((0.0, FOREVER, 0.0),)
    every: float = 0.0

    def wrong(self, t: float) -> float | None:
        """Return by how many s it is wrong at that second of the simulation; None while it tells nothing."""
        return next((off for begin, end, off in self.spans if begin <= t < end), None)


class BootTeller:
    """A teller in one boot, as a source of time. `begin`: the true UTC (microseconds) of the simulation's begin."""

    def __init__(self, teller: Teller, boot: Boot, begin: int, seed: int) -> None:
        self._teller, self._boot, self._begin = teller, boot, begin
        self._random = random.Random(f"{seed} {boot.id} {teller.source}")
        self._next = -FOREVER

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Return what it says at this instant of the boot; None where it says nothing."""
        true = self._boot.utc_at(boottime)
        wrong = self._teller.wrong((true - self._begin) / 1e6)
        if wrong is None or true / 1e6 < self._next:
            return None
        self._next = true / 1e6 + self._teller.every
        honest = max(self._teller.error, ANCHOR_ERROR) * self._random.uniform(-0.9, 0.9)
        return Anchor(boot, boottime, true + round((wrong + honest) * 1e6), self._teller.source, self._teller.error)

    def system_utc(self, boottime: float) -> int:
        """Return what the system's clock says that it sets."""
        true = self._boot.utc_at(boottime)
        wrong = self._teller.wrong((true - self._begin) / 1e6)
        return true + round((-YESTERDAY if wrong is None else wrong) * 1e6)
