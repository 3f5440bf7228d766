"""The driver interface: `open(bus, settings, clock)` returns a device with `read()` and `close()`.

    INFO = DriverInfo(name="bme280", bus="i2c", settings=Settings, channels=..., open=..., twin=...)

A module in `drivers/devices/` states one `DriverInfo` named INFO; a third party's package names its own by
the entry point group `minshan.drivers`. Nothing else is needed to be found, configured, tested and read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from drivers.clock import Clock
from drivers.limits import DriverLimits
from drivers.reading import Reading
from drivers.reason import Reason


class Settings(BaseModel):
    """The keys that a sensor of this driver has in `station.toml`; unknown keys and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity that a driver gives: what the device can measure at all, in the quantity's unit.

    `low` and `high` are the limits of the device's datasheet (a value outside is no measurement); `resolution` is the
    device's own step.
    """

    quantity: str
    low: float
    high: float
    resolution: float


class Device(Protocol):
    """An opened device."""

    def read(self) -> tuple[Reading, ...]:
        """Return one frame's readings. Raise DeviceError. Block no longer than the driver's stated time."""

    def close(self) -> None:
        """Release the device (the bus stays open: the lane owns it)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame found in a stream: its place in the input (bytes from the start) and its readings.

    `readings` have `at` = 0.0: the bytes do not state when they were received. `kind`: the frame's name for people,
    such as "XDR A 1": it is shown if complete frames arrive and none contains the wanted values.
    """

    offset: int
    length: int
    readings: tuple[Reading, ...]
    kind: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that are not a valid frame: where, how many, and why (the codes `checksum`, `cut_short`, ...)."""

    offset: int
    length: int
    reason: Reason


class Decoder(Protocol):
    """Bytes in, frames out: the driver's own decoding, without I/O and time."""

    def feed(self, data: bytes) -> Iterable[Frame | Refused]:
        """Append bytes in any chunking. Return the frames that they complete, and refusals of invalid bytes."""

    def finish(self) -> Iterable[Frame | Refused]:
        """Decode or refuse what is left at the end of the input."""


class LimitedDevice:
    """A device whose readings are judged by its driver's limits."""

    def __init__(self, device: Device, limits: DriverLimits) -> None:
        self._device = device
        self._limits = limits

    def read(self) -> tuple[Reading, ...]:
        """Return one frame's readings, judged. Raise DeviceError."""
        return self._limits.judged(self._device.read())

    def close(self) -> None:
        """Release the device."""
        self._device.close()


class LimitedDecoder:
    """A decoder whose readings are judged by its driver's limits."""

    def __init__(self, decoder: Decoder, limits: DriverLimits) -> None:
        self._decoder = decoder
        self._limits = limits

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes in any chunking. Yield the frames that they complete, and refusals of invalid bytes."""
        return self._all(self._decoder.feed(data))

    def finish(self) -> Iterator[Frame | Refused]:
        """Decode or refuse what is left at the end of the input."""
        return self._all(self._decoder.finish())

    def _all(self, items: Iterable[Frame | Refused]) -> Iterator[Frame | Refused]:
        for item in items:
            if isinstance(item, Frame):
                yield Frame(item.offset, item.length, self._limits.judged(item.readings), item.kind)
            else:
                yield item


@dataclass(frozen=True, slots=True)
class DriverInfo:
    """All that the rest of Minshan knows of a driver.

    - `bus`: key of `drivers.buses.BUSES` ("i2c", "serial", "modbus", "gpio", "file").
    - `settings`: its keys, a subclass of its bus's settings (port, address, ...).
    - `channels(settings)`: the quantities it gives under those settings.
    - `open(bus, settings, clock)`: the device, its identity checked at least once if it has one. Values of it and of
      the decoder beyond the limits of `channels` get a doubt here, in every driver.
    - `interval`: seconds between two reads of a polled device; None for one that sends unasked.
    - `pace`: seconds between two frames of a device that sends unasked (its nominal pace).
    - `timeout`: the longest time, seconds, that one `read()` may take.
    - `twin`: "module:Class" of its twin (see `drivers/twins/twin.py`).
    - `decoder(settings)`: its decoder for recorded streams; None if there is none.
    - `decodes(settings)`: the channels whose limits apply to the decoder, if it has more than `channels`.
    - `source`: the datasheet or page its numbers come from.
    """

    name: str
    bus: str
    settings: type[Settings]
    channels: Callable[[Any], tuple[Channel, ...]]
    open: Callable[[Any, Any, Clock], Device]
    timeout: float
    twin: str
    source: str
    interval: float | None = None
    pace: float | None = None
    decoder: Callable[[Any], Decoder] | None = None
    decodes: Callable[[Any], tuple[Channel, ...]] | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "open", _limited(self.open, self.channels))
        if self.decoder is not None:
            object.__setattr__(self, "decoder", _limited_decoder(self.decoder, self.decodes or self.channels))

    def samples_per_minute(self, settings: Any) -> float:
        """Return how many readings of each channel a complete minute should hold."""
        every = getattr(settings, "interval", None) or self.interval or self.pace or 60.0
        return 60.0 / float(every)


def _limited(
    opener: Callable[[Any, Any, Clock], Device], channels: Callable[[Any], tuple[Channel, ...]]
) -> Callable[[Any, Any, Clock], Device]:
    @wraps(opener)
    def opened(bus: Any, settings: Any, clock: Clock) -> Device:
        return LimitedDevice(opener(bus, settings, clock), DriverLimits(channels(settings)))

    return opened


def _limited_decoder(
    decoder: Callable[[Any], Decoder], channels: Callable[[Any], tuple[Channel, ...]]
) -> Callable[[Any], Decoder]:
    def made(settings: Any) -> Decoder:
        return LimitedDecoder(decoder(settings), DriverLimits(channels(settings)))

    return made
