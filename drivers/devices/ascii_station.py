"""The all-in-one ASCII station: wind, rain, temperature, humidity, pressure, particles in a line of text.

    A0743B135C0000D0000E0000F0006G1588H1588I0000J0006K0610L0271M909N10022,017,025,026,017,025,026,*0C CR LF

A: the vane's raw value, B: direction, C: pulses, D: current wind speed (0.1 m/s), E F: means, G: tips of the rain
bucket (a running count), H: the same a minute late, I J K: its own rain sums, L: temperature, M: humidity, N: pressure
(all in tenths), then, if a particle sensor is fitted, PM1, PM2.5, PM10 with CF=1 and the three ambient ones. Only
instantaneous values are read (B D G L M N, ambient PM): sums and means are computed here, not by the board.
Source: the format and its checksum from 1,263 days of a real station (repository Loongle/weather-data).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from drivers.buses.bus import OnSerial
from drivers.buses.serial import SerialPort
from drivers.checksums import xor8
from drivers.clock import Clock
from drivers.devices.stream import CHECKSUM, Talker
from drivers.driver import Channel, DriverInfo, Frame, Refused
from drivers.errors import CUT_SHORT
from drivers.reading import Reading
from drivers.reason import Reason

TIMEOUT = 10.0  # s; a line comes every 2 to 3 s
PACE = 3.0  # s between two lines, nominal
TIPS_WRAP = 10_000  # G has four digits
LONGEST_LINE = 4096  # bytes; a longer one is refused in pieces
XOR_SHORT, XOR_LONG = 0x18, 0x1A  # the vendor's page states a plain XOR; the stations start from these
NOT_A_FRAME = Reason("not_a_frame", "not a frame")

LINE = re.compile(
    rb"(?P<body>A\d{4}B(?P<B>\d{3})C\d{4}D(?P<D>\d{4})E\d{4}F\d{4}G(?P<G>\d{4})H\d{4}I\d{4,5}J\d{4,5}K\d{4,5}"
    rb"L(?P<L>-\d{2,3}|\d{3,4})M(?P<M>\d{3,4})N(?P<N>\d{5})"
    rb"(?P<long>,\d{3,4},\d{3,4},\d{3,4},(?P<pm1>\d{3,4}),(?P<pm2p5>\d{3,4}),(?P<pm10>\d{3,4}),)?)"
    rb"\*(?P<sum>[0-9A-Fa-f]{2})"
)
LINE_END = re.compile(rb"[\r\n]")
# A logger's timestamp before the line, which is not the station's.
LOGGED_AT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d ?")
ENDS_IN_SUM = re.compile(rb"\*[0-9A-Fa-f]{2}\s*\Z")
PM = ("pm1", "pm2p5", "pm10")


class AsciiStationSettings(OnSerial):
    """Settings of the station.

    `mm_per_tip`: rain of one tip of the bucket, mm; `pm`: whether a particle sensor is fitted.
    """

    mm_per_tip: float = Field(default=0.33, gt=0.0, le=10.0)
    pm: bool = True


def channels(settings: AsciiStationSettings) -> tuple[Channel, ...]:
    """Return the channels that a line can contain.

    The limits are those of the line's digits, or of physics if those are narrower.
    """
    weather = (
        Channel("wind_from_direction", 0.0, 360.0, 22.5),
        Channel("wind_speed", 0.0, 100.0, 0.1),
        Channel("rainfall_amount", 0.0, TIPS_WRAP * settings.mm_per_tip, settings.mm_per_tip),
        Channel("air_temperature", -60.0, 85.0, 0.1),
        Channel("relative_humidity", 0.0, 100.0, 0.1),
        Channel("air_pressure", 300.0, 1100.0, 0.1),
    )
    return weather + tuple(Channel(name, 0.0, 1000.0, 1.0) for name in PM) if settings.pm else weather


class AsciiStationDecoder:
    """Decoder of the station's lines. Refuses with "checksum", "cut short" or "not a frame"."""

    def __init__(self, settings: AsciiStationSettings) -> None:
        self._settings = settings
        self._data = bytearray()
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[Frame | Refused]:
        """Append bytes in any chunking. Yield the frames and refusals of each complete line."""
        self._data += data
        while True:
            end = LINE_END.search(self._data)
            if end is None and len(self._data) < LONGEST_LINE:
                return
            length = min(end.end() if end else LONGEST_LINE, LONGEST_LINE)
            yield from self._line(bytes(self._data[:length]))
            del self._data[:length]
            self._offset += length

    def finish(self) -> Iterator[Frame | Refused]:
        """Decode the last line, which has no line end, at the end of the input."""
        yield from self._line(bytes(self._data))
        self._offset += len(self._data)
        self._data.clear()

    def _line(self, line: bytes) -> Iterator[Frame | Refused]:
        """Yield the good frames of a line, and refusals of the bytes between them.

        A line contains more than one frame if a line end was lost.
        """
        judged = 0
        for found in LINE.finditer(line):
            if not _sum_is_right(found):
                continue
            yield from self._refuse(line, judged, found.start())
            yield Frame(self._offset + found.start(), len(found[0]), self._readings(found))
            judged = found.end()
        yield from self._refuse(line, judged, len(line))

    def _refuse(self, line: bytes, start: int, end: int) -> Iterator[Refused]:
        if start == end:
            return
        prefix = LOGGED_AT.match(line, start, end)
        start = prefix.end() if prefix else start
        rest = line[start:end].rstrip(b"\r\n")
        if rest:
            yield Refused(self._offset + start, len(rest), _reason(rest))

    def _readings(self, line: re.Match[bytes]) -> tuple[Reading, ...]:
        tip = self._settings.mm_per_tip
        weather = (
            Reading("wind_from_direction", float(line["B"]), 0.0),
            Reading("wind_speed", int(line["D"]) / 10, 0.0),
            Reading("rainfall_amount", int(line["G"]) * tip, 0.0, wraps_at=TIPS_WRAP * tip),
            Reading("air_temperature", int(line["L"]) / 10, 0.0),
            Reading("relative_humidity", int(line["M"]) / 10, 0.0),
            Reading("air_pressure", int(line["N"]) / 10, 0.0),
        )
        if not (self._settings.pm and line["long"]):
            return weather
        return weather + tuple(Reading(name, float(line[name]), 0.0) for name in PM)


def _sum_is_right(line: re.Match[bytes]) -> bool:
    return xor8(line["body"], XOR_LONG if line["long"] else XOR_SHORT) == int(line["sum"], 16)


def _reason(rest: bytes) -> Reason:
    whole_start, whole_end = rest[:1] == b"A" and rest[1:2].isdigit(), bool(ENDS_IN_SUM.search(rest))
    if whole_start and whole_end:
        return CHECKSUM
    return CUT_SHORT if whole_start or whole_end else NOT_A_FRAME


def open_ascii_station(bus: SerialPort, settings: AsciiStationSettings, clock: Clock) -> Talker:
    """Return the station on that port; it sends unasked and takes no commands."""
    return Talker(bus, AsciiStationDecoder(settings), channels(settings), clock, TIMEOUT)


INFO = DriverInfo(
    name="ascii-station",
    bus="serial",
    settings=AsciiStationSettings,
    channels=channels,
    open=open_ascii_station,
    timeout=TIMEOUT,
    pace=PACE,
    decoder=AsciiStationDecoder,
    twin="drivers.twins.ascii_station:AsciiStationTwin",
    source="https://github.com/Loongle/weather-data: recordings of a real station, 2019-2022",
)
