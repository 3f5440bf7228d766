"""Whether apple scab could infect in the current wet spell: hours of wet leaves by their mean temperature.

Least hours: MacHardy and Gadoury 1989 with Stensvand 1997 in the cold (WVU Kearneysville); low, moderate, high: Jones'
revision of Mills and LaPlante (New England guide); linear between the rows. A spell begins with rain; rain in the dark
counts from sunrise on, because spores are released by day (WVU); dry hours do not count, and 8 in a row end it (WVU).
Wet: a leaf sensor at 40 % (AgWeatherNet); without one, rain in the minute or 90 % humidity, which is an estimate (NC
State).
"""

from bisect import bisect_right
from collections.abc import Iterable

import msgspec

from drivers.reason import Reason
from edge.measure.derived.verdict import UNKNOWN, Verdict, lacks

SOURCE = Reason("scab_source", "MacHardy and Gadoury 1989, Stensvand 1997, Jones' Mills table; not derived in Maoxian")
GAP_H = 8  # dry hours that end a spell
KNOWN_MIN = 40  # minutes of an hour that must be known
LEAF_WET, HUMID = 40.0, 90.0  # %
Table = tuple[tuple[float, float], ...]  # degF, h


def _table(text: str) -> Table:
    """Return the table written as "temperature:hours ..."."""
    return tuple((float(warm), float(hours)) for warm, _, hours in (row.partition(":") for row in text.split()))


LEAST = _table(
    "34:41 36:35 37:30 39:28 41:21 43:18 45:15 46:13 48:12 50:11 52:9 54:8 55:8 57:7 59:7 61:6 75:6 77:8 79:11"
)
MILLS = {
    "low": _table(
        "33:41 42:30 43:25 44:22 45:20 46:19 47:17 48:15 49:14.5 50:14 51:13 52:12 53:12 54:11.5 55:11 56:11 "
        "58:10 59:10 60:9.5 61:9 66:9 76:9.5 77:11 78:13"
    ),
    "moderate": _table(
        "33:55 42:40 43:34 44:30 45:27 46:26 47:23 48:20 49:20 50:19 51:18 52:18 53:17 54:16 55:16 56:15 "
        "58:14 59:13 60:13 61:13 66:12 76:12 77:14 78:17"
    ),
    "high": _table(
        "33:80 42:60 43:51 44:45 45:41 46:39 47:35 48:30 49:30 50:29 51:27 52:26 53:26 54:24 55:24 56:22 "
        "58:21 59:21 60:20 61:20 66:18 76:19 77:21 78:26"
    ),
}


class WetHour(msgspec.Struct):
    """Minutes of an hour: those with air and wetness known, those wet, and the wet ones with the sun up.

    `warmth`, `lit_warmth`: the sums of the wet ones' air temperatures, degC; `sun`: known ones with the sun up; `rain`,
    mm.
    """

    known: int = 0
    sun: int = 0
    wet: int = 0
    warmth: float = 0.0
    lit: int = 0
    lit_warmth: float = 0.0
    rain: float = 0.0
    estimated: bool = False

    def take(self, air: float, wet: bool, sun: bool, rain: float) -> None:
        """Add a minute."""
        self.known, self.sun, self.rain = self.known + 1, self.sun + sun, self.rain + rain
        if wet:
            self.wet, self.warmth = self.wet + 1, self.warmth + air
        if wet and sun:
            self.lit, self.lit_warmth = self.lit + 1, self.lit_warmth + air


class Spell(msgspec.Struct):
    """A wet spell: minutes that count, the sum of their temperatures, degC, consecutive dry hours, unknown hours."""

    minutes: int = 0
    warmth: float = 0.0
    dry: int = 0
    unknown: int = 0
    dark: bool = False  # it began at night, and the sun has not risen since

    def take(self, hour: WetHour) -> None:
        """Add an hour."""
        if hour.known < KNOWN_MIN:
            self.unknown += 1
            return
        self.dry = 0 if hour.wet else self.dry + 1
        if self.dark and hour.sun:
            self.dark = False
            self.minutes, self.warmth = self.minutes + hour.lit, self.warmth + hour.lit_warmth
        elif not self.dark:
            self.minutes, self.warmth = self.minutes + hour.wet, self.warmth + hour.warmth


