"""A station that tells people itself: when, whom, in which words, and never twice without saying so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers.reason import Reason
from edge.delivery.message import MessageFate, SendResult
from edge.notify.asking import JobResult
from tests.kits.alarm_kit import DONE, NOON
from tests.kits.notify_kit import Box

MINUTE, HOUR = 60.0, 3600.0
AWAY = SendResult(
    MessageFate.FAILED, "", Reason("forward_unreachable", "{where} cannot be reached: {why}", where="x", why="y")
)
LOST = SendResult(MessageFate.UNKNOWN, "")
AGAIN = "可能重复"
Made = Callable[..., Box]


@pytest.fixture(name="box")
def made(tmp_path: Path) -> Iterator[Made]:
    """Give what makes stations, and ends them."""
    boxes: list[Box] = []

    def make(**more: Any) -> Box:
        boxes.append(Box(tmp_path / f"box{len(boxes)}", **more))
        boxes[-1].start()
        return boxes[-1]

    yield make
    for one in boxes:
        one.close()


def test_a_station_without_a_hub_tells_all_at_once_and_the_end_once(box: Made) -> None:
    """The group and each phone hear of frost at once, from the station itself; its end the group alone, once."""
    one = box()
    one.alert("raised")
    one.run(5)
    ((at, names, text),) = one.told("robot")
    assert (at, names) == (0, ["张三", "li"])
    assert text.startswith("Minshan【霜冻】上寨果园 02:00") and "由站自己发出" in text and "苹果" in text
    assert [(at, names) for at, names, _ in one.told("call")] == [(0, ["张三"]), (0, ["li"])]
    one.run(HOUR)
    one.alert("better")
    one.alert("cleared", 0, value=2.0)
    one.run(HOUR)
    assert len(one.told("call")) == 2, "nobody is woken for what is over"
    ((at, _, text),) = one.told("robot")[1:]
    assert (at, "解除" in text) == (3605, True)


def test_what_the_hub_has_is_the_hubs_to_tell(box: Made) -> None:
    """With the hub's receipt in time nobody hears of it from the station; each turn without one waits its own time."""
    one = box(hub=True)
    one.receipt(one.alert("raised"))
    one.run(HOUR)
    assert one.told("robot") == one.told("call") == []
    one.alert("worse", 2)
    one.run(9 * MINUTE)
    assert one.told("robot") == []
    one.run(2 * MINUTE)
    ((at, _, text),) = one.told("robot")
    assert (at, "平台没有回应" in text) == (4200, True)


def test_the_end_reaches_whom_the_station_told_though_the_hub_is_back(box: Made) -> None:
    """Who heard of frost from the station hears from it that it is over, whatever the hub says meanwhile."""
    one = box(hub=True)
    raised = one.alert("raised")
    one.run(11 * MINUTE)
    one.receipt(raised)
    one.receipt(one.alert("worse", 2))
    one.run(HOUR)
    assert len(one.told("robot")) == 1, "the step up is the hub's to tell"
    one.receipt(one.alert("cleared", 0))
    one.run(HOUR)
    assert ["解除" in text for *_, text in one.told("robot")] == [False, True]


def test_each_step_up_is_told_and_noise_between_steps_is_not(box: Made) -> None:
    """A step down, and the same step once more, says nothing new; nothing known is said once each time."""
    one = box()
    for turn, step in (("raised", 1), ("worse", 2), ("better", 1), ("worse", 2), ("worse", 3), ("better", 2)):
        one.alert(turn, step)
        one.run(MINUTE)
    assert len(one.told("robot")) == 3
    for turn in ("blind", "seeing", "blind", "seeing"):
        one.alert(turn, 2)
        one.run(MINUTE)
    assert len(one.told("robot")) == 5


