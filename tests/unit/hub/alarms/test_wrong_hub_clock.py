"""A hub whose clock is hours off, as with a hardware clock in local time: how a station is is known all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kits.alarm_kit import MINUTE, NIGHT, World

BOTH = ("orchard-1", "orchard-2")
HOUR_S = 3600.0
SHIFTS = pytest.mark.parametrize("ahead_s", [8 * HOUR_S, -8 * HOUR_S, 24 * HOUR_S])


def world_of(folder: Path, ahead_s: float) -> World:
    """Return a hub so far ahead at two in the night, by its stations' clocks, in its fifth minute."""
    world = World(folder, NIGHT + round(ahead_s * 1e6))
    world.talking = set(BOTH)
    for ago in range(30, 0, -1):
        for number, name in enumerate(BOTH):
            world.minute(100 - ago + 1000 * number, -2.5, name, ago_s=60.0 * ago + ahead_s)
    world.start(poll_s=10.0)
    lived(world, ahead_s, 5, BOTH)
    return world


def lived(world: World, ahead_s: float, minutes: int, names: tuple[str, ...]) -> None:
    """Have a minute arrive of each of these stations for so many minutes."""
    for _ in range(minutes):
        world.run(MINUTE)
        for number, name in enumerate(names):
            seq = 200 + round(world.clock.now() / MINUTE) + 1000 * number
            world.minute(seq, -2.5, name, ago_s=62.0 + ahead_s)


@SHIFTS
def test_frost_that_goes_on_after_an_acknowledgement_is_told_again(tmp_path: Path, ahead_s: float) -> None:
    """Half an hour later as ever: what a station measured just now looked eight hours old, or was not seen at all."""
    world = world_of(tmp_path, ahead_s)
    world.alert(1, "raised", 2, ago_s=5.0 + ahead_s)
    lived(world, ahead_s, 1, BOTH)
    world.acknowledge("zhang")
    lived(world, ahead_s, 40, BOTH)
    told = [(at, to) for at, to, text in world.told("voice") if "霜冻未解除" in text]
    world.close()
    assert told == [(36, ["zhang"]), (46, ["li"])]


@SHIFTS
def test_a_box_that_dies_in_a_frost_wakes_people(tmp_path: Path, ahead_s: float) -> None:
    """It is told with its last word, as of a night near frost, whatever hour the hub takes it to be."""
    world = world_of(tmp_path, ahead_s)
    world.talking.discard("orchard-2")
    lived(world, ahead_s, 10, BOTH[:1])
    told = world.told("voice")
    world.close()
    assert [to for _, to, _ in told][:1] == [["zhang"]]
    assert "失联" in told[0][2] and "6 分钟无数据" in told[0][2] and "-2.5℃" in told[0][2]


@pytest.mark.parametrize("gone", [BOTH[1:], BOTH])
@pytest.mark.parametrize("back_s", [2 * HOUR_S, 24 * HOUR_S])
@pytest.mark.parametrize("minutes", [5, 60])
def test_a_silence_that_was_acknowledged_stays_so_while_the_clock_is_set_back(
    tmp_path: Path, gone: tuple[str, ...], back_s: float, minutes: int
) -> None:
    """Nothing came meanwhile: it is not over, and nobody is woken by it as by a new one; its true end is told once."""
    world, talking = world_of(tmp_path, 0.0), tuple(name for name in BOTH if name not in gone)
    world.talking = set(talking)
    lived(world, 0.0, 10, talking)
    world.acknowledge("zhang")
    told = len(world.told("voice"))
    world.begin -= round(back_s * 1e6)
    lived(world, -back_s, minutes, talking)
    world.begin += round(back_s * 1e6)
    lived(world, 0.0, 40, talking)
    silent = [one for one in world.alarms() if "silent" in one.what]
    assert ([one.open for one in silent], len(world.told("voice"))) == ([True], told)
    world.talking = set(BOTH)
    lived(world, 0.0, 5, BOTH)
    ends = [text for _, _, text in world.told("group") if "恢复" in text and "时钟" not in text]
    world.close()
    assert len(ends) == 1


def calls(folder: Path, leap_s: float, restarts: bool = False) -> list[tuple[float, str]]:
    """Return who was called in which minute of frost that nobody acknowledges; the clock is set after seven of them."""
    world = World(folder, NIGHT)
    moments: list[float] = []
    world.voice.takes_s = lambda: moments.append(world.clock.now() // MINUTE)
    lanes = world.start(poll_s=10.0)
    world.run(MINUTE)
    world.alert(1, "raised", 2)
    world.run(7 * MINUTE)
    if restarts:
        world.kill(lanes)
    world.begin += round(leap_s * 1e6)
    if restarts:
        world.start(poll_s=10.0)
    world.run(60 * MINUTE)
    world.close()
    assert len(moments) >= 10
    return sorted((at, message.to[0].name) for at, (_, message) in zip(moments, world.voice.got, strict=True))


@pytest.mark.parametrize("leap_s", [300.0, -300.0, 1800.0, -1800.0, 2 * HOUR_S, -2 * HOUR_S, 24 * HOUR_S, -24 * HOUR_S])
def test_a_clock_that_is_set_while_people_are_called_calls_nobody_sooner_or_later(
    tmp_path: Path, leap_s: float
) -> None:
    """Set back by half an hour, the second person heard of the frost half an hour late; set forward, all were called
    again at once."""
    for folder in ("as-it-is", "set"):
        (tmp_path / folder).mkdir()
    assert calls(tmp_path / "set", leap_s) == calls(tmp_path / "as-it-is", 0.0)


def test_a_clock_that_is_set_while_the_hub_starts_anew_changes_no_plan(tmp_path: Path) -> None:
    """The machine ran on, so the time that has passed is known."""
    for folder in ("as-it-is", "set"):
        (tmp_path / folder).mkdir()
    assert calls(tmp_path / "set", -1800.0, restarts=True) == calls(tmp_path / "as-it-is", 0.0, restarts=True)
