"""A simulated rain bucket or anemometer: a contact that closes, and bounces as reed contacts do."""

from __future__ import annotations

import random
from bisect import bisect_right
from typing import Any

from drivers.clock import Clock
from drivers.twins.twin import Fault

BOUNCES = (0.0004, 0.0011, 0.0019)  # s after the first closure; a reed settles within 2 ms
QUICKEST = 0.25  # s between two tips of a bucket in a cloudburst
CALM = 0.3  # m/s below which the bearings hold the cups


class Twin:
    """One contact: a tip for each `mm_per_tip` of the total that is set, or a closure per turn at the set speed."""

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        self.settings = settings
        self.clock = clock
        self.rng = random.Random(seed)
        self.fault: Fault | None = None
        self.wind = 0.0
        self._tipped: int | None = None
        self._last_tip = float("-inf")
        self._turned = self.rng.random()  # the fraction of a turn
        self._at = clock.now()
        self._closed: list[float] = []

    def set(self, quantity: str, value: float) -> None:
        """Set `wind_speed`, m/s, from now on, or `rainfall_amount`, mm, whose rise after the first call counts."""
        if quantity == "wind_speed" and self.settings.kind == "wind":
            self._turn(self.clock.now())
            self.wind = value
        elif quantity == "rainfall_amount" and self.settings.kind == "rain":
            self._fill(value)

    def misbehave(self, fault: Fault | None) -> None:
        """Simulate a cut cable, a stuck contact, or more bouncing; other faults do not affect a contact."""
        self._turn(self.clock.now())
        self.fault = fault

    def edges(self, since: float, until: float) -> list[float]:
        """Return the closures and bounces until `until` that were not returned before; late ones are still tips."""
        self._turn(until)
        self._closed.sort()
        coming = bisect_right(self._closed, until)
        due, self._closed = self._closed[:coming], self._closed[coming:]
        return due

    def _fill(self, total: float) -> None:
        """Tip the rain since the last call, evenly over that time."""
        now = self.clock.now()
        tips = int(total / self.settings.mm_per_tip + 1e-9)
        if self._tipped is None:
            self._tipped, self._at = tips, now
        new = tips - self._tipped
        if new < 0:
            return
        gap = max((now - self._at) / new, QUICKEST) if new > 0 else 0.0
        for _ in range(new):
            self._last_tip = max(self._last_tip, self._at) + gap
            self._close(self._last_tip)
        self._tipped, self._at = tips, now

    def _turn(self, now: float) -> None:
        if self.settings.kind != "wind":
            return
        hz = self.wind / self.settings.mps_per_hz if self.wind >= CALM else 0.0
        turned = self._turned + (now - self._at) * hz
        for number in range(1, int(turned) + 1):
            self._close(self._at + (number - self._turned) / hz)
        self._turned, self._at = turned - int(turned), now

    def _close(self, at: float) -> None:
        if self.fault in {Fault.SILENT, Fault.STUCK}:
            return
        self._closed.append(at)
        most = len(BOUNCES) if self.fault is Fault.NOISE else 2
        self._closed += [at + b for b in BOUNCES[: int(self.rng.random() * (most + 1))]]
