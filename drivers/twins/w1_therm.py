"""A simulated DS18B20 behind a kernel file: w1_therm's text of its scratchpad."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from typing import Any

from drivers.clock import Clock
from drivers.twins.twin import Fault

CONVERSION = 0.75  # s at 12 bits
SLOWLY = 1.5  # s; the kernel repeats a failed conversion


class Twin:
    """One thermometer on 1-Wire."""

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        self.quantity = str(settings.quantity)
        self.clock = clock
        self.rng = random.Random(seed)
        self.fault: Fault | None = None
        self.celsius = 15.0
        self.before_telling: Callable[[], None] = lambda: None

    def set(self, quantity: str, value: float) -> None:
        """Set its temperature from now on, degC."""
        if quantity == self.quantity:
            self.celsius = value

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from now on, or behave again (None)."""
        self.fault = fault

    def text(self) -> str:
        """Return the kernel's text after the conversion."""
        takes = SLOWLY if self.fault is Fault.SLOW else CONVERSION
        self.clock.sleep_until(self.clock.now() + takes)
        if self.fault is Fault.OTHER_ADDRESS:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        self.before_telling()
        raw = round(self.celsius * 16)
        pad = bytearray((raw & 0xFFFF).to_bytes(2, "little") + bytes.fromhex("4b467fff0c10"))
        pad.append(_crc(pad))
        if self.fault is Fault.SILENT:
            pad = bytearray(b"\xff" * 9)
        elif self.fault is Fault.STUCK:  # the line held low
            pad = bytearray(9)
        elif self.fault is Fault.NOISE:
            pad[self.rng.randrange(9)] ^= 1 << self.rng.randrange(8)
        shown = int.from_bytes(pad[:2], "little", signed=True) * 1000 // 16
        octets = " ".join(f"{octet:02x}" for octet in pad)
        crc = _crc(pad[:8])
        verdict = "YES" if crc == pad[8] else "NO"
        text = f"{octets} : crc={crc:02x} {verdict}\n{octets} t={shown}\n"
        return text[: len(text) // 2] if self.fault is Fault.SHORT else text


def _crc(octets: bytes | bytearray) -> int:
    """Return the CRC x^8 + x^5 + x^4 + 1, bit by bit as a shift register."""
    register = 0
    for octet in octets:
        for bit in range(8):
            feedback = (register ^ octet >> bit) & 1
            register >>= 1
            if feedback:
                register ^= 0b1000_1100
    return register
