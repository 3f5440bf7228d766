"""Who is told when, by the minute: escalation alone, with more people than a group has, and each way off the rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from edge.records.asked import MINUTE_US
from edge.records.bodies import Alert
from hub.alarms.alarm import Alarm, apply_turn
from hub.alarms.escalation import acknowledge, advance

LIMITS = (0.8, 0.8, -2.2, -3.2)
FIVE = ("zhang", "li", "wang", "chen", "zhao")
Deed = Callable[[Alarm], object]
Told = tuple[int, str, tuple[str, ...]]
FROST = {"crop": "apple", "stage": "full-bloom", "quantity": "wet_bulb_temperature", "unit": "degC"}
GALE = {"quantity": "wind_speed_of_gust", "unit": "m/s"}
BATTERY = {"quantity": "battery_voltage", "unit": "V"}


def alarm(step: int = 2, turn: str = "raised", rule: str = "frost", of: Mapping[str, str] = FROST) -> Alarm:
    """Return an alarm that is raised now, by default of frost at which buds die."""
    told = {"alert": f"{rule}-1", "rule": rule, "turn": turn, "step": step, "steps": 5, "limit": LIMITS[step], **of}
    return apply_turn(None, "orchard-1", msgspec.convert({**told, "value": -2.3, "minute": 1}, Alert), 1, 0, 0)


def turned(one: Alarm, at: int, step: int, turn: str) -> None:
    """Give it a turn that came at this minute."""
    assert one.said is not None
    said = msgspec.structs.replace(one.said, step=step, turn=turn, limit=LIMITS[step])
    apply_turn(one, "orchard-1", said, at + 1, at * MINUTE_US, at * MINUTE_US)


def told(
    one: Alarm,
    until: int,
    deeds: Mapping[int, Deed] | None = None,
    ready: Callable[[int], Sequence[str]] = lambda _: FIVE,
    by_day: Callable[[int], bool] = lambda _: False,
    spared: Callable[[str], bool] = lambda _: False,
    heard: Callable[[str], bool] = lambda _: True,
    clock: Callable[[int], int] = lambda at: at,
) -> list[Told]:
    """Live it by the minute: when who was told, and why.

    `deeds`: what happens in a minute before the look; `clock`: which minute the hub's clock says it is.
    """
    found: list[Told] = []
    for at in range(until + 1):
        (deeds or {}).get(at, _nothing)(one)
        said = advance(one, ready(at), clock(at) * MINUTE_US, by_day(at), spared, heard)
        found += [(at, telling.why, telling.names) for telling in said]
    return found


def _nothing(_: Alarm) -> None:
    """Do nothing."""


def acked(who: str, at: int) -> Deed:
    """Return that somebody acknowledges."""
    return lambda one: acknowledge(one, who, at * MINUTE_US)


def hurried(one: Alarm) -> None:
    """Have a channel fail."""
    one.escalation.hurry = True


def test_five_people_follow_each_other_and_no_one_who_comes_shifts_the_reminders() -> None:
    """Each next one after ten minutes; those who know after 5, 5, 10 and 20 minutes, then hourly."""
    assert told(alarm(), 170) == [
        (0, "raised", ("zhang",)),
        (5, "repeat", ("zhang",)),
        (10, "raised", ("li",)),
        (10, "repeat", ("zhang",)),
        (20, "raised", ("wang",)),
        (20, "repeat", ("zhang", "li")),
        (30, "raised", ("chen",)),
        (40, "raised", ("zhao",)),
        (40, "repeat", ("zhang", "li", "wang", "chen")),
        (100, "repeat", FIVE),
        (160, "repeat", FIVE),
    ]


def test_a_channel_that_fails_brings_the_next_person_at_once_and_shifts_no_reminder() -> None:
    """Those who know are told again by what wakes them once, however many channels fail."""
    assert told(alarm(), 16, {2: hurried, 3: hurried, 7: hurried}) == [
        (0, "raised", ("zhang",)),
        (2, "raised", ("li",)),
        (2, "repeat", ("zhang",)),
        (3, "raised", ("wang",)),
        (5, "repeat", ("zhang", "li", "wang")),
        (7, "raised", ("chen",)),
        (10, "repeat", ("zhang", "li", "wang", "chen")),
    ]


def test_frost_that_goes_on_is_everybodys_again() -> None:
    """Acknowledged, and buds still die: who acknowledged, then the next one; both are reminded, and the third joins.
    A channel that failed meanwhile changes nothing."""
    assert told(alarm(), 51, {1: acked("zhang", 1), 20: hurried, 35: hurried}) == [
        (0, "raised", ("zhang",)),
        (31, "still", ("zhang",)),
        (41, "still", ("li",)),
        (46, "repeat", ("zhang", "li")),
        (51, "raised", ("wang",)),
        (51, "repeat", ("zhang", "li")),
    ]


def test_who_is_alone_is_told_again_himself() -> None:
    """There is no next person: whoever acknowledged hears of it until he does so again."""
    alone = ("zhang",)
    assert told(alarm(), 46, {1: acked("zhang", 1)}, lambda _: alone) == [
        (0, "raised", alone),
        *((31, "still", alone), (41, "still", alone), (46, "repeat", alone)),
    ]


def test_a_reminder_wants_an_answer_of_its_own() -> None:
    """Acknowledged once more after the reminder: the next half hour is quiet."""
    deeds = {1: acked("zhang", 1), 2: acked("li", 2), 33: acked("zhang", 33)}
    assert told(alarm(), 63, deeds) == [
        (0, "raised", ("zhang",)),
        *((31, "still", ("zhang",)), (63, "still", ("zhang",))),
    ]


def test_whoever_acknowledged_for_others_is_not_reminded_in_their_place() -> None:
    """Somebody who is not on call acknowledges at the hub's page: those who were told are reminded; and whoever is on
    call, though not told yet, is reminded himself."""
    assert told(alarm(), 31, {1: acked("office", 1)})[1:] == [(31, "still", ("zhang",))]
    assert told(alarm(), 31, {1: acked("chen", 1)})[1:] == [(31, "still", ("chen",))]


def test_what_kills_no_bud_is_not_told_again() -> None:
    """Near the limit, or a gale, acknowledged: nothing more for hours."""
    for one in (alarm(1), alarm(2, rule="gale", of=GALE)):
        assert told(one, 300, {1: acked("zhang", 1)}) == [(0, "raised", ("zhang",))]


def test_an_alarm_that_nobody_may_be_told_of_waits_for_the_first_who_may() -> None:
    """A gale at night, when all sleep: it is new to whoever's hours begin."""
    found = told(alarm(1, rule="gale", of=GALE), 25, ready=lambda at: FIVE[:2] if at >= 15 else ())
    assert found == [(15, "raised", ("zhang",)), (20, "repeat", ("zhang",)), *_both(25)]


