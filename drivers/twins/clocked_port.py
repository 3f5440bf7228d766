"""A serial port whose far end is a pty: written bytes have arrived there when `write` returns.

The kernel transfers bytes across a pty on its own thread, within microseconds or, on a busy machine, tens of
milliseconds. In simulated time that would be the difference between an answer and a missed deadline.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios

from drivers.buses.serial import SerialPort
from drivers.twins.wires import PtyWire

LOOKS = 5_000  # checks, about a second: a limit for a broken machine
HURRIED = 50  # checks without a pause


class ClockedPort:
    """A `SerialPort` on a pty; all but `write` is the port's own."""

    def __init__(self, port: SerialPort, wire: PtyWire) -> None:
        self.name = port.name
        self.baud = port.baud
        self.read_some = port.read_some
        self.flush_input = port.flush_input
        self.close = port.close
        self._port = port
        self._wire = wire

    def write(self, data: bytes) -> None:
        """Send all of `data`, and wait until the far end can read it."""
        before = self._heard()
        self._port.write(data)
        for look in range(LOOKS):
            heard = self._heard()
            if heard < before or heard >= before + len(data) or before < 0:  # read already, there, or unplugged
                return
            if look < HURRIED:
                os.sched_yield()
            else:
                select.select([], [], [], 0.0002)

    def _heard(self) -> int:
        """Return how many bytes the far end can read now; -1 if the pty was unplugged."""
        try:
            answer = fcntl.ioctl(self._wire._master, termios.FIONREAD, bytes(4))
        except (OSError, ValueError):
            return -1
        return int(struct.unpack("i", answer)[0])
