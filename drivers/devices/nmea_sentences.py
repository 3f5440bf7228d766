"""The weather in NMEA 0183 sentences, from their fields: MWV, VWR, VWT, MWD, MDA, MTA, MHU, MMB and XDR.

Source: NMEA 0183 as in Airmar PB100 technical manual p. 11-22, Gill WindSonic manual issue 30 p. 26-27 and 71;
Vaisala WXT520 user's guide M210906EN, table 7 (XDR of a weather head: ids and units).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from drivers.contradictions import dew_over_temperature, mean_outside
from drivers.reason import Reason

METRES_PER_SECOND = {"K": 1 / 3.6, "M": 1.0, "N": 1852 / 3600, "S": 1609.344 / 3600}
HPA_PER_INHG = 33.86389  # conventional inch of mercury
HPA = {"B": 1000.0, "H": 1.0, "I": HPA_PER_INHG, "M": HPA_PER_INHG / 25.4, "P": 0.01}  # of XDR's units of pressure
TO_CELSIUS: dict[str, Callable[[float], float]] = {
    "C": lambda value: value,
    "F": lambda value: (value - 32) / 1.8,
    "K": lambda value: value - 273.15,
}
# XDR ids, letters and digits alone, that name the air at the station: others name wind chill, heat index, water,
# engines, batteries. "" is a sensor without a name.
TEMPERATURE_IDS = frozenset(
    (
        *("", "AIR", "AIRT", "AIRTEMP", "AIRTEMPERATURE", "AT"),
        *("TA", "TEMP", "TEMPAIR", "TEMPERATURE", "OUTSIDETEMP", "OUTSIDEAIRTEMP"),
        *("OUTTEMP", "OUTAIRTEMP", "ENVOUTSIDET", "ENVOUTAIRT"),
    )
)
PRESSURE_IDS = frozenset(
    (
        *("", "STNP", "BARO", "BAROMETER", "BAROM", "PRESS"),
        *("PRESSURE", "AIRP", "AIRPRESS", "AIRPRESSURE", "ATM", "ATMP"),
        *("ATMPRESS", "BP", "QFE", "ENVATMOSP"),
    )
)
HUMIDITY_IDS = frozenset(
    (
        *("", "RH", "HUM", "HUMI", "HUMIDITY", "AIRH"),
        *("AIRHUM", "AIRHUMI", "AIRHUMIDITY", "RELHUM", "RELHUMIDITY", "OUTSIDEHUM"),
        *("ENVOUTSIDEH", "ENVOUTAIRH"),
    )
)
DEW_POINTS = frozenset({("C", "DEW"), ("C", "DEWPOINT"), ("C", "DEWPT"), ("C", "DP"), ("C", "TD")})
KINDS = frozenset({"MWV", "VWR", "VWT", "MWD", "MDA", "MTA", "MHU", "MMB", "XDR"})
FALLBACK = {"MWV": 0, "MWD": 0, "VWR": 1, "VWT": 1, "XDR": 2}  # a head that sends several forms is read by the first

NO_STATUS = Reason("nmea_status_missing", "status missing")
UNIT = Reason("nmea_unit", "unit")
ANGLE = Reason("angle_out_of_range", "an angle outside 0..360 degrees")
SPEED = Reason("speed_below_nought", "a speed below 0")
CIRCLE = 360.0  # degrees; some heads send -180 to 180

Values = dict[str, float | None]


class SentenceError(ValueError):
    """A sentence with a right check sum and no usable content."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Group(NamedTuple):
    """One measurement of an XDR: type (C, H, P, A, S, ...), value, unit and id."""

    kind: str
    value: str
    unit: str
    name: str

    @property
    def id(self) -> str:
        """The id as makers mean it: without what follows a mark, letters and digits alone."""
        return re.sub(r"[^A-Z0-9]", "", self.name.upper().partition("#")[0])


def title(kind: str, fields: list[str]) -> str:
    """Return what people call a sentence: its kind, of an XDR the types and ids in it ("XDR A 0, S 1")."""
    if kind != "XDR":
        return kind
    return ("XDR " + ", ".join(f"{group.kind} {group.name}".strip() for group in groups(fields)))[:60].strip()


