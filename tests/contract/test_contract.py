"""Every driver of the catalog keeps the contract of `drivers/contract.py`, against its twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers import contract
from drivers.catalog import catalog
from drivers.devices.profiles import load, names
from drivers.trial import Trial
from edge.sim.clock import SimClock

# Keys beside a device's place on its bus: one line a way of using the driver. Without one it is tried bare.
WAYS: dict[str, list[dict[str, Any]]] = {
    "pulses": [{"kind": "rain"}, {"kind": "wind"}],
    "veml7700": [{}, {"lux_per_count": 0.0042}],
    "sen5x": [{"model": "SEN50"}, {"model": "SEN55"}],
    "ina219": [{}, {"shunt_ohm": 0.01, "reversed": True}],
    "w1-therm": [{}, {"quantity": "soil_temperature"}],
}


def every_profile() -> list[dict[str, Any]]:
    """Return each Modbus sensor, with all that can be ordered with it."""
    return [
        {"profile": name, "fitted": [entry.quantity for entry in load(name).registers if entry.optional]}
        for name in names()
    ]


def trials() -> Iterator[Any]:
    """Yield each driver in each of its ways."""
    for name, info in catalog().items():
        for keys in every_profile() if name == "modbus" else WAYS.get(name, [{}]):
            words = [name, *(str(value) for value in keys.values() if not isinstance(value, list))]
            yield pytest.param(Trial(info, keys, SimClock), id="-".join(words))


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("trial", list(trials()))
def test_contract(trial: Trial, check: Callable[[Trial], None]) -> None:
    """The driver keeps this part of the contract."""
    check(trial)
