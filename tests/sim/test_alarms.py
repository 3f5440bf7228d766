"""A station, its link and a hub that tells people, in one simulated life: every crossing is told, and its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.records.bodies import Alert, decode
from edge.records.record import Kind
from edge.sim.faults import Mishap, Outage, Schedule
from tests.kits.alarm_end import AlarmEnd
from tests.kits.stations import BEGIN, HOUR, SMALL, configured, live, without

COLD = """
[[alert]]
name = "cold"
channel = "air_temperature"
below = [{limit}]
hold_min = 3
clear_min = 5
clear_by = 0.2
"""


def ends(outcome_platform: list[AlarmEnd]) -> type[AlarmEnd]:
    """Return a kind of platform that notes the one that is made."""

    class Noted(AlarmEnd):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            outcome_platform.append(self)

    return Noted


@pytest.mark.slow
@pytest.mark.parametrize("seed", (1, 2))
def test_each_crossing_is_told_and_its_end_whatever_befalls_link_box_and_hub(tmp_path: Path, seed: int) -> None:
    """A night with the link away, the box killed and powered off, and the hub away: what the box has raised is an alarm
    at the hub once, was told to somebody or stands in a summary, and nothing is open that is over."""
    schedule = Schedule(
        outages=(Outage(1.8 * HOUR + 60 * seed, 120.0), Outage(3.6 * HOUR, 900.0, power=True)),
        away=((0.8 * HOUR, 0.9 * HOUR + 600 * seed),),
        mishaps=((2.5 * HOUR, Mishap.LEAVES), (2.9 * HOUR, Mishap.RETURNS)),
    )
    made: list[AlarmEnd] = []
    text = without(SMALL, "light", "second", "rain485", "field", "vane") + COLD.format(limit=16.5)
    outcome = live(
        configured(tmp_path, text), schedule, 5 * HOUR, seed=seed, begin=BEGIN + 43_200_000_000, end=ends(made)
    )
    assert outcome.complaints == []
    raised = [decode(one.kind, one.body) for one in outcome.kept if one.kind == Kind.ALERT]
    episodes = {one.alert: one for one in raised if isinstance(one, Alert)}  # the newest turn of each
    assert episodes, "no night was cold enough"
    known = {one.said.alert: one for one in made[0].alarms() if one.said is not None}
    assert known.keys() == episodes.keys()
    told = [message for channel in made[0].channels.values() for _, message in channel.got]
    assert told
    for name, last in episodes.items():
        alarm = known[name]
        assert alarm.open == (last.step > 0 or last.turn == "blind"), name
        assert alarm.open or alarm.escalation.over_told or not alarm.escalation.told, name
        assert alarm.escalation.told or alarm.escalation.over_told or not alarm.open, name
