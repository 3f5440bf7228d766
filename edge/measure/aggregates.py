"""Aggregates of one hour's minutes, per channel, and of several hours. Pure: minutes in, counts out.

A mean is of the good values (flags 1 and 2), weighted by their duration; an amount (mm) is their sum. A wind direction
is the vector mean, each minute weighted by its speed if the same sensor measures it. Sums are exact (`math.fsum`), so
the order of the minutes does not matter.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import mul
from typing import Any

import msgspec

from drivers.quantity import QUANTITIES, Aggregation
from edge.measure.counts import MISSING, Addends, Counts, ExactSums
from edge.records.bodies import Flag, Flags, Numbers
from edge.records.channel_name import ChannelName
from edge.records.record import values_of

GOOD = frozenset((1, 2))
SUSPECT, BAD = 3, 4
KNOWN_FLAGS = range(1, 10)
MOST_CHANNELS, MOST_NAME = 256, 128  # channels of a minute's body, characters of a channel's name: as in the contract
LARGEST = sys.float_info.max
MOST_VALUE = 1e15  # a value from here on is not a measurement and counts as bad
US = 1_000_000
HOUR_US = 3600 * US


class Measured(msgspec.Struct, frozen=True, gc=False):
    """The part of a minute's body that is aggregated."""

    values: Numbers
    quality: Flags


class MeasuredRecord(msgspec.Struct, frozen=True):
    """The same within a whole record."""

    body: Measured


NOTHING = Measured({}, {})


class MeasuredMinute(msgspec.Struct, frozen=True, gc=False):
    """One minute: its begin (microseconds UTC), its duration (s), and its values and flags."""

    start: int
    duration: float
    said: Measured


class ChannelTally(msgspec.Struct):
    """The tally of one channel: the good values with their minutes, and the number of minutes with others."""

    values: list[float] = msgspec.field(default_factory=list)
    minutes: list[MeasuredMinute] = msgspec.field(default_factory=list)
    durations: list[float] = msgspec.field(default_factory=list)  # of those minutes, s
    suspect: int = 0
    bad: int = 0
    missing: int = 0


def hour_of(start: int, utc_offset_s: int) -> int:
    """Return the begin of the local hour that contains an instant; both microseconds UTC."""
    ahead = utc_offset_s * US
    return (start + ahead) // HOUR_US * HOUR_US - ahead


def said_by(raw: bytes) -> Measured:
    """Return the values and flags of a minute's record; of one in an unexpected form, those that can be aggregated."""
    try:
        return msgspec.json.decode(raw, type=MeasuredRecord).body
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _counted_of(raw, "body")


def said_in(body: bytes) -> Measured:
    """Return the same from a record's body."""
    try:
        return msgspec.json.decode(body, type=Measured)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _counted_of(body)


def _counted_of(raw: bytes, *way: str) -> Measured:
    try:
        body = values_of(raw)
        for name in way:
            body = body[name]
        values, quality = body["values"], body.get("quality")
        return Measured(dict(_numbers(values)), dict(_flags(quality)))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return NOTHING


def said_of(raw: bytes, channel: str) -> tuple[float | None, int] | None:
    """Return the value and flag of one channel of a minute's record; None if it has none.

    The same result as from `said_by` in half the time: other channels are skipped.
    """
    try:
        body = _told_of(channel).decode(raw).body
    except (msgspec.MsgspecError, ValueError):  # an unexpected form, or a name that no field can have
        measured = said_by(raw)
        return (
            (measured.values[channel], measured.quality.get(channel, SUSPECT)) if channel in measured.values else None
        )
    return None if body.values.one is msgspec.UNSET else (body.values.one, body.quality.one)


@lru_cache(256)
def _told_of(channel: str) -> Any:
    """Return a decoder of records that decodes only one channel."""

    def one_field_struct(name: str, kind: Any, default: Any) -> Any:
        field = msgspec.field(name=channel, default=default)
        return msgspec.defstruct(name, [("one", kind, field)], frozen=True, gc=False)

    values, quality = (
        one_field_struct("Values", float | None | msgspec.UnsetType, msgspec.UNSET),
        one_field_struct("Quality", Flag, SUSPECT),
    )
    body = msgspec.defstruct("Body", [("values", values), ("quality", quality)], frozen=True, gc=False)
    return msgspec.json.Decoder(msgspec.defstruct("ToldOf", [("body", body)], frozen=True, gc=False))


def counted(minutes: Iterable[MeasuredMinute]) -> list[tuple[str, Counts]]:
    """Return each channel of the minutes of one hour, by name, with its aggregates."""
    return [(name, parts.counts()) for name, parts in parted(minutes)]


