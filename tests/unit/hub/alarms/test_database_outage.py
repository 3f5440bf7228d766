"""A hub that sees nothing itself: its database, its broker or its clock is away, and people hear of that too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.reason import Reason
from hub.alarms.database_outage import DatabaseOutage
from hub.database.engine import Engine
from hub.sink import SinkError
from tests.kits.alarm_kit import MINUTE, NOON, World, person_of
from tests.kits.services import Services
from tests.unit.hub.alarms.test_outbox import GONE

WHY = Reason("said", "{text}", text="x gave no answer")


@pytest.fixture(name="world")
def a_world(tmp_path: Path) -> Iterator[World]:
    wen = person_of("wen", 2, duty="operator", language="en")
    made = World(tmp_path, NOON, people=(person_of("zhang", 1), wen))
    yield made
    made.close()


def taken_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lanes' connections fail from now on, as where the server is gone; the tables stay."""

    def fails(_engine: Engine, *_args: object, **_more: object) -> object:
        raise SinkError(Reason("said", "{text}", text="connection refused"))

    monkeypatch.setattr(type(world.engine), "query", fails)
    monkeypatch.setattr(type(world.engine), "transaction", fails)


def told_of_its_return(world: World) -> list[tuple[list[str], bool]]:
    """Return who was told in the group, and whether that it is over."""
    return [(to, "available again" in text) for _, to, text in world.told("group")]


