"""The error tree of the drivers.

    DeviceError                 anything a device or its bus did wrong
    ├── NoAnswer                nothing arrived within the stated time of a request
    │   └── NoFrame             bytes arrived, but no frame: another baud rate, or another kind of device
    ├── Garbled                 what arrived is not a valid frame (checksum, length, format)
    ├── WrongDevice             a well-formed answer of another device, address or function
    ├── BusStuck                the bus itself is blocked (a line held low, a status bit that never clears)
    └── Unplugged               the port or adapter does not exist, or is gone
        ├── NotAllowed          it exists, but this user may not open it
        ├── InUse               it exists, but another program holds it
        ├── NotADevice          it exists, but is no such device (a file, a directory, another kind of device)
        └── SwitchedOff         the box has such a bus, but it is not enabled

A driver raises one of them with a sentence about the device; the lane adds sensor, bus and address.
"""

from __future__ import annotations

import errno
from typing import ClassVar

from drivers.reason import Reason, system_reason

CUT_SHORT = Reason("cut_short", "cut short")
CONFIGURATION_LOST = Reason(
    "configuration_lost", "its configuration is not the one it was given: it lost power or the line is noisy"
)


class DeviceError(Exception):
    """A device or its bus failed; `detail` is what happened, without the sensor's name."""

    kind: ClassVar[Reason] = Reason("device_error", "device error")

    def __init__(self, detail: Reason | str) -> None:
        """`detail`: a text only in third-party drivers without codes."""
        super().__init__(detail)
        self.detail = detail if isinstance(detail, Reason) else Reason("said", "{text}", text=detail)

    @property
    def reason(self) -> Reason:
        """The kind of error ("no answer", "garbled", ...), its parameter `detail` being what happened."""
        return self.kind.having(detail=self.detail)


class NoAnswer(DeviceError):
    """Nothing arrived within the stated time of a request."""

    kind = Reason("no_answer", "no answer")


class NoFrame(NoAnswer):
    """Bytes arrived, and no frame was in them."""

    kind = Reason("no_frame_in_it", "not understood")


class Garbled(DeviceError):
    """What arrived is not a frame."""

    kind = Reason("garbled", "garbled")


class WrongDevice(DeviceError):
    """A well-formed answer, but of another device, address or function."""

    kind = Reason("wrong_device", "wrong device")


class BusStuck(DeviceError):
    """The bus is blocked."""

    kind = Reason("bus_stuck", "bus stuck")


class Unplugged(DeviceError):
    """The port or adapter does not exist, or is gone."""

    kind = Reason("unplugged", "unplugged")


class NotAllowed(Unplugged):
    """The port or adapter may not be opened by this user."""

    kind = Reason("not_allowed", "no permission")


class InUse(Unplugged):
    """The port or adapter is held by another program."""

    kind = Reason("in_use", "in use")


class NotADevice(Unplugged):
    """What is there is no device of this kind."""

    kind = Reason("not_a_device", "not a device")


class SwitchedOff(Unplugged):
    """The bus is not switched on."""

    kind = Reason("switched_off", "not switched on")


class SettingError(ValueError):
    """A driver refuses a setting; raised by its validators. `reason` says what would be right."""

    def __init__(self, reason: Reason | str) -> None:
        """`reason`: a text only if it contains the message of a library without codes."""
        super().__init__(str(reason))
        self.reason = reason if isinstance(reason, Reason) else Reason("said", "{text}", text=reason)


def port_in_use(port: str) -> Reason:
    """Return the reason that another program holds a port or an adapter."""
    return Reason("port_in_use", "{port} is in use by another program: only one may hold it", port=port)


def may_not_open(path: str, error: OSError, rights: Reason) -> NotAllowed:
    """Return the error that a device may not be opened: by its file's permissions (`rights`), or by the systemd unit.

    systemd's DeviceAllow causes EPERM, a file's permissions EACCES.
    """
    if error.errno != errno.EPERM:
        return NotAllowed(rights)
    return NotAllowed(
        Reason(
            "shut_out_by_unit", "{path} is closed to this program by its systemd unit, whoever may read it", path=path
        )
    )


def cannot_be_opened(path: str, error: Exception) -> Reason:
    """Return the reason that a device file cannot be opened, with the system's error."""
    return Reason("cannot_be_opened", "{path} cannot be opened ({why})", path=path, why=system_reason(error))
