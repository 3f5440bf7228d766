"""The common base of I2C twins: a register pointer, the wire's faults, and values that can be set.

A twin defines `load(register, count)` and `store(register, data)`; everything on the wire goes through `write`
and `read` here, which apply the faults. `stretch` is how long (seconds) it holds the clock line in a transfer.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.twins.twin import Fault

FOREVER = 3600.0  # s; longer than any adapter waits
ELSEWHERE = 0x77  # another address on the bus, with the last bit changed if it is the twin's own


class RegisterTwin:
    """An I2C device of registers; a subclass is one kind of device."""

    STRETCHES: ClassVar[frozenset[Fault]] = frozenset({Fault.STUCK, Fault.SLOW})
    START: ClassVar[dict[str, float]] = {}  # the values measured until they are set

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        self.address: int = settings.address
        self.clock = clock
        self.rng = random.Random(seed)
        self.fault: Fault | None = None
        self.values = dict(self.START)
        self.before_telling: Callable[[], None] = lambda: None
        self.pointer = 0
        self._home: int = settings.address

    def set(self, quantity: str, value: float) -> None:
        """Set what it measures from now on."""
        if quantity in self.values:
            self.values[quantity] = value

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from now on, or behave again (None)."""
        self.fault = fault
        away = ELSEWHERE if self._home != ELSEWHERE else ELSEWHERE ^ 1
        self.address = away if fault is Fault.OTHER_ADDRESS else self._home

    @property
    def stretch(self) -> float:
        """The seconds for which it holds the clock line low in a transfer."""
        return FOREVER if self.fault in self.STRETCHES else 0.0

    def write(self, data: bytes) -> None:
        """Handle a write transfer: the register, then its bytes. Raise OSError if it is silent."""
        self.before_telling()
        self._answer()
        data = self._disturbed(data)
        self.pointer = data[0]
        if len(data) > 1:
            self.store(self.pointer, data[1:])

    def read(self, count: int) -> bytes:
        """Answer a read transfer from the pointed register on. Raise OSError if it is silent."""
        self.before_telling()
        self._answer()
        data = self._disturbed(self.load(self.pointer, count))
        if self.fault is Fault.SHORT:  # it releases the line half-way: the rest are ones
            return data[: count // 2] + b"\xff" * (count - count // 2)
        return data

    def load(self, register: int, count: int) -> bytes:
        """Return the bytes that a read from `register` gives."""
        raise NotImplementedError  # each device has its own

    def store(self, register: int, data: bytes) -> None:
        """Store the bytes written to `register`."""
        raise NotImplementedError  # each device has its own

    def _answer(self) -> None:
        if self.fault is Fault.SILENT:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))

    def _disturbed(self, data: bytes) -> bytes:
        """Return the bytes, with at least one of them changed if there is noise on the wire."""
        if self.fault is not Fault.NOISE:
            return data
        hit = self.rng.randrange(len(data))
        return bytes(
            octet ^ self.rng.randrange(1, 256) if i == hit or self.rng.random() < 0.5 else octet
            for i, octet in enumerate(data)
        )
