"""The weather in NMEA 0183 sentences, from their fields: MWV, VWR, VWT, MWD, MDA, MTA, MHU, MMB and XDR.

Source: NMEA 0183 as in Airmar PB100 technical manual p. 11-22, Gill WindSonic manual issue 30 p. 26-27 and 71;
Vaisala WXT520 user's guide M210906EN, table 7 (XDR of a weather head: ids and units). Units are identified by their
letters and not by their place: heads omit or exchange the speeds, of which NMEA 0183 has knots first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from drivers.contradictions import dew_over_temperature, mean_outside
from drivers.devices.nmea_fields import (
    ANGLE,
    CIRCLE,
    EMPTY,
    METRES_PER_SECOND,
    NO_STATUS,
    SentenceError,
    Values,
    Weather,
    celsius,
    direction,
    each,
    number,
    pressure,
    speed,
    speeds,
    unknown_unit,
)
from drivers.reason import Reason

# The possible parts of an XDR id (letters and digits only) for the air at the station: a word for the quantity, and
# words for the place before or after it. Others name wind chill, heat index, water, cabins, engines, batteries, the
# pressure at sea level. "" is a sensor without a name.
PLACES = "(?:ENV|ATM|ATMOS|AIR|AMB|AMBIENT|OUT|OUTSIDE|OUTDOOR|EXT|EXTERNAL)*"


def _names(*words: str) -> re.Pattern[str]:
    return re.compile(f"{PLACES}(?:{'|'.join(words)})?{PLACES}")


TEMPERATURE_IDS = _names("T", "TA", "AT", "TMP", "TEMP", "TEMPERATURE")
PRESSURE_IDS = _names(
    "P", "PA", "BP", "PRES", "PRESS", "BARO", "BAROM", "BAROMETER", "(?:BAROMETRIC)?PRESSURE", "QFE", "STNP"
)
HUMIDITY_IDS = _names("H", "U", "UA", "RH", "T", "(?:REL|RELATIVE)?(?:HU|HUM|HUMI|HUMID|HUMIDITY)")  # T: some Airmars
WIND_IDS = re.compile("(?:WIND)?(?:|DIR|DIRECTION|ANGLE|SPD|SPEED)|W[DS]|AW[AS]")
DEW_POINTS = frozenset(("C", name) for name in ("DEW", "DEWP", "DEWPOINT", "DEWPT", "DP", "TD"))
FALLBACK = {"MWV": 0, "MWD": 0, "VWR": 1, "VWT": 1, "XDR": 2}  # preference if a head sends several forms


class Group(NamedTuple):
    """One measurement of an XDR: type (C, H, P, A, S, ...), value, unit and id."""

    kind: str
    value: str
    unit: str
    name: str

    @property
    def id(self) -> str:
        """The normalized id: letters and digits, without anything after `#` and without a trailing 0 or 1."""
        return re.sub(r"[^A-Z0-9]|(?<=[A-Z_])[01]$", "", self.name.upper().partition("#")[0])


def title(kind: str, fields: list[str]) -> str:
    """Return a sentence's name for people: its kind ("MWV T"); for an XDR with its types and ids ("XDR A 0, S 1")."""
    if kind == "MWV":
        return " ".join(("MWV", *fields[1:2])).strip()
    if kind != "XDR":
        return kind
    return ("XDR " + ", ".join(f"{group.kind} {group.name}".strip() for group in groups(fields)))[:60].strip()


def weather(kind: str, fields: list[str], wind: str, heading: float) -> Weather:
    """Return the quantities in a sentence's fields. Raise SentenceError.

    `wind`: the wanted wind, R, T or MWD; `heading`: degrees that are added to an angle relative to the bow.
    """
    padded = fields + [""] * 20
    if kind in ("MWV", "VWR", "VWT", "MWD"):
        return Weather(_wind(kind, padded, wind, heading))
    match kind:
        case "MDA":
            return _mda(padded)
        case "MTA":
            return Weather({"air_temperature": celsius(padded[0], padded[1] or "C")})
        case "MHU":
            return Weather({"relative_humidity": number(padded[0])})
        case "MMB":
            return Weather({"air_pressure": _inches_and_bars(padded)})
        case "XDR":
            return _xdr(groups(fields), wind, heading)
    return Weather({})


def _wind(kind: str, fields: list[str], wind: str, heading: float) -> Values:
    if kind == "MWV":
        found = _mwv(fields, wind, heading)
    elif kind == "MWD":
        found = _mwd(fields) if wind == "MWD" else {}
    else:
        found = _vwr(fields, heading) if wind == kind[-1] else {}
    if found and not any(value is not None for value in found.values()):
        raise SentenceError(EMPTY)
    return found


def _mwv(fields: list[str], wind: str, heading: float) -> Values:
    angle, reference, value, unit, status = fields[:5]
    if reference.upper() not in (wind, ""):
        return {}  # whatever its status: heads without a compass have no valid T
    if status not in ("A", "00"):
        raise SentenceError(Reason("nmea_status", "status {status}", status=status) if status else NO_STATUS)
    if not reference:
        return {}
    return {"wind_from_direction": direction(angle, heading), "wind_speed": speed(value, unit)}


