"""Stations that fall silent, one by one and all at once; what the hub's own absence must not be taken for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.delivery.message import MessageFate, SendResult
from edge.records.record import Kind
from hub.alarms.silence import LastHeard, Silences, cadence, silences
from tests.kits.alarm_kit import DONE, MINUTE, NIGHT, World, person_of

EIGHT = [f"orchard-{number}" for number in range(1, 9)]
NOBODY = Silences(frozenset(), False)
MINUTE_US = 60_000_000


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def cold(world: World, value: float = 1.2) -> None:
    """Have the last half hour of a cold night arrive."""
    for ago in range(30, 0, -1):
        world.minute(100 - ago, value + ago * 0.02, ago_s=60.0 * ago + 2)


def test_a_box_that_dies_on_a_cold_night_is_told_with_its_last_word(world: World) -> None:
    """Scene: dead at two. Within six minutes the first person hears what it last said; its return is told once."""
    world.talking = set(EIGHT)
    cold(world)
    world.start(poll_s=10.0)
    world.run(MINUTE)
    world.talking.discard("orchard-1")
    world.run(8 * MINUTE)
    (first, *_) = world.told("voice")
    assert 6 <= first[0] <= 7 and "失联" in first[2] and "1.2℃" in first[2] and "持续下降" in first[2]
    world.acknowledge("zhang")
    world.talking.add("orchard-1")
    world.run(2 * MINUTE)
    assert "恢复" in world.told("group")[-1][2]


def test_a_box_that_dies_on_a_warm_night_waits_for_the_day(world: World) -> None:
    """Without frost near, growers sleep on, and who looks after it hears of it at seven."""
    world.talking = set(EIGHT)
    cold(world, 12.0)
    world.start(poll_s=60.0)
    world.run(MINUTE)
    world.talking.discard("orchard-1")
    world.run(4 * 60 * MINUTE)
    assert world.told("voice") == world.told("group") == []
    world.run(80 * MINUTE)
    assert world.told("voice") == [] and world.minutes("group")[0] >= 299


def test_all_at_once_is_one_alarm_and_none_comes_after(world: World) -> None:
    """The broker is away for twenty minutes: one message about it, its end, and no station is called silent."""
    world.talking = set(EIGHT)
    cold(world)
    world.start(poll_s=10.0)
    world.run(2 * MINUTE)
    world.talking = set()
    world.run(20 * MINUTE)
    alarms = world.alarms()
    assert [one.what for one in alarms] == ["all_silent"]
    assert "8 个站" in world.told("voice")[0][2]
    world.acknowledge("zhang")
    world.talking = {"orchard-1"}
    world.run(3 * MINUTE)
    world.talking = set(EIGHT)
    world.run(30 * MINUTE)
    assert [one.what for one in world.alarms()] == ["all_silent"] and not world.alarms()[0].open


def test_all_at_once_on_a_warm_night_waits_for_the_day(world: World) -> None:
    """One station near frost wakes people; where none was, the broker's absence is told at seven."""
    world.talking = set(EIGHT)
    cold(world, 12.0)
    world.start(poll_s=60.0)
    world.run(2 * MINUTE)
    world.talking = set()
    world.run(60 * MINUTE)
    assert [(one.what, one.urgency) for one in world.alarms()] == [("all_silent", "upkeep")]
    assert world.told("voice") == world.told("group") == []


def test_a_box_that_died_while_the_clock_was_ahead_is_missed_when_it_is_right(world: World) -> None:
    """It was last heard "next year": it is called silent all the same, minutes after the clock was set right."""
    world.talking = {"orchard-1", "orchard-2"}
    world.engine.query(
        "INSERT INTO epoch (station, epoch, arrived_last) VALUES ('dead', 'e', %s)",
        (world.utc() + 365 * 86_400_000_000,),
    )
    world.start(poll_s=10.0)
    world.run(20 * MINUTE)
    assert [(one.station, one.what) for one in world.alarms()] == [("dead", "silent")]


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_leaps_a_day_calls_no_station_silent(world: World, days: int) -> None:
    """Put forward or back between two minutes: nobody is woken, and a box that dies afterwards is missed as ever."""
    world.talking = set(EIGHT)
    cold(world)
    world.start(poll_s=10.0)
    world.run(2.5 * MINUTE)
    world.begin += days * 86_400_000_000
    world.run(10 * MINUTE)
    assert world.alarms() == [] and world.told("voice") == []
    world.talking.discard("orchard-1")
    world.run(8 * MINUTE)
    assert [(one.station, one.what) for one in world.alarms()] == [("orchard-1", "silent")]


def test_a_hub_that_all_its_stations_contradict_says_so(tmp_path: Path) -> None:
    """Synchronised, and an hour behind two of them that know the time by themselves: one alarm, and its end."""
    world = World(tmp_path, NIGHT + 9 * 60 * MINUTE_US)
    world.talking = {"orchard-1", "orchard-2"}
    world.start(poll_s=10.0)
    for minute in range(55):
        if minute == 40:
            assert [one.what for one in world.alarms() if one.open] == ["clock"]
            world.begin += 60 * MINUTE_US  # somebody sets it right
        for station in sorted(world.talking):
            world.minute(minute + 1, 12.0, station, 62.0 if minute >= 40 else 62.0 - 3600.0)
        world.run(MINUTE)
    assert [(one.what, one.open) for one in world.alarms()] == [("clock", False)]
    told = " ".join(text for _, _, text in world.told("group"))
    assert "平台时钟与各站时钟相差 60 分钟" in told
    world.close()


