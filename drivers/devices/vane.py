"""A resistor vane (Misol, Fine Offset, SparkFun kit) on an ADS1115: wind direction, by Adafruit's library.

Eight reed contacts switch sixteen resistances to ground; with a resistor to the supply they form a divider, and the
share of the supply voltage determines the sector. The library waits for the conversion without a timeout; the bus's
deadline ends that. Neighbouring sectors are as close as 0.9 % of the supply: a share between two of them is doubted.

Source: the resistances are recomputed from SparkFun's table for an ideal 10 kilohm divider (Weather Meter Kit);
TI ADS1115 datasheet SBAS444D.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus
from drivers.clock import Clock
from drivers.devices.register_lines import RegisterDecoder, Registers, refuse_unkept, word
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import Garbled, NoAnswer
from drivers.reading import Reading
from drivers.reason import Reason

KILOHM = (33, 6.57, 8.2, 0.891, 1, 0.688, 2.2, 1.41, 3.9, 3.14, 16, 14.12, 120, 42.12, 64.9, 21.88)
SECTOR = 22.5  # degrees
FULL_SCALE, COUNTS = 4.096, 32767  # V at gain 1
CONVERSION, CONF = 0x00, 0x01
SETTINGS_BITS = 0x7FFF  # all but the one that says whether it converts
RATE, RATE_BITS = 860, 0x00E0
SINGLE_ENDED = 4  # the multiplexer's number of input 0 against ground
OPEN, SHORTED = 0.96, 0.03  # shares of the supply that no resistance of the vane gives
CLEAR = 0.35  # of the gap to the neighbour within which a share belongs to a sector; beyond it is between two
TIMEOUT = 0.3  # s


class Settings(OnI2C):
    """Settings of the vane.

    `input`: the ADS1115's, 0-3; `supply_v`: volts that feed the divider; `divider_kohm`: its upper resistor.
    """

    address: int = Field(default=0x48, ge=0x48, le=0x4B)
    input: int = Field(default=0, ge=0, le=3)
    supply_v: float = Field(default=3.3, gt=1, le=4.0)
    divider_kohm: float = Field(default=10.0, gt=0, le=1000)

    @property
    def shares(self) -> tuple[tuple[float, float], ...]:
        """(share of the supply, degrees) of each sector, by share."""
        found = ((r / (r + self.divider_kohm), i * SECTOR) for i, r in enumerate(KILOHM))
        return tuple(sorted(found))


class Vane:
    """An opened vane."""

    def __init__(self, bus: I2CBus, settings: Settings, clock: Clock) -> None:
        from adafruit_ads1x15.ads1115 import ADS1115

        self._bus, self._settings, self._clock = bus, settings, clock
        self._shares = settings.shares
        with bus.allow(TIMEOUT):
            self._library: Any = ADS1115(bus, gain=1, data_rate=RATE, address=settings.address)
            bus.transfer(settings.address, bytes([CONF]) + self._wanted.to_bytes(2, "big"))
            refuse_unkept(self._conf(), self._wanted, SETTINGS_BITS)

    def read(self) -> tuple[Reading, ...]:
        """Return the direction that the vane points to now, in whole sectors."""
        with self._bus.allow(TIMEOUT):
            raw = self._library.read(SINGLE_ENDED + self._settings.input)
            at = self._clock.now()
            self._check(raw)
        degrees, doubt = sector(raw * FULL_SCALE / COUNTS / self._settings.supply_v, self._shares)
        return (Reading("wind_from_direction", degrees, at, doubt),)

    def close(self) -> None:
        """Do nothing: the converter sleeps between conversions."""

    def _check(self, raw: int) -> None:
        """Check that the conversion was the one requested and still reads the same. Raise Garbled."""
        again = int.from_bytes(self._bus.steady(self._settings.address, CONVERSION, 2), "big", signed=True)
        if self._conf() & SETTINGS_BITS != self._wanted or again != raw:
            raise Garbled(
                Reason("conversion_not_asked_for", "its conversion is not the one asked for, or the line is noisy")
            )

    @property
    def _wanted(self) -> int:
        """The settings of a single conversion of the input at gain 1."""
        return (SINGLE_ENDED + self._settings.input) << 12 | 0x0200 | 0x0100 | RATE_BITS | 0x0003

    def _conf(self) -> int:
        return int.from_bytes(self._bus.steady(self._settings.address, CONF, 2), "big")


BETWEEN = Reason("between_sectors", "between two sectors")


def sector(share: float, shares: tuple[tuple[float, float], ...]) -> tuple[float, Reason | None]:
    """Return the degrees of the nearest sector, with a doubt if the share lies between two. Raise NoAnswer."""
    if share > OPEN:
        raise NoAnswer(Reason("vane_open", "no contact of the vane closes: is its cable cut?"))
    if share < SHORTED:
        raise NoAnswer(Reason("vane_shorted", "the vane's line is shorted"))
    order = sorted((abs(share - expected), degrees) for expected, degrees in shares)
    (nearest, degrees), (next_one, _) = order[:2]
    between = nearest > CLEAR * (nearest + next_one)
    return degrees, BETWEEN if between else None


def judge(registers: Registers, settings: Settings) -> tuple[Reading, ...] | None:
    """Return the reading of a recording's conversion register (0x00), taken at gain 1; None if it has none."""
    raw = word(registers, CONVERSION, signed=True)
    if raw is None:
        return None
    degrees, doubt = sector(raw * FULL_SCALE / COUNTS / settings.supply_v, settings.shares)
    return (Reading("wind_from_direction", degrees, 0.0, doubt),)


def decoder(settings: Settings) -> RegisterDecoder:
    """Return a decoder of recorded lines of its registers, high byte first."""
    return RegisterDecoder(lambda registers, new: judge(registers, settings) if CONVERSION in new else None)


def channels(_: Settings) -> tuple[Channel, ...]:
    """Return the channel: sixteen sectors."""
    return (Channel("wind_from_direction", 0, 360, SECTOR),)


def open_vane(bus: I2CBus, settings: Settings, clock: Clock) -> Device:
    """Open the vane's converter."""
    return Vane(bus, settings, clock)


INFO = DriverInfo(
    name="vane",
    bus="i2c",
    settings=Settings,
    channels=channels,
    open=open_vane,
    interval=1.0,
    timeout=TIMEOUT + 0.2,
    decoder=decoder,
    twin="drivers.twins.vane:Twin",
    source="SparkFun Weather Meter Kit; Texas Instruments ADS1115 datasheet SBAS444D",
)
