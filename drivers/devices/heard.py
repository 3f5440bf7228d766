"""Diagnose a device that gives no value by what it sent: nothing, bytes without a frame, frames without a value, ..."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from drivers.driver import Decoder, Frame, Refused
from drivers.errors import DeviceError, Garbled, NoAnswer, NoFrame, WrongDevice
from drivers.reason import Reason, printable

KEPT = 4096  # received bytes that the other drivers' decoders are tried on
ENOUGH = 512  # bytes: more than two frames of any of them
SPEEDS = (4800, 9600, 19200, 38400, 115200)  # bits/s; the factory settings of the supported devices
MOST_KINDS = 5
LEGIBLE = frozenset("\t\r\n\x02\x03")  # besides printable characters
ILLEGIBLE = 0.02  # share of other characters allowed, for line noise; at a wrong speed it is a half and more
CODINGS = ("utf-8", "gb2312")  # of the text of devices; ASCII is the same in both
LEAST_REQUESTS = 2  # of another master; a single one may be noise
SHOWN, LEAST_TEXT = 40, 32  # characters


class HeardBytes:
    """The bytes and frames since the last good one."""

    def __init__(self) -> None:
        self._bytes = b""
        self.count = 0  # bytes in this read
        self._kinds: list[str] = []
        self._received = self._corrupt = 0  # bytes since the last value, and those in frames with a wrong checksum
        self.is_known = False  # whether it ever gave a value: then it is the right device
        self._fresh = 0  # bytes since the last search for another device; `_found`: its result
        self._found: WrongDevice | None = None

    @property
    def is_short(self) -> bool:
        """Whether there are too few bytes to recognize another device, and there was no value yet."""
        return not self.is_known and len(self._bytes) < ENOUGH

    def begin(self) -> None:
        """Begin a read."""
        self.count = 0

    def add(self, data: bytes) -> None:
        """Add received bytes."""
        self.count += len(data)
        self._received += len(data)
        if not self.is_known:
            self._bytes = (self._bytes + data)[-KEPT:]
            self._fresh += len(data)

    def frame(self, kind: str) -> None:
        """Note a complete frame without any of the wanted values."""
        if kind not in self._kinds and len(self._kinds) < MOST_KINDS:
            self._kinds.append(kind)

    def refused(self, piece: Refused) -> None:
        """Note bytes that are not a valid frame."""
        if piece.reason.code == "checksum":
            self._corrupt += piece.length

    def good(self) -> None:
        """Note a value."""
        self.is_known, self._bytes, self._found = True, b"", None
        self._received = self._corrupt = 0
        self._kinds.clear()

    def cause(self, seconds: float, baud: int) -> DeviceError:
        """Return why a read of so many seconds gave nothing."""
        if not self.count:
            return NoAnswer(Reason("no_frame", "no frame in {seconds:g} s", seconds=seconds))
        if self._kinds:
            shown = "; ".join(self._kinds)
            return WrongDevice(
                Reason("other_frames", "complete frames arrive, but none contains what is read: {kinds}", kinds=shown)
            )
        if other := self.other():
            return other
        if self._corrupt > self._received / 2:  # frames of this device: the line and its speed are right
            return Garbled(bytes_refused(Reason("checksum", "checksum"), self._corrupt))
        return self.text() or NoFrame(no_frame_but_bytes(seconds, self.count, baud))

    def text(self) -> NoFrame | None:
        """Return the error that text arrived in a form that is not supported; None if it is not text."""
        if not (text := text_in(self._bytes)):
            return None
        return NoFrame(
            Reason("another_text", "text arrives in a form that this driver does not read: {text}", text=text)
        )

    def other(self) -> WrongDevice | None:
        """Return the error that names the driver for the received bytes; None if there is none, or was a value.

        All decoders are tried on all kept bytes, which takes longer than receiving them: so half of them must be new.
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
    """Return the reason that so many bytes contained no frame, with other speeds to try."""
    return Reason(
        "no_frame_but_bytes",
        "no frame in {seconds:g} s, though {count} bytes came at {baud} baud: try {others}",
        seconds=seconds,
        count=count,
        baud=baud,
        others=", ".join(str(speed) for speed in SPEEDS if speed != baud),
    )


def bytes_refused(why: Reason, count: int) -> Reason:
    """Return the reason that so many bytes are not a valid frame."""
    return Reason("bytes_refused", "{reason}: {count} bytes from the device were refused", reason=why, count=count)


def text_in(data: bytes) -> str:
    """Return the beginning of the first line if the bytes are text; "" if they are not."""
    if len(data) < LEAST_TEXT:
        return ""
    data = data[data.find(b"\n") + 1 :] if b"\n" in data[:-LEAST_TEXT] else data  # the first line may be incomplete
    for coding in CODINGS:
        text = data.decode(coding, "replace")
        strange = sum(sign == "\ufffd" or not (sign.isprintable() or sign in LEGIBLE) for sign in text)
        if strange <= ILLEGIBLE * len(text):
            return next(filter(None, (printable(line, SHOWN) for line in text.splitlines())), "")
    return ""


def other_master(data: bytes) -> int | None:
    """Return the Modbus address that another master queries on the line; None if the bytes show none."""
    from drivers.buses.rtu import requests_in  # imported only if bytes were not understood

    asked = requests_in(data)
    return asked[-1] if len(asked) >= LEAST_REQUESTS else None


def reader_of(data: bytes) -> str:
    """Return the driver whose decoder finds undoubted readings in the bytes; "" if there is none."""
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
            continue  # it has required settings
