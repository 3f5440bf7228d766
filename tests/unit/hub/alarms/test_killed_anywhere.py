"""A hub that is killed at any one statement of a night's work: what it was telling is told by the next one."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from drivers.clock import Stopped
from edge.delivery.message import Message
from hub.database.engine import Engine, opened
from tests.kits.alarm_kit import MINUTE, World

EACH = 7  # every so many statements it is killed at one


class Mortal:
    """Engines of a hub that dies at its statement `last`, once `counts` is set; a dead one does nothing more."""

    def __init__(self, url: str, last: int) -> None:
        self._url, self._last = url, last
        self.counts, self.dead, self.statements = False, False, 0

    def __call__(self) -> Engine:
        """Return a connection."""
        engine = opened(self._url)
        whole = engine.query

        def query(*args: Any) -> Any:
            self.statements += self.counts
            self.dead = self.dead or self.statements == self._last
            if self.dead:
                raise Stopped
            return whole(*args)

        setattr(engine, "query", query)  # noqa: B010  # a method that is replaced for one object
        return engine


def night(folder: Path, last: int) -> tuple[World, Mortal]:
    """Live a frost and its end with a hub that dies at a statement, and another that follows it."""
    folder.mkdir()
    world = World(folder)
    mortal = Mortal(world.url, last)
    first, second = world.start("a", poll_s=5.0, engine=mortal), None
    world.run(6)
    mortal.counts = True
    for seq, (turn, step) in enumerate((("raised", 2), ("cleared", 0)), 1):
        world.alert(seq, turn, step)
        for _ in range(9):
            world.run(10)
            if mortal.dead and second is None:
                world.kill(first)
                second = world.start("b", poll_s=5.0)
    world.run(MINUTE)
    return world, mortal


def doubled(messages: list[Message]) -> list[str]:
    """Return what came more than twice, or twice without saying so."""
    each: dict[str, list[bool]] = defaultdict(list)
    for message in messages:
        each[message.id].append("可能重复" in message.tail)
    return [name for name, marks in each.items() if len(marks) > 2 or not all(marks[1:])]


@pytest.mark.slow
def test_a_hub_killed_at_any_statement_loses_no_alert_and_no_end(tmp_path: Path) -> None:
    """Before what is to be told is committed, after it, in the request, before its answer is kept: the first person
    hears of the frost once, and of its end once, or once more and marked."""
    for last in count(1, EACH):
        world, mortal = night(tmp_path / str(last), last)
        world.close()
        for channel, words in ((world.voice, "【霜冻】"), (world.group, "【霜冻】"), (world.group, "【解除】")):
            told = [message for _, message in channel.got if words in message.lines[0] and "提醒" not in message.tail]
            assert len({message.id for message in told}) == 1, (last, words, [one.lines for one in told])
            assert doubled(told) == [], (last, words)
        if not mortal.dead:
            break
    assert last > 40, "the night had statements to die at"
