"""What goes wrong for users of other systems that warn people (docs/known-traps-alerts.md) must not go wrong here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from drivers.reason import Reason
from edge.delivery.message import MessageFate, SendResult
from edge.records.record import Kind
from hub.database import sqlite
from tests.kits.alarm_kit import DONE, MINUTE, NIGHT, NOON, Channel, World, person_of
from tests.unit.hub.alarms.test_outbox import AWAY, DOWN, GONE, a_world

__all__ = ["a_world"]  # a fixture


def test_a_robot_that_takes_nothing_brings_the_call_at_once(tmp_path: Path) -> None:
    """By day a message does, unless the robot is blocked: then the phone rings at once, not with the reminder."""
    world = World(tmp_path, NOON)
    world.group.answers = lambda _: SendResult(
        MessageFate.BUSY, "HTTP 302", Reason("robot_blocked", "{where}", where="x")
    )
    world.start(poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    assert world.minutes("voice")[0] == 0
    world.run(20 * MINUTE)
    assert len(world.told("group")) <= 3, "a robot that is blocked for ten minutes is left alone for so long"
    world.close()


def test_ten_minutes_of_errors_are_few_tries_by_one_hub(world: World) -> None:
    """A robot answers 500 for ten minutes, each after thirty seconds, while two hubs look: few tries, no storm when
    it is back, and the phones ring all the same."""
    broken = SendResult(MessageFate.UNKNOWN, "HTTP 500", Reason("robot_no_answer", "HTTP {status}", status=500))
    world.group.answers = lambda _: broken if world.clock.now() < 10 * MINUTE else DONE
    world.group.takes_s = lambda: world.clock.sleep_until(world.clock.now() + (30.0 if world.clock.now() < 600 else 0))
    for name in ("a", "b"):
        world.start(name, poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(10 * MINUTE)
    assert len(world.told("group")) <= 12 and len(world.told("voice")) >= 2
    world.acknowledge("zhang")
    before = len(world.told("group"))
    world.run(20 * MINUTE)
    assert not any("霜冻" in text for _, _, text in world.told("group")[before + 1 :])


def test_an_end_that_surely_did_not_arrive_is_tried_in_growing_pauses(world: World) -> None:
    """Nothing else says it, so it is tried as long as the service is away: some ten times in ten minutes."""
    world.start(poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    back = world.clock.now() + 10 * MINUTE
    away = SendResult(MessageFate.FAILED, "", Reason("said", "connection refused"))
    world.group.answers = lambda _: away if world.clock.now() < back else DONE
    before = len(world.told("group"))
    world.alert(2, "cleared", 0)
    world.run(10 * MINUTE)
    tries = [text for _, _, text in world.told("group")[before:] if "解除" in text]
    assert 3 <= len(tries) <= 12
    world.run(15 * MINUTE)
    assert world.states().get("waiting", 0) == 0 and "解除" in world.told("group")[-1][2]


def test_what_was_acknowledged_while_it_waited_is_not_told(world: World) -> None:
    """A message waits behind one that takes its time, and somebody acknowledges meanwhile: nobody hears of it then."""
    world.start(poll_s=2.0)
    world.run(5)
    world.voice.takes_s = lambda: world.clock.sleep_until(world.clock.now() + 15.0)
    for number in range(3):
        world.alert(number + 1, "raised", 2, f"frost-{number}")
        world.run(5)
    world.acknowledge("zhang")
    before = len(world.told("voice"))
    world.run(4 * MINUTE)
    assert len(world.told("voice")) <= before + 1, "but for the one that was under way"
    assert world.states().get("expired", 0) >= 1


@pytest.mark.parametrize("acknowledged", [True, False])
def test_nobody_is_called_months_later(world: World, acknowledged: bool) -> None:
    """The clock leaps by ninety days over an alarm that was acknowledged, or over one that was not: what is known of
    such a frost is old, and nobody is told that it freezes, until the station says something again."""
    world.start(poll_s=5.0)
    world.alert(1, "raised", 2)
    world.minute(2, -2.5)
    world.run(MINUTE)
    if acknowledged:
        world.acknowledge("zhang")
    world.run(MINUTE)
    before = len(world.told("voice"))
    world.talking.clear()
    world.begin += 90 * 86_400_000_000
    world.run(60 * MINUTE)
    assert len(world.told("voice")) == before
    world.minute(3, -2.5)
    world.run(MINUTE)
    assert len(world.told("voice")) > before and "现在" in world.told("voice")[-1][2]


def test_what_waits_for_a_service_for_days_is_not_told_as_news(world: World) -> None:
    """A message that no service took goes out when one does, but not two days later, as if it froze now."""
    world.group.answers = world.voice.answers = lambda _: DOWN
    world.start(poll_s=5.0)
    world.alert(1, "raised", 2)
    world.run(10)
    assert world.states()["waiting"] >= 1
    world.talking.clear()
    world.begin += 2 * 86_400_000_000
    world.group.answers = world.voice.answers = lambda _: DONE
    before = {name: len(world.told(name)) for name in ("group", "voice")}
    world.run(5 * MINUTE)
    told = [text for name in before for _, _, text in world.told(name)[before[name] :]]
    assert not any("霜冻" in text for text in told if "日报" not in text), "the daily word dates what is still open"
    assert world.states()["expired"] >= 1


def test_a_robot_that_refuses_again_and_again_is_one_alarm_and_stands_in_the_morning(tmp_path: Path) -> None:
    """Removed from its group, and each time another answer: one alarm by another channel, and the daily word says
    when each channel last worked."""
    wen = person_of("wen", 2, duty="operator", channels=["group", "mail"])
    world = World(tmp_path, NIGHT + 13_500_000_000, people=(person_of("zhang", 1), wen))
    world.channels["mail"] = Channel("mail", world.utc, one_by_one=True)
    world.start(poll_s=20.0)
    gale: dict[str, Any] = {"crop": "", "stage": "", "quantity": "wind_speed_of_gust", "unit": "m/s", "value": 18.0}
    answers = (GONE, SendResult(MessageFate.REFUSED, "99999", Reason("robot_refused", "{said}", said="99999")), DOWN)
    for number in range(6):
        world.alert(number + 1, "raised", 1, f"gale-{number}", **gale)
        world.run(15 * MINUTE)
        world.group.answers = lambda count: answers[count % 3]
    alarms = [one for one in world.alarms() if one.what == "channel"]
    assert len(alarms) == 1 and alarms[0].open
    mails = [text for _, _, text in world.told("mail")]
    assert len([text for text in mails if "渠道故障" in text and "日报" not in text]) == 1
    (daily,) = [text for text in mails if "日报" in text]
    assert "渠道“group”最近一次成功：05:" in daily and "渠道“mail”最近一次成功：" in daily
    world.close()


@pytest.mark.parametrize("answer", [DOWN, AWAY, SendResult(MessageFate.BUSY, "45009", None)], ids=lambda one: one.fate)
def test_a_channel_that_takes_nothing_without_a_refusal_is_an_alarm_too(tmp_path: Path, answer: SendResult) -> None:
    """Not reached, no answer, always too busy: after some tries whoever is on duty is told by another channel, once,
    and of its return."""
    wen = person_of("wen", 2, duty="operator", channels=["group", "mail"])
    world = World(tmp_path, NOON, people=(person_of("zhang", 1), wen))
    world.channels["mail"] = Channel("mail", world.utc, one_by_one=True)
    world.group.answers = lambda _: answer
    world.start(poll_s=5.0)
    world.alert(1, "raised", 2)
    world.run(60 * MINUTE)
    assert sum("渠道故障" in text and "group" in text for _, _, text in world.told("mail")) == 1
    world.group.answers = lambda _: DONE
    world.run(60 * MINUTE)
    assert sum("恢复" in text and "group" in text for _, _, text in world.told("mail")) == 1
    world.close()


def test_an_alert_whose_time_becomes_known_later_is_dated_anew(world: World) -> None:
    """A box without a clock is told at once by its arrival; when its time is known, alarm and reminders have that."""
    world.start(poll_s=5.0)
    world.run(MINUTE)
    came = world.utc()
    world.undated_alert(1, "raised", 2)
    world.run(30)
    (alarm,) = world.alarms()
    assert came <= alarm.raised_us <= world.utc() and len(world.told("voice")) == 1
    true = came - 240_000_000
    world.undated_alert(1, "raised", 2, start=true, revision=1)
    world.run(5 * MINUTE)
    (alarm,) = world.alarms()
    assert (alarm.raised_us, alarm.changed_us, alarm.late) == (true, true, False)
    assert "01:57" in world.told("voice")[1][2], "the reminder says when it really was"
    world.undated_alert(2, "cleared", 0)
    world.run(30)
    world.undated_alert(2, "cleared", 0, start=true + 60_000_000, revision=1)
    world.run(30)
    assert world.alarms()[0].cleared_us == true + 60_000_000
    assert sum("解除" in text for _, _, text in world.told("group")) == 1


def test_an_alert_of_a_boot_that_never_knew_the_time_is_late(world: World) -> None:
    """What is known to have been before yesterday's end is no frost of now: it is told as late."""
    world.start(poll_s=5.0)
    world.run(10)
    until = world.utc() - 20 * 3_600_000_000
    world.undated_alert(1, "raised", 2, until=until, revision=1)
    world.run(MINUTE)
    (alarm,) = world.alarms()
    assert alarm.late and alarm.raised_us == until
    assert all("迟到" in text for _, _, text in world.told("group"))


