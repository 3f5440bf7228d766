"""Recorded registers as a stream: JSON lines {"registers": {"0xF7": "4a52c0...", ...}}, for all I2C devices.

A line may contain only some of a device's registers; the others are as in the lines before it, so that coefficients
need be given only once. A key is the register (or command) from which the bytes were read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from drivers.driver import Frame, Refused
from drivers.errors import DeviceError, Garbled, WrongDevice
from drivers.reading import Reading
from drivers.reason import Reason

LONGEST = 16_384  # bytes of a line
ONES = Reason("registers_of_ones", "its registers read as ones alone, as an empty bus does")
UNSET = Reason("settings_read_empty", "the settings just written to it read like an empty bus")
NOT_KEPT = Reason(
    "settings_not_kept",
    "it does not keep the settings just written to it: another device is at its address, or its line is disturbed",
)
NO_REGISTERS = Reason("no_line_of_registers", "no line of registers")

Registers = dict[int, bytes]
# Return the readings of the registers known so far, or None if the line's own registers contain no measurement.
Judge = Callable[[Registers, frozenset[int]], tuple[Reading, ...] | None]


class RegisterDecoder:
    """Decoder of recorded lines of registers."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._known: Registers = {}
        self._data = bytearray()
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes in any chunking. Yield the frames and refusals of the complete lines."""
        self._data += data
        while True:
            end = self._data.find(b"\n") + 1
            if end == 0 and len(self._data) <= LONGEST:
                return
            yield from self._line(end if 0 < end <= LONGEST else LONGEST)

    def finish(self) -> Iterator[Frame | Refused]:
        """Decode the last line, which may lack its line end, at the end of the input."""
        if self._data:
            yield from self._line(len(self._data))

    def _line(self, length: int) -> Iterator[Frame | Refused]:
        start, line = self._offset, bytes(self._data[:length])
        del self._data[:length]
        self._offset += length
        if not line.strip():
            return
        try:
            new = registers_of(line)
            self._known |= new
            readings = self._judge(self._known, frozenset(new))
        except DeviceError as error:
            yield Refused(start, length, error.detail)
        except (ValueError, RecursionError):
            yield Refused(start, length, NO_REGISTERS)
        else:
            if readings is not None:
                yield Frame(start, length, readings)


def registers_of(line: bytes) -> Registers:
    """Return the registers of a line. Raise ValueError if it is not a line of registers."""
    found: Any = json.loads(line)
    registers = found.get("registers") if isinstance(found, dict) else None
    if not isinstance(registers, dict) or not all(isinstance(value, str) for value in registers.values()):
        raise ValueError(str(NO_REGISTERS))
    return {int(key, 16): bytes.fromhex(value) for key, value in registers.items()}


def refuse_unkept(found: int, wanted: int, counts: int = 0xFFFF) -> None:
    """Raise WrongDevice if a word of settings, just written, reads differently; Garbled if the bus reads empty.

    `counts`: the bits that are settings.
    """
    if found & counts != wanted:
        raise Garbled(UNSET) if found in (0x0000, 0xFFFF) else WrongDevice(NOT_KEPT)


def refuse_ones(*answers: bytes) -> None:
    """Check the answers of a device without checksums. Raise Garbled if all bits are ones."""
    if answers and all(octet == 0xFF for octet in b"".join(answers)):
        raise Garbled(ONES)


def word(registers: Registers, register: int, order: str = "big", signed: bool = False) -> int | None:
    """Return a register's two bytes as a number; None if they are not known."""
    data = registers.get(register, b"")
    if len(data) < 2:
        return None
    return int.from_bytes(data[:2], "big" if order == "big" else "little", signed=signed)
