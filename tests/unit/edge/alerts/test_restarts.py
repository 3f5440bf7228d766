"""What a restart must not change: a hold in its middle, the side of the band on which an open alert is."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.alerts.alerts import Alerts
from tests.unit.edge.alerts.test_alerts import COLD, kept, minute, opened, station, told


@pytest.mark.parametrize("hole", range(7))
def test_a_restart_in_each_minute_of_a_hold_changes_nothing(tmp_path: Path, hole: int) -> None:
    """With each hole of 0 to 6 minutes in the middle of a hold, a restart after any minute leaves the turns as they
    are without one."""
    air: list[float | None] = [4.0, -1.0, *[None] * hole, -1.0, -1.0]
    rule = COLD.replace("hold_min = 2", "hold_min = 3")
    (tmp_path / "calm").mkdir()
    undisturbed = told(tmp_path / "calm", rule, *(minute(number, one) for number, one in enumerate(air)))
    assert [turn for turn, *_ in undisturbed] == (["raised"] if hole <= 3 else ["blind", "seeing"])
    for killed in range(len(air)):
        folder = tmp_path / str(killed)
        folder.mkdir()
        config, store = station(folder, rule), opened(folder)
        alerts, found = Alerts(config, store, None), []
        for number, one in enumerate(air):
            store.append(minute(number, one), {"alerts": alerts.keep()})
            found += [(turn.turn, turn.step, turn.value) for turn in kept(store, alerts)]
            if number == killed:
                alerts = Alerts(config, store, store.state()["alerts"])
        assert found == undisturbed, killed
        store.close()


def test_blips_and_a_restart_within_the_band_turn_nothing(tmp_path: Path) -> None:
    """An open alert whose value is better, but not by enough, stays on its side: over minutes that are missing, over
    a restart, and down again."""
    config, store = station(tmp_path, COLD), opened(tmp_path)
    alerts, found = Alerts(config, store, None), []
    for number, one in enumerate([-1.0, -1.0, 0.5, None, 0.5, None, None, 0.6, -0.5, 0.9, 0.9, 0.9, 0.9, -1.0, -1.0]):
        store.append(minute(number, one), {"alerts": alerts.keep()})
        found += [turn.turn for turn in kept(store, alerts)]
        alerts = Alerts(config, store, store.state()["alerts"])
    assert found == ["raised"]
    store.close()


@pytest.mark.parametrize("limits", ["below = [0.0]", "above = [30.0]", "falls = [2.0]"])
@pytest.mark.parametrize("air", [None, -5.0, 1.0, 5.0])
def test_a_rule_with_fewer_limits_goes_on_with_those_it_has(tmp_path: Path, limits: str, air: float | None) -> None:
    """Its file is changed while its alert is at a limit that it has no longer, and half better: every turn after that
    is of a limit of the file, and a good value ends it."""
    store = opened(tmp_path)
    alerts = Alerts(station(tmp_path, COLD.replace("[0.0, -2.0]", "[2.0, 0.0, -2.0]")), store, None)
    for number, value in enumerate([-5.0] * 5 + [-0.5] * 2):
        store.append(minute(number, value), {"alerts": alerts.keep()})
        assert kept(store, alerts) or number != 1
    alerts = Alerts(station(tmp_path, COLD.replace("below = [0.0, -2.0]", limits)), store, store.state()["alerts"])
    assert [(one.step, one.steps) for one in alerts.now] == [(1, 1)]
    found = []
    for number in range(7, 60):
        store.append(minute(number, 12.0 if number >= 20 else air), {"alerts": alerts.keep()})
        found += kept(store, alerts)
        assert all(one.step <= one.steps == 1 for one in alerts.now)
    assert {turn.steps for turn in found} == {1} and found[-1].turn == "cleared" and not alerts.now
    store.close()