def test_a_log_that_cannot_be_folded_in_is_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds SQLite's file open in the middle of a question: its log grows, and whoever is on duty is told;
    when that ends it is cut back, and its end is told."""
    monkeypatch.setattr(sqlite, "LOG", 1_000_000)
    world = World(tmp_path, NOON, people=(person_of("wen", 1, duty="operator"),))
    reader = apsw.Connection(world.url.removeprefix("sqlite://"))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM record").fetchall()
    world.start()
    for seq in range(1, 41):
        world.record(seq, Kind.MINUTE, {"values": {}, "quality": {}, "more": "x" * 100_000}, world.utc() - 60_000_000)
    world.run(2 * MINUTE)
    (open_,) = [one for one in world.alarms() if one.what == "log"]
    assert open_.open and "平台数据库" in world.told("group")[0][2] and "另一个程序" in world.told("group")[0][2]
    reader.close()
    for seq in range(41, 44):
        world.minute(seq, 20.0)
    world.run(2 * MINUTE)
    world.close()
    assert "【恢复】" in world.told("group")[-1][2] and len([one for one in world.alarms() if one.open]) == 0


@pytest.mark.slow
def test_a_channel_that_fails_and_is_taken_out_of_the_file_is_no_alarm_any_more(tmp_path: Path) -> None:
    """Its alarm ends with the hub's next start, and nobody is told of a return; the daily word is silent about it."""
    wen = person_of("wen", 2, duty="operator", channels=["group", "mail"])
    world = World(tmp_path, NOON, people=(person_of("zhang", 1), wen))
    world.channels["mail"] = Channel("mail", world.utc, one_by_one=True)
    world.group.answers = lambda _: GONE
    lanes = world.start(poll_s=20.0)
    world.alert(1, "raised", 2)
    world.run(30 * MINUTE)
    assert [one.open for one in world.alarms() if one.what == "channel"] == [True]
    world.kill(lanes)
    del world.channels["group"]
    world.start(poll_s=20.0)
    for _ in range(9):
        world.run(20.0)
        assert [one.open for one in world.alarms() if one.what == "channel"] == [False]
    world.run(24 * 60 * MINUTE)
    mails = [text for _, _, text in world.told("mail")]
    assert not any("恢复" in text and "group" in text for text in mails)
    assert any("日报" in text for text in mails) and not any("日报" in text and "group" in text for text in mails)
    world.close()
