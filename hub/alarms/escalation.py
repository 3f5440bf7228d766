"""Who is notified next of an alarm, and when: pure, from its state, who is available, and the time.

The first person is notified at once, the next one ten minutes later, and so on until somebody acknowledges; everybody
notified is reminded after 5, 5, 10 and 20 minutes, then hourly. A step up restarts this and requires another
acknowledgement; a step down, or the same step again, does not. If buds still die half an hour after frost was
acknowledged, whoever acknowledged is reminded, then the next person is notified; the last value of a station that has
been silent since does not count. The end is reported once. Upkeep waits for the day, and is repeated after hours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from edge.records.asked import MINUTE_US
from hub.alarms.alarm import Alarm, Escalation

REPEATS = (5, 5, 10, 20, 60)  # min; the last for ever
NEXT_PERSON = 10  # min
UPKEEP_REPEATS, UPKEEP_NEXT = (24 * 60,), 4 * 60
STILL = 30  # min after an acknowledgement until a reminder, if buds still die
GRACE_US = 20_000_000  # for which further late turns are waited for
Why = Literal["raised", "worse", "repeat", "still", "blind", "cleared"]


class Telling(msgspec.Struct, frozen=True):
    """A notification of people about an alarm; `names` empty: whom it has reached. `hurry`: also by waking channels."""

    alarm: str
    why: Why
    names: tuple[str, ...]
    hurry: bool = False


def advance(
    alarm: Alarm,
    ready: Sequence[str],
    now: int,
    by_day: bool,
    spared: Callable[[str], bool],
    heard: Callable[[str], bool] = lambda _: True,
) -> list[Telling]:
    """Return who is to be notified now, and update the alarm's state.

    `ready`: who may be notified now, in order; `spared`: whether somebody gets no more reminders tonight; `heard`:
    whether a station has a recent minute.
    """
    state = alarm.escalation
    if not alarm.open:
        if state.told and not state.over_told:
            state.over_told = True
            return [Telling(alarm.id, "cleared", ())]
        return []
    if alarm.urgency == "upkeep" and not by_day:
        return []
    if alarm.level > state.told:
        return _begin(alarm, ready, now)
    found = _report_blind(alarm)
    if state.acked_us is not None:
        return found + _after_acknowledgement(alarm, ready, now, heard)
    return found + _continue(alarm, ready, now, spared)


def acknowledge(alarm: Alarm, who: str, now: int) -> bool:
    """Note an acknowledgement. Return False where somebody acknowledged before, or the alarm is over."""
    state = alarm.escalation
    again = state.reminded_us is not None and now > state.reminded_us  # a reminder requires a new acknowledgement
    if not alarm.open or (state.acked_us is not None and not again):
        return False
    state.acked_by, state.acked_us, state.reminded_us = who, now, None
    return True


def _begin(alarm: Alarm, ready: Sequence[str], now: int) -> list[Telling]:
    """Notify the first person of a new alarm, or everybody notified before of a step up."""
    state = alarm.escalation
    if alarm.late and alarm.arrived_us <= now < alarm.arrived_us + GRACE_US:
        return []
    first = not state.reached
    if first and not ready:
        return []
    names = [ready[0]] if first else state.reached
    alarm.escalation = Escalation(alarm.level, names, hurry=state.hurry)
    alarm.escalation.blind_told = alarm.turn == "blind"
    _plan(alarm, now)
    return [Telling(alarm.id, "raised" if first else "worse", tuple(names))]


def _plan(alarm: Alarm, now: int) -> None:
    """Set when the next person is due, and the next reminder."""
    upkeep = alarm.urgency == "upkeep"
    repeats, state = (UPKEEP_REPEATS if upkeep else REPEATS), alarm.escalation
    state.repeat_us = now + repeats[min(state.repeats, len(repeats) - 1)] * MINUTE_US
    if not state.join_us:
        state.join_us = now + (UPKEEP_NEXT if upkeep else NEXT_PERSON) * MINUTE_US


def _continue(alarm: Alarm, ready: Sequence[str], now: int, spared: Callable[[str], bool]) -> list[Telling]:
    state, found = alarm.escalation, []
    # A later time was set by a clock that was ahead.
    longest = now + (UPKEEP_REPEATS if alarm.urgency == "upkeep" else REPEATS)[-1] * MINUTE_US
    state.repeat_us, state.join_us = (0 if at > longest else at for at in (state.repeat_us, state.join_us))
    hurry, state.hurry = state.hurry, False
    before = list(state.reached)
    fresh = next((name for name in ready if name not in state.reached), None)
    if fresh is not None and (hurry or now >= state.join_us):
        state.reached.append(fresh)
        state.join_us = 0
        found.append(Telling(alarm.id, "raised", (fresh,), hurry))
    again, state.hurried = hurry and not state.hurried, hurry or state.hurried
    if again or now >= state.repeat_us:
        names = tuple(name for name in before if not spared(name))
        found += [Telling(alarm.id, "repeat", names, hurry)] if names else []
        if now >= state.repeat_us:
            state.repeats, state.repeat_us = state.repeats + 1, 0
    planned = state.repeat_us
    _plan(alarm, now)
    state.repeat_us = planned or state.repeat_us
    return found


def _after_acknowledgement(alarm: Alarm, ready: Sequence[str], now: int, heard: Callable[[str], bool]) -> list[Telling]:
    """Remind once of frost that continues; then resume as if nobody had acknowledged, with the next person."""
    state = alarm.escalation
    state.hurry = False
    # Later times were set by a clock that was ahead.
    state.acked_us, state.reminded_us = (at and min(at, now) for at in (state.acked_us, state.reminded_us))
    if not alarm.is_critical or state.acked_us is None or now < state.acked_us + STILL * MINUTE_US:
        return []
    if not heard(alarm.station):
        return []
    if state.reminded_us is None:
        state.reminded_us = now
        names = [state.acked_by] if state.acked_by in (*state.reached, *ready) else state.reached
        return [Telling(alarm.id, "still", tuple(names))]
    if now < state.reminded_us + NEXT_PERSON * MINUTE_US:
        return []
    fresh = next((name for name in ready if name not in state.reached), None)
    names = state.reached if fresh is None else [fresh]
    state.reached = [*state.reached, *([] if fresh is None else [fresh])]
    state.acked_us, state.reminded_us, state.repeats, state.join_us = None, None, 0, 0
    _plan(alarm, now)
    return [Telling(alarm.id, "still", tuple(names))]


def _report_blind(alarm: Alarm) -> list[Telling]:
    """Notify those who know of an open alarm that its rule has become blind, once each time."""
    blind = alarm.turn == "blind"
    if blind == alarm.escalation.blind_told:
        return []
    alarm.escalation.blind_told = blind
    return [Telling(alarm.id, "blind", tuple(alarm.escalation.reached))] if blind else []
