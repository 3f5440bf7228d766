"""Vishay VEML7700 on I2C: illuminance, with automatic gain and time, by Adafruit's library.

- The first counts after a change belong to the old setting: the driver waits for one old and one new integration.
- 65535 counts are saturation. At the least sensitive setting that is a doubt, otherwise the setting is changed.
- The maker's documents disagree on the lux per count at gain 2 and 800 ms: 0.0036 (older application note, most
  libraries), 0.0042 (newer datasheet, about 140 klx full scale). It is a setting. The maker's curve for bright light
  is for the 0.0036 scale, gains 1/4 and 1/8 and more than 1000 lx, and grows without bound, so it ends at 140 klx:
  more than that is given as 140 klx with a doubt.
- I2C has no checksum, and a chip that lost power is shut down without counts: each reading reads the counts twice and
  then the configuration.

Source: Vishay VEML7700 datasheet 84286 (settings p. 7-8); application note 84323 (curve, steps).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, Field

from drivers.buses.bus import OnI2C
from drivers.buses.i2c import I2CBus
from drivers.clock import Clock
from drivers.devices.register_lines import RegisterDecoder, Registers, refuse_unkept, word
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import CONFIGURATION_LOST, Garbled, SettingError
from drivers.reading import Reading
from drivers.reason import Reason

CONF, SAVING, COUNTS = 0x00, 0x03, 0x04
OLDER, NEWER = 0.0036, 0.0042  # lx per count at gain 2 and 800 ms
SATURATED = 65535
BEYOND_CURVE = Reason("beyond_curve", "brighter than the sensor's curve reaches")
ENOUGH, MANY = 2_000, 50_000  # counts between which the setting is kept
AIM = 32_000  # counts that a new setting is chosen for
GAIN_BITS = {1.0: 0b00, 2.0: 0b01, 1 / 8: 0b10, 1 / 4: 0b11}
TIME_BITS = {25: 0b1100, 50: 0b1000, 100: 0b0000, 200: 0b0001, 400: 0b0010, 800: 0b0011}
WAKING = 0.005  # s after switching on; the datasheet wants 2.5 ms or more
CLOCK_ERROR = 1.1  # the device's own clock may be that much slower
BRIGHT = 1000.0  # lx above which the curve applies
MOST = 140_000.0  # lx
MOST_COUNTED = 23_966.0  # lx before the curve that correspond to MOST
TIMEOUT = 4.0  # s; two changes of setting between 25 and 800 ms and back


def known_scale(value: float) -> float:
    """Return the scale. Raise SettingError unless it is one of the maker's two."""
    if value not in (OLDER, NEWER):
        raise SettingError(
            Reason(
                "lux_scale", "lux_per_count is {older} or {newer}, not {value}", older=OLDER, newer=NEWER, value=value
            )
        )
    return value


class Settings(OnI2C):
    """Settings of the device. `address` is always 0x10.

    `lux_per_count`: lx at gain 2, 800 ms; 0.0042 has no curve for bright light.
    """

    address: int = Field(default=0x10, ge=0x10, le=0x10)
    lux_per_count: Annotated[float, AfterValidator(known_scale)] = OLDER

    @property
    def correction(self) -> bool:
        """Whether the maker's curve is applied: it was made for the older scale."""
        return bool(self.lux_per_count == OLDER)


class Sensitivity(msgspec.Struct, frozen=True):
    """One sensitivity: gain and integration time, ms."""

    gain: float
    ms: int

    @property
    def conf(self) -> int:
        """The configuration word: switched on, no interrupt."""
        return GAIN_BITS[self.gain] << 11 | TIME_BITS[self.ms] << 6

    def lux(self, counts: float, lux_per_count: float) -> float:
        """Return the illuminance, lx, before any curve."""
        return counts * lux_per_count * (2 / self.gain) * (800 / self.ms)


LADDER = (  # from the most sensitive to the least
    Sensitivity(2.0, 800),
    Sensitivity(2.0, 400),
    Sensitivity(2.0, 200),
    Sensitivity(2.0, 100),
    Sensitivity(1 / 4, 100),
    Sensitivity(1 / 8, 100),
    Sensitivity(1 / 8, 50),
    Sensitivity(1 / 8, 25),
)
LEAST = LADDER[-1]
LONGEST_MS = max(step.ms for step in LADDER)


def corrected(lux: float, gain: float) -> tuple[float, Reason | None]:
    """Return the illuminance, lx, by the maker's curve if it applies, and a doubt beyond its end."""
    if gain >= 1 or lux <= BRIGHT:
        return lux, None
    if lux >= MOST_COUNTED:
        return MOST, BEYOND_CURVE
    return (((6.0135e-13 * lux - 9.3924e-9) * lux + 8.1488e-5) * lux + 1.0023) * lux, None


def better(step: Sensitivity, counts: int, lux_per_count: float) -> Sensitivity:
    """Return the sensitivity for the next reading: the same one if its counts are good."""
    if counts == SATURATED:
        return LEAST
    lux = step.lux(counts, lux_per_count)
    dim_enough = step.gain < 1 or lux <= BRIGHT  # the curve is known only for the small gains
    if counts <= MANY and dim_enough and (counts >= ENOUGH or step == LADDER[0]):
        return step
    fits = (s for s in LADDER if lux / s.lux(1, lux_per_count) <= AIM and (s.gain < 1 or lux <= BRIGHT))
    return next(fits, LEAST)


