"""Twins connected to their buses, for a simulated station, the contract suite and the demo.

    wire = wire_for("i2c", [(settings, twin), ...], clock)     several twins on one bus
    wire.start()                                               the lanes of its far end
    bus = wire.open(settings, clock)                           as the openers in `drivers.buses.BUSES` do
    wire.unplug(); wire.plug()                                 a bus opened before stays dead, like a real one
    wire.stop()                                                tell the lanes to end, and unplug
    wire.close()                                               once they have ended: release everything

`bench(info, settings, clock, seed)` does all this for a single device.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from drivers.buses.file import FileBus, trouble
from drivers.buses.gpio import GpioBus, no_chip
from drivers.buses.i2c import I2CBus, no_i2c
from drivers.clock import Clock
from drivers.driver import Device, DriverInfo
from drivers.errors import Unplugged
from drivers.twins.memory import MemoryGpio, MemoryI2C
from drivers.twins.relay import Relay
from drivers.twins.serial_wire import PtyLine, SerialLine, SerialWire
from drivers.twins.twin import Twin

Placed = Sequence[tuple[Any, Any]]  # (settings, twin) of each device on the bus


class BusWire(Protocol):
    """The wire of one bus, with its twins at the far end."""

    def open(self, settings: Any, clock: Clock) -> Any:
        """Return the opened bus. Raise Unplugged while the wire is unplugged."""

    def start(self) -> None:
        """Start the lanes of the far end, if it has any."""

    def stop(self) -> None:
        """Tell the lanes to end and unplug the wire."""

    def close(self) -> None:
        """Release everything, once the lanes have ended."""

    def unplug(self) -> None:
        """Unplug the adapter: what is open fails, what opens fails."""

    def plug(self) -> None:
        """Plug the adapter in again: the next opening works."""


class I2CWire:
    """An I2C adapter in memory."""

    def __init__(self, placed: Placed, clock: Clock) -> None:
        self._twins = [twin for _, twin in placed]
        self._clock = clock
        self._adapter = MemoryI2C(clock, self._twins)

    def open(self, settings: Any, clock: Clock) -> I2CBus:
        """Return the station's own bus over the memory adapter. Raise Unplugged."""
        if not self._adapter.plugged:
            raise Unplugged(no_i2c(f"/dev/i2c-{settings.bus}"))
        return I2CBus(self._adapter, clock)

    def start(self) -> None:
        """Do nothing: there are no lanes."""

    def stop(self) -> None:
        """Do nothing: there are no lanes."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def unplug(self) -> None:
        """Unplug the adapter."""
        self._adapter.plugged = False

    def plug(self) -> None:
        """Plug in another adapter of that number."""
        self._adapter = MemoryI2C(self._clock, self._twins)


class GpioWire:
    """A GPIO chip in memory."""

    def __init__(self, placed: Placed, clock: Clock) -> None:
        self._twins: dict[int, Any] = {settings.line: twin for settings, twin in placed}
        self._clock = clock
        self._chip = MemoryGpio(clock, self._twins)

    def add(self, twins: Mapping[int, Any]) -> None:
        """Put devices other than sensors on further lines: a relay, a button."""
        self._twins.update(twins)

    def open(self, settings: Any, clock: Clock) -> GpioBus:
        """Return the chip's bus. Raise Unplugged."""
        if not self._chip.plugged:
            raise Unplugged(no_chip(settings.chip))
        return GpioBus(self._chip)

    def start(self) -> None:
        """Do nothing: there are no lanes."""

    def stop(self) -> None:
        """Do nothing: there are no lanes."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def unplug(self) -> None:
        """Unplug the chip, and with it what it drives."""
        self._chip.plugged = False
        for twin in self._twins.values():
            if isinstance(twin, Relay):
                twin.cut()

    def plug(self) -> None:
        """Plug in another chip of that name."""
        self._chip = MemoryGpio(self._clock, self._twins)


class FileWire:
    """A kernel file in memory."""

    def __init__(self, placed: Placed, clock: Clock) -> None:
        ((self._settings, self._twin),) = placed
        self._plugged = True

    def open(self, settings: Any, clock: Clock) -> FileBus:
        """Return the bus of the file. Raise Unplugged."""
        if not self._plugged:
            raise trouble(FileNotFoundError(), settings.path)
        return FileBus(self._text, settings.path)

    def start(self) -> None:
        """Do nothing: there are no lanes."""

    def stop(self) -> None:
        """Do nothing: there are no lanes."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def unplug(self) -> None:
        """Remove the file."""
        self._plugged = False

    def plug(self) -> None:
        """Put the file back."""
        self._plugged = True

    def _text(self) -> str:
        if not self._plugged:
            raise FileNotFoundError(self._settings.path)
        return str(self._twin.text())


def wire_for(kind: str, placed: Placed, clock: Clock, line: type[SerialLine] = PtyLine) -> BusWire:
    """Return the wire of a bus of that kind with these twins on it; `line`: the kind of a serial line."""
    if kind == "i2c":
        return I2CWire(placed, clock)
    if kind == "gpio":
        return GpioWire(placed, clock)
    if kind == "file":
        return FileWire(placed, clock)
    return SerialWire(kind, placed, clock, line)


def make_twin(info: DriverInfo, settings: Any, clock: Clock, seed: int) -> Any:
    """Return the driver's twin."""
    module, _, name = info.twin.partition(":")
    return getattr(importlib.import_module(module), name)(settings, clock, seed)


@dataclass(slots=True)
class Bench:
    """One device's twin on a wire of its own."""

    info: DriverInfo
    settings: Any
    clock: Clock
    twin: Twin
    wire: BusWire

    def open(self) -> Any:
        """Return the opened bus. Raise Unplugged."""
        return self.wire.open(self.settings, self.clock)

    def device(self, bus: Any) -> Device:
        """Return the driver's device on that bus. Raise DeviceError."""
        return self.info.open(bus, self.settings, self.clock)

    def start(self) -> None:
        """Start the far end."""
        self.wire.start()

    def stop(self) -> None:
        """Tell the far end to end."""
        self.wire.stop()

    def close(self) -> None:
        """Release everything, once the far end has ended."""
        self.wire.close()

    def unplug(self) -> None:
        """Unplug the wire."""
        self.wire.unplug()

    def plug(self) -> None:
        """Plug the wire in again."""
        self.wire.plug()


def bench(info: DriverInfo, settings: Any, clock: Clock, seed: int) -> Bench:
    """Return the driver's twin, under those settings, on a wire of its own."""
    twin = make_twin(info, settings, clock, seed)
    return Bench(info, settings, clock, twin, wire_for(info.bus, [(settings, twin)], clock))
