"""Two boxes in one station's name, as after a card was copied: their minutes stand beside each other, nobody's good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.records.record import Record
from edge.wire.contract import encode
from hub.alarms.visits import visits
from hub.sink import Row
from tests.kits.alarm_kit import MINUTE, NOON, World, person_of
from tests.kits.sink_kit import delivery, row


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, NOON, people=(person_of("wen", 1, duty="technician", language="en"),))
    made.talking = set()
    made.start(poll_s=10.0)
    yield made
    made.close()


def live(world: World, minutes: int, *epochs: str) -> None:
    """Let so many minutes pass, each sent by the boxes of these starts."""
    for _ in range(minutes):
        world.run(MINUTE)
        for epoch in epochs:
            come(world, epoch, 62)


def come(world: World, epoch: str, ago_s: int) -> None:
    """Have a minute arrive that began so long ago."""
    start = world.utc() - ago_s * 1_000_000
    found = row((start - NOON) // 60_000_000 + 1000, station="orchard-1", epoch=epoch).record
    assert isinstance(found, Record)
    record = msgspec.structs.replace(found, start=start)
    world.sink.commit(delivery(Row("orchard-1", record, encode(record), world.utc())))


def test_a_second_box_in_a_stations_name_is_told_and_so_is_its_end(world: World) -> None:
    """Within a quarter of an hour, once, to whoever looks after the station; it stands among the visits."""
    live(world, 5, "a")
    live(world, 15, "a", "b")
    ((_, to, text),) = world.told("group")
    assert to == ["wen"] and "Two boxes of one name" in text and "was a card copied?" in text
    assert [(one.cause, one.take) for one in visits(world.engine, None, world.utc())] == [("two_boxes", ["laptop"])]
    live(world, 25, "b")
    assert "one box alone" in world.told("group")[-1][2] and len(world.told("group")) == 2
    assert [one.cause for one in visits(world.engine, None, world.utc())] == []


def test_a_box_that_was_started_anew_is_no_second_one(world: World) -> None:
    """Each start has its own minutes, even where some of the first come while the second runs already."""
    for epoch in ("a", "b", "c"):
        live(world, 12, epoch)
        for ago_s in range(62, 11 * 60, 60):  # the backlog of its first minutes comes once more, behind them
            come(world, epoch, ago_s)
    live(world, 3, "c")
    come(world, "b", 14 * 60)
    live(world, 3, "c")
    assert world.told("group") == []