def weather(kind: str, fields: list[str], wind: str, heading: float) -> Values:
    """Return the quantities in a sentence's fields. Raise SentenceError.

    `wind`: R, T or MWD, whichever wind is wanted; `heading`: degrees that are added to an angle against the bow.
    """
    padded = fields + [""] * 20
    if kind in ("MWV", "VWR", "VWT", "MWD"):
        return _wind(kind, padded, wind, heading)
    match kind:
        case "MDA":
            return _mda(padded)
        case "MTA":
            return {"air_temperature": _celsius(padded[0], padded[1] or "C")}
        case "MHU":
            return {"relative_humidity": number(padded[0])}
        case "MMB":
            return {"air_pressure": _pressure(padded[0], padded[2])}
        case "XDR":
            return _xdr(groups(fields), wind, heading)
    return {}


def _wind(kind: str, fields: list[str], wind: str, heading: float) -> Values:
    if kind == "MWV":
        return _mwv(fields, wind, heading)
    if kind == "MWD":
        return _mwd(fields) if wind == "MWD" else {}
    return _vwr(fields, heading) if wind == kind[-1] else {}


def _xdr(found: list[Group], wind: str, heading: float) -> Values:
    return _air(found) | (_xdr_wind(found, heading) if wind == "R" else {})


def _mwv(fields: list[str], wind: str, heading: float) -> Values:
    angle, reference, speed, unit, status = fields[:5]
    if status not in ("A", "00"):
        raise SentenceError(Reason("nmea_status", "status {status}", status=status) if status else NO_STATUS)
    if reference != wind:
        return {}
    return {"wind_from_direction": _direction(angle, heading), "wind_speed": _speed(speed, unit)}


def _vwr(fields: list[str], heading: float) -> Values:
    angle, side = number(fields[0]), fields[1]
    if angle is not None and (side not in ("L", "R") or not 0 <= angle <= CIRCLE / 2):
        raise SentenceError(ANGLE)
    speeds = (_speed(fields[at], unit) for at, unit in ((6, "K"), (2, "N"), (4, "M")) if fields[at])
    found: Values = {"wind_speed": None}
    for speed in speeds:  # the last is the best: m/s where it is given
        found["wind_speed"] = speed
    if angle is not None:
        found["wind_from_direction"] = ((-angle if side == "L" else angle) + heading) % CIRCLE
    return found


def _mwd(fields: list[str]) -> Values:
    # direction, T, direction, M, speed, N, speed, M
    knots, metres = _speed(fields[4], "N"), _speed(fields[6], "M")
    return {"wind_from_direction": _direction(fields[0], 0.0), "wind_speed": knots if metres is None else metres}


def _mda(fields: list[str]) -> Values:
    temperature = number(fields[4]) if fields[5] in ("C", "") else None
    _consistent(dew_over_temperature(temperature, number(fields[10]) if fields[11] in ("C", "") else None))
    return {
        "air_pressure": _pressure(fields[0], fields[2]),
        "air_temperature": temperature,
        "relative_humidity": number(fields[8]),
    }


def _consistent(doubt: Reason | None) -> None:
    """Raise SentenceError where a head's own values contradict each other: none of them can be believed."""
    if doubt is not None:
        raise SentenceError(doubt)


def groups(fields: list[str]) -> list[Group]:
    """Return an XDR's groups of type, value, unit, id. The last id may be missing altogether."""
    found = []
    for at in range(0, len(fields), 4):
        kind, value, unit, name = (fields[at : at + 4] + [""] * 3)[:4]
        if value:
            found.append(Group(kind, value, unit, name))
    return found