def _both(at: int) -> list[Told]:
    return [(at, "raised", ("li",)), (at, "repeat", ("zhang",))]


def test_a_step_up_is_told_to_all_who_know_and_begins_anew() -> None:
    """Two know, one has acknowledged: both hear that it is worse, whatever the hour, and the escalation
    starts over."""
    deeds: dict[int, Deed] = {12: acked("li", 12), 15: lambda one: turned(one, 15, 3, "worse")}
    assert told(alarm(), 25, deeds, lambda at: () if at == 15 else FIVE)[4:] == [
        (15, "worse", ("zhang", "li")),
        (20, "repeat", ("zhang", "li")),
        (25, "raised", ("wang",)),
        (25, "repeat", ("zhang", "li")),
    ]


def test_blindness_is_told_once_each_time_to_those_who_know() -> None:
    """Blind twice: twice; what is raised blind says so itself."""
    deeds: dict[int, Deed] = {
        2: lambda one: turned(one, 2, 2, "blind"),
        4: lambda one: turned(one, 4, 2, "seeing"),
        6: lambda one: turned(one, 6, 2, "blind"),
    }
    found = told(alarm(), 9, {1: acked("zhang", 1), **deeds})
    assert found == [(0, "raised", ("zhang",)), *((at, "blind", ("zhang",)) for at in (2, 6))]
    near = alarm(0, "blind")
    near.near = True
    assert told(near, 4) == [(0, "raised", ("zhang",))]


