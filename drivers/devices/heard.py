"""What a device that gives no value has sent: nothing, bytes in no frame, frames without a value, another's."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from drivers.driver import Decoder, Frame, Refused
from drivers.errors import DeviceError, Garbled, NoAnswer, NoFrame, WrongDevice
from drivers.reason import Reason, printable

KEPT = 4096  # bytes of what came that the other drivers are shown
ENOUGH = 512  # bytes: more than two frames of any of them
SPEEDS = (4800, 9600, 19200, 38400, 115200)  # bits/s that the devices here have from the factory
MOST_KINDS = 5
LEGIBLE = frozenset("\t\r\n\x02\x03")  # besides what can be printed
ILLEGIBLE = 0.02  # share of other signs in it: line noise; at a wrong speed it is a half and more
CODINGS = ("utf-8", "gb2312")  # of the text of devices; ASCII is the same in both
LEAST_REQUESTS = 2  # of another master; one may come of noise
SHOWN, LEAST_TEXT = 40, 32  # characters


class HeardBytes:
    """The bytes and frames since the last good one."""

    def __init__(self) -> None:
        self._bytes = b""
        self.count = 0  # of bytes in this read
        self._kinds: list[str] = []
        self._came = self._changed = 0  # bytes since the last value, and those of them in frames with a wrong check sum
        self.is_known = False  # whether it ever gave a value: then it is the right device
        self._fresh = 0  # bytes that came since the last look for another device, and what that found
        self._found: WrongDevice | None = None

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
        self._came += len(data)
        if not self.is_known:
            self._bytes = (self._bytes + data)[-KEPT:]
            self._fresh += len(data)

    def frame(self, kind: str) -> None:
        """Take note of a whole frame that held nothing of what is read."""
        if kind not in self._kinds and len(self._kinds) < MOST_KINDS:
            self._kinds.append(kind)

    def refused(self, piece: Refused) -> None:
        """Take note of bytes that are no frame."""
        if piece.reason.code == "checksum":
            self._changed += piece.length

    def good(self) -> None:
        """Take note of a value."""
        self.is_known, self._bytes, self._found = True, b"", None
        self._came = self._changed = 0
        self._kinds.clear()

    def cause(self, seconds: float, baud: int) -> DeviceError:
        """Return why a read of that many seconds gave nothing."""
        if not self.count:
            return NoAnswer(Reason("no_frame", "no frame in {seconds:g} s", seconds=seconds))
        if self._kinds:
            shown = "; ".join(self._kinds)
            return WrongDevice(
                Reason("other_frames", "complete frames arrive, but none contains what is read: {kinds}", kinds=shown)
            )
        if other := self.other():
            return other
        if self._changed > self._came / 2:  # the form of this device: the line and its speed are right
            return Garbled(bytes_refused(Reason("checksum", "checksum"), self._changed))
        return self.text() or NoFrame(no_frame_but_bytes(seconds, self.count, baud))

    def text(self) -> NoFrame | None:
        """Return that what came is text in a form that is not read; None where it is none."""
        if not (text := text_in(self._bytes)):
            return None
        return NoFrame(
            Reason("another_text", "text arrives in a form that this driver does not read: {text}", text=text)
        )

    def other(self) -> WrongDevice | None:
        """Return which other driver reads what came, where one does and this device never gave a value.

        All drivers are tried on all that is kept, which costs more than it takes to come: half of it must be new.
        """
        if self.is_known:
            return None
        if 2 * self._fresh >= len(self._bytes):
            self._fresh, self._found = 0, self._other()
        return self._found

    def _other(self) -> WrongDevice | None:
        if name := reader_of(self._bytes):
            return WrongDevice(
                Reason("another_driver", "the data come from another device: use driver {name}", name=name)
            )
        if (address := other_master(self._bytes)) is None:
            return None
        return WrongDevice(
            Reason(
                "another_master",
                "another master is on this line: it queries the Modbus device at address {address}",
                address=address,
            )
        )


def no_frame_but_bytes(seconds: float, count: int, baud: int) -> Reason:
    """Return that so many bytes came in a time and made no frame, and which other speeds are worth trying."""
    return Reason(
        "no_frame_but_bytes",
        "no frame in {seconds:g} s, though {count} bytes came at {baud} baud: try {others}",
        seconds=seconds,
        count=count,
        baud=baud,
        others=", ".join(str(speed) for speed in SPEEDS if speed != baud),
    )


def bytes_refused(why: Reason, count: int) -> Reason:
    """Return that so many bytes are no frame, and why."""
    return Reason("bytes_refused", "{reason}: {count} bytes from the device were refused", reason=why, count=count)


def text_in(data: bytes) -> str:
    """Return the beginning of a line of the text that the bytes are; "" where they are none."""
    if len(data) < LEAST_TEXT:
        return ""
    data = data[data.find(b"\n") + 1 :] if b"\n" in data[:-LEAST_TEXT] else data  # the first line may be a torn one
    for coding in CODINGS:
        text = data.decode(coding, "replace")
        strange = sum(sign == "\ufffd" or not (sign.isprintable() or sign in LEGIBLE) for sign in text)
        if strange <= ILLEGIBLE * len(text):
            return next(filter(None, (printable(line, SHOWN) for line in text.splitlines())), "")
    return ""


def other_master(data: bytes) -> int | None:
    """Return which Modbus address another master queries on the line, as the bytes show; None where they show none."""
    from drivers.buses.rtu import requests_in  # only who hears what it does not understand pays for it

    asked = requests_in(data)
    return asked[-1] if len(asked) >= LEAST_REQUESTS else None


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
