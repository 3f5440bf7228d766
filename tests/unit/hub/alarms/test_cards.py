"""A station's card that takes nothing in: the station itself goes on, so that nobody would miss it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.reason import Reason
from edge.records.record import Kind
from edge.store.errors import StoreCause, store_error
from hub.alarms.visits import visits
from tests.kits.alarm_kit import MINUTE, NOON, World, person_of

WHY = store_error(StoreCause.DISK, Path("/var/lib/minshan"), Reason("disk_io_error", "disk I/O error")).reason
STATION = "orchard-1"


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    wen, zhang = (
        person_of(name, 1, duty=duty, language="en") for name, duty in (("wen", "technician"), ("zhang", "grower"))
    )
    made = World(tmp_path, NOON, people=(wen, zhang))
    yield made
    made.close()


def account(world: World, seq: int, **says: Any) -> None:
    """Have a station's hourly account arrive."""
    world.record(seq, Kind.HEALTH, {"sensors": [], "falls": {}, **says}, world.utc() - 5_000_000)


def test_a_card_that_takes_nothing_in_is_told_to_who_looks_after_the_station(world: World) -> None:
    """Once, with the remedy, by what wakes nobody; it stands among the visits; a new card ends it."""
    world.start(poll_s=10.0)
    account(world, 1, store={"trouble": None, "waiting": 0})
    world.run(2 * MINUTE)
    assert world.told("group") == []
    account(world, 2, store={"trouble": WHY.builtins(), "waiting": 7})
    account(world, 3, event="camera", camera="gate")
    world.run(90 * MINUTE)
    ((_, to, text),) = world.told("group")
    assert to == ["wen"] and "Station's card" in text and "replace the card" in text
    assert world.told("voice") == []
    (visit,) = visits(world.engine, None, world.utc())
    assert (visit.cause, visit.take, visit.why) == ("card", ["spare SD card"], [WHY.builtins()])
    account(world, 4, store={"trouble": None, "waiting": 0})
    world.run(2 * MINUTE)
    assert "takes records again" in world.told("group")[-1][2]
    assert visits(world.engine, None, world.utc()) == []


def test_a_station_that_falls_silent_ends_nothing(world: World) -> None:
    """Nobody has said that its card is well again."""
    world.start(poll_s=10.0)
    account(world, 1, store={"trouble": WHY.builtins()})
    world.run(2 * MINUTE)
    world.talking = set()
    world.run(300 * MINUTE)
    assert [one.open for one in world.alarms() if one.what == "card"] == [True]


@pytest.mark.parametrize("said", [17, [], {"code": 1}, {"code": "x", "text": "y", "params": 3}, {}, "words", "\0"])
def test_whatever_an_account_says_the_alarms_go_on(world: World, said: Any) -> None:
    """A newer station's words of its disk, or rubbish in their place, fell no lane."""
    lanes = world.start(poll_s=10.0)
    account(world, 1, store={"trouble": said})
    account(world, 2, store=[said])
    world.run(3 * MINUTE)
    assert lanes.falls == {}
    assert len(world.told("group")) == isinstance(said, str)
