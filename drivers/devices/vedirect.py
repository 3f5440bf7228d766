"""Victron VE.Direct: solar chargers (MPPT) and battery monitors (BMV, SmartShunt), 19200 8N1, a block a second.

A block is lines `CR LF label TAB value`, the last label `Checksum` with one raw byte, which may be any byte; all bytes
from the first CR to that one add up to 0 modulo 256. HEX lines (`:` ... LF) may follow that byte without a line end, or
occur within a block: they are not part of its sum. A device may spread its values over two blocks; each is decoded by
itself.
Source: Victron "VE.Direct protocol" (text mode), confirmed by recordings of seven devices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from drivers.buses.bus import OnSerial
from drivers.buses.serial import SerialPort
from drivers.checksums import sum8
from drivers.clock import Clock
from drivers.devices.stream import CHECKSUM, Talker
from drivers.driver import Channel, DriverInfo, Frame, Refused
from drivers.errors import CUT_SHORT
from drivers.reading import Reading
from drivers.reason import Reason, printable

TIMEOUT = 10.0  # s
LONGEST_BLOCK = 1024  # bytes; a device sends at most 22 fields of 9 + 33 bytes
LONGEST_HEX = 512  # bytes
LONGEST_KIND = 60  # characters
LAST_LABEL = b"\r\nChecksum\t"
HEX_DIGITS = frozenset(b"0123456789ABCDEFabcdef")
HEX_SUM = 0x55
NOT_A_BLOCK = Reason("not_a_block", "not a block")
# Any label and any value within a block with a correct sum: fields of newer devices are skipped.
FIELD = re.compile(rb"\r\n(?P<label>[^\r\n\t]{0,256})\t(?P<value>[^\r\n]{0,256})")
BLOCK = re.compile(rb"(?:\r\n[^\r\n\t]{0,256}\t[^\r\n]{0,256})*")
NUMBER = re.compile(rb"-?\d{1,9}")

# label -> quantity and the value of one count in its unit
LABELS = {
    b"V": ("battery_voltage", 0.001),
    b"I": ("battery_current", 0.001),
    b"P": ("battery_power", 1.0),
    b"VPV": ("panel_voltage", 0.001),
    b"PPV": ("panel_power", 1.0),
    b"IL": ("load_current", 0.001),
    b"CS": ("charger_state", 1.0),
    b"H19": ("charger_yield_total", 0.01),
}
_BATTERY = (Channel("battery_voltage", 0.0, 80.0, 0.001), Channel("battery_current", -1000.0, 1000.0, 0.001))
_CHARGER = (
    Channel("panel_voltage", 0.0, 500.0, 0.001),
    Channel("panel_power", 0.0, 20_000.0, 1.0),
    Channel("charger_state", 0.0, 255.0, 1.0),
    Channel("charger_yield_total", 0.0, 1e6, 0.01),
)


class VeDirectSettings(OnSerial):
    """Settings of the device.

    `kind`: a solar charger or a battery monitor; `load`: whether a charger has a load output.
    """

    baud: int = Field(default=19200, ge=300, le=1_000_000)
    kind: Literal["charger", "monitor"] = "charger"
    load: bool = True


def channels(settings: VeDirectSettings) -> tuple[Channel, ...]:
    """Return the channels of that kind of device."""
    if settings.kind == "monitor":
        return (*_BATTERY, Channel("battery_power", -50_000.0, 50_000.0, 1.0))
    load = (Channel("load_current", 0.0, 100.0, 0.001),) if settings.load else ()
    return _BATTERY + _CHARGER + load


class VeDirectDecoder:
    """Decoder of blocks, byte by byte, as the sum byte may have any value.

    As in Victron's own reader, a block is everything since the last one except HEX lines: a stray byte before a block
    spoils it.
    """

    def __init__(self, settings: VeDirectSettings) -> None:
        self._offset = 0  # of the next byte in the input
        self._start = 0  # of the current block
        self._block = bytearray()  # its own bytes so far
        self._spoilt = False  # a damaged HEX line may have swallowed some of them
        self._hex: bytearray | None = None  # the current HEX line
        self._hex_start = 0

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes in any chunking. Yield the complete blocks, and refusals."""
        for byte in data:
            yield from self._take(byte)
            self._offset += 1

    def finish(self) -> Iterator[Frame | Refused]:
        """Refuse the unfinished block at the end of the input."""
        if self._hex is not None:
            yield Refused(self._hex_start, self._offset - self._hex_start, CUT_SHORT)
        if self._block:
            yield Refused(self._start, self._offset - self._start, CUT_SHORT)
        self._hex, self._block = None, bytearray()

    def _take(self, byte: int) -> Iterator[Frame | Refused]:
        if self._hex is not None:
            if byte in HEX_DIGITS and len(self._hex) < LONGEST_HEX:
                self._hex.append(byte)
                return
            yield from self._end_hex()
            if byte not in b"\r:":  # LF, or, once in a week, another byte in its place
                return
        if self._block.endswith(LAST_LABEL):
            self._block.append(byte)
            yield self._judge()
        elif byte == ord(":"):
            self._hex, self._hex_start = bytearray(), self._offset
        else:
            self._start = self._start if self._block else self._offset
            self._block.append(byte)
            if len(self._block) == LONGEST_BLOCK:
                yield self._refuse(NOT_A_BLOCK)

    def _judge(self) -> Frame | Refused:
        block = bytes(self._block)
        if sum8(block) != 0 or self._spoilt:
            return self._refuse(CHECKSUM)
        if BLOCK.fullmatch(block[:-1]) is None:  # without its sum byte, which may be any
            return self._refuse(NOT_A_BLOCK)
        labels = [field["label"] for field in FIELD.finditer(block)]
        if len(set(labels)) < len(labels):
            return self._refuse(CHECKSUM)  # two blocks without the end of the first, whose sums add up by chance
        self._block.clear()
        readings = _readings(block)
        # Of a block that holds nothing which is read, what it does hold.
        kind = "" if readings else printable(b", ".join(labels).decode("latin-1"), LONGEST_KIND)
        return Frame(self._start, self._offset + 1 - self._start, readings, kind)

    def _refuse(self, reason: Reason) -> Refused:
        self._block.clear()
        self._spoilt = False
        return Refused(self._start, self._offset + 1 - self._start, reason)

    def _end_hex(self) -> Iterator[Refused]:
        """End a HEX line. A good one (command digit and byte pairs adding up to 0x55) is neither frame nor refusal."""
        digits, self._hex = bytes(self._hex or b""), None
        try:
            good = sum8(bytes.fromhex("0" + digits.decode())) == HEX_SUM
        except ValueError:
            good = False
        if not good:
            self._spoilt = bool(self._block)
            yield Refused(self._hex_start, self._offset - self._hex_start, CHECKSUM)


def _readings(block: bytes) -> tuple[Reading, ...]:
    """Return the values in a block; one that is not a number ("---": unknown) gives no reading."""
    found = []
    for field in FIELD.finditer(block):
        if field["label"] in LABELS and NUMBER.fullmatch(field["value"]):
            quantity, step = LABELS[field["label"]]
            found.append(Reading(quantity, round(int(field["value"]) * step, 3), 0.0))
    return tuple(found)


def open_vedirect(bus: SerialPort, settings: VeDirectSettings, clock: Clock) -> Talker:
    """Return the device on that port; it sends its blocks unrequested."""
    return Talker(bus, VeDirectDecoder(settings), channels(settings), clock, TIMEOUT)


INFO = DriverInfo(
    name="vedirect",
    bus="serial",
    settings=VeDirectSettings,
    channels=channels,
    open=open_vedirect,
    timeout=TIMEOUT,
    pace=1.0,
    decoder=VeDirectDecoder,
    twin="drivers.twins.vedirect:VeDirectTwin",
    source="Victron Energy, VE.Direct protocol, text mode; recordings by karioja/vedirect and others",
)
