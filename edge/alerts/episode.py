"""The life cycle of one rule's alert: raised, worse, better, cleared, and what happens while values are unknown.

A rule has limits of increasing severity: near, critical, each further kelvin. A limit is reached once the value was at
it for `hold` consecutive minutes, and left once it was better by `clear_by` for `clear` consecutive minutes: noise at a
limit raises only once. Up to FORGIVEN consecutive unknown minutes neither count nor reset the counts; after that the
rule is blind, which is reported, and its counts restart. An open alert stays open while nothing is known: only good
values end it. It depends on levels, not edges: a value beyond a limit at the start, or when the rule is new, raises it.
"""

from typing import Literal

import msgspec

FORGIVEN = 3  # minutes without a value that interrupt nothing
Turn = Literal["raised", "worse", "better", "cleared", "blind", "seeing"]


class RuleLimits(msgspec.Struct, frozen=True):
    """The limits of a rule, from the first to the worst; `above`: values over them are worse, else those under them."""

    values: tuple[float, ...]
    above: bool
    hold: int
    clear_by: float
    clear: int

    def reached(self, value: float, better_by: float = 0.0) -> int:
        """Return how many limits a value has reached; `better_by`: margin by which it may still be better."""
        if self.above:
            return sum(value >= limit - better_by for limit in self.values)
        return sum(value <= limit + better_by for limit in self.values)


class Seen(msgspec.Struct, frozen=True):
    """A minute's value for a rule, None if unknown. `clears`: it may end an alert; `raises`: begin or worsen one."""

    value: float | None
    clears: bool = True
    raises: bool = True


class Episode(msgspec.Struct, omit_defaults=True):
    """The state of a rule. `step`: the worst limit that is reached (0: none); the counts are of consecutive minutes."""

    step: int = 0
    beyond: list[int] = msgspec.field(default_factory=list)  # minutes, for each limit that the last value reached
    better: int = 0  # minutes better than the step's own limit
    best: int = 0  # the worst limit that was still reached during `better`
    unknown: int = 0
    blind: bool = False

    def take(self, seen: Seen, limits: RuleLimits) -> list[Turn]:
        """Process one minute. Return the turns, in order."""
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
        """Count at each limit; step up to the worst one that was held."""
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
        """Count minutes better than the step's limit; step down to the worst limit still reached meanwhile."""
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
