"""What a message says of an alert that is open for a while: the worst since it was raised, and how it is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.records.record import Kind
from hub.config import AlarmsSection
from tests.kits.alarm_kit import MINUTE, World, person_of

PEOPLE = (person_of("zhang", 1), person_of("wen", 2, language="en"))


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> World:
    return World(tmp_path, people=PEOPLE)


def keep(world: World, seq: int, ago: int, values: dict[str, float]) -> None:
    """Have a minute arrive that ended so many minutes ago."""
    body = {"values": values, "quality": dict.fromkeys(values, 1)}
    world.record(seq, Kind.MINUTE, body, world.utc() - (ago + 1) * 60_000_000)


def test_a_reminder_of_frost_on_a_warm_morning_says_the_worst_and_how_it_is_now(world: World) -> None:
    """It fell further than the turn that raised it, in a block 1 K colder than the thermometer, and is warm by now."""
    keep(world, 1, 0, {"air_temperature": -1.3, "relative_humidity": 100.0})
    world.alert(2, "raised", 2, ago_s=60.0, value=-2.3, worst=-2.3)
    world.start()
    world.run(MINUTE)
    for place in range(1, 8):
        world.run(MINUTE)
        keep(world, 2 + place, 0, {"air_temperature": -1.5 if place == 3 else 4.0, "relative_humidity": 100.0})
    world.run(4 * MINUTE)
    world.close()
    first, *_, last = [text for _, to, text in world.told("voice") if to == ["zhang"]]
    assert "上寨果园 01:59，气温 -1.3℃（湿球 -2.3℃）" in first
    assert "上寨果园 01:59 起，湿球最低 -2.5℃，现在（02:07）气温 4.0℃（湿球 3.0℃），苹果" in last
    (english,) = [text for _, to, text in world.told("voice") if to == ["wen"]]
    assert "since 01:59, lowest wet bulb -2.5 °C, now (02:07): air 4.0 °C (wet bulb 3.0 °C), apple" in english
    ((_, message),) = [(at, one) for at, one in world.voice.got if one.to[0].name == "wen"]
    assert (message.short.value, message.short.time) == ("3度", "2点07分"), "a call says a value with its own time"


def test_what_is_not_known_now_is_not_said_to_be(world: World) -> None:
    """The thermometer's values stop, or are doubtful: the newest minute is named with its time and has no value; a
    block's wet bulb that cannot be reckoned is left out."""
    world.alert(2, "raised", 2, ago_s=60.0)
    for place in range(1, 7):
        keep(world, 2 + place, 8 - place, {"air_temperature": 4.0, "relative_humidity": 100.0})
    world.run(6 * MINUTE)
    keep(world, 20, 0, {"wind_speed": 1.0})
    world.start()
    world.run(MINUTE)
    (_, _, text) = world.told("group")[0]
    assert "01:59 起，湿球最低 -2.3℃，现在（02:05）没有数据" in text
    world.run(30 * MINUTE)
    keep(world, 21, 6, {"air_temperature": 4.0, "relative_humidity": 100.0})
    world.run(11 * MINUTE)
    world.close()
    assert "最后 02:30 气温 4.0℃，苹果" in world.told("group")[-1][2]


def test_wind_and_what_falls_are_told_by_their_own_course(world: World) -> None:
    """A gale's reminder has the strongest gust since and the newest; one of a fall says how fast that was."""
    gust = {"quantity": "wind_speed_of_gust", "unit": "m/s", "crop": "", "value": 18.4, "worst": 18.4, "limit": 17.2}
    fall = {"quantity": "air_temperature", "unit": "degC/h", "crop": "", "value": 4.2, "worst": 4.2, "limit": 4.0}
    world.alert(1, "raised", 1, "gale-e-1", ago_s=60.0, **gust)
    world.alert(2, "raised", 1, "fall-e-2", ago_s=60.0, **fall)
    world.start()
    for place in range(1, 12):
        keep(world, 2 + place, 0, {"wind_speed_of_gust": 21.3 if place == 4 else 9.0, "air_temperature": 5.0})
        world.run(MINUTE)
    world.close()
    told = [text for _, to, text in world.told("group") if to == ["zhang"]]
    assert "【骤降】上寨果园 01:59，气温下降 4.2 ℃/小时，阈值 4 ℃/小时" in told[0]
    assert "最大 21.3 m/s，现在（02:" in told[-1] and "极大风速 9.0 m/s，阈值 17.2 m/s" in told[-1], told[-1]


def test_what_is_worse_is_known_though_the_first_value_lay_at_the_limit(world: World) -> None:
    """A rule of cold that was raised by a value exactly at its limit: what was lower since is the worst."""
    cold = {"quantity": "air_temperature", "unit": "degC", "crop": "", "value": 1.0, "worst": 1.0, "limit": 1.0}
    world.alert(1, "raised", 1, "cold-e-1", ago_s=60.0, **cold)
    world.run(6 * MINUTE)
    for place in range(1, 7):
        keep(world, 1 + place, 6 - place, {"air_temperature": -1.4 if place == 3 else 0.4})
    world.start()
    world.run(MINUTE)
    world.close()
    assert "最低 -1.4℃，现在（02:05）气温 0.4℃，阈值 1℃" in world.told("group")[0][2]


def test_an_sms_of_a_hub_tells_two_stations_apart_whose_names_differ_in_the_middle(world: World) -> None:
    """It knows the names of all: 1号 and 2号 of one village were the same eight signs."""
    world.section = AlarmsSection(names={"orchard-1": "茂县凤仪镇1号苹果园", "orchard-2": "茂县凤仪镇2号苹果园"})
    world.alert(1, "raised", 2, ago_s=60.0)
    world.start()
    world.run(MINUTE)
    world.close()
    assert {message.short.name for _, message in world.voice.got} == {"茂县凤仪镇1号苹"}
