"""A DS18B20 or its like on 1-Wire, through the kernel's w1_therm: one temperature.

    72 01 4b 46 7f ff 0e 10 57 : crc=57 YES
    72 01 4b 46 7f ff 0e 10 57 t=23125

The kernel converts when the file is read, which takes 0.75 s. The measurement is in the two bytes covered by the CRC:
`t=` is computed by the kernel, which was wrong below zero in Linux 5.10 and 5.11 (4093812 for -2.188). A sensor reads
85 degrees from power-on until its first conversion, so exactly that value has a doubt; a line held low reads as zeros,
whose CRC matches, so a scratchpad with all bytes equal is refused.

Source: Maxim DS18B20 datasheet 19-7487 rev. 6 (p. 6, 8); DS18S20 datasheet 19-5474 (p. 6: nine bits and the count
that remains); Linux Documentation/w1/slaves/w1_therm.rst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from drivers.buses.bus import OnFile
from drivers.buses.file import FileBus
from drivers.checksums import crc8_maxim
from drivers.clock import Clock
from drivers.driver import Channel, Device, DriverInfo, Frame, Refused
from drivers.errors import CUT_SHORT, Garbled
from drivers.reading import Reading
from drivers.reason import Reason

FORM = re.compile(
    r"((?:[0-9a-f]{2} ){9}): crc=([0-9a-f]{2}) (YES|NO)\n(?:[0-9a-f]{2} ){9}t=(-?[0-9]{1,10})\n?", re.ASCII
)
FIRST = re.compile(rb"(?:[0-9a-f]{2} ){9}: crc=[0-9a-f]{2} (?:YES|NO)\r?\n")
NO_TEXT = Reason("no_1_wire_text", "form: the kernel's text is not that of a 1-Wire thermometer")
CRC_WRONG = Reason("1_wire_checksum", "checksum: the thermometer's CRC does not match, or its line is held low")
BEGINNING = re.compile(r"(?:[0-9a-f]{2} ){1,9}|\Z", re.ASCII)
LONGEST = 256  # bytes of a line; the kernel's have 39
KERNEL_NUMBER = re.compile(r"-?[0-9]{1,10}\n?", re.ASCII)
NOT_W1_SLAVE = Reason(
    "number_without_checksum", "the file gives a number without its checksum: name the file w1_slave beside it"
)
POWER_ON = 85.0  # degC
CONFIG_BITS, CONFIG_FIXED = 0x9F, 0x1F  # of byte 4 of a DS18B20: 0 R1 R0 11111
DS18S20_STEPS = 16  # its COUNT PER degC, in byte 7
TIMEOUT = 2.0  # s; a conversion of 0.75 s and the bus


class Settings(OnFile):
    """Settings of the thermometer.

    `path`: /sys/bus/w1/devices/28-xxxxxxxxxxxx/w1_slave; `quantity`: the temperature that it measures.
    """

    quantity: Literal["air_temperature", "soil_temperature", "leaf_temperature"] = "air_temperature"


class W1Therm:
    """An opened thermometer."""

    def __init__(self, bus: FileBus, settings: Settings, clock: Clock) -> None:
        self._bus, self._quantity, self._clock = bus, settings.quantity, clock

    def read(self) -> tuple[Reading, ...]:
        """Return the temperature, degC, of a conversion made now."""
        at = self._clock.now()
        value, doubt = decoded(self._bus.text())
        return (Reading(self._quantity, value, at, doubt),)

    def close(self) -> None:
        """Do nothing: nothing is held open."""


def decoded(text: str) -> tuple[float, Reason | None]:
    """Return the temperature in the kernel's text, degC, and a doubt. Raise Garbled if there is none."""
    match = FORM.fullmatch(text)
    if match is None:
        if BEGINNING.match(text):
            raise Garbled(CUT_SHORT)
        raise Garbled(NOT_W1_SLAVE if KERNEL_NUMBER.fullmatch(text) else NO_TEXT)
    octets, _, verdict, shown = match.groups()
    scratchpad = bytes.fromhex(octets.replace(" ", ""))
    if verdict != "YES" or crc8_maxim(scratchpad) or len(set(scratchpad[:-1])) == 1:
        raise Garbled(CRC_WRONG)
    value = measured(scratchpad, int(shown))
    return value, Reason("power_on_value", "its power-on value") if value == POWER_ON else None


def measured(scratchpad: bytes, millidegrees: int) -> float:
    """Return the temperature in a scratchpad, degC; the kernel's own number if the model is not one of Maxim's two."""
    number = int.from_bytes(scratchpad[:2], "little", signed=True)
    if scratchpad[4] & CONFIG_BITS == CONFIG_FIXED:  # DS18B20, DS1822, DS28EA00
        undefined = 3 - (scratchpad[4] >> 5)  # low bits of the number, at 9 to 12 bits
        return (number >> undefined << undefined) / 16
    if scratchpad[4:6] == b"\xff\xff" and scratchpad[7] == DS18S20_STEPS:
        return (number >> 1) - 0.25 + (DS18S20_STEPS - scratchpad[6]) / DS18S20_STEPS
    return millidegrees / 1000


class TextDecoder:
    """Decoder of recorded texts of the kernel's file, one after the other: two lines each."""

    def __init__(self, settings: Settings) -> None:
        self._quantity = settings.quantity
        self._data = b""
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes in any chunking. Yield the frames and refusals of the complete lines."""
        self._data += data
        while (end := self._data.find(b"\n")) >= 0 or len(self._data) > LONGEST:
            first = end + 1 or LONGEST
            second = self._data.find(b"\n", first) + 1
            if not 0 < first <= LONGEST or FIRST.match(self._data) is None:
                yield self._refuse(min(first, LONGEST), NO_TEXT)
            elif second == 0 and len(self._data) <= first + LONGEST:
                return
            else:
                yield self._two_lines(first, second or first + LONGEST)

    def finish(self) -> Iterator[Frame | Refused]:
        """Decode the last text, whose last line may lack its end, at the end of the input."""
        if self._data:
            yield self._two_lines(len(self._data), len(self._data))

    def _two_lines(self, first: int, both: int) -> Frame | Refused:
        try:
            value, doubt = decoded(self._data[:both].decode("latin-1"))
        except Garbled as error:
            return self._refuse(both if error.detail == CRC_WRONG else first, error.detail)
        frame = Frame(self._offset, both, (Reading(self._quantity, value, 0.0, doubt),))
        self._take(both)
        return frame

    def _refuse(self, length: int, reason: Reason) -> Refused:
        refused = Refused(self._offset, length, reason)
        self._take(length)
        return refused

    def _take(self, length: int) -> None:
        self._data, self._offset = self._data[length:], self._offset + length


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Return the channel with the datasheet's range and step at 12 bits."""
    return (Channel(settings.quantity, -55, 125, 0.0625),)


def open_w1_therm(bus: FileBus, settings: Settings, clock: Clock) -> Device:
    """Return the thermometer behind that file."""
    return W1Therm(bus, settings, clock)


INFO = DriverInfo(
    name="w1-therm",
    bus="file",
    settings=Settings,
    channels=channels,
    open=open_w1_therm,
    interval=10.0,
    timeout=TIMEOUT,
    decoder=TextDecoder,
    twin="drivers.twins.w1_therm:Twin",
    source="Maxim DS18B20 datasheet 19-7487; Linux w1_therm",
)
