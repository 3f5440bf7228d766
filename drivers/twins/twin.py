"""A twin: a simulated device, exact to the bytes that it sends.

Its interface to the bus is bytes, read and written by the unchanged driver and the real libraries; tests and the
simulation use `set` and `misbehave`. It shares no code with its driver. The driver's bus determines the interface:

- i2c: `I2CTwin`, put on a `drivers.twins.memory.MemoryI2C`.
- serial: `SerialTwin`, whose `run(wire)` is the body of a lane at the far end of a pty or a line in memory.
- modbus: `ModbusTwin`, which answers requests that a `drivers.twins.rtu_line` lane reads from the line.
- gpio: `GpioTwin`, which gives the edges of one line, put on a `drivers.twins.memory.MemoryGpio`.
- file: `FileTwin`, which gives the text of the kernel's file.

Every twin is made by `Twin(settings, clock, seed)`. One that measures on demand has a callback `before_telling`, which
it calls before each answer, so that the weather is computed for those instants only. One that accumulates between
answers (a rain bucket, a cup anemometer) has none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Fault(StrEnum):
    """How a twin can misbehave, until `misbehave(None)`."""

    SILENT = "silent"  # does not answer or talk
    NOISE = "noise"  # bytes of its frames are changed
    SHORT = "short"  # frames end too early
    STUCK = "stuck"  # the bus hangs (I2C: a status bit that never clears), or the last value for ever
    SLOW = "slow"  # answers later than the driver's timeout
    UNPLUGGED = "unplugged"  # the port or adapter is gone (served by the wire)
    OTHER_ADDRESS = "other address"  # answers from another address


class Twin(Protocol):
    """The interface by which every twin is controlled."""

    def set(self, quantity: str, value: float) -> None:
        """Set what the device measures from now on, in the quantity's unit; other quantities are ignored.

        `rainfall_amount` is the true total since the twin's start, in mm: the twin tips as a bucket would.
        """

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from now on, or behave again (None)."""


class I2CTwin(Twin, Protocol):
    """A device on an I2C bus. `address`: at which it answers now."""

    address: int

    def write(self, data: bytes) -> None:
        """Handle the bytes of one write transfer. Raise OSError(121) if the device would not acknowledge."""

    def read(self, count: int) -> bytes:
        """Return the bytes of one read transfer. Raise OSError(121) if the device would not acknowledge."""


class Wire(Protocol):
    """The far end of a serial line."""

    def write(self, data: bytes) -> None:
        """Send the bytes and return when the other end can read them. Drop and count them if it does not read."""

    def read(self, until: float) -> bytes:
        """Return what the other end sent, waiting until the instant `until`; b"" if nothing arrived."""


class SerialTwin(Twin, Protocol):
    """A device at the far end of a serial line."""

    def run(self, wire: Wire) -> None:
        """Send and answer until `Stopped`."""


class ModbusTwin(Twin, Protocol):
    """A Modbus RTU server. `address`: at which it answers now."""

    address: int

    def answer(self, request: bytes) -> bytes | None:
        """Return the answer's bytes, CRC included, to a request addressed to it; None for silence."""

    def delay(self) -> float:
        """Return the seconds from the request's end to the answer's first byte."""


class GpioTwin(Twin, Protocol):
    """A contact on a GPIO line."""

    def edges(self, since: float, until: float) -> list[float]:
        """Return the instants (seconds, sorted) of the contact's closures in (since, until]."""


class FileTwin(Twin, Protocol):
    """A device behind a kernel file."""

    def text(self) -> str:
        """Return the file's text now. Raise OSError if the kernel would."""
