"""A message whose try went wrong beside the service: it is never left under way, neither told nor tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.reason import Reason
from edge.delivery.message import SendResult
from hub.database.engine import file_of
from hub.database.sqlite import SqliteEngine
from hub.sink import SinkError
from tests.kits.alarm_kit import DONE, MINUTE, World
from tests.unit.hub.alarms.test_outbox import DOWN

LOST = SinkError(Reason("said", "{text}", text="terminating connection due to administrator command"))


class Lost(SqliteEngine):
    """A connection that is lost before a transaction, or between a COMMIT that claims a message and its answer."""

    is_lost = False
    is_claim_lost = False

    @contextmanager
    def transaction(self, writing: bool = True, patient: bool = False) -> Iterator[None]:
        """Begin, or be lost."""
        if Lost.is_lost:
            Lost.is_lost = False
            raise LOST
        claims = "SELECT count(*) FROM alarm_message WHERE state = 'sending' AND channel = 'voice'"
        ((before,),) = self.query(claims)
        with super().transaction(writing, patient):
            yield
        if Lost.is_claim_lost and self.query(claims)[0][0] > before:
            Lost.is_claim_lost = False
            raise LOST


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("answer", [DONE, DOWN], ids=["delivered", "failed"])
def test_what_came_of_a_try_is_kept_once_the_connection_is_back(world: World, answer: SendResult) -> None:
    """Delivered, it is not told twice; a service that was away is asked again, though the outcome was not kept."""
    world.voice.answers = lambda count: DONE if count else answer

    def lose() -> None:
        Lost.is_lost, world.voice.takes_s = True, lambda: None

    world.voice.takes_s = lose
    world.start(poll_s=2.0, engine=lambda: Lost(file_of(world.url)))
    world.alert(1, "raised", 2)
    world.run(3 * MINUTE)
    first, *rest = [message.id for _, message in world.voice.got]
    assert rest.count(first) == (answer is DOWN)
    assert "sending" not in world.states()


def test_a_message_that_was_claimed_without_anybody_hearing_of_it_is_sent(world: World) -> None:
    """Of a COMMIT whose answer is lost nobody knows whether it was done: the message goes out, to everybody."""
    Lost.is_claim_lost = True
    world.start(poll_s=2.0, engine=lambda: Lost(file_of(world.url)))
    world.alert(1, "raised", 2)
    world.run(3 * MINUTE)
    assert not Lost.is_claim_lost
    assert world.told("voice")[0][1] == ["zhang"]
    assert "sending" not in world.states()


def test_an_answer_that_fells_its_reader_costs_no_message(world: World) -> None:
    """It may have arrived, so that it goes once more, marked; the channel does not fall, and everybody is told."""

    def fell() -> None:
        world.voice.takes_s = lambda: None
        raise OverflowError("cannot convert float infinity to integer")

    world.voice.takes_s = fell
    lanes = world.start(poll_s=2.0)
    world.alert(1, "raised", 2)
    world.run(3 * MINUTE)
    assert lanes.falls == {}
    assert [to for _, to, text in world.told("voice") if "可能重复" in text] == [["zhang"]]
    assert "sending" not in world.states()
