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
