"""The buses that lanes open, and the configuration keys that place a sensor on one.

A lane serves one bus. Sensors whose settings give the same `key` share that bus and its lane; two of them may
not share an `address`. `BUSES` has the real openers; a simulation passes the station others with the same interface.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from pydantic import Field

from drivers.clock import Clock
from drivers.driver import Settings
from drivers.paths import PathText
from drivers.reason import Reason


class OnI2C(Settings):
    """Settings of a device on an I2C bus: `bus` is the N of /dev/i2c-N, `address` its 7-bit address."""

    bus: int = Field(default=1, ge=0, le=31)
    address: int = Field(ge=0x08, le=0x77)


class OnSerial(Settings):
    """Settings of a device alone on a serial port.

    `port`: a path, best one below /dev/serial/by-id/; `baud`: bits/s.
    """

    port: PathText
    baud: int = Field(default=9600, ge=300, le=1_000_000)


class OnModbus(Settings):
    """Settings of a Modbus RTU device on a shared RS-485 line.

    `address`: 1-247; `baud`: bits/s; `parity`: N, E or O.
    """

    port: PathText
    baud: int = Field(default=9600, ge=300, le=1_000_000)
    parity: Literal["N", "E", "O"] = "N"
    address: int = Field(default=1, ge=1, le=247)


class OnGpio(Settings):
    """Settings of a contact on a GPIO line.

    `chip`: /dev/gpiochipN or the chip's label, by default the one of a Raspberry Pi's pins, whatever its number;
    `line`: the line's offset on that chip.
    """

    chip: PathText = "/dev/gpiochip0"
    line: int = Field(ge=0, le=511)


class OnFile(Settings):
    """Settings of a device behind a kernel file (1-Wire, IIO, hwmon): `path` is read as text."""

    path: PathText


class BusKind(msgspec.Struct, frozen=True):
    """One kind of bus.

    - `open(settings, clock)`: return the opened bus; raise `Unplugged` with a sentence that names the port.
    - `key(settings)`: identify the bus; sensors with equal keys share one lane.
    - `address(settings)`: identify the device on its bus; "" if the bus has only one device.
    - `line(settings)`: the settings that must be equal for all sensors of one bus (baud, parity).
    """

    name: str
    open: Callable[[Any, Clock], Any]
    key: Callable[[Any], str]
    address: Callable[[Any], str]
    line: Callable[[Any], tuple[Any, ...]]


def _opener(kind: str, name: str) -> Callable[[Any, Clock], Any]:
    """Return the opener `drivers.buses.<kind>.<name>`, imported when a bus is first opened, to save memory."""

    def open_bus(settings: Any, clock: Clock) -> Any:
        return getattr(importlib.import_module(f"drivers.buses.{kind}"), name)(settings, clock)

    return open_bus


BUSES: dict[str, BusKind] = {
    "i2c": BusKind(
        "i2c",
        _opener("i2c", "open_i2c"),
        lambda s: f"/dev/i2c-{s.bus}",
        lambda s: f"0x{s.address:02x}",
        lambda s: (),
    ),
    "serial": BusKind(
        "serial",
        _opener("serial", "open_serial"),
        lambda s: str(s.port),
        lambda s: "",
        lambda s: (s.baud,),
    ),
    "modbus": BusKind(
        "modbus",
        _opener("modbus", "open_modbus"),
        lambda s: str(s.port),
        lambda s: str(s.address),
        lambda s: (s.baud, s.parity),
    ),
    "gpio": BusKind(
        "gpio",
        _opener("gpio", "open_gpio"),
        lambda s: str(s.chip),
        lambda s: f"line {s.line}",
        lambda s: (),
    ),
    "file": BusKind(
        "file",
        _opener("file", "open_file"),
        lambda s: str(s.path),
        lambda s: "",
        lambda s: (),
    ),
}


def place_of(bus: str, settings: Any) -> Reason:
    """Return where a device is: its bus of that kind, and its address on it."""
    if bus == "gpio":
        return Reason("gpio_line", "{chip} line {line}", chip=settings.chip, line=settings.line)
    if bus == "modbus":
        return Reason("modbus_device", "{port} address {address}", port=settings.port, address=settings.address)
    kind = BUSES[bus]
    place = " ".join(part for part in (kind.key(settings), kind.address(settings)) if part)
    return Reason("said", "{text}", text=place)
