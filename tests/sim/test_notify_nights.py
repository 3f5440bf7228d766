"""Nights of a whole station that tells people itself: whatever ends it and its link, each alert is told and its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge.delivery.message import Message, MessageFate, SendResult
from edge.records.bodies import Alert
from edge.sim.faults import Outage
from edge.sim.rig import Rig
from tests.kits.alarm_kit import DONE
from tests.kits.horn_night import BEGIN, RULES, Night, night, swing
from tests.kits.notify_kit import CHANNELS, PEOPLE, Service

HOUR, CALM = 3600.0, 1200.0  # s
LENGTH = 3.2 * HOUR
LOST, AWAY = SendResult(MessageFate.UNKNOWN, ""), SendResult(MessageFate.FAILED, "")
AGAIN = "可能重复"


class World:
    """The services, over all boots of one box. Their link is away in `away`; some answers are lost, by chance."""

    def __init__(self, chance: Random, away: list[tuple[float, float]]) -> None:
        self._chance, self._away = chance, away
        self._rig: Rig | None = None
        self.robot = Service("robot", self.utc, most_a_minute=20)
        self.call = Service("call", self.utc, wakes=True, one_by_one=True)
        self.arrived: dict[str, list[Message]] = {"robot": [], "call": []}
        for service in (self.robot, self.call):
            service.answers = lambda _, of=service: self._answer(of)  # type: ignore[misc]  # bound now

    def prepare(self, rig: Rig) -> None:
        """Be there for a boot."""
        self._rig = rig
        rig.senders = {"robot": self.robot, "call": self.call}

    def utc(self) -> int:
        """Return the time, microseconds."""
        assert self._rig is not None
        return self._rig.boot.utc_at(self._rig.clock.now())

    @property
    def now(self) -> float:
        """Return the time since the beginning, s."""
        return (self.utc() - BEGIN) / 1e6

    def _answer(self, service: Service) -> SendResult:
        assert self._rig is not None
        clock = self._rig.clock
        if any(begin <= self.now < end for begin, end in self._away):
            return AWAY
        self.arrived[service.name].append(service.got[-1][1])
        clock.sleep_until(clock.now() + self._chance.uniform(0.0, 25.0))  # killed meanwhile, nobody knows
        return LOST if self.now < LENGTH - CALM and self._chance.random() < 0.3 else DONE


def troubled(seed: int, folder: Path) -> tuple[Night, World]:
    """Live a night with the box killed and powered off, and its link away, and a calm end."""
    chance = Random(f"notify {seed}")
    outages, at = [], chance.uniform(200.0, 900.0)
    while at < LENGTH - CALM - 200.0:
        outages.append(Outage(round(at, 1), round(chance.uniform(1.0, 120.0), 1), chance.random() < 0.3, 60.0))
        at += outages[-1].length + chance.uniform(100.0, 1200.0)  # each boot knows the time before it ends
    begin = chance.uniform(0.0, LENGTH - CALM - HOUR)
    world = World(chance, [(begin, begin + chance.uniform(600.0, HOUR))])
    found = night(
        folder, swing, LENGTH, tuple(outages), seed=seed, rules=RULES + CHANNELS + PEOPLE, prepare=world.prepare
    )
    return found, world


def told(messages: list[Message], head: str) -> Iterator[tuple[str, str]]:
    """Yield each line of that head, once for each message, with the message's id."""
    seen = set()
    for message in messages:
        for line in message.lines:
            if head in line and (message.id, line) not in seen:
                seen.add((message.id, line))
                yield message.id, line


def clock(utc_s: float) -> str:
    """Return a time as messages say it."""
    return f"{datetime.fromtimestamp(BEGIN / 1e6 + utc_s, UTC) + timedelta(hours=8):%H:%M}"


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 5))])
def test_each_alert_is_told_and_its_end_once(tmp_path: Path, seed: int) -> None:
    """Killed anywhere, also while it asks; answers lost; no link for an hour: whoever is to know hears of each alert,
    of its end once and by no call, and whatever came twice says that it may have."""
    found, world = troubled(seed, tmp_path)
    turns: dict[str, list[tuple[float, Alert]]] = defaultdict(list)
    for at, turn in found.alerts():
        turns[turn.alert].append((at, turn))
    robot, call = world.arrived["robot"], world.arrived["call"]
    ups = list(told(robot, "【低温】"))
    assert sum(any(turn.step for _, turn in of) for of in turns.values()) >= 2, "a night in which something happens"
    for of in turns.values():
        (last_at, last), raised = of[-1], [at for at, turn in of if turn.turn in ("raised", "worse")]
        over = not last.step and last.turn != "blind"
        ends = {name for name, line in told(robot, "【解除】") if clock(last_at) in line} if over else set()
        if raised:
            assert len(ends) == over, (clock(last_at), ends)
            assert ends or any(clock(at) in line for at in raised for _, line in ups), [clock(at) for at in raised]
    assert not list(told(call, "【解除】")), "nobody is woken for what is over"
    for messages in (robot, call):
        each: dict[str, list[bool]] = defaultdict(list)
        for message in messages:
            each[message.id].append(AGAIN in message.tail)
        assert [marks for marks in each.values() if len(marks) > 2 or not all(marks[1:])] == []
