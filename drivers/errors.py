"""The error tree of the drivers.

    DeviceError                 anything a device or its bus did wrong
    ├── NoAnswer                asked, and nothing came within the stated time
    ├── Garbled                 something came, and it is not a frame (checksum, length, form)
    ├── WrongDevice             a well-formed answer of another device, address or function
    ├── BusStuck                the bus itself does not move (a line held low, a status bit that never falls)
    └── Unplugged               the port or adapter is not there, or is gone

A driver raises one of the five with a sentence about the device; the lane adds sensor, bus and address.
"""

from __future__ import annotations


class DeviceError(Exception):
    """A device or its bus failed; the text is one sentence in English without the sensor's name."""

    @property
    def reason(self) -> str:
        """The class as the field's short phrase ("no answer", "garbled", ...)."""
        return _PHRASES.get(type(self).__name__, "device error")


class NoAnswer(DeviceError):
    """Nothing arrived within the stated time of a request."""


class Garbled(DeviceError):
    """What arrived is not a frame."""


class WrongDevice(DeviceError):
    """A well-formed answer, but of another device, address or function."""


class BusStuck(DeviceError):
    """The bus is blocked."""


class Unplugged(DeviceError):
    """The port or adapter does not exist, or is gone."""


_PHRASES = {
    "NoAnswer": "no answer",
    "Garbled": "garbled",
    "WrongDevice": "wrong device",
    "BusStuck": "bus stuck",
    "Unplugged": "unplugged",
}
