"""The life cycle of one rule's alert: raised, worse, better, cleared, and what happens while values are unknown.

A rule has limits, one behind the other: near, critical, each further kelvin. A limit is reached once the value was at
it for `hold` minutes in a row, and left once it was better than it by `clear_by` for `clear` minutes in a row: noise at
a limit raises once. Up to FORGIVEN unknown minutes in a row neither count nor begin anew; then the rule is blind, which
is said, and its holds begin anew. An open alert stays open while nothing is known: only good values end it. Levels, not
edges: what is beyond a limit at the start, or when the rule is new, is raised.
"""

from typing import Literal

import msgspec

FORGIVEN = 3  # minutes without a value that interrupt nothing
Turn = Literal["raised", "worse", "better", "cleared", "blind", "seeing"]


class RuleLimits(msgspec.Struct, frozen=True):
    """The limits of a rule, from the first to the worst; `above`: a value over them is worse, else one under them."""

    values: tuple[float, ...]
    above: bool
    hold: int
    clear_by: float
    clear: int

    def reached(self, value: float, better_by: float = 0.0) -> int:
        """Return how many limits a value has reached; `better_by`: though they were better by so much."""
        if self.above:
            return sum(value >= limit - better_by for limit in self.values)
        return sum(value <= limit + better_by for limit in self.values)


class Seen(msgspec.Struct, frozen=True):
    """What a minute says to a rule: None where it says nothing. `clears`: it is good enough to end an alert; `raises`:
    it may begin one, or make it worse.
    """

    value: float | None
    clears: bool = True
    raises: bool = True


class Episode(msgspec.Struct, omit_defaults=True):
    """Where a rule stands. `step`: the worst limit that holds (0: none); the rest counts minutes in a row."""

    step: int = 0
    beyond: list[int] = msgspec.field(default_factory=list)  # minutes, for each limit that the last one reached
    better: int = 0  # minutes better than the step's own limit
    best: int = 0  # the worst limit that was still held meanwhile
    unknown: int = 0
    blind: bool = False

    def take(self, seen: Seen, limits: RuleLimits) -> list[Turn]:
        """Take in one minute. Return what turned, in order."""
        if seen.value is None:
            return self._unseen()
        turns: list[Turn] = ["seeing"] if self.blind else []
        self.unknown, self.blind = 0, False
        if not seen.raises:
            self.beyond = []
            return turns + self._fall(limits, seen.value, seen.clears)
        return turns + (self._rise(limits, seen.value) or self._fall(limits, seen.value, seen.clears))

    def _unseen(self) -> list[Turn]:
        self.unknown += 1
        if self.unknown <= FORGIVEN or self.blind:
            return []
        self.blind, self.beyond, self.better = True, [], 0
        return ["blind"]

    def _rise(self, limits: RuleLimits, value: float) -> list[Turn]:
        """Count at each limit; go up to the worst that was held."""
        reached = limits.reached(value)
        counted = [*self.beyond, *[0] * reached]
        self.beyond = [counted[place] + 1 for place in range(reached)]
        held = sum(count >= limits.hold for count in self.beyond)
        if held <= self.step:
            return []
        turn: Turn = "worse" if self.step else "raised"
        self.step, self.better = held, 0
        return [turn]

    def _fall(self, limits: RuleLimits, value: float, clears: bool) -> list[Turn]:
        """Count what is better than the step's limit; go down to the worst limit that still held meanwhile."""
        still = min(limits.reached(value, limits.clear_by), self.step)
        if still == self.step:
            self.better = 0
            return []
        if not clears:
            return []
        self.best = max(self.best, still) if self.better else still
        self.better += 1
        if self.better < limits.clear:
            return []
        self.step, self.better = self.best, 0
        return ["better" if self.step else "cleared"]