def test_upkeep_waits_for_the_day_and_is_repeated_once_a_day() -> None:
    """Told by day alone, to the next one four hours later; the reminders come a day apart."""
    day = 24 * 60

    def by_day(at: int) -> bool:
        return 60 <= at % day < 60 + 12 * 60

    assert told(alarm(1, rule="battery", of=BATTERY), 2 * day + 90, None, lambda _: FIVE[:2], by_day) == [
        (60, "raised", ("zhang",)),
        (60 + 240, "raised", ("li",)),
        (60 + day, "repeat", ("zhang", "li")),
        (60 + 2 * day, "repeat", ("zhang", "li")),
    ]


def test_who_has_heard_enough_is_left_out_and_the_others_are_not() -> None:
    """Of two who know one is spared; where all are, the reminders end and the escalation goes on."""
    found = told(alarm(), 40, None, lambda _: FIVE[:2], spared=lambda name: name == "zhang")
    assert [one for one in found if one[1] == "repeat"] == [(20, "repeat", ("li",)), (40, "repeat", ("li",))]
    assert told(alarm(), 40, spared=lambda _: True) == [(10 * n, "raised", (name,)) for n, name in enumerate(FIVE)]


def test_an_end_is_told_once_to_whom_it_reached_and_is_nobodys_to_acknowledge() -> None:
    """Whoever was told hears that it is over; where nobody was, nobody does. Over is over."""
    ends: dict[int, Deed] = {2: lambda one: turned(one, 2, 0, "cleared")}
    one = alarm()
    assert told(one, 200, ends) == [(0, "raised", ("zhang",)), (2, "cleared", ())]
    assert not acknowledge(one, "zhang", 201 * MINUTE_US) and one.escalation.acked_by == ""
    assert told(alarm(), 200, ends, ready=lambda _: ()) == []


def test_a_silent_station_reminds_nobody_of_what_it_said_last() -> None:
    """Acknowledged, and nothing is heard of how cold it is."""
    found = told(alarm(), 100, {1: acked("zhang", 1)}, heard=lambda _: False)
    assert found == [(0, "raised", ("zhang",))]


def test_what_came_late_waits_twenty_seconds_for_the_rest() -> None:
    """It may be over already; what is late by a clock that is ahead waits for nothing."""
    for after, count in ((0, 0), (19, 0), (20, 1), (-1, 1)):
        one = alarm()
        one.late, one.arrived_us = True, MINUTE_US
        said = advance(one, FIVE, MINUTE_US + after * 1_000_000, False, lambda _: False)
        assert len(said) == count, after


@pytest.mark.parametrize("ahead", [90, 2000])
def test_a_clock_that_is_set_back_costs_no_reminder(ahead: int) -> None:
    """What was planned and acknowledged while the clock was ahead is told by the clock as it is: frost at once, and
    after an acknowledgement half an hour from then on."""
    back = 7

    def clock(at: int) -> int:
        return at + ahead if at < back else at

    assert told(alarm(), 12, clock=clock) == [
        *((0, "raised", ("zhang",)), (5, "repeat", ("zhang",))),
        *((7, "raised", ("li",)), (7, "repeat", ("zhang",))),
    ]
    known = told(alarm(), 37, {1: acked("zhang", 1 + ahead)}, clock=clock)
    assert known == [(0, "raised", ("zhang",)), (37, "still", ("zhang",))]


def test_an_alarm_that_an_earlier_hub_stored_is_read_with_whom_it_was_told() -> None:
    """What was written before an update is not begun anew: nobody is told twice."""
    times = '"raised_us":1,"changed_us":1,"arrived_us":1'
    stored = f'{{"id":"a","station":"s","what":"frost",{times},"open":true,"ladder":{{"told":1,"reached":["zhang"]}}}}'
    assert msgspec.json.decode(stored, type=Alarm).escalation.reached == ["zhang"]
