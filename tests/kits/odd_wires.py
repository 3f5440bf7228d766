"""Bad habits of I2C wires and devices, put between a bus and its simulated device; each is one transfer's fate."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from random import Random

from drivers.buses.i2c import ADAPTER_TIMEOUT, Adapter
from drivers.clock import Clock

Transfer = Callable[[int, bytes, int], bytes]
Habit = Callable[["OddWire", int, bytes, int], bytes]


class OddWire:
    """An adapter over another one: as that one, or with a habit while it has one."""

    plugged = True  # as far as a simulated bus asks

    def __init__(self, inner: Adapter, clock: Clock, habit: Habit | None = None, seed: int = 1) -> None:
        self.habit = habit
        self.direct: Transfer = inner.transfer
        self.clock = clock
        self.rng = Random(seed)

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Transfer as the habit has it."""
        return self.habit(self, address, out, count) if self.habit else self.direct(address, out, count)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


def fails(number: int, share: float = 1.0, after: float = 0.0) -> Habit:
    """Return the habit of failing a share of all transfers with an error of the kernel, after some seconds."""

    def habit(wire: OddWire, address: int, out: bytes, count: int) -> bytes:
        if wire.rng.random() >= share:
            return wire.direct(address, out, count)
        wire.clock.sleep_until(wire.clock.now() + after)
        raise OSError(number, os.strerror(number))

    return habit


def fails_when_done(wire: OddWire, address: int, out: bytes, count: int) -> bytes:
    """Lose the acknowledgement of every tenth transfer that the device took."""
    answer = wire.direct(address, out, count)
    if wire.rng.random() < 0.1:
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return answer


def late(seconds: float) -> Habit:
    """Return the habit of taking so many seconds more."""

    def habit(wire: OddWire, address: int, out: bytes, count: int) -> bytes:
        wire.clock.sleep_until(wire.clock.now() + seconds)
        return wire.direct(address, out, count)

    return habit


def reads(change: Callable[[bytes], bytes]) -> Habit:
    """Return the habit of changing all that is read."""

    def habit(wire: OddWire, address: int, out: bytes, count: int) -> bytes:
        return change(wire.direct(address, out, count))

    return habit


def flips(wire: OddWire, address: int, out: bytes, count: int) -> bytes:
    """Change a bit of every fiftieth byte in both directions."""

    def hit(data: bytes) -> bytes:
        return bytes(x ^ 1 << wire.rng.randrange(8) if wire.rng.random() < 0.02 else x for x in data)

    return hit(wire.direct(address, hit(out), count))


def shared(wire: OddWire, address: int, out: bytes, count: int) -> bytes:
    """Read as two devices at one address do: the zeros of either win."""
    return bytes(octet & wire.rng.getrandbits(8) for octet in wire.direct(address, out, count))


def swapped(data: bytes) -> bytes:
    """Return words with their bytes exchanged."""
    pairs = [data[at : at + 2][::-1] for at in range(0, len(data), 2)]
    return b"".join(pairs)


def missed_bit(data: bytes) -> bytes:
    """Return what is read one bit late."""
    return (int.from_bytes(data, "big") >> 1).to_bytes(len(data), "big")


def half(filled: int) -> Callable[[bytes], bytes]:
    """Return the change of a device that lets go half way: the rest is that byte."""
    return lambda data: data[: len(data) // 2] + bytes([filled]) * (len(data) - len(data) // 2)


DEAD: dict[str, Habit] = {
    "hangs": fails(errno.ETIMEDOUT, after=ADAPTER_TIMEOUT),
    "is silent": fails(errno.EREMOTEIO),
    "is gone": fails(errno.ENODEV),
    "reads ones": reads(lambda data: b"\xff" * len(data)),
    "reads zeros": reads(lambda data: bytes(len(data))),
}
ODD: dict[str, Habit] = {
    "answers 90 ms late": late(0.09),
    "loses half": fails(errno.EREMOTEIO, 0.5),
    "swaps bytes": reads(swapped),
    "misses a bit": reads(missed_bit),
    "ends in ones": reads(half(0xFF)),
    "ends in zeros": reads(half(0x00)),
    "flips bits": flips,
    "is shared": shared,
}
BEARABLE: dict[str, Habit] = {
    "answers 20 ms late": late(0.02),
    "loses a tenth": fails(errno.EREMOTEIO, 0.1),
    "errs in a tenth": fails(errno.EIO, 0.1),
    "loses a tenth in arbitration": fails(errno.EAGAIN, 0.1),
    "loses a tenth of the acknowledgements": fails_when_done,
}
