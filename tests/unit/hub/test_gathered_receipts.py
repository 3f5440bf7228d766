"""Receipts of live minutes wait for each other where the station said that it waits; all else is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import msgspec
import pytest

from edge.records.record import Kind, Record
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.wire.contract import GATHER, Batch, Hello, HelloAnswer, Topic, encode, topic
from edge.wire.link import Link
from tests.kits.receiver_kit import Desk, minute


class Timed(Desk):
    """A receiver in simulated time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.clock = SimClock()
        self.receiver._clock = self.clock

    def hello(self, gather: int) -> HelloAnswer:
        """Return the answer to a hello that says how long receipts may wait."""
        said = Hello(1, "s", "nonce", "e", [Span("e", 1, 1)], 2, [], 0, "ntp", "committed", gather)
        self.take((topic("s", Topic.HELLO), encode(said)))
        return self.last("s", Topic.ANSWER, HelloAnswer)

    def live(self, *records: Record) -> None:
        """Hand it records that come live, in version 1."""
        self.take((topic("s", Topic.LIVE), encode(Batch(1, "s", list(records)))))

    def after(self, seconds: float) -> list[Span]:
        """Return all spans that are receipted when so much time has passed."""
        self.clock.run_until(self.clock.now() + seconds)
        self.receiver.send_receipts(cast(Link, self), self.clock.now())
        return self.receipted()


@pytest.fixture
def desk(tmp_path: Path) -> Timed:
    """Return a receiver in simulated time."""
    return Timed(tmp_path)


def test_a_quarter_of_an_hour_of_minutes_costs_one_receipt(desk: Timed) -> None:
    """A SIM pays for a packet, so fifteen live minutes are proven by one; the answer says that they will be."""
    assert desk.hello(3600).gathers == GATHER
    for seq in range(1, 16):
        desk.live(minute(seq))
        assert desk.receipted() == []
        desk.after(59.0)
    assert desk.after(15.0) == [Span("e", 1, 15)]


def test_a_station_that_does_not_wait_is_told_at_once(desk: Timed) -> None:
    """An older station asks after two minutes what became of a minute, so it is told as ever, and so is a new one."""
    desk.live(minute(1))
    assert desk.hello(0).gathers == 0
    desk.live(minute(2))
    assert desk.receipted() == [Span("e", 1, 1), Span("e", 2, 2)]


@pytest.mark.parametrize("channel", [Topic.BACKFILL, Topic.HELLO])
def test_what_asks_for_an_answer_is_answered_at_once(desk: Timed, channel: Topic) -> None:
    """While a backlog is drained, and at each hello, what waited is told as well."""
    desk.hello(GATHER)
    desk.live(minute(1))
    if channel is Topic.HELLO:
        desk.hello(GATHER)
        assert desk.receipted() == [Span("e", 1, 1)]
    else:
        desk.records(minute(2))
        assert desk.receipted() == [Span("e", 1, 2)]


def test_an_alert_is_told_at_once(desk: Timed) -> None:
    """Whoever raised it learns at once that it has arrived."""
    desk.hello(GATHER)
    desk.live(minute(1), msgspec.structs.replace(minute(2), kind=Kind.ALERT))
    assert desk.receipted() == [Span("e", 1, 2)]


def test_what_went_while_its_receipt_waited_is_not_receipted(desk: Timed, tmp_path: Path) -> None:
    """A file that was taken away within the quarter of an hour proves nothing: its minutes come again."""
    desk.hello(GATHER)
    desk.live(minute(1))
    (tmp_path / "m.jsonl").unlink()
    desk.receiver.sink.look()
    assert desk.after(GATHER) == []


def test_what_was_not_told_is_answered_after_a_restart(desk: Timed) -> None:
    """Killed while receipts wait, the receiver says in its next answer what it has."""
    desk.hello(GATHER)
    desk.live(minute(1))
    assert desk.again().answer().has == [Span("e", 1, 1)]


def test_a_receiver_without_receipts_gathers_none(tmp_path: Path) -> None:
    """As a screen that only shows what comes: it runs for months, and its memory does not grow with each minute."""
    desk = Desk(tmp_path, receipts=False)
    for seq in range(1, 4):
        desk.records(minute(seq))
        assert desk.receiver._gathered.due(float("inf")) == set()
