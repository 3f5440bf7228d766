"""A serial line in memory, for simulated time: bytes written at one end can be read at the other at once.

A pty transfers bytes on a thread of the kernel's, and each transfer costs more than everything that a station does with
the bytes. The contract suite tests pyserial and the kernel's serial port on ptys (`drivers.twins.wires`).

If devices only answer, no lane waits for requests: a request is answered within the driver's write, with bytes that
arrive at the time a real device's would.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

from drivers.buses.serial import port_gone

if TYPE_CHECKING:
    from drivers.buses.bus import OnModbus, OnSerial
    from drivers.clock import Clock

HOLDS = 4000  # bytes that may lie unread at the driver's end: as on a pty
DUE = itemgetter(0)
Answers = Callable[[bytes], Iterable[tuple[float, bytes]]]  # to a request: when each arrives, and its bytes


class MemoryLine:
    """A line with a twin at this end and a driver's port at the other.

    `dropped`: count of bytes for which there was no room, as the driver did not read earlier ones. `answers`: answers
    what the driver writes, in place of a reader at this end.
    """

    def __init__(self, clock: Clock) -> None:
        self.dropped = 0
        self.answers: Answers | None = None
        self._clock = clock
        self._heard = clock.inbox(HOLDS)  # received at this end: (the cable, bytes)
        self._cable: Cable | None = None
        self.plug()

    def plug(self) -> None:
        """Make a new connection; ports opened before stay dead."""
        self.unplug()
        self._cable = Cable(self._clock)

    def unplug(self) -> None:
        """Cut the connection: its driver gets `Unplugged`, and what the twin sends is dropped."""
        if self._cable is not None:
            self._cable.cut()
        self._cable = None

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()

    def open(self, settings: OnSerial | OnModbus, clock: Clock) -> MemoryPort:
        """Return the driver's port on a plugged-in line, with old bytes discarded."""
        assert self._cable is not None, "the wire of the bus refuses to open while it is unplugged"
        port = MemoryPort(settings.port, settings.baud, self, self._cable, clock)
        port.flush_input()
        return port

    def write(self, data: bytes) -> None:
        """Send the bytes. Drop and count them if the other end does not read."""
        if self._cable is None or not self._cable.carry(data):
            self.dropped += len(data)

    def read(self, until: float) -> bytes:
        """Return what the other end sent, waiting until the instant `until`; b"" if nothing arrived."""
        came = self._heard.get(until)
        data = b""
        while came is not None:
            cable, sent = came
            if cable is self._cable:
                data += sent
            came = self._heard.get(until) if len(self._heard) else None
        return data

    def hear(self, cable: Cable, data: bytes) -> None:
        """Receive bytes from the driver."""
        if self.answers is None:
            self._heard.offer((cable, data))
            return
        for answer in self.answers(data):
            insort(cable.arriving, answer, key=DUE)


class Cable:
    """One connection of a line, from its plugging in to its unplugging: the way to the driver."""

    def __init__(self, clock: Clock) -> None:
        self.gone = False
        self.coming = clock.inbox(HOLDS + 1)
        self.unread = 0  # bytes
        self.arriving: list[tuple[float, bytes]] = []  # answers in transit

    def carry(self, data: bytes) -> bool:
        """Transfer bytes to the driver's end. Return False if there is no room for them."""
        if self.unread + len(data) > HOLDS:
            return False
        self.unread += len(data)
        self.coming.offer(data)
        return True

    def cut(self) -> None:
        """End the connection, and wake the waiting reader."""
        self.gone = True
        self.coming.offer(b"")


class MemoryPort:
    """The driver's end, with the interface of `drivers.buses.serial.SerialPort`."""

    def __init__(self, name: str, baud: int, line: MemoryLine, cable: Cable, clock: Clock) -> None:
        self.name, self.baud = name, baud
        self._line, self._cable, self._clock = line, cable, clock

    def read_some(self, until: float) -> bytes:
        """Return the received bytes, waiting for the first until the instant `until`; b"" if none arrived.

        Raise Unplugged if the port is gone.
        """
        self._check()
        data = self._arrived()
        if not data:
            arriving = self._cable.arriving
            came = self._cable.coming.get(min(until, arriving[0][0]) if arriving else until)
            data = (came or b"") + self._arrived()
            self._check()
        return data

    def write(self, data: bytes) -> None:
        """Send all of `data`. Raise Unplugged if the port is gone."""
        self._check()
        self._line.hear(self._cable, data)

    def flush_input(self) -> None:
        """Discard what was received and not yet read. Raise Unplugged if the port is gone."""
        self._check()
        self._arrived()

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _arrived(self) -> bytes:
        """Return what has arrived by now."""
        cable, data = self._cable, b""
        if cable.unread:
            while len(cable.coming):
                data += cable.coming.get(0.0) or b""
            cable.unread = 0
        while cable.arriving and cable.arriving[0][0] <= self._clock.now():
            data += cable.arriving.pop(0)[1]
        return data

    def _check(self) -> None:
        if self._cable.gone:
            raise port_gone(self.name)
