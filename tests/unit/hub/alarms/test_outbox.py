"""Messages on their way out of a hub: kills, lost answers, channels that fail, hubs beside each other, links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.reason import Reason
from edge.delivery.message import Message, MessageFate, SendResult
from edge.delivery.robots import TOO_FAST
from hub.alarms.links import Links
from tests.kits.alarm_kit import DONE, MINUTE, NOON, Channel, World, person_of

AWAY = SendResult(MessageFate.UNKNOWN, "", Reason("forward_slow", "{where} gave no answer", where="x"))
DOWN = SendResult(
    MessageFate.FAILED, "", Reason("forward_unreachable", "{where} cannot be reached: {why}", where="x", why="")
)
GONE = SendResult(MessageFate.REFUSED, "93000 invalid webhook url", Reason("wecom_gone", "the robot was removed"))


class FullMailbox(Channel):
    """A mail server that takes mail for all but zhang."""

    def send(self, message: Message) -> SendResult:
        """Note a message, and refuse zhang's."""
        told = super().send(message)
        why = Reason(
            "mail_address_refused", "{where} takes no mail for {name}: {said}", where="x", name="zhang", said=""
        )
        return SendResult(MessageFate.REFUSED, "552 5.2.2", why) if message.to[0].name == "zhang" else told


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_what_may_have_arrived_is_repeated_once_and_says_so(world: World) -> None:
    """An answer that is lost is followed by one more message, marked; then the next person comes at once."""
    world.voice.answers = lambda count: AWAY if count < 2 else DONE
    world.start(poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(2 * MINUTE)
    said = [("可能重复" in text, to) for _, to, text in world.told("voice")]
    assert said[:2] == [(False, ["zhang"]), (True, ["zhang"])]
    assert (False, ["li"]) in said, "the next person does not wait ten minutes"
    assert sum(again for again, _ in said) == 1


def test_a_robot_that_is_too_busy_for_a_moment_is_asked_again_after_a_minute(world: World) -> None:
    """A limit a minute is over then: only one that blocks for ten minutes is left alone for so long."""
    world.group.answers = lambda count: DONE if count else SendResult(MessageFate.BUSY, "code 45009", TOO_FAST)
    world.start(poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(90)
    (first, same), (second, again) = world.group.got[:2]
    assert same.id == again.id and 60 <= second - first < 65


def test_a_hub_killed_in_a_request_sends_it_once_more_marked_and_loses_nothing(world: World) -> None:
    """Killed before, in and after a request: each person has each message, at most one of them twice, and marked."""
    lanes = world.start("a", poll_s=2.0)

    def dies() -> None:
        world.voice.takes_s = lambda: None
        world.clock.sleep_until(world.clock.now() + 30.0)  # killed while it waits for the answer

    world.voice.takes_s = dies
    world.run(5)
    world.alert(1, "raised", 2)
    world.run(6)
    world.kill(lanes)
    world.start("b", poll_s=2.0)
    world.run(20)
    assert world.told("voice") == [], "the other's lease holds for thirty seconds"
    world.run(MINUTE)
    assert [("可能重复" in text, to) for _, to, text in world.told("voice")] == [(True, ["zhang"])]
    assert Counter(to[0] for _, to, _ in world.told("group")) == {"zhang": 1}
    world.acknowledge("zhang")
    world.alert(2, "cleared", 0)
    world.run(MINUTE)
    assert "解除" in world.told("group")[-1][2]


def test_of_two_hubs_one_delivers(world: World) -> None:
    """Both look at one database, and each message goes out once."""
    world.start("a", poll_s=2.0)
    world.start("b", poll_s=2.0)
    world.run(60)
    world.alert(1, "raised", 2)
    world.run(11 * MINUTE)
    assert [at for at, _, _ in world.told("group")] == [1, 6, 11]


def test_a_hub_that_starts_beside_another_takes_over_nothing_that_is_under_way(world: World) -> None:
    """A robot takes its time over a message of the first hub when a second one starts: it is told once, unmarked."""
    world.start("a", poll_s=2.0)
    world.group.takes_s = lambda: world.clock.sleep_until(world.clock.now() + 20.0)
    world.run(5)
    world.alert(1, "raised", 2)
    world.run(5)
    assert world.states()["sending"] == 1
    world.start("b", poll_s=2.0)
    world.run(4 * MINUTE)
    assert [(to, "可能重复" in text) for _, to, text in world.told("group")] == [(["zhang"], False)]


def test_a_channel_that_refuses_is_told_through_the_others_and_not_tried_again(tmp_path: Path) -> None:
    """A robot that was removed: one try a message, an alert by another channel to who looks after it, and its end."""
    wen = person_of("wen", 2, duty="operator", channels=["group", "mail"])
    world = World(tmp_path, NOON, people=(person_of("zhang", 1), wen))
    world.channels["mail"] = Channel("mail", world.utc, one_by_one=True)
    world.group.answers = lambda count: GONE
    world.start(poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(3 * MINUTE)
    assert len(world.told("group")) <= 3
    assert world.minutes("voice")[0] == 0, "what wakes comes at once where the group fails"
    assert any("渠道故障" in text and "group" in text for _, _, text in world.told("mail"))
    world.group.answers = lambda count: DONE
    world.run(10 * MINUTE)
    assert any("恢复" in text for _, _, text in world.told("mail"))
    world.close()


def test_an_address_that_is_wrong_is_no_fault_of_the_mail(tmp_path: Path) -> None:
    """Zhang's mailbox is full: his mails are refused, li has hers, the next person comes at once, and nobody is told
    again and again that the channel has failed and is back."""
    zhang, li = (person_of(name, place, channels=["mail"]) for place, name in enumerate(("zhang", "li"), 1))
    world = World(tmp_path, people=(zhang, li, person_of("wen", 3, duty="operator", channels=["group"])))
    world.channels["mail"] = FullMailbox("mail", world.utc, one_by_one=True)
    world.start(poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(12 * MINUTE)
    told = world.told("mail")
    assert (0, ["li"]) in [(minute, to) for minute, to, _ in told], "the next person comes at once"
    assert all(("次提醒" in text) == (minute > 0) for minute, _, text in told), "what failed at once is no reminder"
    assert [one.what for one in world.alarms()] == ["frost"]
    world.close()


def test_a_hundred_events_and_one_frost_keep_to_the_limit_of_a_robot(world: World) -> None:
    """At most twenty messages a minute go to a robot, of two hubs together and over a restart, and frost does not wait
    behind the rest."""
    lanes = world.start("a", poll_s=2.0)
    world.start("b", poll_s=2.0)
    world.run(5)
    for seq in range(100):
        gale: dict[str, Any] = {"crop": "", "stage": "", "quantity": "wind_speed_of_gust", "unit": "m/s", "value": 18.0}
        world.alert(seq + 1, "raised", 1, f"gale-{seq}", **gale)
        world.run(0.5)
        if seq == 50:
            world.kill(lanes)
            world.start("a", poll_s=2.0)
    at = world.utc() / 1e6
    world.alert(200, "raised", 2)
    world.run(10)
    assert any(when - at <= 10 and message.lines[0].startswith("Minshan【霜冻】") for when, message in world.group.got)
    times = [when for when, _ in world.group.got]
    assert all(sum(begin <= when < begin + 60 for when in times) <= 20 for begin in times)


def test_after_three_days_away_there_is_one_summary_and_no_call(world: World) -> None:
    """Six episodes that came late and are over: one message to the group, marked late; nobody is called."""
    for number in range(6):
        ago = 3 * 86_400.0 - number * 40_000.0
        world.alert(2 * number + 1, "raised", 2, f"frost-{number}", ago_s=ago)
        world.alert(2 * number + 2, "cleared", 0, f"frost-{number}", ago_s=ago - 7200.0)
    world.start(poll_s=10.0)
    world.run(10 * MINUTE)
    assert world.told("voice") == []
    ((_, to, text),) = world.told("group")
    assert to == ["zhang", "li", "wang"] and "6 次" in text and "迟到" in text


def test_a_late_alert_that_is_still_open_is_told_dated_right_and_marked(world: World) -> None:
    """What a link kept back for an hour goes out with its own time; the rest of what was kept is waited for."""
    world.start(poll_s=5.0)
    world.run(10)
    world.alert(1, "raised", 2, ago_s=3600.0)
    world.run(MINUTE)
    (_, _, text) = world.told("group")[0]
    assert "01:00" in text and "迟到" in text


def test_an_end_that_came_in_time_after_a_raise_that_came_late_is_told(world: World) -> None:
    """A link that returns minutes after a frost's end brings both: the night is told in a summary, not lost."""
    world.start(poll_s=5.0)
    world.run(10)
    world.alert(1, "raised", 2, ago_s=3 * 3600.0)
    world.alert(2, "cleared", 0, ago_s=100.0)
    world.run(3 * MINUTE)
    ((_, to, text),) = world.told("group")
    assert to == ["zhang", "li", "wang"] and "【已结束】1 次" in text and "解除" in text
    assert world.told("voice") == []


def test_an_end_is_tried_until_the_channel_is_back(world: World) -> None:
    """A robot that cannot be reached for an hour when a frost ends: its end is told when it can be, once."""
    world.start(poll_s=5.0)
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    world.acknowledge("zhang")
    back = world.clock.now() + 60 * MINUTE
    world.group.answers = lambda _: DONE if world.clock.now() > back else DOWN
    world.alert(2, "cleared", 0)
    world.run(55 * MINUTE)
    tries = len(world.told("group")) - 1
    assert 8 <= tries <= 20, "it is tried again and again, not all the time"
    world.run(30 * MINUTE)
    assert len([one for one in world.told("group") if one[0] >= 60]) == 1
    assert "waiting" not in world.states()


def test_what_no_channel_took_while_it_lasted_is_told_when_one_does(world: World) -> None:
    """Nothing gets out of the hub for a whole frost: afterwards it stands in a summary, and is no all-clear."""
    world.start(poll_s=5.0)
    world.group.answers = world.voice.answers = lambda _: DOWN
    world.alert(1, "raised", 2)
    world.run(40 * MINUTE)
    world.alert(2, "cleared", 0)
    world.run(20 * MINUTE)
    world.group.answers = world.voice.answers = lambda _: DONE
    before = len(world.told("group"))
    world.run(15 * MINUTE)
    told = [text for _, _, text in world.told("group")[before:] if "上寨果园" in text]
    assert len(told) == 1 and "【已结束】1 次" in told[0]


def test_whom_only_a_call_reached_is_told_of_the_end(world: World) -> None:
    """The robot was away while it lasted: its end comes by the robot all the same, and nobody is called for it."""
    world.start(poll_s=5.0)
    world.group.answers = lambda _: DOWN
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    world.acknowledge("zhang")
    world.group.answers = lambda _: DONE
    before, calls = len(world.told("group")), len(world.told("voice"))
    world.alert(2, "cleared", 0)
    world.run(MINUTE)
    ends = [(to, "解除" in text) for _, to, text in world.told("group")[before:] if "上寨果园" in text]
    assert ends == [(["zhang", "li"], True)] and len(world.told("voice")) == calls


def test_a_link_acknowledges_for_a_day_and_is_kept_as_a_hash(world: World) -> None:
    """Each message has a secret of 128 bits of its own, which is nowhere in the database."""
    world.start(poll_s=5.0)
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    secrets = {text.rpartition("/a/")[2] for name in ("group", "voice") for _, _, text in world.told(name)}
    assert len(secrets) == 2 and all(len(one) >= 22 for one in secrets)
    raw = Path(world.url.removeprefix("sqlite://")).read_bytes()
    for secret in secrets:
        found = Links(world.engine).opened(secret, world.utc())
        assert found is not None and found.people == ["zhang"]
        assert Links(world.engine).opened(secret, world.utc() + 86_400_000_000) is None
        assert secret.encode() not in raw
