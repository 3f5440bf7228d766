"""Simulated buses: they transfer the same bytes and edges as real ones, in the same time."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any

from drivers.buses.gpio import GpioContact, Pull, Switch
from drivers.buses.i2c import ADAPTER_TIMEOUT
from drivers.clock import Clock
from drivers.twins.relay import Relay
from drivers.twins.twin import GpioTwin, I2CTwin

BIT = 1 / 100_000  # s; the Raspberry Pi's default I2C clock is 100 kHz
BITS_PER_BYTE = 9  # eight and the acknowledgement


class MemoryI2C:
    """An I2C adapter (`drivers.buses.i2c.Adapter`) whose devices are twins."""

    def __init__(self, clock: Clock, twins: Sequence[I2CTwin]) -> None:
        self._clock = clock
        self._twins = twins
        self.plugged = True

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Write to, then read from, the twin of that address. Each transfer takes the time of its bits on the bus."""
        self._adapter_there()
        twin = self._find(address)
        if twin is None:
            self._spend(1)
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        self._spend((1 + len(out) if out else 0) + (1 + count if count else 0))
        self._stretch(twin)
        self._adapter_there()
        if out:
            twin.write(out)
        return twin.read(count) if count else b""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _find(self, address: int) -> I2CTwin | None:
        return next((twin for twin in self._twins if twin.address == address), None)

    def _spend(self, octets: int) -> None:
        self._clock.sleep_until(self._clock.now() + octets * BITS_PER_BYTE * BIT)

    def _stretch(self, twin: I2CTwin) -> None:
        """Simulate a device that holds the clock line low: the adapter gives up after its timeout."""
        held = float(getattr(twin, "stretch", 0.0))
        if held:
            self._clock.sleep_until(self._clock.now() + min(held, ADAPTER_TIMEOUT))
        if held >= ADAPTER_TIMEOUT:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    def _adapter_there(self) -> None:
        if not self.plugged:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


class MemoryGpio:
    """A GPIO chip (`drivers.buses.gpio.GpioBus`) whose contacts and relays are twins, by line."""

    def __init__(self, clock: Clock, twins: dict[int, Any]) -> None:
        self._clock = clock
        self._twins = twins
        self.plugged = True

    def request(self, line: int, pull: Pull, debounce: float) -> GpioContact:
        """Return the contact of that line; one without a twin never closes."""
        self.adapter_there()
        return MemoryContact(self, self._clock, self._twins.get(line), debounce)

    def drive(self, line: int, active_low: bool) -> Switch:
        """Return the switch of that line's relay; requesting it turns it off. Raise OSError without a relay."""
        self.adapter_there()
        relay = self._twins.get(line)
        if not isinstance(relay, Relay):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return MemorySwitch(self, relay, active_low)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def adapter_there(self) -> None:
        """Raise OSError(ENODEV) if the chip is gone."""
        if not self.plugged:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


class MemorySwitch:
    """One output: its level stays when the line is released, the worst case of real boards."""

    def __init__(self, chip: MemoryGpio, relay: Relay, active_low: bool) -> None:
        self._chip = chip
        self._relay = relay
        self._active_low = active_low
        relay.level(active_low)

    def set(self, on: bool) -> None:
        """Switch it."""
        self._chip.adapter_there()
        self._relay.level(on is not self._active_low)

    def close(self) -> None:
        """Do nothing: the level stays."""


class MemoryContact:
    """One line: takes the twin's edges and debounces them as the bus does."""

    def __init__(self, chip: MemoryGpio, clock: Clock, twin: GpioTwin | None, debounce: float) -> None:
        self.lost = 0
        self._chip = chip
        self._clock = clock
        self._twin = twin
        self._debounce = debounce
        self._until = clock.now()
        if twin is not None:
            twin.edges(float("-inf"), self._until)  # nobody saw those before the line was requested
        self._last = float("-inf")

    def edges(self) -> list[float]:
        """Return the closures since the last call; an edge within the debounce time of another counts as its bounce."""
        self._chip.adapter_there()
        now = self._clock.now()
        since, self._until = self._until, now
        taken = []
        for edge in self._twin.edges(since, now) if self._twin else ():
            if edge - self._last >= self._debounce:
                taken.append(edge)
            self._last = edge
        return taken

    def close(self) -> None:
        """Do nothing: there is nothing to release."""
