"""Whom a pass leaves asleep, and whom not: an alert that sees nothing, a silent box, who is gone, the season."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.alarms.people import People
from tests.kits.alarm_kit import MINUTE, NIGHT, NOON, World, person_of

HOUR, DAY = 3600.0, 86_400.0
AUTUMN = NIGHT + 230 * 86_400_000_000  # in November
GALE: dict[str, Any] = {"crop": "", "stage": "", "quantity": "wind_speed_of_gust", "unit": "m/s"}


@pytest.mark.parametrize(
    ("begin", "rule", "celsius", "wakes"),
    [
        (NIGHT, "frost", 3.0, True),
        (NIGHT, "frost", 9.0, False),
        (AUTUMN, "frost", 3.0, False),
        (NIGHT, "gale", 3.0, False),
    ],
    ids=["near frost", "warm", "out of season", "no rule of frost"],
)
def test_an_alert_that_sees_nothing_wakes_where_frost_was_near_when_it_last_saw(
    tmp_path: Path, begin: int, rule: str, celsius: float, wakes: bool
) -> None:
    """A thermometer is lost at night: growers are woken near frost in season, and otherwise it waits for the day."""
    world = World(tmp_path, begin)
    world.start()
    world.minute(1, celsius)
    more: dict[str, Any] = GALE if rule == "gale" else {}
    world.alert(2, "blind", 0, f"{rule}-e-1", limit=0.8, value=None, **more)
    world.run(4 * HOUR)
    assert bool(world.told("voice")) is wakes
    assert bool(world.told("group")) is wakes
    world.run(2 * HOUR)
    assert world.told("group"), "by day somebody hears of it"
    world.close()


def test_a_silent_box_s_frost_is_repeated_for_a_day_and_no_longer(tmp_path: Path) -> None:
    """Nothing comes from it after the alert: for a night it may freeze there; the day after nobody is told any more."""
    world = World(tmp_path)
    world.talking.clear()
    world.start()
    world.alert(1, "raised", 2)
    world.run(26 * HOUR)
    times = [at / 60 for at, _, text in world.told("group") if "霜冻" in text]
    assert any(6 < at < 12 for at in times)
    assert max(times) < 24.5
    world.close()


def test_whoever_is_gone_is_told_nothing_and_keeps_nobody_else_from_it(tmp_path: Path) -> None:
    """The person who was told first is taken off the list in the middle of a frost: the reminders reach the next."""
    world = World(tmp_path)
    world.start()
    world.alert(1, "raised", 2)
    world.run(2 * MINUTE)
    People(world.engine).remove("zhang")
    world.run(20 * MINUTE)
    assert {name for at, to, _ in world.told("group") if at > 2 for name in to} == {"li", "wang"}
    world.close()


@pytest.mark.parametrize(("begin", "words"), [(NIGHT, 1), (AUTUMN, 0), (NOON, 1)])
def test_the_morning_s_word_comes_in_season_and_not_with_the_first_start(
    tmp_path: Path, begin: int, words: int
) -> None:
    """A hub that is started for the first time says nothing at once; the next morning it does, in season."""
    world = World(tmp_path, begin, people=(person_of("wang", 1, duty="operator"),))
    world.start()
    world.run(HOUR)
    assert world.told("group") == []
    world.run(DAY)
    assert sum("【日报】" in text for _, _, text in world.told("group")) == words
    world.close()
