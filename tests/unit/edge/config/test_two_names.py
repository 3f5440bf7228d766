"""One port under two names: a station that opened it twice would shut itself out."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.file import load
from tests.unit.edge.config.test_config import STATION, mistakes

TALKER = '[[sensor]]\nname = "{}"\ndriver = "nmea"\nport = "{}"\n'
QUERIED = '[[sensor]]\nname = "{}"\ndriver = "modbus"\nprofile = "th-renke"\nport = "{}"\naddress = {}\n'


@pytest.mark.parametrize("second", [TALKER, QUERIED], ids=["talker", "queried"])
def test_one_port_under_two_names_is_refused(tmp_path: Path, second: str) -> None:
    """The kernel's name and udev's link lead to one adapter: the program that holds it would be the station itself."""
    port, link = tmp_path / "ttyUSB0", tmp_path / "usb-FTDI_A50285BI"
    port.touch()
    link.symlink_to(port)
    (said,) = mistakes(tmp_path, STATION + QUERIED.format("one", port, 1) + second.format("two", link, 2))
    assert said.endswith(f': is another name of the port {port} of sensor "one"; write the same name for both')


def test_two_adapters_that_are_not_plugged_in_are_two(tmp_path: Path) -> None:
    """What is not there has the name that is written."""
    file = tmp_path / "station.toml"
    file.write_text(STATION + TALKER.format("one", tmp_path / "a") + TALKER.format("two", tmp_path / "b"))
    assert len(load(file).sensor) == 2
