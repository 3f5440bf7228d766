"""I2C answers of ones or zeros alone, as a broken wire or a dead chip gives them: no good value, live and recorded."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from drivers.buses.i2c import Adapter, I2CBus
from drivers.catalog import catalog
from drivers.driver import Frame
from drivers.errors import DeviceError
from drivers.limits import DriverLimits
from drivers.reading import Reading
from drivers.twins.bench import make_twin
from drivers.twins.memory import MemoryI2C
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.lanes import on_lane

# The registers (or commands) of each driver that hold a measurement, and their bytes.
MEASURED = {
    "bme280": {0xF7: 8},
    "ina219": {0x01: 2, 0x02: 2, 0x03: 2, 0x04: 2},
    "ina260": {0x01: 2, 0x02: 2, 0x03: 2},
    "sen0575": {0x10: 4},
    "sen5x": {0x03C4: 24},
    "vane": {0x00: 2},
    "veml7700": {0x04: 2},
}
# What zeros alone measure rightly: nothing is connected, it has not rained since, it is night.
MEANT = {("ina260", 0x00), ("sen0575", 0x00), ("veml7700", 0x00)}
CONFIGURED = {"veml7700": {"0x00": "0000"}, "ina219": {"0x05": "1000"}}  # what a recording must hold besides


class Dead:
    """An adapter whose device, once told, answers all reads with one octet: `of` these registers, or all."""

    def __init__(self, adapter: Adapter, octet: int, of: set[int] | None) -> None:
        self._adapter, self._octet, self._of = adapter, octet, of
        self.told = False
        self._register = -1

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Transfer as the adapter does, and answer as the dead device."""
        answer = self._adapter.transfer(address, out, count)
        if out:
            self._register = int.from_bytes(out[:2], "big") if address == 0x69 else out[0]
        dead = self.told and (self._of is None or self._register in self._of)
        return bytes([self._octet]) * count if dead else answer

    def close(self) -> None:
        """Close the adapter."""
        self._adapter.close()


def judged(name: str, keys: dict[str, Any], readings: tuple[Reading, ...]) -> list[Reading]:
    """Return the readings that a station would show as good."""
    info = catalog()[name]
    limits = DriverLimits(info.channels(info.settings(**keys)))
    return [reading for reading in limits.judged(readings) if reading.doubt is None]


def live(name: str, octet: int, of: set[int] | None) -> list[Reading]:
    """Return what a device that died after it was opened gives as good."""
    info = catalog()[name]

    def body(clock: SimClock) -> list[Reading]:
        settings = info.settings()
        adapter = Dead(MemoryI2C(clock, [make_twin(info, settings, clock, 1)]), octet, of)
        device = info.open(I2CBus(adapter, clock), settings, clock)
        with suppress(DeviceError):  # a SEN5x has no value yet
            device.read()
        adapter.told = True
        try:
            return judged(name, {}, device.read())
        except DeviceError:
            return []

    return on_lane(body)


def recorded(name: str, registers: dict[str, str]) -> list[Reading]:
    """Return what a recording gives as good."""
    info = catalog()[name]
    assert info.decoder is not None
    found = list(info.decoder(info.settings()).feed(json.dumps({"registers": registers}).encode() + b"\n"))
    return [reading for item in found if isinstance(item, Frame) for reading in judged(name, {}, item.readings)]


def held(name: str) -> dict[str, str]:
    """Return what else a recording holds: a chip's coefficients, a configuration."""
    if name == "bme280":
        lines = shared("device-bytes/bme280_vectors.jsonl").read_text().splitlines()
        chip = next(json.loads(line) for line in lines if "calib_88_a1" in line)
        return {"0x88": chip["calib_88_a1"].replace(" ", ""), "0xE1": chip["calib_e1_e7"].replace(" ", "")}
    return CONFIGURED.get(name, {})


def test_every_i2c_driver_is_asked() -> None:
    """A new driver on I2C must say which of its registers measure."""
    assert set(MEASURED) == {name for name, info in catalog().items() if info.bus == "i2c"}


@pytest.mark.parametrize("octet", [0xFF, 0x00])
@pytest.mark.parametrize("whole", [True, False], ids=["all registers", "those that measure"])
@pytest.mark.parametrize("name", MEASURED)
def test_a_device_that_died_gives_no_good_value(name: str, octet: int, whole: bool) -> None:
    """Whether all of it answers ones (zeros) or only what it measures: none of it passes, but what may be so."""
    good = live(name, octet, None if whole else set(MEASURED[name]))
    assert not good or (not whole and (name, octet) in MEANT), good


@pytest.mark.parametrize("octet", [0xFF, 0x00])
@pytest.mark.parametrize("name", MEASURED)
def test_a_recording_of_a_dead_device_gives_no_good_value(name: str, octet: int) -> None:
    """Each register that measures alone, and all of them: ones are void, zeros where they can be no measurement."""
    registers = {f"0x{number:02x}": bytes([octet]).hex() * count for number, count in MEASURED[name].items()}
    lines = [registers] + [{number: data} for number, data in registers.items()]
    good = [reading for line in lines for reading in recorded(name, held(name) | line)]
    assert not good or (name, octet) in MEANT | {("ina219", 0x00)}, good  # whose live answer is never ready
