"""Nova SDS011 particle sensor on a serial port: PM2.5 and PM10 each second, or once per working period.

Its laser lasts about 8,000 hours, a year of operation: with `period` it wakes by itself every so many minutes, runs its
fan for 30 s, measures and sleeps again. Frames are ten bytes, `aa c0 PM2.5 PM10 id sum ab` (low byte first, tenths of
ug/m3); `aa c5` answers a command, `aa cf` is from an SDS198, another quantity.
Source: Nova Fitness "Laser Dust Sensor Control Protocol" V1.3; SDS011 data sheet V1.3.
"""

from __future__ import annotations

from pydantic import Field

from drivers.buses.bus import OnSerial
from drivers.buses.serial import SerialPort
from drivers.checksums import sum8
from drivers.clock import Clock
from drivers.devices.heard import HeardBytes
from drivers.devices.stream import CHECKSUM, BinaryDecoder, Judgement, Talker
from drivers.driver import Channel, Device, DriverInfo, Refused
from drivers.errors import Garbled, NoAnswer
from drivers.reading import Reading
from drivers.reason import Reason

DATA, REPLY, COMMAND, SDS198 = b"\xaa\xc0", b"\xaa\xc5", b"\xaa\xb4", b"\xaa\xcf"
LENGTHS = {DATA: 10, REPLY: 10, SDS198: 10, COMMAND: 19}
FOREIGN = {SDS198: "SDS198", COMMAND: "echo (aa b4)"}  # what is no SDS011's own; an adapter's echo confirms nothing
TAIL = 0xAB
TIMEOUT = 10.0  # s, in addition to the working period
REPLY_TIME = 1.0  # s
TRIES = 3  # a sleeping sensor may lose the first and answer with stray bytes
REPORT_MODE, SLEEP, PERIOD = 2, 6, 8
ACTIVE, WORK = 0, 1
MOST = 999.9  # ug/m3


class Sds011Settings(OnSerial):
    """Settings of the sensor. `period`: minutes from one measurement to the next, 0 to measure each second."""

    period: int = Field(default=0, ge=0, le=30)

    @property
    def interval(self) -> float | None:
        """Seconds between two reads; None while it sends each second."""
        return self.period * 60.0 or None


def channels(settings: Sds011Settings) -> tuple[Channel, ...]:
    """Return the channels: both particle sizes, 0.0-999.9 ug/m3 in tenths."""
    return (Channel("pm2p5", 0.0, MOST, 0.1), Channel("pm10", 0.0, MOST, 0.1))


def decoder(settings: Sds011Settings) -> BinaryDecoder:
    """Return the decoder of its frames; commands and their answers are frames without readings."""
    return BinaryDecoder(tuple(LENGTHS), _judge)


def open_sds011(bus: SerialPort, settings: Sds011Settings, clock: Clock) -> Device:
    """Open the sensor on that port: wake it and set its period, each confirmed by its answer.

    Raise NoAnswer if it does not wake, or sends but confirms nothing, WrongDevice if another device sends.
    """
    bus.flush_input()
    heard = HeardBytes()
    if not _ask(bus, settings, clock, SLEEP, WORK, heard) and not heard.is_known:
        if not heard.count:
            raise NoAnswer(Reason("not_woken", "no answer to {count} wake commands", count=TRIES))
        raise heard.cause(TRIES * REPLY_TIME, bus.baud)
    _ask(bus, settings, clock, REPORT_MODE, ACTIVE, heard)
    confirmed = _ask(bus, settings, clock, PERIOD, settings.period, heard)
    if settings.period and not confirmed:
        raise NoAnswer(
            Reason(
                "commands_not_confirmed",
                "it sends, but does not confirm its period of {minutes} min: is the wire to its RX connected?",
                minutes=settings.period,
            )
        )
    if settings.period:
        return DutyCycled(bus, settings, clock)
    return Talker(bus, decoder(settings), channels(settings), clock, TIMEOUT)


class DutyCycled:
    """A sensor that sleeps between two measurements: `read()` waits for the next one."""

    def __init__(self, bus: SerialPort, settings: Sds011Settings, clock: Clock) -> None:
        self._bus = bus
        self._settings = settings
        self._clock = clock
        self._timeout = TIMEOUT + settings.period * 60.0

    def read(self) -> tuple[Reading, ...]:
        """Return the next frame's readings; frames from before the call are stale and skipped, as is noise.

        Raise NoAnswer or Garbled.
        """
        until = self._clock.now() + self._timeout
        found = decoder(self._settings)
        talker = Talker(self._bus, found, channels(self._settings), self._clock, self._timeout, known=True)
        while True:
            try:
                return talker.read(until)
            except Garbled:
                if self._clock.now() >= until:
                    raise

    def close(self) -> None:
        """Do nothing: the lane owns the port."""


def command(number: int, value: int) -> bytes:
    """Return the 19 bytes of the command that sets `value`, addressed to any device."""
    body = bytes([number, 1, value]) + bytes(10) + b"\xff\xff"
    return COMMAND + body + bytes([sum8(body), TAIL])


def _ask(bus: SerialPort, settings: Sds011Settings, clock: Clock, number: int, value: int, heard: HeardBytes) -> bool:
    """Send a command up to TRIES times, unless nothing answers at all. Return whether it was confirmed."""
    for _ in range(TRIES):
        bus.write(command(number, value))
        until = clock.now() + REPLY_TIME
        found = decoder(settings)
        while data := bus.read_some(until):
            heard.add(data)
            kinds = set()
            for item in found.feed(data):
                if isinstance(item, Refused):
                    heard.refused(item)
                elif item.readings:
                    heard.good()
                elif item.kind in FOREIGN.values():
                    heard.frame(item.kind)
                else:
                    kinds.add(item.kind)
            if bytes([number, 1, value]).hex() in kinds:
                return True
    return False


def _judge(data: bytes) -> Judgement | None:
    kind = data[:2]
    length = LENGTHS[kind]
    if len(data) < length:
        return None
    frame = data[:length]
    if frame[-1] != TAIL or sum8(frame[2:-2]) != frame[-2]:
        return Judgement(length, reason=CHECKSUM)
    if kind == DATA:
        return Judgement(length, readings=_readings(frame))
    # Of an answer: the command's number, whether it was set, its value.
    return Judgement(length, kind=FOREIGN.get(kind) or frame[2:5].hex())


def _readings(frame: bytes) -> tuple[Reading, ...]:
    fine, coarse = (int.from_bytes(frame[at : at + 2], "little") / 10 for at in (2, 4))
    # Some units that were just woken give zero for both, which no air has.
    none = Reason("no_particles", "no particles at all") if fine == coarse == 0.0 else None
    full = Reason("at_its_end", "the end of its scale: there may be more")
    values = (("pm2p5", fine), ("pm10", coarse))
    return tuple(Reading(name, value, 0.0, full if value == MOST else none) for name, value in values)


INFO = DriverInfo(
    name="sds011",
    bus="serial",
    settings=Sds011Settings,
    channels=channels,
    open=open_sds011,
    timeout=TIMEOUT,
    pace=1.0,
    decoder=decoder,
    twin="drivers.twins.sds011:Sds011Twin",
    source="Nova Fitness, Laser Dust Sensor Control Protocol V1.3; SDS011 data sheet V1.3",
)
