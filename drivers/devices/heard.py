"""What a device that gives no value has sent: nothing, bytes in no frame, frames without a value, another's."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from drivers.driver import Decoder, Frame
from drivers.errors import DeviceError, NoAnswer, NoFrame, WrongDevice
from drivers.reason import Reason, printable

KEPT = 4096  # bytes of what came that the other drivers are shown
ENOUGH = 512  # bytes: more than two frames of any of them
SPEEDS = (4800, 9600, 19200, 38400, 115200)  # bits/s that the devices here have from the factory
MOST_KINDS = 5
LEGIBLE = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r\n\x02\x03")  # what the text of a device is made of
ILLEGIBLE = 0.02  # share of other bytes in it: line noise; at a wrong speed it is a half and more
SHOWN, LEAST_TEXT = 40, 32  # characters


class HeardBytes:
    """The bytes and frames since the last good one."""

    def __init__(self) -> None:
        self._bytes = b""
        self.count = 0  # of bytes in this read
        self._kinds: list[str] = []
        self.is_known = False  # whether it ever gave a value: then it is the right device
        self.is_changed = False  # whether a frame came whose check sum is wrong: it is this device's form, and noise

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
        if other := self.other():
            return other
        return self.text() or NoFrame(
            Reason(
                "no_frame_but_bytes",
                "no frame in {seconds:g} s, though {count} bytes came at {baud} baud: try {others}",
                seconds=seconds,
                count=self.count,
                baud=baud,
                others=", ".join(str(speed) for speed in SPEEDS if speed != baud),
            )
        )

    def text(self) -> NoFrame | None:
        """Return that what came is text in a form that is not read; None where it is none."""
        if self.is_changed or not (text := text_in(self._bytes)):
            return None
        return NoFrame(
            Reason("another_text", "text arrives in a form that this driver does not read: {text}", text=text)
        )

    def other(self) -> WrongDevice | None:
        """Return which other driver reads what came, where one does and this device never gave a value."""
        if self.is_known:
            return None
        name = reader_of(self._bytes)
        if not name:
            return None
        return WrongDevice(Reason("another_driver", "the data come from another device: use driver {name}", name=name))


def text_in(data: bytes) -> str:
    """Return the beginning of a line of the text that the bytes are; "" where they are none."""
    strange = sum(byte not in LEGIBLE for byte in data)
    if strange > ILLEGIBLE * len(data) or len(data) < LEAST_TEXT:
        return ""
    lines = [printable(line, SHOWN) for line in data.decode("latin-1").splitlines()]
    return next(filter(None, lines[1:] + lines), "")  # the first one may have lost its beginning


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