def test_a_restart_with_silent_stations_waits_before_it_calls_them_so(world: World) -> None:
    """A hub that was off for an hour does not take its own absence for theirs."""
    world.talking = set(EIGHT)
    lanes = world.start(poll_s=10.0)
    world.run(2 * MINUTE)
    world.kill(lanes)
    world.talking = set()
    world.run(60 * MINUTE)
    world.start(poll_s=10.0)
    world.run(3 * MINUTE)
    world.talking = set(EIGHT)
    world.run(10 * MINUTE)
    assert world.alarms() == []


def test_silence_by_numbers() -> None:
    """Five minutes beyond the cadence in season, fifteen out of it; slow boxes have their own; a single one counts."""
    now = 100 * MINUTE_US
    two = [LastHeard("a", now - 7 * MINUTE_US, MINUTE_US), LastHeard("b", now, MINUTE_US)]
    assert silences(two, now, 0, True, NOBODY).stations == {"a"}
    assert silences(two, now, 0, False, NOBODY).stations == frozenset()
    slow = [LastHeard("a", now - 9 * MINUTE_US, 5 * MINUTE_US), LastHeard("b", now, MINUTE_US)]
    assert silences(slow, now, 0, True, NOBODY).stations == frozenset()
    assert silences(two, now, now - MINUTE_US, True, NOBODY).stations == frozenset(), "the hub was away itself"
    alone = [LastHeard("a", now - 7 * MINUTE_US, MINUTE_US)]
    assert silences(alone, now, 0, True, NOBODY) == Silences(frozenset({"a"}), False)
    assert silences(alone, now, 0, True, NOBODY, connected=False).everybody
    assert cadence([0, MINUTE_US * 5, MINUTE_US * 10]) == 5 * MINUTE_US and cadence([]) == MINUTE_US


def test_the_morning_says_how_many_are_in_order(tmp_path: Path) -> None:
    """At seven in season: who looks after it hears how many stations are in order, and which is not."""
    world = World(tmp_path, people=(person_of("wen", 1, duty="operator"),))
    world.talking = set(EIGHT)
    world.start(poll_s=60.0)
    world.run(MINUTE)
    world.talking.discard("orchard-3")
    world.run(5 * 60 * MINUTE + 5 * MINUTE)
    daily = [text for _, _, text in world.told("group") if "日报" in text]
    assert len(daily) == 1 and "8 个站中 7 个正常" in daily[0] and "orchard-3" in daily[0]
    world.close()


@pytest.mark.parametrize("back_us", [60 * MINUTE_US, 365 * 1440 * MINUTE_US], ids=["hour", "year"])
def test_frost_is_told_after_the_clock_was_set_back(world: World, back_us: int) -> None:
    """What was told, tried and refused while the clock was ahead keeps nobody from being told when it is right."""
    world.begin += back_us
    world.start(poll_s=5.0)
    world.group.answers = lambda count: SendResult(MessageFate.BUSY, "45009", None)
    for seq in range(1, 31):
        world.alert(2 * seq, "raised", 2, f"frost-e-{seq}")
        world.run(MINUTE)
    world.group.answers = lambda _: DONE
    world.begin -= back_us
    before = {name: len(world.told(name)) for name in ("group", "voice")}
    world.alert(100, "raised", 2, "frost-new", value=-7.7)
    world.run(5 * MINUTE)
    for name, count in before.items():
        assert any("-7.7" in text for _, _, text in world.told(name)[count:]), name


@pytest.mark.parametrize(
    ("values", "quality"),
    [
        ({"air_temperature": -1.0, "relative_humidity": 80.0, "wind_speed": 1.0}, {"air_temperature": 1}),
        ({"air_temperature": -243.12, "relative_humidity": 80.0}, None),
        ({"air_temperature": -243.2, "relative_humidity": 80.0}, None),
        ({"air_temperature": 1e15, "relative_humidity": 80.0, "air_pressure": 840.0}, None),
        ({"air_temperature": 5.0, "relative_humidity": 5e-324}, None),
    ],
    ids=["no flag", "no vapour pressure", "no number holds it", "no root is near enough", "no logarithm"],
)
def test_no_last_minute_keeps_a_silence_from_being_told(
    tmp_path: Path, values: dict[str, float], quality: dict[str, int] | None
) -> None:
    """A station whose last minute is no weather falls silent, and so does an honest one: both are told."""
    world = World(tmp_path)
    world.talking = set(EIGHT)
    body = {"values": values, "quality": dict.fromkeys(values, 1) if quality is None else quality}
    world.record(1, Kind.MINUTE, body, world.utc() - 62_000_000, "orchard-2")
    world.minute(1, -1.0)
    lanes = world.start(poll_s=10.0)
    world.run(60)
    world.talking -= {"orchard-1", "orchard-2"}
    world.run(8 * 60)
    assert {one.station for one in world.alarms() if one.what == "silent"} == {"orchard-1", "orchard-2"}
    assert not lanes.falls
    world.close()