def test_a_database_that_is_gone_is_told_past_it_once_and_its_return(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five minutes who looks after the hub hears of it, in their language, nobody is called; then its return."""
    world.start(poll_s=10.0)
    world.run(MINUTE)
    world.talking = set()
    with monkeypatch.context() as patch:
        taken_away(world, patch)
        world.run(4 * MINUTE)
        assert world.told("group") == []
        world.run(60 * MINUTE)
        ((at, to, text),) = world.told("group")
        assert 6 <= at <= 7 and to == ["wen"] and "Hub fails" in text and "connection refused" in text
    world.run(2 * MINUTE)
    assert told_of_its_return(world) == [(["wen"], False), (["wen"], True)]
    assert world.told("voice") == []


def test_a_database_that_takes_no_records_is_told_though_the_alarms_get_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """On a full disk what is there may still change: nothing that a station says arrives, so no station is silent.

    Who looks after the hub hears of it, not of silent stations, and the heartbeat ends.
    """
    with Services() as services:
        world.heartbeat = f"{services.url}/alive"
        world.start(poll_s=10.0)
        world.run(3 * MINUTE)
        world.unkept, world.talking = WHY, set()
        beats = len(services.gateway.requests)
        world.run(60 * MINUTE)
        ((at, to, text),) = world.told("group")
        assert 8 <= at <= 9 and to == ["wen"] and "Hub fails" in text and "x gave no answer" in text
        assert [line.getMessage() for line in caplog.records if "nobody has been notified" in line.getMessage()] == [
            "nobody has been notified of alerts for 5 min: x gave no answer"
        ]
        assert (world.alarms(), len(services.gateway.requests)) == ([], beats)
        world.unkept, world.talking = None, {"orchard-1"}
        world.run(2 * MINUTE)
        assert told_of_its_return(world) == [(["wen"], False), (["wen"], True)]
        assert len(services.gateway.requests) > beats


def test_the_return_is_told_though_another_hub_is_the_first_to_see_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was told that nobody is notified hears its end from the hub that said so: the other one said nothing."""
    world.start(poll_s=10.0)
    world.run(MINUTE)
    world.talking = set()
    with monkeypatch.context() as patch:
        taken_away(world, patch)
        world.run(7 * MINUTE)
    world.engine.query("UPDATE alarm_lease SET holder = 'another', beat = 'x' WHERE id = 1")
    world.run(25.0)
    assert told_of_its_return(world) == [(["wen"], False), (["wen"], True)]
    with monkeypatch.context() as patch:
        taken_away(world, patch)
        world.run(7 * MINUTE)
    assert len(world.told("group")) == 2, "the other hub says it from now on"


def test_where_growers_alone_are_known_they_hear_of_it_by_the_channels_that_there_are(world: World) -> None:
    """Somebody must: with how long it has been away; a channel that has left the file costs nothing."""
    zhang = person_of("zhang", 1, language="en", channels=["gone", "group"])
    outage = DatabaseOutage(world.channels, world.clock)
    outage.note_pass([zhang], False)
    outage.note_failure(WHY)
    world.run(6 * MINUTE)
    outage.note_failure(WHY)
    ((_, to, text),) = world.told("group")
    assert to == ["zhang"] and "unavailable for 6 min: x gave no answer" in text


def test_with_frost_open_everybody_is_woken_by_a_database_that_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Growers are told too, and called: nobody watches the frost any more."""
    world.start(poll_s=10.0)
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    world.acknowledge("zhang")
    world.run(MINUTE)
    world.talking = set()
    before = len(world.told("voice"))
    with monkeypatch.context() as patch:
        taken_away(world, patch)
        world.run(10 * MINUTE)
    world.run(MINUTE)
    assert any("已恢复" in text for _, _, text in world.told("group")), "its return wakes nobody"
    told = [(to, text) for _, to, text in world.told("voice")[before:]]
    assert [to for to, _ in told] == [["zhang"], ["wen"]] and "平台故障" in told[0][1]


def test_a_clock_that_nobody_sets_is_told_and_its_end(world: World) -> None:
    """Half an hour without anybody who sets the hub's clock is said once to who looks after it; its return too."""
    world.start(poll_s=10.0)
    world.is_synchronised = False
    world.run(29 * MINUTE)
    assert world.told("group") == []
    world.run(10 * MINUTE)
    ((_, to, text),) = world.told("group")
    assert to == ["wen"] and "Hub's clock" in text and "30 min" in text
    world.is_synchronised = True
    world.run(MINUTE)
    assert "right again" in world.told("group")[-1][2] and len(world.told("group")) == 2


def test_upkeep_that_a_channel_refuses_brings_the_next_person_no_sooner(tmp_path: Path) -> None:
    """A clock that nobody sets can wait: the second operator is not told at once because the robot was removed."""
    operators = [person_of(name, place, duty="operator") for place, name in enumerate(("wen", "fang"), 1)]
    world = World(tmp_path, NOON, people=tuple(operators))
    world.group.answers = lambda _: GONE
    world.start(poll_s=10.0)
    world.is_synchronised = False
    world.run(40 * MINUTE)
    assert {name for _, names, _ in world.told("group") for name in names} == {"wen"}
    world.close()


def test_a_clock_that_is_set_back_does_not_end_the_watch(world: World) -> None:
    """A hub that started in 2038 and was put right calls a silent station silent all the same."""
    world.talking = {"orchard-1", "orchard-2"}
    world.begin += 400_000_000_000_000
    world.start(poll_s=10.0)
    world.run(MINUTE)
    world.begin -= 400_000_000_000_000
    world.engine.query("UPDATE epoch SET arrived_last = %s", (world.utc(),))
    world.run(MINUTE)
    world.talking.discard("orchard-2")
    world.run(20 * MINUTE)
    assert [one.station for one in world.alarms() if one.what == "silent"] == ["orchard-2"]


def test_the_heartbeat_ends_with_whatever_the_hub_needs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host hears it once a minute; not without the database, the broker, the lease or the lane that decides."""
    connected = True
    with Services() as services:
        world.heartbeat = f"{services.url}/alive"

        def heard(seconds: float = 5 * MINUTE) -> int:
            before = len(services.gateway.requests)
            world.run(seconds)
            return len(services.gateway.requests) - before

        lanes = world.start(poll_s=10.0, connected=lambda: connected)
        assert 4 <= heard() <= 6
        connected = False
        assert heard() == 0
        connected = True
        assert heard() >= 4
        with monkeypatch.context() as patch:
            world.talking = set()
            taken_away(world, patch)
            assert heard() == 0
        assert heard() >= 4
        world.engine.query("UPDATE alarm_lease SET holder = 'another', beat = 'x' WHERE id = 1")
        assert heard(20.0) == 0
        world.run(MINUTE)
        assert heard() >= 4, "the other was gone, and the lease came back"
        next(lane for lane in lanes.all() if lane.name == "alarms").kill()
        assert heard() == 0
