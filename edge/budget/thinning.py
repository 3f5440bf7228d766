"""What is thinned when the rest of the month's data must last: the order of the steps, and which step applies.

Pure: figures in, decisions out. The order, each step with those before it:

1. full pictures go once a day (and when somebody asks for one),
2. thumbnails go once an hour,
3. live minutes go in fives,
4. in tens,
5. each hour, and that goes on when everything is used up: a box that says nothing looks like one that is dead.

What goes to other destinations is gathered for ten minutes from step 1 on, for an hour from step 2 on, and has only
what the station's own data leave.

No minute is left out by any of them: a live message carries all minutes since the one before. Urgent minutes go at
once at every step. Pictures by schedule are paced besides, so that a month that is too small for them has some of them
in its last week too.
"""

from collections.abc import Mapping
from enum import IntEnum

import msgspec


class ThinningStep(IntEnum):
    """How much is thinned."""

    NOTHING = 0
    FULL_DAILY = 1
    THUMBNAILS_HOURLY = 2
    LIVE_5 = 3
    LIVE_10 = 4
    LIVE_60 = 5


LIVE_EVERY = {ThinningStep.LIVE_5: 5, ThinningStep.LIVE_10: 10, ThinningStep.LIVE_60: 60}  # minutes
FORWARD_EVERY = {
    ThinningStep.NOTHING: 0,
    ThinningStep.FULL_DAILY: 10,
}  # minutes that other destinations wait at least; else 60


class Rates(msgspec.Struct, frozen=True):
    """Bytes a day that a station is reckoned to need.

    `live`: by the minutes between two messages. Thumbnails and full pictures: by their schedule, and thinned.
    """

    live: Mapping[int, float]
    live_every: int = 1
    link: float = 0.0
    thumbnails: float = 0.0
    thumbnails_hourly: float = 0.0
    full: float = 0.0
    full_daily: float = 0.0
    forward: Mapping[int, float] = {}  # to other destinations, by the minutes that they wait

    def minutes(self, step: ThinningStep) -> int:
        """Return the minutes between two live messages at a step."""
        return max(self.live_every, LIVE_EVERY.get(step, 1))

    def without_pictures(self, step: ThinningStep) -> float:
        """Return the bytes a day at a step of all that is sent whatever the budget says of pictures."""
        return self.live[self.minutes(step)] + self.link

    def pictures(self, step: ThinningStep) -> float:
        """Return the bytes a day of pictures by schedule at a step."""
        full = self.full if step < ThinningStep.FULL_DAILY else min(self.full, self.full_daily)
        thumbnails = (
            self.thumbnails if step < ThinningStep.THUMBNAILS_HOURLY else min(self.thumbnails, self.thumbnails_hourly)
        )
        return full + thumbnails

    def forwarded(self, step: ThinningStep) -> float:
        """Return the bytes a day to other destinations at a step."""
        return self.forward.get(forward_every(step), 0.0)

    def day(self, step: ThinningStep) -> float:
        """Return the bytes of a day at a step."""
        return self.without_pictures(step) + self.pictures(step)


class Rest(msgspec.Struct, frozen=True):
    """A month of the bill as it stands: the budget and what is used of it, bytes; days that it has and has left."""

    budget: float
    used: float
    scheduled: float  # of `used`, what pictures by schedule took
    days: float
    days_left: float


def step(rest: Rest, rates: Rates) -> ThinningStep:
    """Return the least step at which the rest of the month fits what is left.

    Pictures alone never make minutes wait for an hour: where it is they that do not fit, they are paced.
    """
    left = rest.budget - rest.used
    alone = ThinningStep.LIVE_60
    for one in ThinningStep:
        needed = rates.without_pictures(one) if one is ThinningStep.LIVE_10 else rates.day(one)
        if needed * rest.days_left <= left:
            alone = one
            break
    return max(alone, _for_others(rest, rates)) if rates.forward else alone


def _for_others(rest: Rest, rates: Rates) -> ThinningStep:
    """Return the step that other destinations need; for them pictures go less often, and no minute waits."""
    steps = (ThinningStep.NOTHING, ThinningStep.FULL_DAILY)
    left = rest.budget - rest.used
    fitting = (one for one in steps if (rates.day(one) + rates.forwarded(one)) * rest.days_left <= left)
    return next(fitting, ThinningStep.THUMBNAILS_HOURLY)


def forward_every(step: ThinningStep) -> int:
    """Return the minutes that other destinations wait at least at a step."""
    return FORWARD_EVERY.get(step, 60)


def spare(rest: Rest, rates: Rates, at: ThinningStep) -> float:
    """Return the bytes that other destinations may have: what this station's own data leave of the month."""
    return rest.budget - rest.used - rates.day(at) * rest.days_left


def admits_backfill(rest: Rest, rates: Rates, size: int) -> bool:
    """Return whether so many bytes of a backlog may go: not on the account of the message an hour that comes after."""
    return rest.used + size + rates.without_pictures(ThinningStep.LIVE_60) * rest.days_left <= rest.budget


def admits_picture(rest: Rest, rates: Rates, at: ThinningStep, size: int) -> bool:
    """Return whether a picture by schedule may go: live minutes have their share first, and days to come theirs."""
    live = rates.without_pictures(max(at, ThinningStep.LIVE_10))
    if rest.used + size + live * rest.days_left > rest.budget:
        return False
    if at is ThinningStep.NOTHING or rest.used + rates.day(at) * rest.days_left <= rest.budget:
        return True
    share = max(0.0, rest.budget - live * rest.days)
    gone = min(rest.days, rest.days - rest.days_left + 1)  # a day is there from its beginning
    return rest.scheduled + size <= share * gone / rest.days
