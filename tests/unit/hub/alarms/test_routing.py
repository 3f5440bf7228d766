"""By which channels somebody is told, and by which of its end: each rule alone, without a night around it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.alarms.alarm import Alarm, Quiet, new_alarm
from hub.alarms.escalation import Telling, Why
from hub.alarms.people import Contact
from hub.alarms.routing import RoutingState, channels_for, over_by, quiet_channels
from tests.kits.alarm_kit import Channel, person_of

SENDERS = {name: Channel(name, lambda: 0, wakes=name in ("voice", "sms")) for name in ("group", "mail", "voice", "sms")}
ZHANG = person_of("zhang", 1, channels=["group", "voice", "mail", "gone"])
DAY, NIGHT = RoutingState(True, frozenset()), RoutingState(False, frozenset())
QUIET, ALL = ["group", "mail"], ["voice", "group", "mail"]


def alarm(what: Any = "frost", near: bool = True, late: bool = False, channel: str = "") -> Alarm:
    """Return one that the hub raised."""
    found = new_alarm("orchard-1", "x", what, 0, Quiet(channel=channel), near)
    found.late = late
    return found


def telling(why: Why = "raised", hurry: bool = False) -> Telling:
    """Return what is to be told to zhang."""
    return Telling("x", why, ("zhang",), hurry)


@pytest.mark.parametrize(
    ("one", "said", "hour", "ways"),
    [
        (alarm(), telling(), NIGHT, ALL),
        (alarm(), telling(), DAY, QUIET),
        (alarm("gale"), telling(), NIGHT, ALL),
        (alarm(), telling(hurry=True), DAY, ALL),
        (alarm(), telling("repeat"), DAY, ALL),
        (alarm(), telling("still"), DAY, ALL),
        (alarm(), telling("worse"), DAY, ALL),
        (alarm(), telling("blind"), DAY, QUIET),
        (alarm(), telling(), RoutingState(True, frozenset({"group"})), QUIET),
        (alarm(), telling(), RoutingState(True, frozenset({"group", "mail", "other"})), ALL),
        (alarm(), telling(), RoutingState(True, frozenset({"group", "mail"})), ALL),
        (alarm(), telling("cleared"), NIGHT, QUIET),
        (alarm("battery"), telling(), NIGHT, QUIET),
        (alarm("silent", near=False), telling("repeat"), NIGHT, QUIET),
        (alarm("silent"), telling(), NIGHT, ALL),
        (alarm("gale", late=True), telling(), NIGHT, QUIET),
        (alarm(late=True), telling(), NIGHT, ALL),
        (alarm("channel", channel="group"), telling(), DAY, ["mail"]),
        (alarm("channel", channel="voice"), telling(), DAY, QUIET),
    ],
)
def test_what_wakes_is_for_what_is_urgent(one: Alarm, said: Telling, hour: RoutingState, ways: list[str]) -> None:
    """By night at once, by day with a reminder or where all else fails; upkeep, ends and what is late wake nobody."""
    assert channels_for(ZHANG, one, said, hour, SENDERS) == ways


def test_whoever_has_only_what_wakes_is_woken() -> None:
    """By day too, but not for upkeep."""
    zhang = person_of("zhang", 1, channels=["voice"])
    assert channels_for(zhang, alarm(), telling(), DAY, SENDERS) == ["voice"]
    assert channels_for(zhang, alarm("battery"), telling(), DAY, SENDERS) == []
    assert channels_for(person_of("zhang", 1, channels=["gone"]), alarm(), telling(), NIGHT, SENDERS) == []


@pytest.mark.parametrize(
    ("reached", "channels", "by_day", "ways"),
    [
        ({"group": ["zhang"], "voice": ["zhang"]}, ["group", "voice"], True, {"group": ["zhang"]}),
        ({"voice": ["zhang"]}, ["group", "mail", "voice"], False, {"group": ["zhang"], "mail": ["zhang"]}),
        ({"voice": ["zhang"], "sms": ["li"]}, ["voice"], True, {"voice": ["zhang"], "sms": ["li"]}),
        ({"voice": ["zhang"]}, ["voice"], False, {}),
        ({"gone": ["zhang"]}, ["gone", "mail"], False, {"mail": ["zhang"]}),
        ({"group": ["zhang", "li"], "mail": ["li"]}, ["group"], False, {"group": ["zhang", "li"], "mail": ["li"]}),
        ({"group": ["away"]}, ["group"], False, {"group": ["away"]}),
        ({"voice": ["away"]}, ["group"], False, {}),
    ],
    ids=[
        "as it came",
        "only a call",
        "nothing else, day",
        "nothing else, night",
        "channel gone",
        "two",
        "off",
        "off 2",
    ],
)
def test_the_end_comes_by_what_brought_the_beginning(
    reached: dict[str, list[str]], channels: list[str], by_day: bool, ways: dict[str, list[str]]
) -> None:
    """By the quiet ones of it; else by another quiet one; a call only by day, where there is nothing else. Somebody who
    is off the list is told where the beginning came."""
    people: dict[str, Contact] = {name: person_of(name, 1, channels=channels) for name in ("zhang", "li")}
    assert over_by(reached, people, SENDERS, by_day) == ways


def test_what_wakes_nobody_is_what_a_summary_goes_by() -> None:
    """Without what is not in the hub's file."""
    assert quiet_channels(ZHANG, SENDERS) == QUIET
