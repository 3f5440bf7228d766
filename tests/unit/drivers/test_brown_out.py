"""A device on I2C that loses its power for a moment, at any transfer of a reading: its settings and values are gone."""

from __future__ import annotations

import math
from typing import Any

import pytest

from drivers.buses.i2c import I2CBus
from drivers.catalog import catalog
from drivers.errors import DeviceError
from drivers.reading import Reading
from drivers.trial import ONE, near
from drivers.twins import bme280
from drivers.twins.bench import make_twin
from drivers.twins.memory import MemoryI2C
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane

I2C = sorted(name for name, info in catalog().items() if info.bus == "i2c")
LOST_AT, READS = 3, 8  # in which reading the power fails, and how many are made
TRUTHS = {"by day": {}, "by night": {"illuminance": 2.0}}


class Failing(MemoryI2C):
    """An adapter whose only device is a new one from a certain transfer on."""

    def __init__(self, clock: SimClock, now: Any, then: Any) -> None:
        super().__init__(clock, [now])
        self.count, self.lost_at, self._then = 0, 0, then

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Transfer, with the new device from the chosen one on."""
        self.count += 1
        if self.count == self.lost_at:
            self._twins = [self._then()]
        return super().transfer(address, out, count)


def read_through(name: str, truth: dict[str, float], at: int, then: type | None = None) -> list[list[Reading] | str]:
    """Return what each reading gives, or its error's code, where the power fails before transfer `at` of one."""
    info = catalog()[name]
    settings, interval = info.settings(), info.interval or 10.0

    def body(clock: SimClock) -> list[list[Reading] | str]:
        def on(kind: type | None) -> Any:
            twin = kind(settings, clock, 1) if kind else make_twin(info, settings, clock, 1)
            for quantity, value in truth.items():
                twin.set(quantity, value)
            return twin

        adapter = Failing(clock, on(None), lambda: on(then))
        bus, device, found = I2CBus(adapter, clock), None, list[list[Reading] | str]()
        for turn in range(READS):
            clock.sleep_until(math.ceil(clock.now() / interval + 0.5) * interval)
            adapter.lost_at = adapter.count + at if turn == LOST_AT and at else adapter.lost_at
            try:
                device = device or info.open(bus, settings, clock)
                found.append(list(device.read()))
            except DeviceError as error:  # as a station does it, the device is opened anew
                found.append(error.detail.code)
                device = None
        return found

    return on_lane(body)


def transfers(name: str) -> int:
    """Return more than the transfers that one reading takes, with a change of its settings."""
    return 20 if name == "ina219" else 12


@pytest.mark.parametrize("sky", TRUTHS)
@pytest.mark.parametrize("name", I2C)
def test_a_device_that_loses_its_power_gives_no_false_value(name: str, sky: str) -> None:
    """At whichever transfer it happens, what is given as good is true, and all channels are soon back."""
    channels = {channel.quantity: channel for channel in catalog()[name].channels(catalog()[name].settings())}
    truth = ONE | TRUTHS[sky]
    for at in range(1, transfers(name) + 1):
        found = read_through(name, truth, at)
        for readings in found:
            for reading in readings if isinstance(readings, list) else ():
                channel = channels[reading.quantity]
                wrong = f"{reading.quantity} {reading.value} as good, power lost at transfer {at}: {found}"
                assert reading.doubt or near(reading, channel, truth[reading.quantity]), wrong
        last = found[-1]
        assert isinstance(last, list) and {reading.quantity for reading in last} == set(channels), (at, found)


class AnotherChip(bme280.Twin):
    """A BME280 whose first coefficient of the temperature is another one."""

    def _byte(self, number: int) -> int:
        return super()._byte(number) ^ (0x02 if number == 0x89 else 0x00)


def test_another_chip_of_its_kind_is_not_read_by_the_first_one_s_coefficients() -> None:
    """Exchanged between two readings it has the same identity; only what the first one was set to is gone."""
    found = read_through("bme280", ONE, 1, AnotherChip)
    assert found[LOST_AT] == "configuration_lost"
    before, after = found[0], found[-1]
    assert isinstance(before, list) and isinstance(after, list)
    assert abs(after[0].value - before[0].value) > 1.0  # its own coefficients make another temperature of the same bits
