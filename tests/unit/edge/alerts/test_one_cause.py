"""What has one cause is one alert: smoke of frost fires is no bad air, a dead bus no heap of dead sensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.alerts.alerts import Alerts
from edge.records.bodies import Alert
from edge.records.record import Draft
from tests.unit.edge.alerts.test_alerts import FROST, kept, minute, opened, station, told

AIR = '[[alert]]\nname = "air"\nchannel = "pm2p5"\nabove = [150.0]\nhold_min = 3\nclear_min = 3\n'
DUST = '[[sensor]]\nname = "dust"\ndriver = "plantower"\nport = "/dev/ttyS9"\n'


def night(air: Sequence[float], dust: Sequence[float]) -> list[Draft]:
    """Return minutes with a thermometer and dust."""
    found = []
    for number, (cold, thick) in enumerate(zip(air, dust, strict=True)):
        draft = minute(number, cold)
        draft.body["values"]["pm2p5"], draft.body["quality"]["pm2p5"] = thick, 1
        found.append(draft)
    return found


def test_the_smoke_of_frost_fires_is_no_bad_air(tmp_path: Path) -> None:
    """While frost is near, and for two hours after, dust raises nothing; bad air that goes on by then does, and that
    on a warm night, or at a station without a rule of frost, at once."""
    air = [0.0] * 20 + [8.0] * 140
    thick = [10.0] * 5 + [400.0] * 140 + [500.0] * 15
    found = told(tmp_path, DUST + AIR + FROST, *night(air, thick))
    assert [one for one in found if one[2] in (400.0, 500.0)] == [("raised", 1, 500.0)]
    (tmp_path / "warm").mkdir()
    assert ("raised", 1, 400.0) in told(tmp_path / "warm", DUST + AIR + FROST, *night([9.0] * 9, [400.0] * 9))
    (tmp_path / "without").mkdir()
    assert ("raised", 1, 400.0) in told(tmp_path / "without", DUST + AIR, *night([-2.0] * 9, [400.0] * 9))


def test_smoke_is_said_as_smoke_and_ends_no_alert_of_bad_air(tmp_path: Path) -> None:
    """What is thick is shown as the fires' smoke; an alert that was open before stays, until the air is good."""
    store = opened(tmp_path)
    alerts = Alerts(station(tmp_path, DUST + AIR + FROST), store, None)
    turns = []
    for draft in night([9.0] * 5 + [-3.0] * 10, [400.0] * 10 + [20.0] * 5):
        store.append(draft, {"alerts": alerts.keep()})
        turns += [(one.turn, one.value) for one in kept(store, alerts) if one.rule == "air"]
        if len(turns) == 1 and draft.body["values"]["air_temperature"] < 0 and draft.body["values"]["pm2p5"] > 100:
            assert [(one.rule, one.smoke) for one in alerts.now if one.smoke] == [("air", 400.0)]
    assert turns == [("raised", 400.0), ("cleared", 20.0)]
    store.close()


LOST = '[[alert]]\nname = "sensors"\nlost = [1.0, 2.0]\nhold_min = 2\nclear_min = 2\n'
PAIR = "".join(
    f'[[sensor]]\nname = "{name}"\ndriver = "modbus"\nport = "/dev/ttyS8"\nprofile = "{profile}"\naddress = {number}\n'
    for number, (name, profile) in enumerate((("rain", "rain-renke"), ("vane", "rs-fxjt")), 2)
)


def test_a_dead_bus_is_one_alert_that_names_it(tmp_path: Path) -> None:
    """Two sensors of one line that fall silent together are one turn, with the bus; one of them alone names none."""
    found = silences(tmp_path, [("rain", "vane")] * 3 + [()] * 3 + [("vane",)] * 3)
    assert [(one.turn, one.step, one.sensors, one.buses) for one in found] == [
        ("raised", 2, ["rain", "vane"], {"/dev/ttyS8": ["rain", "vane"]}),
        ("cleared", 0, [], {}),
        ("raised", 1, ["vane"], {}),
    ]


def test_a_cause_that_changes_each_minute_is_one_alert(tmp_path: Path) -> None:
    """A sensor that falls silent as the other comes back, minute by minute: one alert, not one a minute."""
    found = silences(tmp_path, [("rain",), ("vane",)] * 30)
    assert [(one.turn, one.step) for one in found] == [("raised", 1)]


def silences(folder: Path, minutes: Sequence[Sequence[str]]) -> list[Alert]:
    """Return what a station says of minutes in which these of its two sensors are silent."""
    config, store = station(folder, PAIR + LOST), opened(folder)
    alerts = Alerts(config, store, None)
    owned: dict[str, list[str]] = {}
    for (sensor, _), channel in config.channels().items():
        owned.setdefault(sensor, []).append(channel)
    found = []
    for number, silent in enumerate(minutes):
        draft = minute(number, 5.0)
        for name in ("rain", "vane"):
            draft.body["quality"] |= dict.fromkeys(owned[name], 9 if name in silent else 1)
        store.append(draft, {"alerts": alerts.keep()})
        found += kept(store, alerts)
    store.close()
    return found
