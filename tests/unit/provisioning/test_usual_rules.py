"""The rules that `minshan init` writes: each watches what the station's minutes will have."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.devices.profiles import names
from edge.config.file import load
from tests.kits.command import minshan

CUPS = "pulses:line=5,kind=wind,name=cups"
ASCII = "ascii-station:port=/dev/ttyS2"


def rules(tmp_path: Path, *sensors: str) -> dict[str, str | None]:
    """Return each rule's name and channel in the file that is written for these sensors, which the station takes."""
    out = tmp_path / "station.toml"
    given = (word for one in sensors for word in ("--sensor", one))
    minshan("init", "--station", "a", "--state", str(tmp_path / "state"), "--out", str(out), *given)
    return {rule.name: rule.channel for rule in load(out).alert}


@pytest.mark.parametrize("profile", sorted(names()))
def test_every_modbus_sensor_gets_rules_that_can_be_raised(tmp_path: Path, profile: str) -> None:
    """Whatever its profile measures, and however seldom."""
    assert "sensors" in rules(tmp_path, f"modbus:port=/dev/ttyS1,profile={profile}")


@pytest.mark.parametrize(
    ("sensors", "channel"),
    [
        ((CUPS,), "wind_speed_of_gust"),
        ((ASCII,), "wind_speed"),
        ((ASCII, CUPS), "wind_speed"),
        ((ASCII, f"{CUPS},primary=true"), "wind_speed_of_gust"),
        ((CUPS, ASCII), "wind_speed_of_gust"),
        ((f"{CUPS},primary=false",), None),
        (("modbus:port=/dev/ttyS1,profile=sensecap-one",), "wind_speed"),
        (("modbus:port=/dev/ttyS1,profile=rs-fsjt,interval=5",), "wind_speed"),
    ],
)
def test_a_gale_is_watched_for_in_what_the_primary_anemometer_gives(
    tmp_path: Path, sensors: tuple[str, ...], channel: str | None
) -> None:
    """Gusts are of readings each second: a station with a line every three seconds never told of a gale."""
    assert rules(tmp_path, *sensors).get("gale") == channel
