"""Another device at the address of an I2C driver: it gives nothing, and is told as another device."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from drivers.catalog import catalog
from drivers.errors import DeviceError, WrongDevice
from drivers.reading import Reading
from drivers.trial import ONE, Trial, TrialReader
from drivers.twins.bench import I2CWire, make_twin
from drivers.twins.memory import MemoryI2C
from edge.sim.clock import SimClock

TEXAS = {0xFE: 0x5449, 0xFF: 0x2260}


class Words:
    """A device of 16-bit registers, high byte first, of which some bits can be written (datasheets' reset values)."""

    stretch = 0.0

    def __init__(
        self, address: int, words: Mapping[int, int], writable: Mapping[int, int], pointer: int = 0xFF
    ) -> None:
        self.address = address
        self._words, self._writable, self._pointer = dict(words), writable, pointer
        self._at = 0

    def write(self, data: bytes) -> None:
        """Point to a register, and write its writable bits."""
        self._at = data[0] & self._pointer
        if len(data) > 2:
            open_bits = self._writable.get(self._at, 0)
            kept = self._words.get(self._at, 0) & ~open_bits
            self._words[self._at] = kept | int.from_bytes(data[1:3], "big") & open_bits

    def read(self, count: int) -> bytes:
        """Return the word, again and again."""
        return (self._words.get(self._at, 0).to_bytes(2, "big") * count)[:count]


def thermometer(address: int) -> Words:
    """Return a TMP102 (SBOS397), whose address an ADS1115 and an INA219 can have."""
    return Words(address, {0: 0x1900, 1: 0x60A0, 2: 0x4B00, 3: 0x5000}, {1: 0x9FD0, 2: 0xFFF0, 3: 0xFFF0}, 3)


def older_thermometer(address: int) -> Words:
    """Return an LM75."""
    return Words(address, {0: 0x1900, 2: 0x4B00, 3: 0x5000}, {1: 0x1F00, 2: 0xFF80, 3: 0xFF80}, 3)


def other_monitor(address: int) -> Words:
    """Return an INA226 (SBOS547), sold on boards that look like an INA219's."""
    words = {0: 0x4127, 1: 0x0BB8, 2: 0x2580, 3: 0x0100, 4: 0x0200, **TEXAS}
    return Words(address, words, {0: 0x8FFF, 5: 0x7FFF, 6: 0xFFFF, 7: 0xFFFF})


OTHERS: dict[str, Callable[[int], Words]] = {
    "tmp102": thermometer,
    "lm75": older_thermometer,
    "ina226": other_monitor,
}
# Driver -> what may sit at its address, by strapping or by a wrong board, and cannot be it.
PAIRS = {
    "ina219": ("vane", "bme280", *OTHERS),
    "ina260": ("ina219", "vane", "bme280", *OTHERS),
    "vane": ("ina219", "ina260", "bme280", *OTHERS),
    "veml7700": ("vane", "bme280", *OTHERS),
    "sen0575": ("ina219", "veml7700", *OTHERS),
}


def found_by(driver: str, other: str) -> tuple[list[Reading], list[DeviceError]]:
    """Return what the driver gives and raises in ten turns where the other device is."""
    trial, read, raised = Trial(catalog()[driver], {}, SimClock), list[Reading](), list[DeviceError]()

    def body(caller: TrialReader) -> None:
        clock, wire = caller.table.clock, caller.table.wire
        assert isinstance(wire, I2CWire)
        address = trial.settings.address
        if other in OTHERS:
            wire._adapter = MemoryI2C(clock, [OTHERS[other](address)])  # type: ignore[list-item]  # no back face
        else:
            twin = make_twin(catalog()[other], catalog()[other].settings(), clock, 1)
            twin.address = address
            for quantity, value in ONE.items():
                twin.set(quantity, value)
            wire._adapter = MemoryI2C(clock, [twin])
        for _ in range(10):
            read.extend(caller.turn())
        raised.extend(caller.errors)

    trial.run(body)
    return read, raised


@pytest.mark.parametrize(("driver", "other"), [(driver, other) for driver, others in PAIRS.items() for other in others])
def test_another_device_at_the_address_is_named_as_that(driver: str, other: str) -> None:
    """A technician is sent to the board that is there, and not to look for a bus that hangs or a power cut.

    What answers zeros where settings were written may be an empty bus as well.
    """
    read, raised = found_by(driver, other)
    assert not read
    codes = {error.kind.code if isinstance(error, WrongDevice) else error.detail.code for error in raised}
    assert codes <= {WrongDevice.kind.code, "settings_read_empty"}, raised[0]
