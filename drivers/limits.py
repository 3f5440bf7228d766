"""The limits that a driver declares, applied to everything that its device and its decoder return.

Put around every driver by `DriverInfo`: so a station, a technician's look and a recording are judged alike. A value
beyond them keeps its place with a doubt, as a value that is left out could not be told from one that never came.
What physics lets a good device tell beyond its datasheet is none: humidity in fog, a thermopile's offset by night.

Nor is 0 a value where nothing outdoors is 0: no air is at 0 % or 0 hPa. A controller whose element is away answers
zeros in all its registers; so beside such a 0, or beside a humidity that cannot be, an air temperature of 0, or at the
very end of its range, is no frost. Nor is a direction one beside a speed that no wind has: one head measures both.
Where all is 0 nothing counts; nor does it in a soil probe's answer, which tells 0 % in air too, but hardly at 0 degC.
And what contradicts itself within one frame is doubted on both sides (`contradictions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drivers.contradictions import in_frame
from drivers.quantity import quantity
from drivers.reading import Reading
from drivers.reason import Reason

if TYPE_CHECKING:
    from drivers.driver import Channel

# By so much a good device may tell less and more than its datasheet's range: a capacitive sensor in fog up to 2 % too
# much (ZAMG takes 104 for 100), a thermopile -1 to -5 W/m2 by night by its own physics (BSRN accepts -4).
BEYOND = {"relative_humidity": (0.0, 3.0), "solar_irradiance": (-10.0, 0.0)}
NEVER_ZERO = ("relative_humidity", "air_pressure")
NEVER_ALL_ZERO = (*NEVER_ZERO, "soil_moisture")
BESIDE = ("relative_humidity", "air_temperature")  # what one element measures, and what is void with it
FAR = 20.0  # % or K beyond what is possible, to where no hygrometer or thermometer drifts


class DriverLimits:
    """The limits of some channels; a quantity without one is not judged."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._channels = {channel.quantity: channel for channel in channels}
        self._possible = {quantity: _possible(channel) for quantity, channel in self._channels.items()}

    def judged(self, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
        """Return one frame's readings, with a doubt where a value is none: beyond its channel's limits, a void 0."""
        if not all(map(self._is_possible, readings)):
            void = self._void_beside([reading for reading in readings if not self._is_possible(reading)])
            readings = tuple(reading if self._is_possible(reading) else self._beyond(reading) for reading in readings)
            readings = tuple(doubted(r, void[r.quantity]) if self._is_void(r, void) else r for r in readings)
        if len(readings) > 1:  # a value alone contradicts nothing
            good = {reading.quantity: reading.value for reading in readings if reading.doubt is None}
            if doubts := in_frame(good):
                readings = tuple(doubted(r, doubts.get(r.quantity, r.doubt)) for r in readings)
        zeros = [reading.quantity for reading in readings if reading.value == 0]
        alone = len(zeros) == len(readings) > 1
        never = [of for of in zeros if of in (NEVER_ALL_ZERO if alone else NEVER_ZERO)]
        return self._without_zeros(readings, never[0]) if never else readings

    def _is_possible(self, reading: Reading) -> bool:
        possible = self._possible.get(reading.quantity)
        if reading.doubt is not None or possible is None:
            return True
        return possible[0] <= reading.value <= possible[1]

    def _beyond(self, reading: Reading) -> Reading:
        channel = self._channels[reading.quantity]
        doubt = Reason(
            "beyond_device",
            "outside what the device can measure, {low:g}..{high:g} {unit}",
            low=channel.low,
            high=channel.high,
            unit=quantity(channel.quantity).unit,
        )
        return doubted(reading, doubt)

    def _void_beside(self, beyond: Iterable[Reading]) -> dict[str, Reason]:
        """Return quantity -> why it is void beside those readings of its frame, which are beyond their limits."""
        found: dict[str, Reason] = {}
        for other in beyond:
            low, high = self._possible[other.quantity]
            if other.quantity == "wind_speed":
                void: Iterable[str] = ("wind_from_direction",)
            else:
                void = BESIDE if other.quantity in BESIDE and not low - FAR <= other.value <= high + FAR else ()
            doubt = Reason("void_beside", "not valid beside an impossible value of {other}", other=other.quantity)
            found |= dict.fromkeys(void, doubt)
        return found

    def _is_void(self, reading: Reading, void: dict[str, Reason]) -> bool:
        if reading.quantity not in void or reading.doubt is not None:
            return False
        return reading.quantity not in BESIDE or self._is_void_beside(reading)

    def _without_zeros(self, readings: tuple[Reading, ...], never: str) -> tuple[Reading, ...]:
        """Return one frame's readings, those that are void beside a 0 of `never`, which is never 0, with a doubt."""
        doubt = Reason("void_zeros", "an answer of zeros is not valid: {other} is never 0", other=never)
        alone = all(reading.value == 0 for reading in readings)
        return tuple(
            doubted(reading, doubt) if reading.doubt is None and (alone or self._is_void_beside(reading)) else reading
            for reading in readings
        )

    def _is_void_beside(self, reading: Reading) -> bool:
        channel = self._channels.get(reading.quantity)
        ends = (0.0,) if channel is None else (0.0, channel.low)
        return reading.quantity in BESIDE and reading.value in ends


def doubted(reading: Reading, doubt: Reason | None) -> Reading:
    """Return the reading with that doubt."""
    return Reading(reading.quantity, reading.value, reading.at, doubt, reading.wraps_at)


def _possible(channel: Channel) -> tuple[float, float]:
    """Return the lowest and the highest value that a good device can tell."""
    below, above = BEYOND.get(channel.quantity, (0.0, 0.0))
    return channel.low + below, channel.high + above
