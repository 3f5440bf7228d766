"""A simulated relay and push button: what a horn is connected to, and what silences it."""

from __future__ import annotations

from drivers.clock import Clock


class Relay:
    """A relay on an output line; `turns`: each instant at which it went on or off, s of the clock.

    `active_low`: what the board really is, whatever the station's file says.
    """

    def __init__(self, clock: Clock, active_low: bool = False) -> None:
        self.turns: list[tuple[float, bool]] = []
        self._clock = clock
        self._active_low = active_low

    @property
    def on(self) -> bool:
        """Whether it is on now."""
        return bool(self.turns) and self.turns[-1][1]

    def level(self, high: bool) -> None:
        """Set the level of its line."""
        self._turn(high is not self._active_low)

    def cut(self) -> None:
        """Disconnect its line: it switches off."""
        self._turn(False)

    def _turn(self, on: bool) -> None:
        if on is not self.on:
            self.turns.append((self._clock.now(), on))


class Button:
    """A push button that closes its line to ground, and bounces."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closed: list[float] = []

    def press(self) -> None:
        """Press it now."""
        now = self._clock.now()
        self._closed += [now, now + 0.001, now + 0.002]

    def edges(self, since: float, until: float) -> list[float]:
        """Return the closures until `until` that were not returned before."""
        due = [at for at in self._closed if at <= until]
        self._closed = [at for at in self._closed if at > until]
        return due
