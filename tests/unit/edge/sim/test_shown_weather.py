"""What the twins of a rig are shown: the moment's weather, when they are asked or as it comes."""

from __future__ import annotations

from pathlib import Path

from edge.sim.shown_weather import ShownWeather
from tests.kits.stations import SMALL, configured, without

CUPS = '[[sensor]]\nname = "cups"\ndriver = "pulses"\nkind = "wind"\nline = 6\n'
CUPS_AND_SHELTER = without(SMALL, "light", "second", "rain485", "vane", "field") + CUPS


class Dial:
    """Notes what it is set to."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.times = 0

    def set(self, quantity: str, value: float) -> None:
        """Note it."""
        self.values[quantity] = value
        self.times += 1


class AskedDial(Dial):
    """Measures when it is asked."""

    def before_telling(self) -> None:
        """Nobody has shown it anything."""


def test_a_device_shows_the_weather_of_the_moment_in_which_it_is_asked(tmp_path: Path) -> None:
    """Cups turn with each moment's wind; a thermometer that nobody asks is shown nothing, and then the present."""
    sensors = {sensor.name: sensor for sensor in configured(tmp_path, CUPS_AND_SHELTER).sensor}
    cups, shelter = Dial(), AskedDial()
    twins: dict[str, Dial] = {"cups": cups, "shelter": shelter}
    shown = ShownWeather(twins)
    for name, twin in twins.items():
        shown.add(sensors[name], twin)
    shelter.before_telling()
    assert shelter.values == {}, "there was no weather yet"
    for kelvin in (1.0, 2.0):
        air = {"air_temperature": kelvin, "relative_humidity": 50.0, "air_pressure": 840.0}
        shown.change({**air, "wind_speed": 10 * kelvin})
        assert cups.values == {"wind_speed": 10 * kelvin}
    assert shelter.values == {}
    shelter.before_telling()
    assert shelter.values == {"air_temperature": 2.0, "relative_humidity": 50.0, "air_pressure": 840.0}
    shelter.before_telling()
    assert shelter.times == 3, "the same moment was shown twice"


def test_what_a_sensor_is_held_at_is_shown_whatever_the_weather(tmp_path: Path) -> None:
    """A scene's stuck sensor tells its own value; who took a twin's place since is the one that is shown."""
    (shelter,) = (one for one in configured(tmp_path, CUPS_AND_SHELTER).sensor if one.name == "shelter")
    twin, other = AskedDial(), Dial()
    twins: dict[str, Dial] = {"shelter": twin}
    shown = ShownWeather(twins)
    shown.add(shelter, twin)
    twins["shelter"] = other
    shown.held = {("shelter", "air_temperature"): -3.0}
    shown.change({"air_temperature": 8.0, "relative_humidity": 50.0, "air_pressure": 840.0})
    twin.before_telling()
    assert (twin.values, other.values["air_temperature"]) == ({}, -3.0)
