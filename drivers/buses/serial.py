"""The serial bus: one port, one device, through pyserial. All waiting is by the clock."""

from __future__ import annotations

import errno
import os
import stat
import termios
from typing import TYPE_CHECKING

import serial

from drivers.buses.bus import OnModbus, OnSerial
from drivers.errors import NoAnswer, Unplugged

if TYPE_CHECKING:
    from drivers.clock import Clock

AT_ONCE = 4096  # bytes one read may take: what the kernel holds for a terminal
WRITE_TIME = 2.0  # s, the longest a command may take to leave: 1 kB at 4800 baud


def open_serial(settings: OnSerial | OnModbus, clock: Clock) -> SerialPort:
    """Open the port for this program alone and discard old bytes. Raise Unplugged with what is wrong with it."""
    parity = settings.parity if isinstance(settings, OnModbus) else serial.PARITY_NONE
    try:
        port = serial.Serial(settings.port, settings.baud, parity=parity, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
        raise Unplugged(_why(settings.port, settings.baud, error)) from error
    return SerialPort(port, settings.port, clock)


class SerialPort:
    """An opened serial port."""

    def __init__(self, port: serial.Serial, name: str, clock: Clock) -> None:
        self.name = name
        self._port = port
        self._clock = clock

    def read_some(self, until: float) -> bytes:
        """Return the received bytes, waiting for the first until the instant `until`; b"" where none arrived.

        Raise Unplugged where the port is gone.
        """
        while self._clock.wait_readable(self._fd(), until):
            try:
                data = self._port.read(AT_ONCE)
            except OSError as error:  # SerialException is one
                raise self._gone() from error
            if data:
                return data
        return b""

    def write(self, data: bytes) -> None:
        """Send all of `data`. Raise NoAnswer where the port does not accept it within WRITE_TIME."""
        until = self._clock.now() + WRITE_TIME
        left = data
        while left:
            if not self._clock.wait_writable(self._fd(), until):
                raise NoAnswer(f"{self.name} takes no bytes: is the adapter stuck or flow control on?")
            try:
                left = left[self._port.write(left) or 0 :]
            except OSError as error:
                raise self._gone() from error

    def flush_input(self) -> None:
        """Discard what was received and not yet read."""
        try:
            self._port.reset_input_buffer()
        except (OSError, termios.error) as error:
            raise self._gone() from error

    def close(self) -> None:
        """Close the port."""
        try:
            self._port.close()
        except OSError:
            return  # it is gone already, which is what was wanted

    def _fd(self) -> int:
        try:
            return int(self._port.fileno())
        except OSError as error:
            raise self._gone() from error

    def _gone(self) -> Unplugged:
        return Unplugged(f"{self.name} is gone: is the adapter still plugged in?")


def _why(port: str, baud: int, error: Exception) -> str:
    """Return what is wrong with the port, and what would be right, in one sentence."""
    if not os.path.exists(port):
        return f"there is no port {port}: look at /dev/serial/by-id/ for those that are plugged in"
    mode = os.stat(port).st_mode
    if not stat.S_ISCHR(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "no device file"
        return f"{port} is {kind}, not a serial port: name one below /dev/serial/by-id/"
    number = getattr(error, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return f"no permission for {port}: add the user to the group dialout"
    if number in (errno.EAGAIN, errno.EBUSY):
        return f"{port} is in use by another program: only one may hold it"
    if isinstance(error, ValueError):
        return f"{port} does not take {baud} baud"
    return f"{port} is no working serial port ({error})"
