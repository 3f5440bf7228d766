"""A device that is at another address of its kind than the file says."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from drivers.buses.bus import BUSES
from drivers.buses.i2c import I2CBus
from drivers.catalog import find
from drivers.clock import Clock
from drivers.devices.bme280 import Settings
from drivers.driver import DriverInfo
from drivers.errors import NoAnswer
from drivers.reason import Reason
from drivers.twins.bme280 import Twin
from drivers.twins.memory import MemoryI2C
from edge.clock.clock import SystemClock
from edge.language.texts import speaking
from provisioning.commands.device import refused

NOBODY = NoAnswer(Reason("not_acknowledged", "nothing acknowledges at its address"))


@pytest.fixture(name="asked", autouse=True)
def bus_with_a_bme280_at_0x77(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Put a bus in memory where the kernel's would be. Return the addresses that are tried."""
    tried: list[int] = []
    clock = SystemClock()
    twin = Twin(Settings(address=0x77), clock, 7)

    class Noting(MemoryI2C):
        def transfer(self, address: int, out: bytes, count: int) -> bytes:
            tried.append(address)
            return super().transfer(address, out, count)

    def opened(_settings: Any, _clock: Clock) -> I2CBus:
        return I2CBus(Noting(clock, [twin]), clock)

    monkeypatch.setitem(BUSES, "i2c", replace(BUSES["i2c"], open=opened))
    return tried


def told(info: DriverInfo, **keys: Any) -> str:
    """Return the remedy where nothing answers."""
    return refused("air", info, info.settings.model_validate(keys), NOBODY).remedy


def test_where_something_answers_is_said(asked: list[int]) -> None:
    """0x77 in place of 0x76, in both languages; no address is tried that the device cannot have."""
    assert told(find("bme280")).startswith("Something answers at 0x77: is that the device? Check its power")
    with speaking("zh"):
        assert told(find("bme280")).startswith("地址 0x77 有应答：是不是这个设备？请检查")
    assert set(asked) == {0x77}


def test_where_nothing_answers_nothing_is_said(asked: list[int]) -> None:
    """The usual remedy alone; a device that has one address is looked for nowhere."""
    assert told(find("ina219"), address=0x41).startswith("Check its power")
    assert min(asked) == 0x40 and max(asked) == 0x4F and 0x41 not in asked
    asked.clear()
    assert told(find("veml7700")).startswith("Check its power") and asked == []