def _vwr(fields: list[str], heading: float) -> Values:
    angle, side = number(fields[0]), fields[1]
    # Straight ahead and astern have no side.
    sides = ("L", "R", "") if angle in (0, CIRCLE / 2) else ("L", "R")
    if angle is not None and (side not in sides or not 0 <= angle <= CIRCLE / 2):
        raise SentenceError(ANGLE)
    # The last one counts: m/s if it is given.
    found: Values = {"wind_speed": speeds(*(told(fields, at, unit) for at, unit in ((6, "K"), (2, "N"), (4, "M"))))}
    if angle is not None:
        found["wind_from_direction"] = ((-angle if side == "L" else angle) + heading) % CIRCLE
    return found


def _mwd(fields: list[str]) -> Values:
    # direction, T, direction, M, speed, N, speed, M
    angles = [angle for angle, north in (told(fields, 0, "T"), told(fields, 2, "M")) if north.upper() == "T"]
    return {
        "wind_from_direction": direction(angles[0], 0.0) if angles else None,
        "wind_speed": speeds(told(fields, 4, "N"), told(fields, 6, "M")),
    }


def told(fields: list[str], at: int, usual: str) -> tuple[str, str]:
    """Return a field and the letter after it, its unit; the usual unit if that is empty."""
    return fields[at], fields[at + 1] or usual


def _inches_and_bars(fields: list[str]) -> float | None:
    return pressure(told(fields, 0, "I"), told(fields, 2, "B"))


def _mda(fields: list[str]) -> Weather:
    found = each(
        air_pressure=partial(_inches_and_bars, fields),
        air_temperature=partial(celsius, *told(fields, 4, "C")),
        relative_humidity=partial(number, fields[8]),
    )
    dew = each(dew=partial(celsius, *told(fields, 10, "C"))).values.get("dew")
    _consistent(dew_over_temperature(found.values.get("air_temperature"), dew))
    return found


def _consistent(doubt: Reason | None) -> None:
    """Raise SentenceError if a head's own values contradict each other: none of them can be trusted."""
    if doubt is not None:
        raise SentenceError(doubt)


def groups(fields: list[str]) -> list[Group]:
    """Return an XDR's groups of type, value, unit, id. The last id may be missing."""
    found = []
    for at in range(0, len(fields), 4):
        kind, value, unit, name = (fields[at : at + 4] + [""] * 3)[:4]
        if value:
            plain = unit.upper().lstrip("Â°")  # some heads write °C, in Latin-1 or in UTF-8
            found.append(Group(kind, value, plain, name))
    return found


def _xdr(found: list[Group], wind: str, heading: float) -> Weather:
    readers: dict[str, Callable[[], float | None]] = {}
    for group in found:
        if quantity := _quantity(group, found):
            readers.setdefault(quantity, partial(AIR[quantity], group))
    if wind == "R":
        readers |= _xdr_wind(found, heading)
    told = each(**readers)
    dews = [group for group in found if (group.kind, group.id) in DEW_POINTS]
    dew = each(dew=partial(_temperature, dews[0])).values.get("dew") if dews else None
    _consistent(dew_over_temperature(told.values.get("air_temperature"), dew))
    return told


def _temperature(group: Group) -> float | None:
    return celsius(group.value, group.unit)


def _humidity(group: Group) -> float | None:
    if group.unit not in ("P", "%", ""):
        raise unknown_unit(group.unit)
    return number(group.value)


def _pressure(group: Group) -> float | None:
    return pressure((group.value, group.unit))


AIR = {"air_temperature": _temperature, "relative_humidity": _humidity, "air_pressure": _pressure}


def _quantity(group: Group, found: list[Group]) -> str:
    """Return the quantity of the air in a group; "" if there is none.

    A numeric id is a weather head's address, and the following numbers are its internal temperatures: the air's id is
    the one shared with humidity or pressure, or 0.
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
    return quantity if ids.fullmatch(group.id) else ""


def _xdr_wind(found: list[Group], heading: float) -> dict[str, Callable[[], float | None]]:
    angles = _mean([group for group in found if (group.kind, group.unit) == ("A", "D")])
    of_speed = [group for group in found if group.kind == "S" and group.unit in METRES_PER_SECOND]
    speeds = _mean(of_speed)
    wind: dict[str, Callable[[], float | None]] = {}
    if angles is not None:
        wind["wind_from_direction"] = partial(direction, angles.value, heading)
    if speeds is not None:
        of_three = [each(speed=partial(_speed, group)).values.get("speed") for group in _three(of_speed)]
        _consistent(mean_outside(of_three))
        wind["wind_speed"] = partial(_speed, speeds)
    return wind


def _speed(group: Group) -> float | None:
    return speed(group.value, group.unit)


def _mean(found: list[Group]) -> Group | None:
    """Return the mean of a weather head's minimum, mean and maximum, whose ids are three consecutive numbers."""
    if three := _three(found):
        return three[1]
    alone = found[0] if len(found) == 1 else None
    return alone if alone is not None and (alone.id.isdigit() or WIND_IDS.fullmatch(alone.id)) else None


def _three(found: list[Group]) -> list[Group]:
    """Return a weather head's minimum, mean and maximum; [] if these are not those three."""
    numbered = sorted((int(group.id), group) for group in found if group.id.isdigit())
    in_row = len(numbered) == 3 and numbered[2][0] - numbered[0][0] == 2
    return [group for _, group in numbered] if in_row else []