def _air(found: list[Group]) -> Values:
    air: Values = {}
    for group in found:
        quantity = _quantity(group, found)
        if quantity == "air_temperature" and group.unit in TO_CELSIUS:
            air.setdefault(quantity, _celsius(group.value, group.unit))
        elif quantity == "relative_humidity" and group.unit in ("P", "%", ""):
            air.setdefault(quantity, number(group.value))
        elif quantity == "air_pressure" and group.unit in HPA:
            air.setdefault(quantity, (number(group.value) or 0.0) * HPA[group.unit])
    dew = next((g for g in found if (g.kind, g.id) in DEW_POINTS and g.unit in TO_CELSIUS), None)
    _consistent(dew_over_temperature(air.get("air_temperature"), dew and _celsius(dew.value, dew.unit)))
    return air


def _quantity(group: Group, found: list[Group]) -> str:
    """Return which quantity of the air a group holds; "" where none.

    A number as its id is a weather head's address, and the next ones its inner temperatures: the air's is the one that
    humidity or pressure shares, or 0.
    """
    known = {
        "C": ("air_temperature", TEMPERATURE_IDS),
        "H": ("relative_humidity", HUMIDITY_IDS),
        "P": ("air_pressure", PRESSURE_IDS),
    }.get(group.kind)
    if known is None:
        return ""
    quantity, ids = known
    if group.id.isdigit():
        shared = group.kind != "C" or any(other.kind in "HP" and other.id == group.id for other in found)
        return quantity if shared or int(group.id) == 0 else ""
    return quantity if group.id in ids else ""


def _xdr_wind(found: list[Group], heading: float) -> Values:
    angles = _mean([group for group in found if (group.kind, group.unit) == ("A", "D")])
    of_speed = [group for group in found if group.kind == "S" and group.unit in METRES_PER_SECOND]
    speeds = _mean(of_speed)
    wind: Values = {}
    if angles is not None:
        wind["wind_from_direction"] = _direction(angles.value, heading)
    if speeds is not None:
        _consistent(mean_outside([_speed(group.value, group.unit) for group in _three(of_speed)]))
        wind["wind_speed"] = _speed(speeds.value, speeds.unit)
    return wind


def _mean(found: list[Group]) -> Group | None:
    """Return the mean of a weather head's minimum, mean and maximum, whose ids are three numbers in a row."""
    if three := _three(found):
        return three[1]
    alone = found[0] if len(found) == 1 else None
    named = alone is not None and (alone.id.isdigit() or alone.id in {"", "WIND", "WINDDIR", "WINDSPEED", "WD", "WS"})
    return alone if named else None


def _three(found: list[Group]) -> list[Group]:
    """Return a weather head's minimum, mean and maximum; [] where they are not those three."""
    numbered = sorted((int(group.id), group) for group in found if group.id.isdigit())
    in_row = len(numbered) == 3 and numbered[2][0] - numbered[0][0] == 2
    return [group for _, group in numbered] if in_row else []


def _pressure(inches: str, bars: str) -> float | None:
    in_hg, bar = number(inches), number(bars)
    return bar * 1000 if bar is not None else None if in_hg is None else in_hg * HPA_PER_INHG


def _celsius(value: str, unit: str) -> float | None:
    found = number(value)
    if unit not in TO_CELSIUS:
        raise SentenceError(UNIT)
    return None if found is None else TO_CELSIUS[unit](found)


def _direction(angle: str, heading: float) -> float | None:
    """Return an angle turned by the heading. Raise SentenceError where it is none: a remainder would hide that."""
    degrees = number(angle)
    if degrees is None:
        return None
    if not -CIRCLE / 2 <= degrees <= CIRCLE:
        raise SentenceError(ANGLE)
    return (degrees + heading) % CIRCLE


def _speed(speed: str, unit: str) -> float | None:
    value = number(speed)
    if value is None:
        return None
    if unit not in METRES_PER_SECOND:
        raise SentenceError(UNIT)
    if value < 0:
        raise SentenceError(SPEED)
    return value * METRES_PER_SECOND[unit]


def number(field: str) -> float | None:
    """Return a field's number, None where it is empty. Raise SentenceError where it is neither."""
    if not field:
        return None
    if not re.fullmatch(r"[+-]?\d{1,6}(\.\d{1,6})?", field):
        raise SentenceError(Reason("not_a_number", "not a number"))
    return float(field)
