"""What a device that gives no value has sent: nothing, bytes in no frame, frames without a value, another's."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from drivers.driver import Decoder, Frame
from drivers.errors import DeviceError, NoAnswer, NoFrame, WrongDevice
from drivers.reason import Reason

KEPT = 4096  # bytes of what came that the other drivers are shown
ENOUGH = 512  # bytes: more than two frames of any of them
SPEEDS = (4800, 9600, 19200, 38400, 115200)  # bits/s that the devices here have from the factory
MOST_KINDS = 5


class HeardBytes:
    """The bytes and frames since the last good one."""

    def __init__(self) -> None:
        self._bytes = b""
        self.count = 0  # of bytes in this read
        self._kinds: list[str] = []
        self.is_known = False  # whether it ever gave a value: then it is the right device

    @property
    def is_short(self) -> bool:
        """Whether there is too little to tell another device by, and no value came yet."""
        return not self.is_known and len(self._bytes) < ENOUGH

    def begin(self) -> None:
        """Begin a read."""
        self.count = 0

    def add(self, data: bytes) -> None:
        """Take note of bytes."""
        self.count += len(data)
        if not self.is_known:
            self._bytes = (self._bytes + data)[-KEPT:]

    def frame(self, kind: str) -> None:
        """Take note of a whole frame that held nothing of what is read."""
        if kind not in self._kinds and len(self._kinds) < MOST_KINDS:
            self._kinds.append(kind)

    def good(self) -> None:
        """Take note of a value."""
        self.is_known, self._bytes = True, b""
        self._kinds.clear()

    def cause(self, seconds: float, baud: int) -> DeviceError:
        """Return why a read of that many seconds gave nothing."""
        if not self.count:
            return NoAnswer(Reason("no_frame", "no frame in {seconds:g} s", seconds=seconds))
        if any(self._kinds):
            shown = "; ".join(kind for kind in self._kinds if kind)
            return WrongDevice(
                Reason("other_frames", "complete frames arrive, but none contains what is read: {kinds}", kinds=shown)
            )
        return self.other() or NoFrame(
            Reason(
                "no_frame_but_bytes",
                "no frame in {seconds:g} s, though {count} bytes came at {baud} baud: try {others}",
                seconds=seconds,
                count=self.count,
                baud=baud,
                others=", ".join(str(speed) for speed in SPEEDS if speed != baud),
            )
        )

    def other(self) -> WrongDevice | None:
        """Return which other driver reads what came, where one does and this device never gave a value."""
        if self.is_known:
            return None
        name = reader_of(self._bytes)
        if not name:
            return None
        return WrongDevice(Reason("another_driver", "the data come from another device: use driver {name}", name=name))


def reader_of(data: bytes) -> str:
    """Return the driver whose decoder finds undoubted readings in the bytes; "" where none does."""
    if len(data) < 8:
        return ""
    for name, decoder in _decoders():
        items = [*decoder.feed(data), *decoder.finish()]
        found = [reading for item in items if isinstance(item, Frame) for reading in item.readings]
        if found and all(reading.doubt is None for reading in found):
            return name
    return ""


def _decoders() -> Iterator[tuple[str, Decoder]]:
    """Yield the decoders of all devices that send unasked."""
    from drivers.catalog import catalog

    for name, info in catalog().items():
        if info.bus != "serial" or info.decoder is None or info.pace is None:
            continue
        try:
            yield name, info.decoder(info.settings.model_validate({"port": "/dev/null"}))
        except ValidationError:
            continue  # it has settings that must be given
