"""A simulated serial port or RS-485 line: on a pty, or in memory if no kernel device is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from drivers.buses.bus import BUSES
from drivers.buses.modbus import ModbusBus, Port
from drivers.buses.serial import no_port, open_serial
from drivers.clock import Clock, Lane
from drivers.errors import Unplugged
from drivers.twins.clocked_port import ClockedPort
from drivers.twins.memory_line import MemoryLine
from drivers.twins.rtu_line import RtuLine
from drivers.twins.twin import Wire
from drivers.twins.wires import PtyWire


class SerialLine(Wire, Protocol):
    """A serial line between a twin and a driver's port. `dropped`: bytes of the twin that were not read."""

    dropped: int

    def __init__(self, clock: Clock) -> None: ...

    def open(self, settings: Any, clock: Clock) -> Port:
        """Open the driver's port on it in place of the settings' own."""

    def plug(self) -> None:
        """Make a new connection."""

    def unplug(self) -> None:
        """Cut the connection: its driver gets `Unplugged`, and what the twin sends is dropped."""

    def close(self) -> None:
        """Unplug for good."""


class PtyLine(PtyWire):
    """A pty, and the real port on its path."""

    def open(self, settings: Any, clock: Clock) -> Port:
        """Open the real port on the pty's path in place of the settings' own. Raise Unplugged."""
        return ClockedPort(open_serial(settings.model_copy(update={"port": self.path}), clock), self)


class SerialWire:
    """A line with a serial device, or an RS-485 line and the devices on it, at the far end."""

    def __init__(self, kind: str, placed: Sequence[tuple[Any, Any]], clock: Clock, line: type[SerialLine]) -> None:
        self._kind = kind
        self._clock = clock
        self.wire = line(clock)
        self._lanes: list[Lane] = []
        settings = placed[0][0]
        self._name = f"twin {BUSES[kind].key(settings)}"
        twins = [twin for _, twin in placed]
        self._rtu = RtuLine(self.wire, twins, clock, settings.baud) if kind == "modbus" else None
        self._run = self._rtu.run if self._rtu else lambda: twins[0].run(self.wire)
        self._plugged = True

    def open(self, settings: Any, clock: Clock) -> Any:
        """Open the port, with a Modbus bus on it if it is an RS-485 line. Raise Unplugged."""
        if not self._plugged:
            raise Unplugged(no_port(settings.port))
        port = self.wire.open(settings, clock)
        if self._kind == "modbus":
            return ModbusBus(port, settings.baud, settings.parity, clock)
        return port

    def start(self) -> None:
        """Start the lane on which the device sends or the line answers; a line in memory needs none."""
        if self._rtu and isinstance(self.wire, MemoryLine):
            self.wire.answers = self._rtu.answers
        else:
            self._lanes.append(self._clock.lane(self._name, self._run))

    def stop(self) -> None:
        """Tell the lane to end and unplug the line."""
        for lane in self._lanes:
            lane.stop()
        self._lanes.clear()
        if isinstance(self.wire, MemoryLine):
            self.wire.answers = None
        self.wire.unplug()

    def close(self) -> None:
        """Release the line for good."""
        self.wire.close()

    def unplug(self) -> None:
        """Unplug the line."""
        self._plugged = False
        self.wire.unplug()

    def plug(self) -> None:
        """Plug the line in again; a pty may have another path."""
        self._plugged = True
        self.wire.plug()
