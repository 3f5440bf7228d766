"""The contract suite finds drivers that break the contract: each of its checks refuses a driver made to fail it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from drivers import contract
from drivers.clock import Clock
from drivers.devices import bme280, pulses, sen0575
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import DeviceError
from drivers.reading import Reading
from drivers.trial import ContractError, Trial
from edge.sim.clock import SimClock

CHECKS = {check.__name__.removeprefix("check_"): check for check in contract.CHECKS}


class Bent:
    """A device whose `read` is another's, changed."""

    def __init__(self, device: Device, clock: Clock, bend: Callable[[Device, Clock], tuple[Reading, ...]]) -> None:
        self._device, self._clock, self._bend = device, clock, bend

    def read(self) -> tuple[Reading, ...]:
        """Return the changed readings."""
        return self._bend(self._device, self._clock)

    def close(self) -> None:
        """Close the device."""
        self._device.close()


def bent(info: DriverInfo, bend: Callable[[Device, Clock], tuple[Reading, ...]]) -> DriverInfo:
    """Return the driver with its reads changed."""

    def open_bent(bus: Any, settings: Any, clock: Clock) -> Device:
        return Bent(info.open(bus, settings, clock), clock, bend)

    return replace(info, open=open_bent)


def warmer(device: Device, _: Clock) -> tuple[Reading, ...]:
    """Return readings half a degree too warm."""
    return tuple(structs.replace(r, value=r.value + 0.5) for r in device.read())


def in_the_future(device: Device, _: Clock) -> tuple[Reading, ...]:
    """Return readings stamped ten seconds ahead."""
    return tuple(structs.replace(r, at=r.at + 10) for r in device.read())


def slowly(device: Device, clock: Clock) -> tuple[Reading, ...]:
    """Return readings after longer than stated."""
    clock.sleep_until(clock.now() + 5)
    return device.read()


def filled(device: Device, clock: Clock) -> tuple[Reading, ...]:
    """Return an old value where there is none."""
    try:
        return device.read()
    except DeviceError:
        return (Reading("air_temperature", 20.0, clock.now()),)


def raising(device: Device, clock: Clock) -> tuple[Reading, ...]:
    """Raise an error that is none of the drivers' where the device does not answer."""
    try:
        return device.read()
    except DeviceError as error:
        raise RuntimeError(str(error)) from error


def falling(device: Device, clock: Clock) -> tuple[Reading, ...]:
    """Return a total that falls back each minute."""
    return tuple(structs.replace(r, value=r.value % 3.0) for r in device.read())


def one_more(_: Any) -> tuple[Channel, ...]:
    """Return a channel that never comes."""
    return (*bme280.channels(bme280.Settings()), Channel("illuminance", 0, 1000, 1))


BREAKERS: list[tuple[str, DriverInfo, type[Exception]]] = [
    ("it_states_what_it_is", replace(bme280.INFO, interval=None), ContractError),
    ("it_gives_all_its_channels_truly", replace(bme280.INFO, channels=one_more), ContractError),
    ("it_gives_all_its_channels_truly", bent(bme280.INFO, warmer), ContractError),
    ("it_gives_all_its_channels_truly", bent(bme280.INFO, in_the_future), ContractError),
    ("it_gives_all_its_channels_truly", bent(bme280.INFO, slowly), ContractError),
    ("it_survives_silent", bent(bme280.INFO, filled), ContractError),
    ("it_survives_other_address", bent(bme280.INFO, filled), ContractError),
    ("it_survives_noise", bent(bme280.INFO, raising), RuntimeError),
    ("it_survives_stuck", replace(bme280.INFO, timeout=0.1), ContractError),
    ("it_survives_silent", replace(pulses.INFO, extra={}), ContractError),
    ("totals_never_fall", bent(sen0575.INFO, falling), ContractError),
]


@pytest.mark.parametrize(("name", "info", "expected"), BREAKERS, ids=lambda value: getattr(value, "name", str(value)))
def test_a_driver_that_breaks_the_contract_is_found(name: str, info: DriverInfo, expected: type[Exception]) -> None:
    """The check named fails for a driver that was made to break what it checks."""
    keys = {"kind": "wind"} if info.name == "pulses" else {}
    with pytest.raises(expected):
        CHECKS[name](Trial(info, keys, SimClock))