def spell_of(hours: Iterable[WetHour]) -> Spell | None:
    """Return the wet spell at the end of these consecutive hours; None if there is none."""
    spell: Spell | None = None
    for hour in hours:
        if spell is None and hour.wet and hour.rain > 0:
            spell = Spell(dark=hour.sun < hour.known)
        if spell is not None:
            spell.take(hour)
            if spell.dry >= GAP_H:
                spell = None
    return spell


def scab(hours: list[WetHour]) -> Verdict:
    """Return "none", "wet" (not long enough yet), "infection" or its severity, or "unknown", for the last days."""
    spell = spell_of(hours)
    estimated = any(hour.estimated for hour in hours)
    found: dict[str, float | None] = {"wet_hours": 0.0, "mean_temperature": None}
    how = [Reason("scab_estimated", "no leaf sensor: wetness is estimated from rain and humidity")] if estimated else []
    if spell is None:
        blank = not any(hour.known >= KNOWN_MIN for hour in hours[-GAP_H:])
        state = UNKNOWN if blank else "none"
        return Verdict("scab", state, [lacks("leaf_wetness"), *how] if blank else how, found, {}, SOURCE)
    wet = spell.minutes / 60.0
    mean = spell.warmth / spell.minutes if spell.minutes else None
    found = {"wet_hours": round(wet, 2), "mean_temperature": None if mean is None else round(mean, 2)}
    needed = {} if mean is None else hours_needed(mean)
    state = judged(wet, needed)
    why: list[Reason] = []
    if spell.unknown:
        why.append(Reason("scab_gaps", "{hours} hours of the spell are not known", hours=spell.unknown))
        state = state if state != "wet" else UNKNOWN
    if state != "wet" and state != UNKNOWN:
        why.append(
            Reason(
                "scab_infection",
                "{wet} h wet, {needed} h are enough",
                wet=round(wet, 1),
                needed=round(needed["least"], 1),
            )
        )
    elif needed:
        why.append(Reason("scab_wet", "{wet} h wet of {needed} h", wet=round(wet, 1), needed=round(needed["least"], 1)))
    else:
        why.append(Reason("scab_no_figure", "no figure is known for this temperature"))
    return Verdict("scab", state, why + how, found, {name: round(value, 2) for name, value in needed.items()}, SOURCE)


def hours_needed(mean: float) -> dict[str, float]:
    """Return the wet hours that each table requires at a mean temperature, degC; {} outside the least table's range."""
    fahrenheit = mean * 1.8 + 32.0
    least = between(LEAST, fahrenheit)
    if least is None:
        return {}
    tables = {name: between(table, fahrenheit) for name, table in MILLS.items()}
    return {"least": least, **{name: value for name, value in tables.items() if value is not None}}


def judged(wet: float, needed: dict[str, float]) -> str:
    """Return the worst class that so many wet hours reach: "wet", "infection", or "low", "moderate", "high"."""
    if not needed or wet < needed["least"]:
        return "wet"
    reached = [name for name in MILLS if name in needed and wet >= needed[name]]
    return reached[-1] if reached else "infection"


def between(table: Table, at: float) -> float | None:
    """Return a table's value, linear between its rows; None outside them."""
    if not table[0][0] - 1e-9 <= at <= table[-1][0] + 1e-9:
        return None
    place = min(max(bisect_right(table, (at, float("inf"))), 1), len(table) - 1)
    (low, one), (high, other) = table[place - 1], table[place]
    return one + (other - one) * (at - low) / (high - low)
