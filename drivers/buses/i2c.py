"""The I2C bus, with the interface of CircuitPython's `busio.I2C`, over /dev/i2c-N, with a deadline.

The Adafruit libraries poll status bits without a timeout. Within `bus.allow(seconds)` every transfer after the deadline
raises `BusStuck`, which ends such a loop. Errors of the adapter are converted to the drivers' own:

    ENXIO, EREMOTEIO, EIO   no device acknowledged           NoAnswer
    ETIMEDOUT, EBUSY, EAGAIN  a line is held low             BusStuck
    ENODEV, ENOENT, EBADF   the adapter is gone              Unplugged

The kernel limits a single transfer: the adapter's timeout is set to `ADAPTER_TIMEOUT` at opening. A transfer that fails
at once, not acknowledged or lost in arbitration, is retried: a reading takes about twenty transfers, and a bad contact
that loses one in ten would otherwise lose nearly every reading. All commands to our devices may safely be repeated.
"""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from drivers.buses.bus import OnI2C
from drivers.clock import Clock
from drivers.errors import (
    BusStuck,
    DeviceError,
    Garbled,
    InUse,
    NoAnswer,
    SwitchedOff,
    Unplugged,
    cannot_be_opened,
    may_not_open,
    port_in_use,
)
from drivers.reason import Reason, system_reason

ADAPTER_TIMEOUT = 0.1  # s; the kernel's own default is 1 s, and no device here stretches the clock that long
I2C_RETRIES, I2C_TIMEOUT = 0x0701, 0x0702  # linux/i2c-dev.h; the timeout's unit is 10 ms
TRIES = 3  # for a transfer that fails at once; with a tenth of them lost, a fortieth of the readings are
ALIKE = 3  # attempts to read the same bytes twice in a row

Octets = bytes | bytearray | memoryview

NOBODY = {errno.ENXIO, errno.EREMOTEIO, errno.EIO}
HELD = {errno.ETIMEDOUT, errno.EBUSY, errno.EAGAIN}
AT_ONCE = NOBODY | {errno.EAGAIN}


