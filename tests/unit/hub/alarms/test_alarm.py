"""What is known of an alarm, whatever order a station's words come in, and what follows from it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.records.bodies import Alert
from hub.alarms.alarm import LATE_US, Alarm, Quiet, apply_turn, clear, new_alarm, reason_of

MINUTE_US = 60_000_000
TURNS = (("raised", 1), ("worse", 2), ("blind", 2), ("seeing", 2), ("better", 1), ("cleared", 0))


def alert(turn: str, step: int, limit: float = -2.2, crop: str = "apple", stage: str = "full-bloom") -> Alert:
    """Return what a station says of a frost."""
    said = {"alert": "frost-1", "rule": "frost", "turn": turn, "step": step, "steps": 5, "limit": limit, "value": -2.3}
    return msgspec.convert({**said, "minute": 1, "crop": crop, "stage": stage}, Alert)


def after(*numbers: int, arrived: int = 100 * MINUTE_US) -> Alarm:
    """Return what is known after these words of it, each a minute later than the one before, in this order."""
    found: Alarm | None = None
    for number in numbers:
        found = apply_turn(found, "s", alert(*TURNS[number]), number + 1, number * MINUTE_US, arrived)
    assert found is not None
    return found


@given(st.lists(st.sampled_from(range(len(TURNS))), min_size=1, max_size=9))
def test_the_word_with_the_highest_number_says_how_it_stands(order: list[int]) -> None:
    """In any order, and however often one comes again: the newest word counts, and the first says when it began."""
    found, newest = after(*order), max(order)
    turn, step = TURNS[newest]
    assert (found.turn, found.step, found.seq) == (turn, step, newest + 1)
    assert found.said == alert(turn, step) and found.changed_us == newest * MINUTE_US
    assert found.open is (newest != 5) and found.level == (0 if newest == 5 else step)
    assert found.cleared_us == (5 * MINUTE_US if newest == 5 else None)
    if 0 in order:
        assert found.raised_us == 0


def test_a_word_that_is_dated_anew_moves_in_time_and_arrived_when_it_first_did() -> None:
    """A box that did not know the time: its newest word has another time now, and an end ended then."""
    found = apply_turn(after(0, 1, 5), "s", alert("cleared", 0), 6, 90 * MINUTE_US, 300 * MINUTE_US)
    assert (found.changed_us, found.cleared_us, found.arrived_us) == (90 * MINUTE_US, 90 * MINUTE_US, 100 * MINUTE_US)
    assert (found.raised_us, found.late) == (0, True)
    alone = apply_turn(after(0), "s", alert("raised", 1), 1, 99 * MINUTE_US, 300 * MINUTE_US)
    assert (alone.raised_us, alone.changed_us, alone.late, alone.cleared_us) == (99 * MINUTE_US,) * 2 + (False, None)
    older = apply_turn(after(0, 1), "s", alert("raised", 1), 1, 50 * MINUTE_US, 300 * MINUTE_US)
    assert (older.raised_us, older.changed_us, older.seq) == (50 * MINUTE_US, MINUTE_US, 2)


@pytest.mark.parametrize(("behind", "late"), [(LATE_US, False), (LATE_US + 1, True)])
def test_what_is_more_than_five_minutes_old_when_it_comes_is_late(behind: int, late: bool) -> None:
    """By when it happened, not by when it is looked at; as it came first, and as it is dated anew."""
    one = apply_turn(None, "s", alert("raised", 1), 1, 7, 7 + behind)
    assert one.late is late
    assert apply_turn(one, "s", alert("raised", 1), 1, 7, 10**12).late is late


@pytest.mark.parametrize(
    ("what", "step", "near", "urgency"),
    [
        *(("frost", 1, False, "frost"), ("frost", 0, False, "upkeep"), ("frost", 0, True, "frost")),
        *(("gale", 1, True, "weather"), ("battery", 1, True, "upkeep")),
        *(("silent", 1, True, "frost"), ("silent", 1, False, "upkeep"), ("all_silent", 1, True, "frost")),
    ],
)
def test_who_is_woken_by_it(what: Any, step: int, near: bool, urgency: str) -> None:
    """What sees nothing, or says nothing, wakes where frost was near."""
    one = new_alarm("s", "x", what, 0, Quiet(), near)
    one.step = step
    assert one.quiet == Quiet()
    assert (one.urgency, one.level) == (urgency, 1)
    clear(one, 5)
    assert (one.open, one.level, one.cleared_us, one.changed_us, one.arrived_us) == (False, 0, 5, 5, 5)
    assert one.urgency == ("frost" if what == "frost" else urgency), "its end is told as what it was"


@pytest.mark.parametrize(
    ("said", "critical"),
    [
        *((alert("raised", 2), True), (alert("raised", 1, 0.8), False), (alert("worse", 3, -3.2), True)),
        *((alert("cleared", 0), False), (alert("blind", 0), False), (alert("raised", 2, -2.2, "pear"), False)),
        *(
            (alert("raised", 2, -2.2, "apple", "tea-time"), False),
            (alert("raised", 2, -2.2, "apple", "green-tip"), False),
        ),
    ],
)
def test_buds_die_where_the_limit_of_the_step_is_that_of_their_stage(said: Alert, critical: bool) -> None:
    """A step before it, another crop or stage than is known here, and what is over or unseen, is not that."""
    assert apply_turn(None, "s", said, 1, 0, 0).is_critical is critical


def test_what_was_over_before_anybody_was_told_belongs_into_a_summary() -> None:
    """Once, and only what a station said; not a rule that saw nothing over a restart and then nothing amiss."""
    over = after(0, 5)
    assert over.is_untold and not after(0).is_untold and not after(0, 2, 3).is_untold
    for field, value in (("told", 1), ("over_told", True)):
        known = after(0, 5)
        setattr(known.escalation, field, value)
        assert not known.is_untold
    assert not apply_turn(None, "s", alert("seeing", 0), 1, 0, 0).is_untold
    assert apply_turn(None, "s", alert("blind", 0), 1, 0, 0).open
    mine = new_alarm("s", "x", "silent", 0, Quiet())
    clear(mine, 5)
    assert not mine.is_untold


def test_why_a_channel_takes_nothing_is_known_where_it_was_said() -> None:
    """A reason as it was kept; none of what has none."""
    found = reason_of(Quiet(channel="group", why={"code": "wecom_gone", "params": {}, "text": "the robot was removed"}))
    assert found is not None and found.code == "wecom_gone"
    assert reason_of(Quiet()) is None and reason_of(None) is None