class Veml7700:
    """An opened VEML7700."""

    def __init__(self, bus: I2CBus, settings: Settings, clock: Clock) -> None:
        from adafruit_veml7700 import VEML7700

        self._bus, self._settings, self._clock = bus, settings, clock
        with bus.allow(TIMEOUT):
            self._library: Any = VEML7700(bus, settings.address)
            self._configure(LEAST)
            refuse_unkept(self._conf(), LEAST.conf)
        self._step = LEAST
        self._under_way_ms = LONGEST_MS  # it may still integrate with the setting of an earlier run
        self._settled = False

    def read(self) -> tuple[Reading, ...]:
        """Return the illuminance, at a sensitivity that suits it."""
        with self._bus.allow(TIMEOUT):
            counts = self._counts(self._step)
            for _ in range(2):  # from the dark into the sun: first to the least sensitive, then to the right one
                wanted = better(self._step, counts, self._settings.lux_per_count)
                if wanted == self._step:
                    break
                counts = self._counts(wanted)
            return (self._reading(counts),)

    def close(self) -> None:
        """Do nothing: the device continues integrating, at 45 uA."""

    def _counts(self, step: Sensitivity) -> int:
        """Return the counts of an integration that was entirely made with `step`."""
        if not self._settled or step != self._step:
            self._settled = False
            self._configure(step)
            wait = WAKING + CLOCK_ERROR * (self._under_way_ms + 2 * step.ms) / 1000
            self._step, self._under_way_ms = step, step.ms
            self._clock.sleep_until(self._clock.now() + wait)
            self._settled = True
        counts = self._same_twice()
        self._check()  # after the counts: a chip that lost power meanwhile has none
        return counts

    def _configure(self, step: Sensitivity) -> None:
        """Write the whole configuration word.

        The library changes single bits of what it reads, so that noise would persist in the others.
        """
        address, conf = self._settings.address, step.conf.to_bytes(2, "little")
        self._bus.transfer(address, bytes([SAVING, 0, 0]))
        self._bus.transfer(address, bytes([CONF]) + conf)

    def _conf(self) -> int:
        return int.from_bytes(self._bus.steady(self._settings.address, CONF, 2), "little")

    def _check(self) -> None:
        if self._conf() != self._step.conf:
            self._settled = False  # it is configured again before the next reading
            raise Garbled(CONFIGURATION_LOST)

    def _same_twice(self) -> int:
        """Return the counts once two reads agree; an integration may end between two. Raise Garbled."""
        last = int(self._library.light)
        for _ in range(3):
            again = int(self._library.light)
            if again == last:
                return again
            last = again
        raise Garbled(Reason("counts_unsteady", "its counts read differently every time"))

    def _reading(self, counts: int) -> Reading:
        lux, doubt = lux_of(counts, self._step, self._settings)
        return Reading("illuminance", lux, self._clock.now(), doubt)


def lux_of(counts: int, step: Sensitivity, settings: Settings) -> tuple[float, Reason | None]:
    """Return the illuminance, lx, at most MOST, and a doubt or None."""
    lux = step.lux(counts, settings.lux_per_count)
    lux, doubt = corrected(lux, step.gain) if settings.correction else (lux, None)
    return min(lux, MOST), Reason("saturated", "saturated") if counts == SATURATED else doubt


def judge(registers: Registers, new: frozenset[int], settings: Settings) -> tuple[Reading, ...] | None:
    """Return the reading of recorded counts (0x04) under the recorded configuration (0x00).

    None if there are no new counts. Raise Garbled if there is no configuration.
    """
    counts, conf = word(registers, COUNTS, "little"), word(registers, CONF, "little")
    if COUNTS not in new or counts is None:
        return None
    gains = [gain for gain, bits in GAIN_BITS.items() if conf is not None and bits == conf >> 11 & 3]
    times = [ms for ms, bits in TIME_BITS.items() if conf is not None and bits == conf >> 6 & 15]
    if not gains or not times:
        raise Garbled(Reason("counts_without_configuration", "without its configuration the counts say nothing"))
    lux, doubt = lux_of(counts, Sensitivity(gains[0], times[0]), settings)
    return (Reading("illuminance", lux, 0.0, doubt),)


def decoder(settings: Settings) -> RegisterDecoder:
    """Return a decoder of recorded lines with 0x00 and 0x04, low byte first."""
    return RegisterDecoder(lambda registers, new: judge(registers, new, settings))


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Return the channel: full scale of the least sensitive setting, step of the most sensitive one."""
    return (Channel("illuminance", 0, MOST, settings.lux_per_count),)


def open_veml7700(bus: I2CBus, settings: Settings, clock: Clock) -> Device:
    """Open the device, switched on at its least sensitive setting."""
    return Veml7700(bus, settings, clock)


INFO = DriverInfo(
    name="veml7700",
    bus="i2c",
    settings=Settings,
    channels=channels,
    open=open_veml7700,
    interval=10.0,
    timeout=TIMEOUT + 0.5,
    decoder=decoder,
    twin="drivers.twins.veml7700:Twin",
    source="Vishay VEML7700 datasheet 84286 and application note 84323",
)
