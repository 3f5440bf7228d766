"""The far end of a simulated serial line: a pty pair, and the faults of a device that sends on it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import tty
from random import Random
from typing import TYPE_CHECKING

from drivers.twins.twin import Fault

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.twins.twin import Wire

HOLDS = 4000  # bytes that may be unread: the kernel's terminal buffer holds 4095
ARRIVES = 0.05  # s of the clock's time for bytes to arrive; none passes in simulated time
LOOKS = 20_000  # checks for bytes that do not arrive, about 2 s: a limit for a broken machine
SLOW_GAP = 25.0  # s between two frames of a slow twin: more than the stated time of any driver for talkers


class PtyWire:
    """A pty pair in raw mode: the twin holds this end, the driver opens `path`.

    The slave is kept open here too, so that what is sent waits for a driver that has not opened it yet; `dropped`
    counts the bytes for which there was no room because earlier ones were not read.
    """

    def __init__(self, clock: Clock) -> None:
        self.path = ""
        self.dropped = 0
        self._clock = clock
        self._master = self._slave = -1
        # Waiting for the pair through one epoll lets another lane pull the pair out meanwhile.
        self._ready = select.epoll()
        self.plug()

    def plug(self) -> None:
        """Make a new pair; `path` may change."""
        self.unplug()
        self._master, self._slave = pty.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._ready.register(self._master, select.EPOLLIN)

    def unplug(self) -> None:
        """Close the pair: its driver gets `Unplugged`, and what the twin sends is dropped."""
        if self._master >= 0:
            self._ready.unregister(self._master)
            os.close(self._slave)
            os.close(self._master)
        self._master = self._slave = -1

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()
        self._ready.close()

    def write(self, data: bytes) -> None:
        """Send the bytes and return when the other end can read them.

        Drop and count them if the other end does not read.
        """
        if self._master < 0 or self._unread() + len(data) > HOLDS:
            self.dropped += len(data)
            return
        self._clock.outside(lambda: self._cross(data))

    def read(self, until: float) -> bytes:
        """Return what the other end sent, waiting until the instant `until`; b"" if nothing arrived."""
        if not self._clock.wait_readable(self._ready.fileno(), until) or self._master < 0:
            return b""
        try:
            return os.read(self._master, HOLDS)
        except BlockingIOError:
            return b""

    def _cross(self, data: bytes) -> None:
        """Write, and wait until the kernel has transferred the bytes (it does so on its own thread)."""
        before = seen = self._unread()
        os.write(self._master, data)
        started = self._clock.now()
        for look in range(LOOKS):
            unread = self._unread()
            if unread >= before + len(data) or unread < seen:  # there, or already being read
                return
            seen = unread
            if look < 50:
                os.sched_yield()
            elif self._clock.now() - started > ARRIVES:
                return
            else:
                select.select([], [], [], 0.0001)

    def _unread(self) -> int:
        """Return how many bytes are unread at the slave."""
        answer = fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", answer)[0])


class FaultySender:
    """Sends a twin's frames on a wire, with the current fault."""

    def __init__(self, seed: int) -> None:
        self.fault: Fault | None = None
        self._rng = Random(seed)
        self._last = b""

    def gap(self, pace: float) -> float:
        """Return the seconds to the next frame; `pace`: the usual ones."""
        return SLOW_GAP if self.fault is Fault.SLOW else pace

    def send(self, wire: Wire, frame: bytes) -> None:
        """Send `frame` modified by the fault: not at all, damaged, cut short, or the last good one again."""
        if self.fault in (Fault.SILENT, Fault.UNPLUGGED, Fault.OTHER_ADDRESS):
            return
        if self.fault is Fault.STUCK:
            frame = self._last or frame
        self._last = frame
        if self.fault is Fault.NOISE:
            frame = corrupt(frame, self._rng)
        elif self.fault is Fault.SHORT:
            frame = frame[: self._rng.randrange(1, len(frame))]
        wire.write(frame)


def corrupt(data: bytes, rng: Random) -> bytes:
    """Return `data` with one byte changed, which every checksum in use detects."""
    at = rng.randrange(len(data))
    changed = data[at] ^ rng.randrange(1, 256)
    return data[:at] + bytes([changed]) + data[at + 1 :]
