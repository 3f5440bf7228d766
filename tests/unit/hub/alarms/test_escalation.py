"""A frost at night at the hub: who is told when, by what, until somebody knows and until it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.alarm_kit import MINUTE, NOON, World, person_of


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.start()
    made.run(10)
    yield made
    made.close()


def test_frost_goes_from_person_to_person_until_somebody_acknowledges(world: World) -> None:
    """At once, again after 5 and 10 minutes, the second at 10; after the acknowledgement silence; its end once."""
    world.alert(1, "raised", 2)
    world.run(11 * MINUTE)
    assert [(at, to) for at, to, _ in world.told("group")] == [
        *((0, ["zhang"]), (5, ["zhang"]), (10, ["li", "zhang"])),
    ]
    assert sorted((at, to) for at, to, _ in world.told("voice")) == [
        *((0, ["zhang"]), (5, ["zhang"]), (10, ["li"]), (10, ["zhang"])),
    ]
    assert "上寨果园" in world.told("group")[0][2] and "https://hub.example/a/" in world.told("group")[0][2]
    (known,) = world.acknowledge("li")
    assert known.escalation.acked_by == "li"
    assert world.acknowledge("zhang")[0].escalation.acked_by == "li", "the first one to acknowledge stays"
    world.run(5 * MINUTE)
    world.alert(2, "better", 1)
    world.run(3 * 60 * MINUTE)
    assert len(world.told("group")) == 3
    world.alert(3, "cleared", 0)
    world.run(60 * MINUTE)
    assert [(to, "解除" in text) for _, to, text in world.told("group")[3:]] == [(["zhang", "li"], True)]
    assert len(world.told("voice")) == 4, "what is over wakes nobody"


def test_a_step_up_wakes_whoever_had_acknowledged_and_a_step_down_does_not(world: World) -> None:
    """Acknowledged near the limit, then far below it: told again at once; back up a step: not."""
    world.alert(1, "raised", 1)
    world.run(2 * MINUTE)
    world.acknowledge("zhang")
    world.run(10 * MINUTE)
    world.alert(2, "worse", 4, value=-4.5)
    world.run(MINUTE)
    assert world.minutes("voice") == [0, 12]
    world.acknowledge("zhang")
    world.run(2 * MINUTE)
    world.alert(3, "better", 3)
    world.run(MINUTE)
    world.alert(4, "worse", 4)
    world.run(20 * MINUTE)
    assert world.minutes("voice") == [0, 12]


def test_frost_that_goes_on_after_an_acknowledgement_is_told_again(world: World) -> None:
    """Half an hour below the critical temperature: one reminder to who acknowledged, then the next person."""
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    world.acknowledge("zhang")
    for seq in range(2, 11):
        world.run(5 * MINUTE)
        world.minute(seq, -2.5)
    told = [(at, to) for at, to, _ in world.told("voice")]
    assert told[:3] == [(0, ["zhang"]), (31, ["zhang"]), (41, ["li"])]
    assert "zhang" in world.told("group")[1][2], "it says who had acknowledged"


def test_frost_that_was_acknowledged_while_the_clock_was_ahead_is_told_again_when_it_is_right(world: World) -> None:
    """Half an hour later as ever, and not a day later."""
    world.begin += 86_400_000_000
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    world.acknowledge("zhang")
    world.begin -= 86_400_000_000
    for seq in range(2, 11):
        world.run(5 * MINUTE)
        world.minute(seq, -2.5)
    assert [to for _, to, _ in world.told("voice")] == [["zhang"], ["zhang"], ["li"]]


def test_frost_of_a_clock_that_was_ahead_waits_for_nothing(world: World) -> None:
    """What arrived at once was late by that clock; set right a moment later, it does not wait a day for the rest."""
    world.begin += 86_400_000_000
    world.alert(1, "raised", 2, ago_s=86_405.0)
    world.begin -= 86_400_000_000
    world.run(2 * MINUTE)
    assert [to for _, to, _ in world.told("voice")] == [["zhang"]]


def test_what_a_silent_station_said_last_is_not_told_as_how_it_is(world: World) -> None:
    """Acknowledged, and nothing comes from the station since: nobody is told hours later that it is still freezing."""
    world.alert(1, "raised", 2)
    world.minute(2, -2.5)
    world.run(MINUTE)
    world.acknowledge("zhang")
    world.run(12 * 60 * MINUTE)
    assert len([one for one in world.told("group") if "霜冻" in one[2] and "日报" not in one[2]]) == 1


def test_the_same_step_twice_in_a_night_is_two_alerts_and_two_ends(world: World) -> None:
    """Two dips two hours apart are told each for itself."""
    for begin, name in ((0, "a"), (10, "b")):
        world.alert(begin + 1, "raised", 2, name)
        world.run(2 * MINUTE)
        world.acknowledge("zhang")
        world.run(20 * MINUTE)
        world.alert(begin + 2, "cleared", 0, name)
        world.run(120 * MINUTE)
    assert ["解除" in text for _, _, text in world.told("group")] == [False, True, False, True]


def test_ten_hours_without_an_answer_stay_under_the_cap_and_reach_everybody(world: World) -> None:
    """In ten hours nobody gets more messages than an operator passes on, and all three are told, to the end."""
    world.alert(1, "raised", 2)
    world.run(600 * MINUTE)
    counts = {name: sum(name in to for _, to, _ in world.told("voice")) for name in ("zhang", "li", "wang")}
    assert all(3 < count <= 20 for count in counts.values()), counts
    assert world.minutes("voice")[-1] >= 540, "it goes on as long as nobody knows"


def test_a_night_of_steps_ends_with_the_word_that_no_more_comes(world: World) -> None:
    """What gets worse again and again is told until somebody has heard it often enough, and that is said."""
    for step in (1, 2, 3, 4, 5):
        world.alert(step, "worse" if step > 1 else "raised", step)
        world.run(100 * MINUTE)
    zhang = [text for _, to, text in world.told("voice") if to == ["zhang"]]
    assert 18 <= len(zhang) <= 25
    assert sum("中午前不再提醒" in text for text in zhang) == 1


def test_nothing_known_is_told_once_and_ends_nothing(world: World) -> None:
    """A thermometer lost in an open frost: one message that nothing is known, no end; the end comes when it is back."""
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    world.acknowledge("zhang")
    for seq in (2, 4):
        world.run(5 * MINUTE)
        world.alert(seq, "blind", 2, value=None)
        world.run(5 * MINUTE)
    assert sum("无法判断" in text for _, _, text in world.told("group")) == 1
    assert not any("解除" in text for _, _, text in world.told("group"))
    world.alert(5, "seeing", 2)
    world.alert(6, "cleared", 0)
    world.run(MINUTE)
    assert sum("解除" in text for _, _, text in world.told("group")) == 1


def test_frost_comes_at_any_hour_and_the_rest_within_peoples_hours(tmp_path: Path) -> None:
    """Who is on duty by day hears of a gale by day alone, and of frost at night."""
    world = World(tmp_path, people=(person_of("zhang", 1, hours=["08:00", "18:00"]),))
    world.start()
    world.alert(1, "raised", 1, "gale-e-1", crop="", stage="", quantity="wind_speed_of_gust", unit="m/s", value=18.0)
    world.run(30 * MINUTE)
    assert world.told("group") == []
    world.alert(2, "raised", 2)
    world.run(MINUTE)
    assert len(world.told("group")) == 1
    world.run(6 * 60 * MINUTE)
    assert any("大风" in text for _, _, text in world.told("group"))
    world.close()


def test_by_day_a_message_does_for_the_first_time(tmp_path: Path) -> None:
    """At noon the group is told first; the call comes with the reminder."""
    world = World(tmp_path, NOON)
    world.start()
    world.alert(1, "raised", 2)
    world.run(7 * MINUTE)
    assert world.minutes("group") == [0, 5] and world.minutes("voice") == [5]
    world.close()


@pytest.mark.slow
def test_a_battery_waits_for_the_day_and_for_who_looks_after_it(tmp_path: Path) -> None:
    """A low battery at two in the morning is told at seven, to the technician, by what wakes nobody."""
    world = World(tmp_path, people=(person_of("zhang", 1), person_of("wen", 2, duty="technician")))
    world.start(poll_s=120.0)
    world.alert(1, "raised", 1, "bat-e-1", crop="", stage="", quantity="battery_voltage", unit="V", value=11.4)
    world.run(10 * 24 * 60 * MINUTE)
    assert world.told("voice") == []
    told = [(at, to) for at, to, text in world.told("group") if "电池" in text and "日报" not in text]
    assert told[0] == (300, ["wen"]) and all(to == ["wen"] for _, to in told)
    assert len(told) == 10, "a reminder a day as long as it lasts"
    (alarm,) = (one for one in world.alarms() if one.what == "battery")
    assert alarm.raised_us == world.begin - 5_000_000, "since when it lasts does not change"
    world.alert(2, "cleared", 0, "bat-e-1", crop="", stage="", quantity="battery_voltage", unit="V", value=12.9)
    world.run(2 * MINUTE)
    assert world.told("group")[-1][1] == ["wen"] and "解除" in world.told("group")[-1][2], (
        "whom it reached is not forgotten"
    )
    world.close()


def test_nobodys_reminders_end_unsaid_however_many_alarms_come_at_once(tmp_path: Path) -> None:
    """Alarms that come and go fill what somebody is sent in a night: before reminders of what is still open end, that
    is said."""
    world = World(tmp_path, people=(person_of("zhang", 1),))
    world.start()
    for number in range(1, 11):
        world.alert(2 * number, "raised", 1, f"gale-e-{number}", quantity="wind_speed_of_gust", unit="m/s", crop="")
        world.run(MINUTE)
        world.alert(2 * number + 1, "cleared", 0, f"gale-e-{number}")
        world.run(MINUTE)
    world.alert(100, "raised", 2)
    world.run(3 * 60 * MINUTE)
    world.close()
    told = [text for _, _, text in world.told("group")]
    assert "霜冻" in told[-1] and "中午前不再提醒" in told[-1], told[-3:]
    assert sum("中午前不再提醒" in text for text in told) == 1
