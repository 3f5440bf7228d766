"""NMEA 0183 wind and weather sentences: ultrasonic anemometers and weather heads (Airmar, Gill, LCJ, NASA, nke).

- MWV: wind angle relative to the bow (R relative, T theoretical) and speed. On a fixed mast R is the true wind once the
  direction of the bow mark (`heading`) is added. Status A, or Gill's 00; any other is refused.
- VWR, VWT: the same as an angle to the left or right of the bow. XDR A and S: a weather head's mean wind.
- MWD: wind direction relative to north and speed, of heads with a compass.
- MDA, MTA, MHU, MMB, XDR: air temperature, relative humidity, air pressure; in XDR by type, unit and id, not by place.
- If a head gives its wind in several forms, the first of MWV, VWR, XDR counts.

Sentences are found among any bytes: several in one piece without line ends, after tag blocks (`\\c:...*60\\`), cut at
either end. Only those with a correct checksum are read.
Source: NMEA 0183 as in Airmar PB100 technical manual p. 11-22, Gill WindSonic manual issue 30 p. 26-27 and 71; the
sentences themselves in `nmea_sentences.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from drivers.buses.bus import OnSerial
from drivers.buses.serial import SerialPort
from drivers.checksums import xor8
from drivers.clock import Clock
from drivers.devices.nmea_fields import SentenceError, Weather
from drivers.devices.nmea_sentences import FALLBACK, title, weather
from drivers.devices.stream import CHECKSUM, Talker, pieces
from drivers.driver import Channel, DriverInfo, Frame, Refused
from drivers.errors import CUT_SHORT
from drivers.reading import Reading
from drivers.reason import Reason, joined, printable

TIMEOUT = 10.0  # s
LONGEST = 512  # bytes without an end that are refused as one piece; the standard's longest sentence has 82
START = re.compile(rb"[$!]")
# A sentence ends with its checksum, or is cut off by a line end, a tag block or another sentence.
END = re.compile(rb"\*(?P<sum>[0-9A-Fa-f]{2})|(?=[$!\\\r\n])")
TAG_BLOCK = re.compile(rb"\\[^\\\r\n$!]*\\")
HEAD = re.compile(rb"[$!](?P<talker>[A-Z][A-Z0-9])(?P<kind>[A-Z0-9]{1,8}),")
NO_SUM = Reason("no_checksum", "no checksum")
IDLE = b" \t\r\n\0\xff"  # between sentences: line ends, and bytes of RS-485 while its drivers change direction
SHOWN = 40  # characters of a text in another format


class NmeaSettings(OnSerial):
    """Settings of a wind or weather head.

    `wind`: which wind is read, R (MWV R, VWR, XDR), T (MWV T, VWT) or MWD; `heading`: the direction of its bow mark,
    degrees from north (added to all but MWD); `met`: whether it also gives temperature, humidity and pressure.
    """

    baud: int = Field(default=4800, ge=300, le=1_000_000)
    wind: Literal["R", "T", "MWD"] = "R"
    heading: float = Field(default=0.0, ge=0.0, lt=360.0)
    met: bool = False


def channels(settings: NmeaSettings) -> tuple[Channel, ...]:
    """Return the channels: wind (Gill WindSonic: 0-60 m/s) and, with `met`, the air (Airmar 110WX)."""
    wind = (Channel("wind_speed", 0.0, 60.0, 0.01), Channel("wind_from_direction", 0.0, 360.0, 0.1))
    met = (
        Channel("air_temperature", -40.0, 80.0, 0.1),
        Channel("relative_humidity", 0.0, 100.0, 0.1),
        Channel("air_pressure", 300.0, 1100.0, 0.1),
    )
    return wind + met if settings.met else wind


def decoded(settings: NmeaSettings) -> tuple[Channel, ...]:
    """Return the channels of a recording: all that a head can give."""
    return channels(settings.model_copy(update={"met": True}))


class NmeaDecoder:
    """Decoder of sentences. A good sentence without weather is a frame without readings.

    A recording's weather is decoded completely, even if `met` is not set; the opened device gives only its channels.
    """

    def __init__(self, settings: NmeaSettings) -> None:
        self._settings = settings
        self._data = bytearray()
        self._offset = 0
        self._form = len(FALLBACK)  # the best form of wind so far; smaller is better

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes in any chunking. Yield what is complete.

        A sentence is complete with its check sum, or when something else begins.
        """
        for piece in pieces(data):
            self._data += piece
            while (item := self._next(ended=False)) is not None:
                yield from item

    def finish(self) -> Iterator[Frame | Refused]:
        """Decode or refuse what is left at the end of the input."""
        while (item := self._next(ended=True)) is not None:
            yield from item

    def _next(self, ended: bool) -> list[Frame | Refused] | None:
        """Return what the next piece gives; None if it needs more bytes."""
        data = bytes(self._data)
        if not data:
            return None
        start = START.search(data)
        if start is None or start.start() > 0:
            return self._between(data, start.start() if start else len(data), ended or start is not None)
        end = END.search(data, 1, LONGEST)
        if end is None:
            if not ended and len(data) < LONGEST:
                return None
            length = min(len(data), LONGEST)
            return [self._drop(length, CUT_SHORT)]
        if end["sum"] is None:
            broken = CHECKSUM if b"*" in data[: end.end()] else NO_SUM
            return [self._drop(end.end(), broken if HEAD.match(data) else CUT_SHORT)]
        return self._sentence(data[: end.end()], int(end["sum"], 16))

    def _between(self, data: bytes, length: int, ended: bool) -> list[Frame | Refused] | None:
        """Skip the bytes before a sentence; refuse them unless they are line ends, an idle line or tag blocks."""
        length = min(length, LONGEST)
        if not ended and length < LONGEST:
            return None
        offset, piece = self._offset, data[:length]
        self._skip(length)
        if not TAG_BLOCK.sub(b"", piece).strip(IDLE):
            return []
        return [Refused(offset, length, CUT_SHORT)]

    def _sentence(self, sentence: bytes, stated: int) -> list[Frame | Refused]:
        """Return a sentence's frame, and a refusal for its unreadable fields."""
        head = HEAD.match(sentence)
        if xor8(sentence[1:-3]) != stated:
            return [self._drop(len(sentence), CHECKSUM)]
        text = sentence[:-3].decode("latin-1")
        if head is None:  # a maker's own, as "$WI,WVP=020.0,045,0"
            frame = Frame(self._offset, len(sentence), (), kind=printable(text, SHOWN))
            self._skip(len(sentence))
            return [frame]
        kind, fields = head["kind"].decode(), [field.strip() for field in text.split(",")[1:]]
        try:
            found = self._wanted(kind, weather(kind, fields, self._settings.wind, self._settings.heading))
        except SentenceError as bad:
            return [self._drop(len(sentence), bad.reason)]
        readings = tuple(Reading(name, value, 0.0) for name, value in found.values.items() if value is not None)
        # A maker's own sentence has no talker: "PGRMM" is one name.
        own = head["talker"].decode() if head["talker"].startswith(b"P") and not readings else ""
        frame = Frame(self._offset, len(sentence), readings, kind=own + title(kind, fields))
        refused = self._drop(len(sentence), joined(found.unread)) if found.unread else None
        if refused is None:
            self._skip(len(sentence))
            return [frame]
        return [frame, refused] if readings else [refused]

    def _wanted(self, kind: str, found: Weather) -> Weather:
        """Return the values without the wind if a better form of it was received before."""
        if "wind_speed" not in found.values and "wind_from_direction" not in found.values:
            return found
        form = FALLBACK[kind]
        if form > self._form:
            found = found._replace(values={n: v for n, v in found.values.items() if not n.startswith("wind")})
        self._form = min(self._form, form)
        return found

    def _drop(self, length: int, reason: Reason) -> Refused:
        offset = self._offset
        self._skip(length)
        return Refused(offset, length, reason)

    def _skip(self, length: int) -> None:
        del self._data[:length]
        self._offset += length


def open_nmea(bus: SerialPort, settings: NmeaSettings, clock: Clock) -> Talker:
    """Return the head on that port; it sends unasked."""
    return Talker(bus, NmeaDecoder(settings), channels(settings), clock, TIMEOUT)


INFO = DriverInfo(
    name="nmea",
    bus="serial",
    settings=NmeaSettings,
    channels=channels,
    open=open_nmea,
    timeout=TIMEOUT,
    pace=1.0,
    decoder=NmeaDecoder,
    decodes=decoded,
    twin="drivers.twins.nmea:NmeaTwin",
    source="Airmar PB100 technical manual, p. 11-22; Gill WindSonic manual issue 30, p. 26-27, 71",
)
