"""What the tests of Modbus share: a port that plays recorded answers, and a line of twins in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drivers.buses.modbus import ModbusBus
from drivers.buses.serial import open_serial
from drivers.clock import Clock
from drivers.devices.modbus import INFO, ModbusSettings
from drivers.driver import Device
from drivers.twins.clocked_port import ClockedPort
from drivers.twins.modbus import ModbusDeviceTwin
from drivers.twins.rtu_line import RtuLine
from drivers.twins.wires import PtyWire
from edge.sim.clock import SimClock

T = TypeVar("T")
LONG = 1e6  # s of simulated time, more than any test needs


def settings(profile: str, **others: Any) -> ModbusSettings:
    """Return a sensor's settings as the station's file would give them."""
    return ModbusSettings.model_validate({"port": "/dev/ttyUSB0", "profile": profile, **others})


def simulated(call: Callable[[SimClock], T]) -> T:
    """Run `call` on a lane in simulated time. Return what it returns, raise what it raises."""
    clock = SimClock()
    return on_lane(clock, lambda: call(clock))


def on_lane(clock: SimClock, call: Callable[[], T]) -> T:
    """Run `call` on a lane of the clock. Return what it returns, raise what it raises."""
    gave: list[T] = []

    def run() -> None:
        gave.append(call())
        clock.halt()

    clock.lane("test", run)
    clock.run_until(clock.now() + LONG)
    return gave[0]


class PlayedPort:
    """A serial port on which each request is followed by the next recording, piece by piece."""

    def __init__(self, clock: Clock, *recordings: bytes | tuple[bytes, ...]) -> None:
        self.sent: list[bytes] = []
        self.stale = b""  # what lies there before a request
        self._clock = clock
        self._recordings = [(entry,) if isinstance(entry, bytes) else entry for entry in recordings]
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Take a request; its recording can now be read."""
        self.sent.append(data)
        self._pieces += [piece for piece in self._recordings.pop(0) if piece] if self._recordings else []

    def read_some(self, until: float) -> bytes:
        """Return the next piece, a millisecond later; b"" at `until` where there is none."""
        if self.stale:
            stale, self.stale = self.stale, b""
            return stale
        self._clock.sleep_until(min(until, self._clock.now() + 0.001) if self._pieces else until)
        return self._pieces.pop(0) if self._pieces else b""

    def flush_input(self) -> None:
        """Forget what was not read."""
        self.stale = b""
        self._pieces = []

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def played(clock: Clock, *recordings: bytes | tuple[bytes, ...]) -> ModbusBus:
    """Return a line on which the recordings are the answers."""
    return ModbusBus(PlayedPort(clock, *recordings), 4800, "N", clock)


class Line:
    """Sensors on one pty, each with its twin and, once `use` runs, its device."""

    def __init__(self, *sensors: ModbusSettings, echo: bool = False) -> None:
        self.clock = SimClock()
        self.wire = PtyWire(self.clock)
        self.sensors = [sensor.model_copy(update={"port": self.wire.path}) for sensor in sensors]
        self.twins = [ModbusDeviceTwin(sensor, self.clock, 7 + n) for n, sensor in enumerate(self.sensors)]
        baud = self.sensors[0].baud
        self.clock.lane("line", RtuLine(self.wire, self.twins, self.clock, baud, echo).run)

    def bus(self) -> ModbusBus:
        """Open the line as the driver does."""
        sensor = self.sensors[0]
        port = ClockedPort(open_serial(sensor, self.clock), self.wire)
        return ModbusBus(port, sensor.baud, sensor.parity, self.clock)

    def use(self, call: Callable[[list[Device]], T]) -> T:
        """Call `call` with the opened devices. Return what it returns, raise what it raises."""

        def run() -> T:
            bus = self.bus()
            try:
                return call([INFO.open(bus, sensor, self.clock) for sensor in self.sensors])
            finally:
                bus.close()

        return on_lane(self.clock, run)

    def on_bus(self, call: Callable[[ModbusBus], T]) -> T:
        """Call `call` with the opened line. Return what it returns, raise what it raises."""
        return on_lane(self.clock, lambda: call(self.bus()))


def values(device: Device) -> dict[str, float]:
    """Return one read as quantity -> value."""
    return {reading.quantity: reading.value for reading in device.read()}


def doubts(device: Device) -> dict[str, str | None]:
    """Return one read as quantity -> doubt."""
    return {reading.quantity: str(reading.doubt) if reading.doubt else None for reading in device.read()}
