"""What is thinned when the rest of the month's data must last: the order of the steps, and which step applies.

Pure functions. The order; each step includes those before it:

1. full pictures are sent once a day (and on request),
2. thumbnails once an hour,
3. live minutes every five minutes,
4. every ten,
5. every hour, even when everything is used up: a station that sends nothing looks like a dead one.

Data for other destinations are gathered for ten minutes from step 1 on, for an hour from step 2 on, and may use only
what the station's own data leave.

No step drops a minute: a live message contains all minutes since the previous one. Urgent minutes are sent at once at
every step. Scheduled pictures are also paced, so that a budget that is too small for them still has some in the month's
last week.
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
    """Estimated bytes per day of a station.

    `live`: by the minutes between two messages. Thumbnails and full pictures: as scheduled, and thinned.
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
        """Return the bytes per day at a step without pictures."""
        return self.live[self.minutes(step)] + self.link

    def pictures(self, step: ThinningStep) -> float:
        """Return the bytes per day of scheduled pictures at a step."""
        full = self.full if step < ThinningStep.FULL_DAILY else min(self.full, self.full_daily)
        thumbnails = (
            self.thumbnails if step < ThinningStep.THUMBNAILS_HOURLY else min(self.thumbnails, self.thumbnails_hourly)
        )
        return full + thumbnails

    def forwarded(self, step: ThinningStep) -> float:
        """Return the bytes per day to other destinations at a step."""
        return self.forward.get(forward_every(step), 0.0)

    def day(self, step: ThinningStep) -> float:
        """Return the bytes per day at a step, without other destinations."""
        return self.without_pictures(step) + self.pictures(step)


class Rest(msgspec.Struct, frozen=True):
    """The current state of a billing month: the budget and the bytes used of it; its days and the days left."""

    budget: float
    used: float
    scheduled: float  # part of `used`: scheduled pictures
    days: float
    days_left: float


def step(rest: Rest, rates: Rates) -> ThinningStep:
    """Return the lowest step at which the rest of the month fits into the bytes left.

    Pictures alone never cause the hourly step: if only they do not fit, they are paced.
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
    """Return the step that other destinations need: it thins pictures for them, but delays no minute."""
    steps = (ThinningStep.NOTHING, ThinningStep.FULL_DAILY)
    left = rest.budget - rest.used
    fitting = (one for one in steps if (rates.day(one) + rates.forwarded(one)) * rest.days_left <= left)
    return next(fitting, ThinningStep.THUMBNAILS_HOURLY)


def forward_every(step: ThinningStep) -> int:
    """Return the least minutes for which data for other destinations are gathered at a step."""
    return FORWARD_EVERY.get(step, 60)


def spare(rest: Rest, rates: Rates, at: ThinningStep) -> float:
    """Return the bytes that other destinations may use: what the station's own data leave of the month's budget."""
    return rest.budget - rest.used - rates.day(at) * rest.days_left


def admits_backfill(rest: Rest, rates: Rates, size: int) -> bool:
    """Return whether `size` bytes of backlog may be sent: they must leave enough for one live message an hour."""
    return rest.used + size + rates.without_pictures(ThinningStep.LIVE_60) * rest.days_left <= rest.budget


def admits_picture(rest: Rest, rates: Rates, at: ThinningStep, size: int) -> bool:
    """Return whether a scheduled picture may be sent: live minutes and the days to come keep their share."""
    live = rates.without_pictures(max(at, ThinningStep.LIVE_10))
    if rest.used + size + live * rest.days_left > rest.budget:
        return False
    if at is ThinningStep.NOTHING or rest.used + rates.day(at) * rest.days_left <= rest.budget:
        return True
    share = max(0.0, rest.budget - live * rest.days)
    gone = min(rest.days, rest.days - rest.days_left + 1)  # a day's share is available from its beginning
    return rest.scheduled + size <= share * gone / rest.days