class Adapter(Protocol):
    """Transfers the bytes: the kernel's adapter, or a simulation's."""

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Write `out` (if not empty), then read `count` bytes. Raise OSError as the kernel does."""

    def close(self) -> None:
        """Close the adapter."""


class I2CBus:
    """One I2C bus. The methods of `busio.I2C` take the same arguments; all raise DeviceErrors."""

    def __init__(self, adapter: Adapter, clock: Clock) -> None:
        self._adapter = adapter
        self._clock = clock
        self._until = float("inf")
        self._allowed = 0.0

    @contextmanager
    def allow(self, seconds: float) -> Iterator[None]:
        """Limit the block: transfers later than `seconds` from now raise BusStuck. Limits may be nested."""
        before = self._until, self._allowed
        until = self._clock.now() + seconds
        if until < self._until:
            self._until, self._allowed = until, seconds
        try:
            yield
        finally:
            self._until, self._allowed = before

    def transfer(self, address: int, out: bytes = b"", count: int = 0) -> bytes:
        """Write `out`, then read `count` bytes in the same transaction.

        Raise BusStuck after the deadline of `allow`, otherwise the adapter's error as a DeviceError.
        """
        failed = OSError()
        for _ in range(TRIES):
            if self._clock.now() > self._until:
                raise BusStuck(Reason("not_done_in_time", "not done within {seconds:g} s", seconds=self._allowed))
            try:
                return self._adapter.transfer(address, out, count)
            except OSError as error:
                failed = error
            if failed.errno not in AT_ONCE:
                break
        raise trouble(failed) from failed

    def steady(self, address: int, register: int, count: int) -> bytes:
        """Read a register until two successive reads are equal, as I2C has no checksum. Return its bytes.

        Raise Garbled if no two successive reads agree.
        """
        last = self.transfer(address, bytes([register]), count)
        for _ in range(ALIKE):
            again = self.transfer(address, bytes([register]), count)
            if again == last:
                return again
            last = again
        raise Garbled(
            Reason("register_unsteady", "register 0x{register:02x} reads differently every time", register=register)
        )

    def answers(self, address: int) -> bool:
        """Return whether anything acknowledges at an address, by reading a byte from it."""
        try:
            self.transfer(address, b"", 1)
        except NoAnswer:
            return False
        return True

    def try_lock(self) -> bool:
        """Return True: one lane owns the bus."""
        return True

    def unlock(self) -> None:
        """Do nothing: there is no lock."""

    def writeto(self, address: int, buffer: Octets, *, start: int = 0, end: int | None = None) -> None:
        """Write a part of the buffer. If that part is empty, which only probes the address, read a byte instead.

        Several adapters (the Pi 5's among them) refuse a transfer of no bytes.
        """
        out = bytes(memoryview(buffer)[start:end])
        self.transfer(address, out, 0 if out else 1)

    def readfrom_into(
        self, address: int, buffer: bytearray | memoryview, *, start: int = 0, end: int | None = None
    ) -> None:
        """Read bytes into a part of the buffer."""
        part = memoryview(buffer)[start:end]
        part[:] = self.transfer(address, b"", len(part))

    def writeto_then_readfrom(
        self,
        address: int,
        buffer_out: Octets,
        buffer_in: bytearray | memoryview,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Write a part of one buffer, then read into a part of the other, without a stop condition between."""
        part = memoryview(buffer_in)[in_start:in_end]
        part[:] = self.transfer(address, bytes(memoryview(buffer_out)[out_start:out_end]), len(part))

    def close(self) -> None:
        """Close the adapter. Calling it again does nothing."""
        self._adapter.close()


def trouble(error: OSError) -> DeviceError:
    """Convert the adapter's error to one of the drivers' errors."""
    if error.errno in NOBODY:
        return NoAnswer(Reason("not_acknowledged", "nothing acknowledges at its address"))
    if error.errno in HELD:
        return BusStuck(Reason("line_held_low", "the bus does not move: a line is held low"))
    return Unplugged(Reason("i2c_gone", "the I2C adapter is gone ({why})", why=system_reason(error)))


class KernelAdapter:
    """/dev/i2c-N through smbus2."""

    def __init__(self, number: int) -> None:
        from smbus2 import SMBus, i2c_msg

        self._message = i2c_msg
        self._bus = SMBus(number)
        try:
            hold_alone(self._bus.fd or -1)
            for request, value in ((I2C_TIMEOUT, round(ADAPTER_TIMEOUT * 100)), (I2C_RETRIES, 0)):
                fcntl.ioctl(self._bus.fd or -1, request, value)
        except OSError:
            self._bus.close()
            raise

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Make one I2C_RDWR call."""
        if self._bus.fd is None:
            raise OSError(errno.EBADF, "closed")
        messages = [self._message.write(address, out)] if out else []
        answer = self._message.read(address, count)
        if count:
            messages.append(answer)
        self._bus.i2c_rdwr(*messages)
        return bytes(answer) if count else b""

    def close(self) -> None:
        """Close the device file."""
        self._bus.close()


def hold_alone(fd: int) -> None:
    """Lock an open adapter against our other programs until it is closed. Raise BlockingIOError if one holds it.

    The kernel lets any number of programs use an adapter. If two start conversions on one device, each may read the
    other's, and nothing reveals it.
    """
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def no_i2c(path: str) -> Reason:
    """Return the reason that there is no such I2C bus."""
    return Reason("no_i2c", "there is no {path}", path=path)


def open_i2c(settings: OnI2C, clock: Clock) -> I2CBus:
    """Open the bus /dev/i2c-N. Raise Unplugged, with a remedy, if it cannot be opened."""
    path = f"/dev/i2c-{settings.bus}"
    try:
        return I2CBus(KernelAdapter(settings.bus), clock)
    except FileNotFoundError:
        raise SwitchedOff(no_i2c(path)) from None
    except PermissionError as error:
        rights = Reason(
            "no_i2c_permission", "{path} may not be opened by this user; add it to the group i2c", path=path
        )
        raise may_not_open(path, error, rights) from None
    except BlockingIOError:
        raise InUse(port_in_use(path)) from None
    except OSError as error:
        raise Unplugged(cannot_be_opened(path, error)) from None
