"""What ended before anybody could be told of it: gathered, in time, once, and not after a week."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.records.bodies import Alert
from edge.records.record import Kind
from tests.kits.alarm_kit import DONE, MINUTE, NIGHT, NOON, World, person_of

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def over(world: World, number: int, ago_s: float = HOUR, rule: str = "frost", station: str = "orchard-1") -> None:
    """Have a whole episode arrive now, that ended so long ago."""
    quantity = "wet_bulb_temperature" if rule == "frost" else "battery_voltage"
    for seq, turn, step, at in ((2 * number, "raised", 2, ago_s + HOUR), (2 * number + 1, "cleared", 0, ago_s)):
        begin = world.utc() - round(at * 1e6)
        said = Alert(
            f"{rule}-e-{number}", rule, turn, step, 2, 11.5, 11.0, seq, worst=11.0, begin=begin, quantity=quantity
        )
        world.record(seq, Kind.ALERT, said, begin, station)


def told(world: World) -> list[str]:
    """Return what the group was told, but for the morning's word."""
    return [text for _, _, text in world.told("group") if "【日报】" not in text]


def test_what_comes_late_within_a_minute_is_one_message(world: World) -> None:
    """A link that returns brings a night's episodes one after the other: they are told together when all are here."""
    world.start(poll_s=5.0)
    world.run(10)
    for number in range(3):
        over(world, number)
        world.run(20)
    assert told(world) == []
    world.run(2 * MINUTE)
    (text,) = told(world)
    assert "3" in text.splitlines()[0]


def test_a_clock_that_was_ahead_holds_nothing_back(world: World) -> None:
    """Episodes arrived by a clock that was a day ahead: set right, the hub does not gather until then."""
    world.start(poll_s=5.0)
    world.begin += round(DAY * 1e6)
    world.run(10)
    over(world, 1)
    world.run(10)
    world.begin -= round(DAY * 1e6)
    world.run(3 * MINUTE)
    assert len(told(world)) == 1


@pytest.mark.parametrize(
    ("begin", "ago_s", "rule"),
    [(NIGHT, 60.0, "battery"), (NIGHT, 60.0, "frost"), (NOON, 60.0, "battery"), (NIGHT, HOUR, "battery")],
)
def test_only_upkeep_that_is_just_over_waits_for_the_day(tmp_path: Path, begin: int, ago_s: float, rule: str) -> None:
    """A frost is told by night, and what came late is too: it may be what somebody wonders about."""
    world = World(tmp_path, begin)
    world.start()
    over(world, 1, ago_s, rule)
    world.run(10 * MINUTE)
    waits = (begin, ago_s, rule) == (NIGHT, 60.0, "battery")
    assert len(told(world)) == (not waits)
    world.run(5.5 * HOUR)
    assert len(told(world)) == 1
    world.close()


@pytest.mark.parametrize(("days", "is_told"), [(6.5, True), (7.5, False)])
def test_what_ended_a_week_ago_is_told_no_more(world: World, days: float, is_told: bool) -> None:
    """A box whose modem was dead for long brings it all; the newest week is news."""
    world.start(poll_s=5.0)
    over(world, 1, days * DAY)
    world.run(5 * MINUTE)
    assert bool(told(world)) is is_told


def test_a_call_is_told_to_be_one(world: World) -> None:
    """What wakes is marked so, and a robot's message is not."""
    world.start(poll_s=5.0)
    world.voice.answers = lambda _: DONE
    world.alert(1, "raised", 3)
    world.run(10 * MINUTE)
    assert world.voice.got and all(message.wakes for _, message in world.voice.got)
    assert world.group.got and not any(message.wakes for _, message in world.group.got)


@pytest.mark.parametrize(("duty", "to"), [("technician", [["wen"]]), ("grower", [["zhang", "wen"]])])
def test_what_is_over_and_none_of_a_growers_business_is_told_to_who_looks_after_it(
    tmp_path: Path, duty: str, to: list[list[str]]
) -> None:
    """A battery that was low for an hour of the night before: growers hear of it only where there is nobody else."""
    made = World(tmp_path, NOON, people=(person_of("zhang", 1), person_of("wen", 2, duty=duty)))
    made.start(poll_s=5.0)
    over(made, 1, rule="battery")
    made.run(3 * MINUTE)
    assert [names for _, names, _ in made.told("group")] == to
    made.close()


def test_people_of_one_chat_hear_of_the_stations_of_each(tmp_path: Path) -> None:
    """Zhang has two frosts behind him and li one: their chat names all three, and none is told what concerns no one."""
    ways = {"channels": ["group"], "duty": "technician"}
    zhang, li = (person_of(name, n, stations=[f"orchard-{n}"], **ways) for n, name in enumerate(("zhang", "li"), 1))
    made = World(tmp_path, NIGHT, people=(zhang, li, person_of("wen", 3, stations=["orchard-3"], **ways)))
    made.start(poll_s=5.0)
    for number, station in ((1, "orchard-1"), (2, "orchard-1"), (3, "orchard-2")):
        over(made, number, station=station)
    made.run(3 * MINUTE)
    ((names, text),) = [(names, text) for _, names, text in made.told("group") if "霜冻" in text]
    made.close()
    assert names == ["zhang", "li"] and len(text.splitlines()) == 4
    assert text.count("orchard-2") == 1, text


@pytest.mark.parametrize("duty", ["technician", "grower"])
def test_the_morning_s_word_is_for_who_looks_after_the_stations(tmp_path: Path, duty: str) -> None:
    """It names what is not in order, and when each channel last worked; growers get it where there is nobody else."""
    made = World(tmp_path, NIGHT, people=(person_of("zhang", 1), person_of("wen", 2, duty=duty)))
    made.start(poll_s=60.0)
    made.run(HOUR)
    made.alert(1, "raised", 2)
    made.run(MINUTE)
    made.acknowledge("zhang")
    made.run(5 * HOUR)
    ((names, text),) = [(names, text) for _, names, text in made.told("group") if "【日报】" in text]
    assert names == (["wen"] if duty == "technician" else ["zhang", "wen"])
    head, frost, *channels = text.splitlines()
    assert "1 个站中 0 个正常" in head and "【霜冻】上寨果园" in frost
    assert channels == [f"渠道“{name}”最近一次成功：03:01" for name in ("group", "voice")]
    made.close()
