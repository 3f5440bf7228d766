"""A device behind a kernel file (1-Wire, IIO, hwmon), which is opened and read each time.

ENOENT, ENODEV   the device or its driver is gone    Unplugged
EIO, ENXIO, ETIMEDOUT, EAGAIN   it did not answer    NoAnswer
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from drivers.buses.bus import OnFile
from drivers.clock import Clock
from drivers.errors import DeviceError, NoAnswer, NotADevice, SwitchedOff, Unplugged, may_not_open
from drivers.reason import Reason, system_reason

SILENT = {errno.EIO, errno.ENXIO, errno.EREMOTEIO, errno.ETIMEDOUT, errno.EAGAIN}
ONE_WIRE = "/sys/bus/w1/devices"  # exists once 1-Wire is switched on
LONGEST = 4096  # bytes; the most that sysfs gives


class FileBus:
    """One kernel file. `read` returns its text or raises an OSError as the kernel does."""

    def __init__(self, read: Callable[[], str], path: str) -> None:
        self._read = read
        self._path = path

    def text(self) -> str:
        """Read the file's text now.

        This takes as long as the device does (a DS18B20: 0.75 s). Raise NoAnswer or Unplugged.
        """
        try:
            return self._read()
        except OSError as error:
            raise trouble(error, self._path) from None

    def close(self) -> None:
        """Do nothing: the file is opened for each reading."""


def trouble(error: OSError, path: str) -> DeviceError:
    """Convert the kernel's error to one of the drivers' errors."""
    if error.errno in SILENT:
        return NoAnswer(
            Reason("kernel_got_no_answer", "the kernel got no answer from it ({why})", why=system_reason(error))
        )
    if isinstance(error, PermissionError):
        return may_not_open(path, error, Reason("may_not_be_read", "{path} may not be read by this user", path=path))
    if error.errno == errno.EISDIR:
        return NotADevice(Reason("path_is_directory", "{path} is a folder: name the file in it", path=path))
    if path.startswith(ONE_WIRE) and not os.path.isdir(ONE_WIRE):
        return SwitchedOff(Reason("one_wire_off", "{path} is not there: 1-Wire is not switched on", path=path))
    return Unplugged(Reason("no_kernel_file", "{path} is not there: the kernel does not see the device", path=path))


def open_file(settings: OnFile, clock: Clock) -> FileBus:
    """Return the bus of the file in the settings. Raise Unplugged if it does not exist or may not be read."""
    path = Path(settings.path)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise trouble(error, settings.path) from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # reading a pipe or a terminal would block for ever
        raise NotADevice(Reason("path_is_no_file", "{path} is not a file of the kernel", path=settings.path))

    def read() -> str:
        with path.open(encoding="ascii", errors="replace") as file:
            return file.read(LONGEST)

    return FileBus(lambda: clock.outside(read), settings.path)
