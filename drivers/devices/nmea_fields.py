"""Fields of NMEA 0183 sentences: convert numbers with their units to the project's; report invalid ones.

Source: as of `nmea_sentences.py`; the units P and F of a speed: Gill WindObserver II manual issue 18, p. 35; hPa under
the letter of bar: Lambrecht met[LOG] manual, p. 46.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from drivers.reason import Reason

MPH = 1609.344 / 3600
METRES_PER_SECOND = {"F": 0.3048 / 60, "K": 1 / 3.6, "M": 1.0, "N": 1852 / 3600, "P": MPH, "S": MPH}
HPA_PER_INHG = 33.86389  # conventional inch of mercury
HPA_PER_MMHG = HPA_PER_INHG / 25.4
MOST_BAR = 100.0  # a larger number under the letter of bar is in hPa
# Units of an XDR's pressure: the standard's B and P, Vaisala's H, I and M, and the full names of other makers.
HPA = {
    "B": 1000.0,
    "H": 1.0,
    "I": HPA_PER_INHG,
    "M": HPA_PER_MMHG,
    "P": 0.01,
    "BAR": 1000.0,
    "KPA": 10.0,
    "HPA": 1.0,
    "MBAR": 1.0,
    "MB": 1.0,
    "PA": 0.01,
    "INHG": HPA_PER_INHG,
    "MMHG": HPA_PER_MMHG,
}
TO_CELSIUS: dict[str, Callable[[float], float]] = {
    "C": lambda value: value,
    "F": lambda value: (value - 32) / 1.8,
    "K": lambda value: value - 273.15,
}

NO_STATUS = Reason("nmea_status_missing", "status missing")
NOT_A_NUMBER = Reason("not_a_number", "not a number")
NO_UNIT = Reason("nmea_unit_missing", "unit missing")
UNIT_SHOWN = 8  # characters of an unknown unit
ANGLE = Reason("angle_out_of_range", "an angle outside 0..360 degrees")
SPEED = Reason("speed_below_nought", "a speed below 0")
EMPTY = Reason("nmea_empty", "its fields are empty")
CIRCLE = 360.0  # degrees; some heads send -180 to 180
# Allowed rounding differences between two units of one value: a tenth of an inch of mercury or a hundredth of a bar, a
# whole knot.
PRESSURE_SLACK, SPEED_SLACK, SPEED_SHARE = 10.0, 0.5, 0.05

Values = dict[str, float | None]


class SentenceError(ValueError):
    """A sentence with a correct checksum but no usable content."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class FieldError(SentenceError):
    """An unreadable field; the sentence's other fields are still used."""


def unknown_unit(unit: str) -> FieldError:
    """Return the error for an unknown unit of a quantity."""
    named = Reason("nmea_unit", 'unknown unit "{unit}"', unit=unit[:UNIT_SHOWN])
    return FieldError(named if unit else NO_UNIT)


class Weather(NamedTuple):
    """A sentence's values by quantity, and the reasons for those that could not be read."""

    values: Values
    unread: tuple[Reason, ...] = ()


def each(**readers: Callable[[], float | None]) -> Weather:
    """Return each reader's value by quantity; an unreadable field loses only its own quantity.

    Raise SentenceError if a reader rejects the whole sentence.
    """
    values: Values = {}
    unread = []
    for quantity, reader in readers.items():
        try:
            values[quantity] = reader()
        except FieldError as bad:
            unread.append(Reason("field_unread", "{channel}: {reason}", channel=quantity, reason=bad.reason))
    return Weather(values, tuple(unread))


def agreed(first: float | None, second: float | None, slack: float, share: float = 0.0) -> float | None:
    """Return the second of two statements of one value in different units, or the only one.

    Raise FieldError if they differ by more than `slack` and `share` of the larger: it is unknown which is right.
    """
    if first is None or second is None:
        return first if second is None else second
    if abs(first - second) > max(slack, share * max(abs(first), abs(second))):
        raise FieldError(
            Reason(
                "units_differ",
                "{first:g} in one unit, {second:g} in the other",
                first=round(first, 1),
                second=round(second, 1),
            )
        )
    return second


ValueAndUnit = tuple[str, str]


def pressure(*stated: ValueAndUnit) -> float | None:
    """Return a pressure that is stated once or several times, hPa. Raise FieldError."""
    found: float | None = None
    for value, unit in stated:
        found = agreed(found, _hpa(value, unit.upper()), PRESSURE_SLACK)
    return found


def _hpa(value: str, unit: str) -> float | None:
    found = number(value)
    if found is None:
        return None
    if unit not in HPA:
        raise unknown_unit(unit)
    return found * HPA["H" if unit == "B" and found > MOST_BAR else unit]


def speeds(*stated: ValueAndUnit) -> float | None:
    """Return a speed that is stated once or several times, m/s: the last one, if they agree.

    Raise FieldError, SentenceError if one is below 0.
    """
    found: float | None = None
    for value, unit in stated:
        found = agreed(found, speed(value, unit), SPEED_SLACK, SPEED_SHARE)
    return found


def celsius(value: str, unit: str) -> float | None:
    """Return a temperature, degC, from its unit. Raise FieldError."""
    found = number(value)
    if found is None:
        return None
    if unit.upper() not in TO_CELSIUS:
        raise unknown_unit(unit)
    return TO_CELSIUS[unit.upper()](found)


def direction(angle: str, heading: float) -> float | None:
    """Return an angle plus the heading, 0 to 360 degrees. Raise SentenceError if it is out of range."""
    degrees = number(angle)
    if degrees is None:
        return None
    if not -CIRCLE / 2 <= degrees <= CIRCLE:
        raise SentenceError(ANGLE)
    return (degrees + heading) % CIRCLE


def speed(field: str, unit: str) -> float | None:
    """Return a speed, m/s, from its unit. Raise FieldError, SentenceError if it is below 0."""
    value = number(field)
    if value is None:
        return None
    if unit.upper() not in METRES_PER_SECOND:
        raise unknown_unit(unit)
    if value < 0:
        raise SentenceError(SPEED)
    return value * METRES_PER_SECOND[unit.upper()]


def number(field: str) -> float | None:
    """Return a field's number, None if it is empty. Raise FieldError if it is neither."""
    if not field:
        return None
    if not re.fullmatch(r"[+-]?(\d{1,6}(\.\d{0,17})?|\.\d{1,17})", field):
        raise FieldError(NOT_A_NUMBER)
    return float(field) + 0.0  # -0.0 is 0.0
