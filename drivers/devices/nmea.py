"""NMEA 0183 wind and weather sentences: ultrasonic anemometers and weather heads (Airmar, Gill, LCJ, NASA, nke).

- MWV: wind angle against the bow (R relative, T theoretical) and speed. On a fixed mast R is the true wind once
  the direction that the bow mark points to (`heading`) is added. Status A, or Gill's 00; any other is refused.
- MWD: wind direction against north and speed, of heads with a compass.
- MDA, XDR: air temperature, relative humidity, air pressure, identified by type, unit and id, not by place.

Sentences are found between any bytes: several in one piece without line ends, after tag blocks (`\\c:...*60\\`),
cut at either end. Only what has a right check sum is read; pynmea2 takes it apart.
Source: NMEA 0183 as in Airmar PB100 technical manual p. 11-22, Gill WindSonic manual issue 30 p. 26-27 and 71.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pynmea2
from pydantic import Field

from drivers.buses.bus import OnSerial
from drivers.buses.serial import SerialPort
from drivers.checksums import xor8
from drivers.clock import Clock
from drivers.devices.stream import CHECKSUM, CUT_SHORT, Talker, pieces
from drivers.driver import Channel, DriverInfo, Frame, Refused
from drivers.reading import Reading
from drivers.reason import Reason

TIMEOUT = 10.0  # s
LONGEST = 512  # bytes without an end that are refused as one; the standard's longest sentence has 82
START = re.compile(rb"[$!]")
# A sentence ends with its check sum, or is broken off by a line end, a tag block or another sentence.
END = re.compile(rb"\*(?P<sum>[0-9A-Fa-f]{2})|(?=[$!\\\r\n])")
TAG_BLOCK = re.compile(rb"\\[^\\\r\n$!]*\\")
HEAD = re.compile(rb"[$!](?P<talker>[A-Z][A-Z0-9])(?P<kind>[A-Z0-9]{1,8}),")
NO_SUM = Reason("no_checksum", "no checksum")
NOT_A_SENTENCE = Reason("not_a_sentence", "not a sentence")

METRES_PER_SECOND = {"K": 1 / 3.6, "M": 1.0, "N": 1852 / 3600, "S": 1609.344 / 3600}
HPA_PER_INHG = 33.86389  # conventional inch of mercury
# XDR ids that name something else than the air at the station: wind chill, heat index, water, batteries.
TEMPERATURE_IDS = frozenset({"", "AIR", "AIRTEMP", "TEMPAIR", "TEMP", "ENV_OUTSIDE_T", "ENV_OUTAIR_T"})
PRESSURE_IDS = frozenset({"", "STNP", "BARO", "BAROMETER", "PRESS", "ENV_ATMOS_P"})
HUMIDITY_IDS = frozenset({"", "RH", "HUMI", "HUMIDITY", "AIRHUMI", "ENV_OUTSIDE_H", "ENV_OUTAIR_H"})


NO_STATUS = Reason("nmea_status_missing", "status missing")


class SentenceError(ValueError):
    """A sentence with a right check sum and no usable content."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class NmeaSettings(OnSerial):
    """Settings of a wind or weather head.

    `wind`: which wind is read, R or T of MWV or MWD; `heading`: degrees from north that its bow mark points to (added
    to MWV); `met`: whether it also gives temperature, humidity and pressure.
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


class NmeaDecoder:
    """Decoder of sentences. A good sentence without weather is a frame without readings.

    A recording's weather is given in full, also where `met` is not set; the opened device gives its channels.
    """

    def __init__(self, settings: NmeaSettings) -> None:
        self._settings = settings
        self._data = bytearray()
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes of any chunking. Yield what is complete.

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
        """Return what the next piece gives; None where it needs more bytes."""
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
            return [self._drop(end.end(), CHECKSUM if b"*" in data[: end.end()] else NO_SUM)]
        return [self._sentence(data[: end.end()], int(end["sum"], 16))]

    def _between(self, data: bytes, length: int, ended: bool) -> list[Frame | Refused] | None:
        """Skip the bytes before a sentence: line ends and tag blocks belong there, anything else is refused."""
        length = min(length, LONGEST)
        if not ended and length < LONGEST:
            return None
        offset, piece = self._offset, data[:length]
        self._skip(length)
        if not TAG_BLOCK.sub(b"", piece).strip(b"\r\n"):
            return []
        return [Refused(offset, length, CUT_SHORT)]

    def _sentence(self, sentence: bytes, stated: int) -> Frame | Refused:
        head = HEAD.match(sentence)
        if xor8(sentence[1:-3]) != stated or head is None:
            return self._drop(len(sentence), CHECKSUM if head else NOT_A_SENTENCE)
        try:
            readings = _readings(sentence, head["kind"].decode(), self._settings)
        except SentenceError as bad:
            return self._drop(len(sentence), bad.reason)
        offset = self._offset
        self._skip(len(sentence))
        return Frame(offset, len(sentence), readings)

    def _drop(self, length: int, reason: Reason) -> Refused:
        offset = self._offset
        self._skip(length)
        return Refused(offset, length, reason)

    def _skip(self, length: int) -> None:
        del self._data[:length]
        self._offset += length


def _readings(sentence: bytes, kind: str, settings: NmeaSettings) -> tuple[Reading, ...]:
    """Return the weather in a sentence.

    It is read from the raw fields, because pynmea2 gives text where a number fails. Raise SentenceError.
    """
    reader = {"MWV": _mwv, "MWD": _mwd, "MDA": _mda, "XDR": _xdr}.get(kind)
    if reader is None:
        return ()
    try:
        parsed = pynmea2.parse(sentence.decode("ascii"), check=True)
    except (UnicodeDecodeError, pynmea2.ParseError):
        raise SentenceError(NOT_A_SENTENCE) from None
    found = reader([field.strip() for field in parsed.data], settings)
    return tuple(Reading(quantity, value, 0.0) for quantity, value in found.items() if value is not None)


def _mwv(fields: list[str], settings: NmeaSettings) -> dict[str, float | None]:
    angle, reference, speed, unit, status = (fields + [""] * 5)[:5]
    if status not in ("A", "00"):
        raise SentenceError(Reason("nmea_status", "status {status}", status=status) if status else NO_STATUS)
    if reference != settings.wind:
        return {}
    if speed and unit not in METRES_PER_SECOND:
        raise SentenceError(Reason("nmea_unit", "unit"))
    direction, speed_value = _number(angle), _number(speed)
    return {
        "wind_from_direction": None if direction is None else (direction + settings.heading) % 360.0,
        "wind_speed": None if speed_value is None else speed_value * METRES_PER_SECOND[unit],
    }


def _mwd(fields: list[str], settings: NmeaSettings) -> dict[str, float | None]:
    if settings.wind != "MWD":
        return {}
    padded = fields + [""] * 8  # direction, T, direction, M, speed, N, speed, M
    knots, metres = _number(padded[4]), _number(padded[6])
    return {
        "wind_from_direction": _number(padded[0]),
        "wind_speed": metres if metres is not None or knots is None else knots * METRES_PER_SECOND["N"],
    }


def _mda(fields: list[str], settings: NmeaSettings) -> dict[str, float | None]:
    padded = fields + [""] * 20
    inches, bars = _number(padded[0]), _number(padded[2])
    pressure = bars * 1000 if bars is not None else None if inches is None else inches * HPA_PER_INHG
    return {
        "air_pressure": pressure,
        "air_temperature": _number(padded[4]) if padded[5] in ("C", "") else None,
        "relative_humidity": _number(padded[8]),
    }


def _xdr(fields: list[str], settings: NmeaSettings) -> dict[str, float | None]:
    """Return the values of groups of type, value, unit, id. The last id may be missing altogether."""
    found: dict[str, float | None] = {}
    for at in range(0, len(fields), 4):
        kind, value, unit, name = (fields[at : at + 4] + [""] * 3)[:4]
        if not value:
            continue
        name = name.upper()
        if (kind, unit) == ("C", "C") and name in TEMPERATURE_IDS:
            found["air_temperature"] = _number(value)
        elif (kind, unit) == ("H", "P") and name in HUMIDITY_IDS:
            found["relative_humidity"] = _number(value)
        elif kind == "P" and unit in ("B", "P") and name in PRESSURE_IDS:
            number = _number(value)
            found["air_pressure"] = None if number is None else number * (1000 if unit == "B" else 0.01)
    return found


def _number(field: str) -> float | None:
    """Return a field's number, None where it is empty. Raise SentenceError where it is neither."""
    if not field:
        return None
    if not re.fullmatch(r"[+-]?\d{1,6}(\.\d{1,6})?", field):
        raise SentenceError(Reason("not_a_number", "not a number"))
    return float(field)


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
    twin="drivers.twins.nmea:NmeaTwin",
    source="Airmar PB100 technical manual, p. 11-22; Gill WindSonic manual issue 30, p. 26-27, 71",
)
