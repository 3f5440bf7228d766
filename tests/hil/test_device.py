"""A driver against the real device, on real buses and in real time.

pytest tests/hil -m hil --driver bme280 --bus /dev/i2c-1 --set address=0x77
pytest tests/hil -m hil --driver plantower --port /dev/serial/by-id/usb-...
pytest tests/hil -m hil --driver pulses --set line=17 --set kind=rain
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from drivers.buses.bus import BUSES
from drivers.catalog import find
from drivers.driver import DriverInfo
from drivers.errors import DeviceError
from drivers.reading import Reading
from drivers.trial import SETTLING, SLACK
from edge.clock.clock import SystemClock

pytestmark = [pytest.mark.hil, pytest.mark.timeout(600)]


@dataclass
class Real:
    """A real device on its bus."""

    info: DriverInfo
    settings: Any
    clock: SystemClock
    bus: Any

    def gather(self) -> tuple[dict[str, Reading], float]:
        """Return a reading of every channel within SETTLING seconds, and the longest time that a read took."""
        wanted = {channel.quantity for channel in self.info.channels(self.settings)}
        device = self.info.open(self.bus, self.settings, self.clock)
        found, longest, until = dict[str, Reading](), 0.0, self.clock.now() + SETTLING
        while wanted - set(found) and self.clock.now() < until:
            began = self.clock.now()
            try:
                found |= {reading.quantity: reading for reading in device.read()}
            except DeviceError as error:
                print(f"{type(error).__name__}: {error}")
            longest = max(longest, self.clock.now() - began)
        device.close()
        device.close()
        return found, longest


def value_of(text: str) -> Any:
    """Return a key's value as a configuration file would have it."""
    for kind in (lambda t: int(t, 0), float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)


@pytest.fixture(name="real")
def real_device(request: pytest.FixtureRequest) -> Iterator[Real]:
    """Yield the device that the options name, its bus opened."""
    name = request.config.getoption("--driver")
    if not name:
        pytest.skip("name the device's driver: --driver bme280")
    info = find(name)
    keys = {
        key: value_of(value) for key, _, value in (pair.partition("=") for pair in request.config.getoption("--set"))
    }
    if bus := request.config.getoption("--bus"):
        keys["bus"] = int(re.sub(r"\D*", "", str(bus)))
    if port := request.config.getoption("--port"):
        keys["port"] = port
    settings, clock = info.settings(**keys), SystemClock()
    try:
        opened = BUSES[info.bus].open(settings, clock)
    except DeviceError as error:
        pytest.fail(f"{error.reason}: {error}", pytrace=False)
    yield Real(info, settings, clock, opened)
    opened.close()


def test_it_gives_all_its_channels(real: Real) -> None:
    """Every channel comes, within the datasheet's limits, stamped now, and in the stated time."""
    found, longest = real.gather()
    for channel in real.info.channels(real.settings):
        reading = found.get(channel.quantity)
        assert reading is not None, f"no {channel.quantity} in {SETTLING:g} s"
        print(f"{channel.quantity} {reading.value:g} {reading.doubt or ''}")
        assert reading.doubt or channel.low <= reading.value <= channel.high
        assert 0 <= real.clock.now() - reading.at < SETTLING
    assert longest <= real.info.timeout + SLACK


def test_it_can_be_opened_again(real: Real) -> None:
    """Closed and opened again on the same bus it gives the same channels."""
    first, _ = real.gather()
    second, _ = real.gather()
    assert set(first) == set(second)
    assert all(second[quantity].at >= first[quantity].at for quantity in first)
