"""A sensor that stands still: no change in an hour in which the world around it moved.

Strategy: for each channel the run of minutes is kept in which all samples lie within its least change: a few
numbers. A run ends when the quantity moves, and where physics lets it stand still; one that was doubted ends in no
silence and in no restart. Other runs are empty after a restart, which can delay a flag and makes none.

Sources. Z: Zahumensky 2004 (WMO): an hour; wind 0.5 m/s and direction 10 degrees, both only while the wind is over
0.1 m/s; humidity only under 95 %. C: five days of a real station (repository Loongle/weather-data). Z's 1 % for
humidity would flag 885 of their 7,167 good minutes, so there, as for pressure and particles, still means not by
the device's own step (none of them stood still for an hour). Its temperature, told in tenths, did for 103 minutes
on a rainy night, and humidity moved by 1.3 % at most in such spells: so a coarse thermometer is judged after an
hour where humidity moved by 2 %, otherwise after two, and not in fog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from drivers.driver import Channel
from drivers.quantity import Kind, quantity
from drivers.reason import Reason
from edge.measure.value import Value
from edge.records.channel_name import ChannelName

HOUR = 3600.0
GAP = 600.0  # s without a value after which a run begins anew
COARSE = 0.05  # degC; a thermometer that tells smaller steps never stands still for an hour
COARSE_HOURS = 2.0
FOG = 95.0  # %; in it temperature may stand still for long
HUMIDITY_MOVES = 2.0  # %
FRAME = 3  # so many still quantities of one sensor are a repeated frame, whatever others do


@dataclass(frozen=True, slots=True)
class Rule:
    """When a quantity must move.

    `least`: by so much in an hour (None: by the device's own step); judged only of devices with steps up to
    `finest`, and in minutes whose mean lies within `low`..`high`.
    """

    least: float | None
    finest: float
    low: float = float("-inf")
    high: float = float("inf")


RULES = {
    "air_temperature": Rule(None, 0.1),
    "relative_humidity": Rule(None, 0.5, high=95.0),  # Z
    "air_pressure": Rule(None, 0.15),  # C; a device that tells whole hPa stands still for hours
    "wind_speed": Rule(0.5, 0.5, low=0.1),  # Z
    "wind_from_direction": Rule(10.0, 45.0),  # Z; its wind is asked apart
    "illuminance": Rule(None, 10.0, low=100.0),  # not by night
    "pm1": Rule(None, 1.0, low=30.0),  # clean air is a row of equal small counts
    "pm2p5": Rule(None, 1.0, low=30.0),
    "pm10": Rule(None, 1.0, low=30.0),
}


@dataclass(slots=True)
class Run:
    """How long all samples have lain within `least` of each other. `moved`: when they last did not, s, or None.

    `doubted`: it stood still while the world moved, and has not moved since.
    """

    least: float
    circular: bool = False
    seconds: float = 0.0
    begin: float = 0.0
    end: float = 0.0
    moved: float | None = None
    first: float = 0.0
    low: float = 0.0
    high: float = 0.0
    doubted: bool = False

    def take(self, begin: float, end: float, samples: Sequence[float]) -> None:
        """Add a minute with its samples (one at least)."""
        if self.seconds and begin - self.end > GAP and not self.doubted:
            self.rest()
        if not self.seconds:
            self.begin, self.first = begin, samples[0]
            self.low, self.high = self.low_high(samples)
        low, high = self.low_high(samples)
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.seconds += end - begin
        self.end = end
        if self.high - self.low >= self.least - 1e-6:
            self.moved = end
            self.rest()

    def rest(self) -> None:
        """Begin anew: what stands still now may do so."""
        self.seconds = 0.0
        self.doubted = False

    def low_high(self, samples: Sequence[float]) -> tuple[float, float]:
        """Return the least and most of the samples; of directions, as turned from the run's first one."""
        if self.circular:
            samples = [(sample - self.first + 180.0) % 360.0 - 180.0 for sample in samples]
        return min(samples), max(samples)


class Still(msgspec.Struct):
    """What is kept of a run in doubt: its length, s, its first sample, its least and most."""

    seconds: float
    first: float
    low: float
    high: float


@dataclass(slots=True)
class Watched:
    """One channel that must move."""

    name: str
    sensor: str
    quantity: str
    rule: Rule
    coarse: bool
    run: Run
    witness: Run = field(default_factory=lambda: Run(float("inf")))  # of a coarse thermometer: humidity in its run


class Persistence:
    """Watches the channels of a station for standing still."""

    def __init__(self, channels: Mapping[str, tuple[str, Channel]]) -> None:
        """`channels`: name -> (sensor, what it can measure)."""
        self._watched = [
            Watched(
                name,
                sensor,
                channel.quantity,
                rule,
                channel.quantity == "air_temperature" and channel.resolution >= COARSE,
                Run(rule.least or channel.resolution, quantity(channel.quantity).kind is Kind.DIRECTION),
            )
            for name, (sensor, channel) in channels.items()
            if (rule := RULES.get(channel.quantity)) and channel.resolution <= rule.finest
        ]

    def doubts(
        self, begin: float, end: float, values: Mapping[str, Value], samples: Mapping[str, Sequence[float]]
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s with these values and samples."""
        for each in self._watched:
            if samples.get(each.name):
                follow(each, begin, end, values, samples[each.name])
            if each.coarse:
                attend(each, begin, end, samples)
        still = [each for each in self._watched if each.run.seconds >= HOUR - 1.0]
        if not still:
            return {}
        sensors = [each.sensor for each in still]
        for each in still:
            each.run.doubted |= sensors.count(each.sensor) >= FRAME or self._others_move(each)
        return {
            each.name: Reason("stands_still", "stands still since {minutes} min", minutes=round(each.run.seconds / 60))
            for each in still
            if each.run.doubted
        }

    def keep(self) -> dict[str, Still]:
        """Return the runs that are in doubt."""
        return {
            each.name: Still(each.run.seconds, each.run.first, each.run.low, each.run.high)
            for each in self._watched
            if each.run.doubted
        }

    def resume(self, kept: Mapping[str, Still], begin: float) -> None:
        """Go on with such runs at the instant `begin`, s."""
        for each in self._watched:
            if still := kept.get(each.name):
                run = each.run
                run.seconds, run.begin, run.end, run.doubted = still.seconds, begin - still.seconds, begin, True
                run.first, run.low, run.high = still.first, still.low, still.high

    def _others_move(self, still: Watched) -> bool:
        if still.coarse:
            humidity = still.witness
            if humidity.high - humidity.low >= HUMIDITY_MOVES:
                return True
            if still.run.seconds < COARSE_HOURS * HOUR - 1.0 or humidity.high >= FOG:
                return False
        return any(
            each.run.moved is not None and each.run.moved > still.run.begin
            for each in self._watched
            if each is not still
        )


def follow(each: Watched, begin: float, end: float, values: Mapping[str, Value], samples: Sequence[float]) -> None:
    """Let one channel's run take the minute, or end it where the quantity may stand still."""
    value = values.get(each.name)
    if value is None or value.value is None:
        return
    if each.quantity == "wind_from_direction" and not blows(each.name, values):
        return  # a vane without wind tells nothing: its run waits
    if each.rule.low < value.value < each.rule.high:
        each.run.take(begin, end, samples)
    else:
        each.run.rest()


def attend(each: Watched, begin: float, end: float, samples: Mapping[str, Sequence[float]]) -> None:
    """Keep how far humidity moved while a coarse thermometer stood still: its own sensor's, or the primary's."""
    beside = ChannelName.parse(each.name).beside("relative_humidity")
    humidity = samples.get(beside) or samples.get("relative_humidity")
    if not each.run.seconds:
        each.witness.rest()
    elif humidity:
        each.witness.take(begin, end, humidity)


def blows(direction: str, values: Mapping[str, Value]) -> bool:
    """Return whether the wind of that vane's sensor (or the primary's) is over 0.1 m/s."""
    speed = values.get(ChannelName.parse(direction).beside("wind_speed")) or values.get("wind_speed")
    return speed is not None and speed.value is not None and speed.value > RULES["wind_speed"].low
