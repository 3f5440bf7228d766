"""All that a hub tells people in a bad week, in both languages: whole sentences, and words that pass as an SMS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.reason import Reason
from edge.delivery.message import Message, MessageFate, SendResult
from hub.alarms.attempts import put_test_messages
from hub.database.engine import Engine
from hub.sink import SinkError
from tests.kits.alarm_kit import DONE, MINUTE, NIGHT, Channel, World, is_a_message, person_of

GONE = SendResult(MessageFate.REFUSED, "93000", Reason("wecom_gone", "the robot was removed from its group"))
HEADS = (
    *("霜冻", "大风", "暴雨", "高温", "低温", "空气污染", "电池电压低", "传感器无数据", "失联", "全部失联", "渠道故障"),
    *("平台时钟", "平台故障", "无法判断", "霜冻未解除", "解除", "恢复", "日报", "测试", "已结束"),
)


def weather(quantity: str, unit: str, value: float) -> dict[str, Any]:
    """Return what a rule of that quantity says."""
    return {"crop": "", "stage": "", "quantity": quantity, "unit": unit, "value": value, "worst": value}


OTHERS = {
    "gale": weather("wind_speed_of_gust", "m/s", 18.4),
    "rain": weather("rainfall_amount", "mm", 2.3),
    "heat": weather("air_temperature", "degC", 36.2) | {"limit": 35.0},
    "cold": weather("air_temperature", "degC", -6.0),
    "air": weather("pm2p5", "ug/m3", 180.0),
    "battery": weather("battery_voltage", "V", 11.4),
    "sensor": weather("sensors_lost", "", 2.0) | {"sensors": ["rain", "vane"], "buses": {}},
}


def frost(world: World) -> None:
    """Live a frost with all its turns, after which a reminder is wanted."""
    world.alert(1, "raised", 2)
    world.minute(2, -1.1)
    world.run(11 * MINUTE)
    world.alert(3, "worse", 3, value=-3.3)
    world.run(MINUTE)
    world.acknowledge("zhang")
    for number in range(8):
        world.run(5 * MINUTE)
        world.minute(10 + number, -3.0)
    world.alert(30, "blind", 3, value=None)
    world.run(MINUTE)
    world.alert(31, "seeing", 3)
    world.alert(32, "cleared", 0, value=2.0)
    world.run(MINUTE)


def day(world: World) -> None:
    """Live a day: weather, upkeep, what came and went, a robot that was removed, the clock, a test."""
    for number, (name, said) in enumerate(OTHERS.items()):
        world.alert(100 + number, "raised", 1, f"{name}-e-1", **said)
    world.alert(150, "raised", 1, "gone", ago_s=9000.0)
    world.alert(151, "cleared", 0, "gone", ago_s=100.0)
    world.run(3 * MINUTE)
    world.group.answers = lambda _: GONE
    put_test_messages(world.engine, [person_of("zhang", 1), person_of("wen", 2, language="en")], world.utc())
    world.run(2 * MINUTE)
    world.group.answers = lambda _: DONE
    world.is_synchronised = False
    world.run(40 * MINUTE)
    world.is_synchronised = True
    for number, (name, said) in enumerate(OTHERS.items()):
        world.alert(200 + number, "cleared", 0, f"{name}-e-1", **said)
    world.run(3 * MINUTE)


def silence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a station fall silent, then all of them, then the hub's database."""
    world.talking.discard("orchard-2")
    world.run(20 * MINUTE)
    world.talking.clear()
    world.run(20 * MINUTE)
    world.talking.add("orchard-1")
    world.run(5 * MINUTE)

    def fails(_engine: Engine, *_args: object, **_more: object) -> object:
        raise SinkError(Reason("said", "{text}", text="7"))

    world.talking.clear()
    with monkeypatch.context() as patch:
        for name in ("query", "transaction"):
            patch.setattr(type(world.engine), name, fails)
        world.run(9 * MINUTE)
    world.run(MINUTE)


def test_each_kind_of_message_passes_as_a_message_and_as_an_sms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a bad day brings is told to each in their language: the one word first, no forecast, nothing that a
    gateway's operator refuses; and each kind of message was among them."""
    theirs = {"duty": "operator", "channels": ["voice", "group", "mail"]}
    people = (person_of("zhang", 1, **theirs), person_of("wen", 2, language="en", **theirs))
    world = World(tmp_path, NIGHT + 14_400_000_000, people=people)
    world.group.one_by_one = True
    world.channels["mail"] = Channel("mail", world.utc, one_by_one=True)
    world.talking |= {"orchard-2"}
    world.start(poll_s=10.0)
    world.run(MINUTE)
    parts: list[Callable[[], None]] = [
        *(lambda: frost(world), lambda: world.run(15 * MINUTE), lambda: day(world)),
        lambda: silence(world, monkeypatch),
    ]
    for part in parts:
        part()
    world.close()
    messages: list[Message] = [message for channel in world.channels.values() for _, message in channel.got]
    is_a_message(messages)
    said = {name: [one.fitted(4000) for one in messages if one.to[0].name == name] for name in ("zhang", "wen")}
    for head in HEADS:
        assert any(f"【{head}】" in text for text in said["zhang"]), head
    assert len(said["wen"]) > 15
    assert not any("一" <= sign <= "鿿" for text in said["wen"] for sign in text.replace("上寨果园", ""))