def test_without_a_link_it_is_kept_and_told_late_and_as_it_then_is(box: Made) -> None:
    """What could not be sent for hours arrives when the link is back, marked late; what is over wakes nobody."""
    one = box()
    one.robot.answers = one.call.answers = lambda _: AWAY
    one.alert("raised")
    one.run(3 * HOUR)
    one.alert("raised", 1, name="frost-e-2")
    one.alert("cleared", 0)
    one.kill()
    one.run(HOUR)
    one.start("another boot")
    before = {name: len(one.told(name)) for name in one.channels}
    one.robot.answers = one.call.answers = lambda _: DONE
    one.run(HOUR)
    ((_, _, text),) = one.told("robot")[before["robot"] :]
    assert text.count("迟到") == 2 and "解除" in text
    late = one.told("call")[before["call"] :]
    assert [names for _, names, _ in late] == [["张三"], ["li"]] and not any("解除" in text for *_, text in late)


def test_a_link_that_is_away_is_asked_ever_more_seldom(box: Made) -> None:
    """A night without a link costs a hundred tries, not thousands."""
    one = box()
    one.robot.answers = one.call.answers = lambda _: AWAY
    one.alert("raised")
    one.run(8 * HOUR)
    assert 90 < len(one.told("robot")) < 120


@pytest.mark.parametrize("seed", range(6))
def test_killed_anywhere_nothing_is_told_twice_but_what_may_have_arrived(box: Made, seed: int) -> None:
    """Killed at each step of each message, answers lost, the link away: each alert is told and its end, in one message
    each; one that may have arrived is sent once more at most, and marked."""
    rng = Random(seed)
    one = box()
    arrived: dict[str, list[bool]] = {}  # by the message's id: whether each that may have arrived was marked

    def answer(_: int) -> SendResult:
        found = rng.choice((DONE, DONE, LOST, AWAY))
        message = one.robot.got[-1][1]
        if found is not AWAY:
            arrived.setdefault(message.id, []).append(AGAIN in message.fitted(4000))
            one.clock.sleep_until(one.clock.now() + rng.uniform(0, 8))
        return found

    one.robot.answers = answer
    for number in range(10):
        for turn, step in (("raised", 1), ("cleared", 0)):
            before = set(arrived)
            one.alert(turn, step, name=f"frost-e-{number}")
            for _ in range(rng.randrange(4)):
                one.run(rng.uniform(0, 6))
                one.kill()
                one.run(rng.uniform(0, 20))
                one.start("b" if rng.random() < 0.7 else f"b{number}")
            one.run(30 * MINUTE)
            (told,) = set(arrived) - before
            assert arrived[told] in ([False], [False, True], [True], [True, True]), (number, turn)
    one.run(MINUTE)
    assert sum(len(marks) == 2 for marks in arrived.values()) > 0, "a night in which answers are lost"


def test_gales_keep_the_hours_and_frost_does_not(box: Made) -> None:
    """At night a gale is told to who is on duty, by what wakes too; frost to all."""
    one = box()
    one.gale("raised")
    one.run(MINUTE)
    assert [names for _, names, _ in one.told("robot")] == [["张三"]]
    assert [names for _, names, _ in one.told("call")] == [["张三"]]
    one.alert("raised")
    one.run(MINUTE)
    assert [names for _, names, _ in one.told("robot")][1:] == [["张三", "li"]]


def test_a_gale_by_day_calls_nobody(box: Made) -> None:
    """By day weather goes to the group; a call is for frost."""
    one = box(begin=NOON)
    one.gale("raised")
    one.run(MINUTE)
    assert [names for _, names, _ in one.told("robot")] == [["张三", "li"]] and not one.told("call")


def test_a_channel_that_refuses_is_asked_again_at_the_next_turn(box: Made) -> None:
    """A wrong key is one try an hour, and one more when it is worse; the others go on, and status says why."""
    one = box()
    one.robot.answers = lambda _: SendResult(
        MessageFate.REFUSED, "93000", Reason("wecom_gone", "the robot was removed")
    )
    one.alert("raised")
    one.run(50 * MINUTE)
    assert (len(one.told("robot")), len(one.told("call"))) == (1, 2)
    one.alert("worse", 2)
    one.run(5 * MINUTE)
    assert len(one.told("robot")) == 2
    assert one.lane is not None
    shown = {channel.name: channel for channel in one.lane.snapshot.channels}
    assert shown["robot"].trouble is not None and shown["robot"].trouble.code == "wecom_gone"
    assert shown["call"].trouble is None and shown["call"].worked