def parted(minutes: Iterable[MeasuredMinute]) -> list[tuple[str, ExactSums]]:
    """Return the same with sums that are not rounded yet."""
    tallies: dict[str, ChannelTally] = {}
    in_order = sorted(minutes, key=lambda one: one.start)
    for (names, flagged), alike in groupby(in_order, lambda one: ([*one.said.values], [*one.said.quality])):
        _take(tallies, names, names == flagged, [*alike])
    return [(name, ExactSums(*_parts(name, tallies[name]))) for name in sorted(tallies)]


def _take(tallies: dict[str, ChannelTally], names: list[str], in_step: bool, minutes: list[MeasuredMinute]) -> None:
    """Add minutes with the same channels; `in_step`: their flags are in the same order.

    A channel that is good throughout, as nearly all are, is added as a whole.
    """
    durations = [minute.duration for minute in minutes]
    values_of_each = zip(*(minute.said.values.values() for minute in minutes))
    flags_of_each: Iterable[Sequence[int]] = (
        zip(*(minute.said.quality.values() for minute in minutes))
        if in_step
        else ([minute.said.quality.get(name, SUSPECT) for minute in minutes] for name in names)
    )  # a value without a flag must not count as good
    for name, values, flags in zip(names, values_of_each, flags_of_each):
        tally = tallies.get(name)
        if tally is None:
            tally = tallies[name] = ChannelTally()
        if GOOD.issuperset(flags) and None not in values and -MOST_VALUE < min(values) <= max(values) < MOST_VALUE:
            tally.values += values
            tally.minutes += minutes
            tally.durations += durations
        else:
            for value, flag, minute in zip(values, flags, minutes):
                _take_one(tally, value, flag, minute)


def _take_one(tally: ChannelTally, value: float | None, flag: int, minute: MeasuredMinute) -> None:
    if value is None or flag == MISSING:
        tally.missing += 1
    elif flag == BAD or not -MOST_VALUE < value < MOST_VALUE:
        tally.bad += 1
    elif flag in GOOD:
        tally.values.append(value)
        tally.minutes.append(minute)
        tally.durations.append(minute.duration)
    else:
        tally.suspect += 1


def _parts(name: str, tally: ChannelTally) -> Iterator[Any]:
    """Yield the fields of `ExactSums`; None if no value was good."""
    values, minutes = tally.values, tally.minutes
    quantity = QUANTITIES.get(name.partition(".")[0])
    kind = Aggregation.MEAN if quantity is None else quantity.kind
    yield from (len(values), tally.suspect, tally.bad, tally.missing)
    yield tuple(tally.durations)
    total, east, north = _wind(name, tally) if kind is Aggregation.DIRECTION else (None, None, None)
    if values and kind not in (Aggregation.DIRECTION, Aggregation.LAST):
        total = tuple(map(mul, values, tally.durations))
    amount = tuple(values) if values and quantity is not None and quantity.unit == "mm" else None
    yield from (total, amount, east, north)
    for extreme in (min, max):
        if not values or kind is Aggregation.DIRECTION:
            yield from (None, None)
        else:
            value = extreme(values)
            yield from (value, minutes[values.index(value)].start)


def _wind(name: str, tally: ChannelTally) -> tuple[Addends | None, Addends | None, Addends | None]:
    """Return the addends of the wind run, and of its parts to the east and north, m (s, if no speed is measured).

    All are 0 if all minutes are calm, and None if no direction has a good speed beside it.
    """
    speed = ChannelName.parse(name).beside("wind_speed")
    ways: list[tuple[float, float]] = []
    for degrees, minute in zip(tally.values, tally.minutes):
        weight = 0.0 if degrees == 0 else _weight(minute.said, speed)  # 0 degrees is calm
        if weight is not None:
            ways.append((minute.duration * weight, math.radians(degrees)))
    if not ways:
        return None, None, None
    east, north = (tuple(way * part(angle) for way, angle in ways) for part in (math.sin, math.cos))
    return tuple(way for way, _ in ways), east, north


def _weight(measured: Measured, speed: str) -> float | None:
    """Return a minute's good wind speed; 1 if there is no such channel, None if its value is not good."""
    if speed not in measured.values:
        return 1.0
    value = measured.values[speed]
    return value if value is not None and measured.quality.get(speed) in GOOD and 0 <= value < MOST_VALUE else None


def _numbers(values: dict[Any, Any]) -> Iterator[tuple[str, float | None]]:
    """Yield the numbers; None for one that no float holds, which JSON may contain: rounding it would fail."""
    for name, value in list(values.items())[:MOST_CHANNELS]:
        if 1 <= len(name) <= MOST_NAME and (value is None or type(value) in (int, float)):
            yield name, float(value) if value is not None and -LARGEST <= value <= LARGEST else None


def _flags(quality: Any) -> Iterator[tuple[str, int]]:
    for name, flag in quality.items() if isinstance(quality, dict) else ():
        if type(flag) is int and flag in KNOWN_FLAGS:
            yield name, flag
