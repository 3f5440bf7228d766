"""The serial bus: one port, one device, through pyserial. All waiting is done through the clock."""

from __future__ import annotations

import errno
import os
import re
import stat
import termios
from typing import TYPE_CHECKING

import serial

from drivers.buses.bus import OnModbus, OnSerial
from drivers.errors import InUse, NoAnswer, NotADevice, NotAllowed, SwitchedOff, Unplugged, may_not_open, port_in_use
from drivers.reason import Reason, system_reason

if TYPE_CHECKING:
    from drivers.clock import Clock

AT_ONCE = 4096  # bytes of one read: the kernel's buffer of a terminal
OF_THE_BOARD = re.compile(r"/dev/(serial[01]|ttyAMA\d+|ttyS\d+)$")  # the ports at a Raspberry Pi's pins
WRITE_TIME = 2.0  # s, the longest a command may take to leave: 1 kB at 4800 baud


def open_serial(settings: OnSerial | OnModbus, clock: Clock) -> SerialPort:
    """Open the port exclusively and discard old bytes. Raise Unplugged with what is wrong with it."""
    parity = settings.parity if isinstance(settings, OnModbus) else serial.PARITY_NONE
    try:
        port = serial.Serial(settings.port, settings.baud, parity=parity, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
        raise _why(settings.port, settings.baud, error) from error
    return SerialPort(port, settings.port, clock)


class SerialPort:
    """An opened serial port."""

    def __init__(self, port: serial.Serial, name: str, clock: Clock) -> None:
        self.name = name
        self.baud = int(port.baudrate)
        self._port = port
        self._clock = clock

    def read_some(self, until: float) -> bytes:
        """Return the received bytes, waiting for the first until the instant `until`; b"" if none arrived.

        Raise Unplugged if the port is gone.
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
        """Send all of `data`. Raise NoAnswer if the port does not accept it within WRITE_TIME, or Unplugged."""
        until = self._clock.now() + WRITE_TIME
        left = data
        while left:
            if not self._clock.wait_writable(self._fd(), until):
                raise NoAnswer(
                    Reason(
                        "port_takes_nothing",
                        "{port} accepts no bytes: is the adapter stuck, or flow control on?",
                        port=self.name,
                    )
                )
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
            return  # it is already gone

    def _fd(self) -> int:
        try:
            return int(self._port.fileno())
        except OSError as error:
            raise self._gone() from error

    def _gone(self) -> Unplugged:
        return port_gone(self.name)


def port_gone(port: str) -> Unplugged:
    """Return the reason that an open port is gone."""
    return Unplugged(Reason("port_gone", "{port} is gone: is the adapter still plugged in?", port=port))


def no_port(port: str) -> Reason:
    """Return the reason that there is no such port."""
    return Reason(
        "no_port", "there is no port {port}: look at /dev/serial/by-id/ for those that are plugged in", port=port
    )


def uart_off(port: str) -> Reason:
    """Return the reason for a missing serial port of the board itself: it is off, not unplugged."""
    return Reason("uart_off", "there is no {port}: the board's own serial port is not switched on", port=port)


def _why(port: str, baud: int, error: Exception) -> Unplugged:
    """Return what is wrong with the port, with a remedy."""
    rights = Reason("no_port_permission", "no permission for {port}: add the user to the group dialout", port=port)
    try:
        mode = os.stat(port).st_mode
    except PermissionError:
        return NotAllowed(Reason("may_not_be_read", "{path} may not be read by this user", path=port))
    except OSError:
        return SwitchedOff(uart_off(port)) if OF_THE_BOARD.match(port) else Unplugged(no_port(port))
    if stat.S_ISDIR(mode):
        return NotADevice(
            Reason(
                "port_is_directory",
                "{port} is a directory, not a serial port: name one under /dev/serial/by-id/",
                port=port,
            )
        )
    if not stat.S_ISCHR(mode):
        return NotADevice(
            Reason(
                "port_is_file",
                "{port} is not a device file, so not a serial port: name one under /dev/serial/by-id/",
                port=port,
            )
        )
    number = _number(error)
    if number in (errno.EACCES, errno.EPERM):
        return may_not_open(port, OSError(number, ""), rights)
    if number in (errno.EAGAIN, errno.EBUSY):
        return InUse(port_in_use(port))
    if isinstance(error, ValueError):
        return NotADevice(Reason("baud_refused", "{port} does not support {baud} baud", port=port, baud=baud))
    return NotADevice(
        Reason("port_not_working", "{port} is not a working serial port ({why})", port=port, why=system_reason(error))
    )


def _number(error: Exception) -> int | None:
    """Return an error's errno; termios has it as its first argument."""
    number = getattr(error, "errno", None) or (error.args[0] if error.args else None)
    return number if isinstance(number, int) else None
