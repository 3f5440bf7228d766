"""Plantower particle sensors PMS5003, 7003, A003, 1003, 3003, 5003T and 5003ST on a serial port.

They send continuously, 9600 8N1, about once a second. The frames of a 5003T and a 5003 cannot be distinguished, so the
model is a setting. The "atmospheric" values are used; the CF=1 ones are for the factory's test dust.
Source: Plantower data manuals (PMS5003 V2.3, PMS3003 V2.5, PMS5003T and PMS5003ST V1.x), appendix I.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import msgspec

from drivers.buses.bus import OnSerial
from drivers.buses.serial import SerialPort
from drivers.checksums import sum16
from drivers.clock import Clock
from drivers.devices.stream import CHECKSUM, BinaryDecoder, Judgement, Talker
from drivers.driver import Channel, DriverInfo
from drivers.reading import Reading
from drivers.reason import Reason

HEADER = b"BM"
MOST_HUMIDITY = 1030  # 103 %, as hygrometers read in fog
LEAST_HUMIDITY = 10  # 1 %; no air outdoors is drier
TIMEOUT = 10.0  # s; in the slow mode, when values do not change, there is a frame every 2.3 s


class FrameLayout(msgspec.Struct, frozen=True):
    """Layout of a model's frame: byte offsets from the header."""

    length: int
    counts: tuple[int, ...] = ()  # of the particle counts: all zero while the fan starts (a 3003 has none)
    climate: int | None = None  # temperature x10 signed, then humidity x10
    error: int | None = None  # the device's own error byte


_SIX = tuple(range(16, 28, 2))
PMS5003 = FrameLayout(32, counts=_SIX, error=29)
LAYOUTS = {
    "PMS5003": PMS5003,
    "PMS7003": PMS5003,
    "PMSA003": PMS5003,
    "PMS1003": PMS5003,
    "PMS3003": FrameLayout(24),
    "PMS5003T": FrameLayout(32, counts=_SIX[:4], climate=24, error=29),
    "PMS5003ST": FrameLayout(40, counts=_SIX, climate=30, error=37),
}
LENGTHS = {layout.length for layout in LAYOUTS.values()}
AMBIENT = {"pm1": 10, "pm2p5": 12, "pm10": 14}


class PlantowerSettings(OnSerial):
    """Settings of the sensor. `model`: as printed on it."""

    model: Literal["PMS5003", "PMS7003", "PMSA003", "PMS1003", "PMS3003", "PMS5003T", "PMS5003ST"] = "PMS5003"


def channels(settings: PlantowerSettings) -> tuple[Channel, ...]:
    """Return the channels: particles (the manuals' maximum range), and the climate inside the case of a T or ST."""
    particles = tuple(Channel(quantity, 0.0, 1000.0, 1.0) for quantity in AMBIENT)
    if LAYOUTS[settings.model].climate is None:
        return particles
    climate = (Channel("air_temperature", -20.0, 99.0, 0.1), Channel("relative_humidity", 0.0, 99.9, 0.1))
    return particles + climate


def decoder(settings: PlantowerSettings) -> BinaryDecoder:
    """Return the decoder of that model's frames."""
    layout = LAYOUTS[settings.model]
    return BinaryDecoder((HEADER,), lambda data: _judge(data, layout))


def open_plantower(bus: SerialPort, settings: PlantowerSettings, clock: Clock) -> Talker:
    """Return the sensor on that port, in the active mode in which it starts."""
    return Talker(bus, decoder(settings), channels(settings), clock, TIMEOUT)


def _judge(data: bytes, layout: FrameLayout) -> Judgement | None:
    """Judge the bytes at a header, None if more are needed.

    Bytes 2-3 state how many follow; the last two are the sum of all before them.
    """
    if len(data) < 4:
        return None
    stated = 4 + _word(data, 2)
    length = stated if stated in LENGTHS else layout.length
    if len(data) < length:
        return None
    frame = data[:length]
    if stated != length:
        return Judgement(length, reason=Reason("length", "length"))
    if sum16(frame[:-2]) != _word(frame, length - 2):
        return Judgement(length, reason=CHECKSUM)
    if length != layout.length:
        return Judgement(length, kind=", ".join(name for name, other in LAYOUTS.items() if other.length == length))
    return Judgement(length, readings=_readings(frame, layout))


def _readings(frame: bytes, layout: FrameLayout) -> tuple[Reading, ...]:
    doubt = _doubt(frame, layout)
    values = [Reading(quantity, float(_word(frame, at)), 0.0, doubt) for quantity, at in AMBIENT.items()]
    if layout.climate is not None:
        tenths = int.from_bytes(frame[layout.climate : layout.climate + 2], "big", signed=True)
        humidity = _word(frame, layout.climate + 2)
        # The same word in both, impossible as a humidity, means no value: as a temperature, ffff would be -0.1 degC.
        if not (tenths & 0xFFFF == humidity > MOST_HUMIDITY):
            of_air = doubt or (COUNTS_FOR_AIR if humidity < LEAST_HUMIDITY else None)
            values.append(Reading("air_temperature", tenths / 10, 0.0, of_air))
            values.append(Reading("relative_humidity", humidity / 10, 0.0, of_air))
    return tuple(values)


def _doubt(frame: bytes, layout: FrameLayout) -> Reason | None:
    if layout.error is not None and frame[layout.error]:
        return Reason("error_code", "error code {number:#04x}", number=frame[layout.error])
    if layout.counts and not any(_word(frame, at) for at in layout.counts):
        return Reason("warming_up", "warming up")
    if any(_word(frame, larger) > _word(frame, smaller) for smaller, larger in pairwise(layout.counts)):
        return COUNTS_RISE
    return None


# Each count is of all particles beyond a size (manual V2.3, appendix I), so that larger ones cannot be more.
COUNTS_RISE = Reason("counts_rise", "it counts more of the larger particles than of all")
# A PMS5003 has its few counts of the largest particles there: 2 and 1 would be 0.2 degC and 0.1 %.
COUNTS_FOR_AIR = Reason("counts_for_air", "no air is that dry: particle counts of another model, or no hygrometer")


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


INFO = DriverInfo(
    name="plantower",
    bus="serial",
    settings=PlantowerSettings,
    channels=channels,
    open=open_plantower,
    timeout=TIMEOUT,
    pace=1.0,
    decoder=decoder,
    twin="drivers.twins.plantower:PlantowerTwin",
    source="Plantower PMS5003 series data manual V2.3, appendix I; PMS3003 V2.5; PMS5003T; PMS5003ST",
)