def test_a_channel_that_hangs_holds_up_no_other(box: Made) -> None:
    """While the group's service says nothing the phones ring."""
    one = box()
    one.robot.takes_s = lambda: one.clock.sleep_until(one.clock.now() + 25.0)
    one.alert("raised")
    one.run(1)
    assert len(one.told("call")) == 2
    one.run(MINUTE)
    assert len(one.told("robot")) == 1


def test_no_robot_is_told_more_than_twenty_things_a_minute(box: Made) -> None:
    """A storm of alerts, each told by itself, keeps the service's limit, over restarts too."""
    one = box()
    for number in range(80):
        one.gale("raised", name=f"gale-e-{number}")
        one.run(1.5)
        if number % 7 == 0:
            one.kill()
            one.start("b" if number % 2 else f"b{number}")
    at = [second for second, _, _ in one.told("robot")]
    assert max(sum(second - 60 < other <= second for other in at) for second in at) <= 20
    one.run(5 * MINUTE)
    assert sum(text.count("大风") for *_, text in one.told("robot")) >= 80


def test_upkeep_waits_for_the_day_and_is_the_hubs_where_there_is_one(box: Made) -> None:
    """A battery that runs low at night is told in the morning, and by a hub's station never."""
    what = {"quantity": "battery_voltage", "unit": "V", "crop": "", "stage": "", "value": 11.7, "worst": 11.7}
    alone, with_hub = box(), box(hub=True)
    for one in (alone, with_hub):
        one.alert("raised", 1, "battery-e-1", **what)
        one.run(12 * HOUR)
    assert [at for at, *_ in alone.told("robot")] == [5 * 3600]
    assert not with_hub.told("robot") and not alone.told("call")


def test_a_box_that_does_not_know_the_time_tells_all_the_same(box: Made) -> None:
    """Without a clock nobody's hours are known: frost and gales are told, without a time."""
    one = box()
    one.knows_time = False
    one.alert("raised", begin=None)
    one.gale("raised")
    one.run(MINUTE)
    assert sum("霜冻" in text for *_, text in one.told("robot")) == 1
    assert sum("大风" in text for *_, text in one.told("robot")) == 1


def test_a_trial_reaches_each_channel_and_counts_for_none(box: Made) -> None:
    """A test message goes to each channel and person, and tells what each service answered."""
    one = box()
    heard: list[list[JobResult] | Reason] = []
    one.run(1)
    assert one.lane is not None
    one.lane.test(heard.append)
    one.run(10)
    (sent,) = heard
    assert isinstance(sent, list)
    assert [(one.job.reach.key, one.result.fate) for one in sent] == [
        ("robot", MessageFate.DELIVERED),
        ("call/张三", MessageFate.DELIVERED),
        ("call/li", MessageFate.DELIVERED),
    ]
    assert "测试" in one.told("robot")[0][2]


def test_one_test_at_a_time(box: Made) -> None:
    """Whoever asks a hundred times while a robot hangs is refused and has sent one test; a later one is sent again."""
    one = box()
    one.robot.takes_s = lambda: one.clock.sleep_until(one.clock.now() + 25.0)
    heard: list[list[JobResult] | Reason] = []
    for _ in range(100):
        one.run(0.1)
        assert one.lane is not None
        one.lane.test(heard.append)
    one.run(0.1)
    assert [getattr(why, "code", "") for why in heard] == ["notify_test_under_way"] * 99
    one.run(MINUTE)
    first = heard[-1]
    assert isinstance(first, list) and len(first) == 3 and len(one.told("robot")) == 1
    assert one.lane is not None
    one.lane.test(heard.append)
    one.run(MINUTE)
    second = heard[-1]
    assert isinstance(second, list) and len(one.told("robot")) == 2


def test_that_the_station_told_people_is_a_record(box: Made) -> None:
    """The hub learns afterwards that people were told, and by which channel."""
    one = box()
    one.alert("raised")
    one.run(MINUTE)
    assert sorted(draft.body["reason"]["params"]["name"] for draft in one.events) == ["call", "call", "robot"]
