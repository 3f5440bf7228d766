"""Apply the limits that a driver declares to everything that its device and its decoder return.

`DriverInfo` wraps every driver with this, so that a station, a technician's check and a recording are judged alike. A
value beyond the limits is kept with a doubt: a value that is left out could not be told from one that never arrived.
Readings that a good device may physically give beyond its datasheet get no doubt: humidity in fog, a thermopile's
offset by night.

A 0 is also invalid for quantities that are never 0 outdoors: no air is at 0 % or 0 hPa. A controller whose sensing
element is disconnected returns zeros in all registers; so beside such a 0, or beside an impossible humidity, an air
temperature of 0, or at the very end of its range, is not a frost. Likewise a direction is void beside an impossible
wind speed: one head measures both. If all values are 0, none counts; likewise with a soil probe, which reads 0 % in air
too, but hardly at 0 degC as well. Values that contradict each other within one frame are doubted on both sides
(`contradictions`).
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

# How far a good device may read below and above its datasheet's range: a capacitive sensor in fog up to 2 % above (ZAMG
# accepts 104 as 100), a thermopile -1 to -5 W/m2 by night because of its physics (BSRN accepts -4).
BEYOND = {"relative_humidity": (0.0, 3.0), "solar_irradiance": (-10.0, 0.0)}
NEVER_ZERO = ("relative_humidity", "air_pressure")
NEVER_ALL_ZERO = (*NEVER_ZERO, "soil_moisture")
BESIDE = ("relative_humidity", "air_temperature")  # measured by one element, so void together
FAR = 20.0  # % or K beyond the possible range: farther than a hygrometer or thermometer drifts


class DriverLimits:
    """The limits of some channels; a quantity without one is not judged."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._channels = {channel.quantity: channel for channel in channels}
        self._possible = {quantity: _possible(channel) for quantity, channel in self._channels.items()}

    def judged(self, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
        """Return one frame's readings, with a doubt for each that is beyond its channel's limits or a void 0."""
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
        """Return quantity -> why it is void beside these readings of its frame, which are beyond their limits."""
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
        """Return one frame's readings, with a doubt for those that are void because `never`, which is never 0, is 0."""
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
    """Return the lowest and the highest value that a good device can give."""
    below, above = BEYOND.get(channel.quantity, (0.0, 0.0))
    return channel.low + below, channel.high + above
